// Package stats groups books and sums each group up.
package stats

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"example.com/shelf/internal/book"
)

// Summary describes the lengths of the books of a group, in pages.
type Summary struct {
	Min    int     `json:"min"`
	Median int     `json:"median"`
	P90    int     `json:"p90"`
	Max    int     `json:"max"`
	Mean   float64 `json:"mean"`
}

// Group is the books that share a key. Pages is nil if none has a page count.
type Group struct {
	Key   string   `json:"key"`
	Books int      `json:"books"`
	Pages *Summary `json:"pages,omitempty"`
}

// keys returns the groups that a book belongs to, by the name of the grouping.
var keys = map[string]func(*book.Book) []string{
	"subject":  func(b *book.Book) []string { return b.Subjects },
	"author":   func(b *book.Book) []string { return b.Authors },
	"language": func(b *book.Book) []string { return nonEmpty(b.Language) },
	"initial":  func(b *book.Book) []string { return nonEmpty(initial(b.Title)) },
	"decade": func(b *book.Book) []string {
		if b.Year == 0 {
			return nil
		}
		return []string{strconv.Itoa(b.Year/10*10) + "s"}
	},
}

// Groupings returns the names that By accepts, sorted.
func Groupings() []string {
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// By groups books by one of Groupings; the groups are sorted by key. A book
// with several keys counts in several groups.
func By(grouping string, books []*book.Book) ([]Group, error) {
	keysOf, ok := keys[grouping]
	if !ok {
		return nil, fmt.Errorf("no grouping %q: use one of %s", grouping, strings.Join(Groupings(), ", "))
	}

	type bucket struct {
		books int
		pages []int
	}
	buckets := make(map[string]*bucket)
	for _, b := range books {
		for _, key := range keysOf(b) {
			g := buckets[key]
			if g == nil {
				g = new(bucket)
				buckets[key] = g
			}
			g.books++
			if b.Pages > 0 {
				g.pages = append(g.pages, b.Pages)
			}
		}
	}

	groups := make([]Group, 0, len(buckets))
	for key, g := range buckets {
		groups = append(groups, Group{Key: key, Books: g.books, Pages: summarize(g.pages)})
	}
	slices.SortFunc(groups, func(a, b Group) int { return strings.Compare(a.Key, b.Key) })
	return groups, nil
}

func summarize(pages []int) *Summary {
	if len(pages) == 0 {
		return nil
	}
	slices.Sort(pages)
	sum := 0
	for _, n := range pages {
		sum += n
	}
	return &Summary{
		Min:    pages[0],
		Median: quantile(pages, 0.5),
		P90:    quantile(pages, 0.9),
		Max:    pages[len(pages)-1],
		Mean:   float64(sum) / float64(len(pages)),
	}
}

// quantile returns the nearest-rank quantile of a sorted, non-empty list.
func quantile(sorted []int, q float64) int {
	rank := int(q*float64(len(sorted))+0.5) - 1
	return sorted[max(0, min(rank, len(sorted)-1))]
}

func initial(title string) string {
	for _, article := range []string{"The ", "A ", "An "} {
		title = strings.TrimPrefix(title, article)
	}
	for _, r := range title {
		return strings.ToUpper(string(r))
	}
	return ""
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
