package index

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"

	"example.com/shelf/internal/book"
	"example.com/shelf/internal/text"
)

// snippetWidth is how much of a summary a hit shows, in bytes.
const snippetWidth = 160

// maxFacet is how many values of a facet are returned.
const maxFacet = 10

// Hit is a book that was found.
type Hit struct {
	Book    *book.Book
	Score   float32
	Snippet []text.Part
}

// Count is how often a value occurs among everything that was found.
type Count struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// Result is a page of hits with what is known about all of them.
type Result struct {
	Total  int
	Hits   []Hit
	Facets map[string][]Count // by field: subject, language
}

// Search returns the books that contain every term of the query, or a
// *QueryError.
func (ix *Index) Search(q Query) (*Result, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	terms, err := Parse(q.Text)
	if err != nil {
		return nil, err
	}

	scores := ix.scores.Get().(*[]float32)
	defer func() {
		clear(*scores)
		ix.scores.Put(scores)
	}()
	docs, wanted := ix.match(terms, *scores)

	subjects, languages := make(map[string]int), make(map[string]int)
	top := &ranking{less: ix.order(q.Sort, *scores), keep: q.Offset + q.Limit}
	total := 0
	for _, doc := range docs {
		b := ix.books[doc]
		if !q.accepts(b) {
			continue
		}
		total++
		for _, subject := range b.Subjects {
			subjects[subject]++
		}
		if b.Language != "" {
			languages[b.Language]++
		}
		top.offer(doc)
	}

	result := &Result{
		Total:  total,
		Facets: map[string][]Count{"subject": most(subjects), "language": most(languages)},
	}
	page := top.sorted()
	for _, doc := range page[min(q.Offset, len(page)):] {
		b := ix.books[doc]
		result.Hits = append(result.Hits, Hit{
			Book:    b,
			Score:   (*scores)[doc],
			Snippet: text.Snippet(b.Summary, snippetWidth, func(term string) bool { return wanted[term] }),
		})
	}
	return result, nil
}

// match returns the documents with all terms and none of the excluded ones, and
// the terms to highlight. It adds to scores, which must be zero.
func (ix *Index) match(terms []Term, scores []float32) (docs []uint32, wanted map[string]bool) {
	var seen []uint8 // how many terms, one after the other, a document has
	var excluded map[uint32]bool
	required := uint8(0)
	wanted = make(map[string]bool)
	for _, t := range terms {
		words := ix.expand(t)
		if t.Exclude {
			if excluded == nil {
				excluded = make(map[uint32]bool)
			}
			for _, word := range words {
				for _, p := range ix.postings[word] {
					excluded[p.doc] = true
				}
			}
			continue
		}
		if seen == nil {
			seen = make([]uint8, len(ix.books))
		}
		for _, word := range words {
			wanted[word] = true
			list := ix.postings[word]
			rarity := ix.rarity(len(list))
			for _, p := range list {
				if seen[p.doc] < required {
					continue
				}
				seen[p.doc] = required + 1
				scores[p.doc] += rarity * p.weight * (saturation + 1) / (p.weight + ix.norms[p.doc])
			}
		}
		required++
	}
	for doc := range ix.books {
		if (seen == nil || seen[doc] == required) && !excluded[uint32(doc)] {
			docs = append(docs, uint32(doc))
		}
	}
	return docs, wanted
}

func (q *Query) accepts(b *book.Book) bool {
	return (q.YearFrom == 0 || b.Year >= q.YearFrom) &&
		(q.YearTo == 0 || b.Year <= q.YearTo) &&
		(q.Language == "" || b.Language == q.Language) &&
		(q.Subject == "" || slices.Contains(b.Subjects, q.Subject))
}

// order returns whether one document stands before another. The last word is
// the position in the catalogue, so that pages never overlap.
func (ix *Index) order(by Sort, scores []float32) func(a, b uint32) bool {
	var compare func(a, b uint32) int
	switch by {
	case ByYear:
		compare = func(a, b uint32) int { return cmp.Compare(ix.books[b].Year, ix.books[a].Year) }
	case ByTitle:
		compare = func(a, b uint32) int { return strings.Compare(ix.books[a].Title, ix.books[b].Title) }
	default:
		compare = func(a, b uint32) int { return cmp.Compare(scores[b], scores[a]) }
	}
	return func(a, b uint32) bool {
		if c := compare(a, b); c != 0 {
			return c < 0
		}
		return a < b
	}
}

// most returns the most frequent values, ties in the order of the values.
func most(counts map[string]int) []Count {
	list := make([]Count, 0, len(counts))
	for value, n := range counts {
		list = append(list, Count{Value: value, Count: n})
	}
	slices.SortFunc(list, func(a, b Count) int {
		if c := cmp.Compare(b.Count, a.Count); c != 0 {
			return c
		}
		return strings.Compare(a.Value, b.Value)
	})
	return list[:min(len(list), maxFacet)]
}

// ranking keeps the best documents it was offered: a heap with the worst of
// them on top.
type ranking struct {
	docs []uint32
	less func(a, b uint32) bool
	keep int
}

func (r *ranking) Len() int           { return len(r.docs) }
func (r *ranking) Less(i, j int) bool { return r.less(r.docs[j], r.docs[i]) }
func (r *ranking) Swap(i, j int)      { r.docs[i], r.docs[j] = r.docs[j], r.docs[i] }
func (r *ranking) Push(doc any)       { r.docs = append(r.docs, doc.(uint32)) }

func (r *ranking) Pop() any {
	last := len(r.docs) - 1
	doc := r.docs[last]
	r.docs = r.docs[:last]
	return doc
}

func (r *ranking) offer(doc uint32) {
	switch {
	case r.keep == 0:
	case len(r.docs) < r.keep:
		heap.Push(r, doc)
	case r.less(doc, r.docs[0]):
		r.docs[0] = doc
		heap.Fix(r, 0)
	}
}

// sorted empties the ranking, best first.
func (r *ranking) sorted() []uint32 {
	docs := make([]uint32, len(r.docs))
	for i := len(docs) - 1; i >= 0; i-- {
		docs[i] = heap.Pop(r).(uint32)
	}
	return docs
}
