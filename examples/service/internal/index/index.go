// Package index is an immutable inverted index over books: built once, then
// searched by any number of goroutines without a lock.
package index

import (
	"math"
	"slices"
	"sort"
	"strings"
	"sync"

	"example.com/shelf/internal/book"
	"example.com/shelf/internal/text"
)

// Weights of a term by the field it occurs in.
const (
	titleWeight   = 4
	subjectWeight = 3
	authorWeight  = 3
	summaryWeight = 1
)

// Parameters of BM25: how fast repetition saturates, and how much a long
// document is held against it.
const (
	saturation    = 1.2
	lengthPenalty = 0.6
)

// posting says how much a document is about a term.
type posting struct {
	doc    uint32
	weight float32
}

// Index finds books. The zero value is not usable: call Build.
type Index struct {
	books    []*book.Book
	byID     map[string]uint32
	postings map[string][]posting // by document
	terms    []string             // the keys of postings, sorted: prefixes are ranges
	norms    []float32            // BM25 length norm by document
	scores   sync.Pool            // *[]float32, one score per document, all zero
}

// Build indexes the books. They must not be changed afterwards. Of two books
// with the same ID the later one stays, in the place of the earlier one.
func Build(books []*book.Book) *Index {
	ix := &Index{
		byID:     make(map[string]uint32, len(books)),
		postings: make(map[string][]posting),
	}
	for _, b := range books {
		if doc, ok := ix.byID[b.ID]; ok {
			ix.books[doc] = b
			continue
		}
		ix.byID[b.ID] = uint32(len(ix.books))
		ix.books = append(ix.books, b)
	}

	lengths := make([]float32, len(ix.books))
	var total float64
	weights := make(map[string]float32)
	for doc, b := range ix.books {
		clear(weights)
		each(b, func(term string, weight float32) {
			weights[term] += weight
			lengths[doc] += weight
		})
		total += float64(lengths[doc])
		for term, weight := range weights {
			list, known := ix.postings[term]
			if !known {
				// The term may be a piece of a summary; a copy does not keep it alive.
				term = strings.Clone(term)
				ix.terms = append(ix.terms, term)
			}
			ix.postings[term] = append(list, posting{doc: uint32(doc), weight: weight})
		}
	}
	slices.Sort(ix.terms)

	average := float32(total / math.Max(1, float64(len(ix.books))))
	ix.norms = make([]float32, len(lengths))
	for doc, length := range lengths {
		ix.norms[doc] = saturation * (1 - lengthPenalty + lengthPenalty*length/max(average, 1))
	}
	ix.scores.New = func() any {
		scores := make([]float32, len(ix.books))
		return &scores
	}
	return ix
}

// each calls yield for every term occurrence of a book with the field's weight.
func each(b *book.Book, yield func(term string, weight float32)) {
	field := func(s string, weight float32) {
		text.Each(s, func(t text.Token) bool {
			yield(t.Term, weight)
			return true
		})
	}
	field(b.Title, titleWeight)
	for _, subject := range b.Subjects {
		field(subject, subjectWeight)
	}
	for _, author := range b.Authors {
		field(author, authorWeight)
	}
	field(b.Summary, summaryWeight)
}

// Len returns the number of books.
func (ix *Index) Len() int { return len(ix.books) }

// Terms returns the number of distinct terms.
func (ix *Index) Terms() int { return len(ix.terms) }

// Books returns all books in the order of Build. The caller must not change them.
func (ix *Index) Books() []*book.Book { return ix.books }

// Book returns the book with an ID.
func (ix *Index) Book(id string) (*book.Book, bool) {
	doc, ok := ix.byID[id]
	if !ok {
		return nil, false
	}
	return ix.books[doc], true
}

// expand returns the indexed terms that a query term stands for.
func (ix *Index) expand(t Term) []string {
	if !t.Prefix {
		if _, ok := ix.postings[t.Text]; ok {
			return []string{t.Text}
		}
		return nil
	}
	first := sort.SearchStrings(ix.terms, t.Text)
	last := first
	for last < len(ix.terms) && last-first < maxExpansion && strings.HasPrefix(ix.terms[last], t.Text) {
		last++
	}
	return ix.terms[first:last]
}

// rarity is the inverse document frequency of BM25, never negative.
func (ix *Index) rarity(matches int) float32 {
	n, m := float64(len(ix.books)), float64(matches)
	return float32(math.Log1p((n - m + 0.5) / (m + 0.5)))
}
