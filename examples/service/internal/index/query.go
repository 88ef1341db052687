package index

import (
	"fmt"
	"strings"

	"example.com/shelf/internal/text"
)

// Limits of a query.
const (
	MaxLimit     = 100
	MaxOffset    = 10_000
	maxTerms     = 16
	maxExpansion = 200 // terms that one prefix stands for
)

// Sort is the order of the hits.
type Sort string

// The orders that Search knows.
const (
	ByScore Sort = "score" // best first
	ByYear  Sort = "year"  // newest first
	ByTitle Sort = "title" // A to Z
)

// Query says what to find. The zero value matches every book.
type Query struct {
	Text     string // words; -word excludes, word* is a prefix
	Subject  string
	Language string
	YearFrom int // 0: open
	YearTo   int // 0: open
	Sort     Sort
	Limit    int
	Offset   int
}

// Term is one parsed word of a query.
type Term struct {
	Text    string
	Prefix  bool
	Exclude bool
}

// QueryError says which parameter of a query is wrong, and how.
type QueryError struct {
	Param, Reason string
}

func (e *QueryError) Error() string { return e.Param + ": " + e.Reason }

// Parse splits the text of a query into terms.
func Parse(s string) ([]Term, error) {
	var terms []Term
	for _, word := range strings.Fields(s) {
		word, exclude := strings.CutPrefix(word, "-")
		word, prefix := strings.CutSuffix(word, "*")
		text.Each(word, func(t text.Token) bool {
			term := t.Term
			if prefix {
				term = text.Fold(word[t.Start:t.End]) // a stem is no prefix of its word: "libraries"
			}
			terms = append(terms, Term{Text: term, Prefix: prefix, Exclude: exclude})
			return true
		})
	}
	if len(terms) > maxTerms {
		return nil, &QueryError{"q", fmt.Sprintf("%d words, at most %d are allowed", len(terms), maxTerms)}
	}
	return terms, nil
}

func (q *Query) check() error {
	switch {
	case q.Limit < 0 || q.Limit > MaxLimit:
		return &QueryError{"limit", fmt.Sprintf("%d is not within 0 to %d", q.Limit, MaxLimit)}
	case q.Offset < 0 || q.Offset > MaxOffset:
		return &QueryError{"offset", fmt.Sprintf("%d is not within 0 to %d", q.Offset, MaxOffset)}
	case q.YearFrom > 0 && q.YearTo > 0 && q.YearFrom > q.YearTo:
		return &QueryError{"year_from", fmt.Sprintf("%d is after year_to %d", q.YearFrom, q.YearTo)}
	}
	switch q.Sort {
	case "", ByScore, ByYear, ByTitle:
		return nil
	}
	return &QueryError{"sort", fmt.Sprintf("%q is none of score, year, title", q.Sort)}
}
