package index_test

import (
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"example.com/shelf/internal/book"
	"example.com/shelf/internal/index"
	"example.com/shelf/internal/sample"
)

var shelf = []*book.Book{
	{ID: "tides", Title: "Tides and Harbours", Authors: []string{"Mara Reyes"}, Subjects: []string{"sea", "geography"}, Language: "en", Year: 1987, Summary: "How a harbour town lives by the tide tables."},
	{ID: "bread", Title: "The Slow Loaf", Authors: []string{"Ivo Brandt"}, Subjects: []string{"food"}, Language: "en", Year: 2004, Summary: "Flour, water, salt, and time. Bread rises like the tide."},
	{ID: "salz", Title: "Salz", Authors: []string{"Ivo Brandt"}, Subjects: []string{"food", "history"}, Language: "de", Year: 1999, Summary: "Eine Geschichte."},
	{ID: "library", Title: "Libraries of the North", Subjects: []string{"history"}, Language: "en", Year: 1987, Summary: "Reading rooms by the sea."},
}

func search(t *testing.T, q index.Query) *index.Result {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 10
	}
	result, err := index.Build(shelf).Search(q)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func ids(r *index.Result) string {
	var list []string
	for _, hit := range r.Hits {
		list = append(list, hit.Book.ID)
	}
	return strings.Join(list, " ")
}

func TestSearch(t *testing.T) {
	tests := []struct {
		name string
		q    index.Query
		want string
	}{
		{"everything, as it stands", index.Query{}, "tides bread salz library"},
		{"a title counts more than a summary", index.Query{Text: "tide"}, "tides bread"},
		{"all words", index.Query{Text: "tide bread"}, "bread"},
		{"a word that nobody has", index.Query{Text: "tide whale"}, ""},
		{"excluded", index.Query{Text: "tide -bread"}, "tides"},
		{"only excluded", index.Query{Text: "-tide"}, "salz library"},
		{"prefix", index.Query{Text: "libra*"}, "library"},
		{"plural", index.Query{Text: "LIBRARIES"}, "library"},
		{"subject", index.Query{Subject: "food"}, "bread salz"},
		{"language", index.Query{Language: "de"}, "salz"},
		{"years", index.Query{YearFrom: 1988, YearTo: 2000}, "salz"},
		{"newest first", index.Query{Sort: index.ByYear}, "bread salz tides library"},
		{"by title", index.Query{Sort: index.ByTitle}, "library salz bread tides"},
		{"second page", index.Query{Sort: index.ByTitle, Limit: 2, Offset: 2}, "bread tides"},
		{"past the end", index.Query{Offset: 100}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ids(search(t, tt.q)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSearchCountsAllMatchesAndNotOnlyThePage(t *testing.T) {
	r := search(t, index.Query{Limit: 1})
	if r.Total != 4 || len(r.Hits) != 1 {
		t.Errorf("total %d, hits %d; want 4 and 1", r.Total, len(r.Hits))
	}
	want := []index.Count{{"food", 2}, {"history", 2}, {"geography", 1}, {"sea", 1}}
	if got := r.Facets["subject"]; !reflect.DeepEqual(got, want) {
		t.Errorf("subjects %v, want %v", got, want)
	}
}

func TestSearchRefuses(t *testing.T) {
	tests := []struct {
		param string
		q     index.Query
	}{
		{"limit", index.Query{Limit: index.MaxLimit + 1}},
		{"offset", index.Query{Offset: -1}},
		{"year_from", index.Query{YearFrom: 2000, YearTo: 1999}},
		{"sort", index.Query{Sort: "colour"}},
		{"q", index.Query{Text: strings.Repeat("word ", 17)}},
	}
	ix := index.Build(shelf)
	for _, tt := range tests {
		_, err := ix.Search(tt.q)
		var queryErr *index.QueryError
		if !errors.As(err, &queryErr) || queryErr.Param != tt.param {
			t.Errorf("got %v, want an error about %s", err, tt.param)
		}
	}
}

func TestBuildKeepsTheLaterOfTwoBooksWithTheSameID(t *testing.T) {
	ix := index.Build([]*book.Book{{ID: "a", Title: "Draft"}, {ID: "b", Title: "Other"}, {ID: "a", Title: "Final"}})
	if ix.Len() != 2 {
		t.Errorf("%d books, want 2", ix.Len())
	}
	if b, ok := ix.Book("a"); !ok || b.Title != "Final" {
		t.Errorf("got %v", b)
	}
	r, err := ix.Search(index.Query{Text: "draft", Limit: 10})
	if err != nil || r.Total != 0 {
		t.Errorf("the draft is still found: %v, %v", r, err)
	}
}

func TestAnEmptyIndexFindsNothing(t *testing.T) {
	r, err := index.Build(nil).Search(index.Query{Text: "tide", Limit: 10})
	if err != nil || r.Total != 0 {
		t.Errorf("got %v, %v", r, err)
	}
}

// Scores come from a pool: a search must not see what another one left there.
func TestConcurrentSearchesAgree(t *testing.T) {
	ix := index.Build(sample.Books(500, 1))
	queries := []index.Query{{Text: "river", Limit: 5}, {Text: "s*", Limit: 5}, {Text: "history -river", Limit: 5}}
	want := make([]*index.Result, len(queries))
	for i, q := range queries {
		var err error
		if want[i], err = ix.Search(q); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for worker := 0; worker < 4; worker++ {
		wg.Add(1)
		go func(worker int) {
			defer wg.Done()
			for n := 0; n < 50; n++ {
				i := (worker + n) % len(queries)
				got, err := ix.Search(queries[i])
				if err != nil || !reflect.DeepEqual(got, want[i]) {
					t.Errorf("query %q: got %v, %v", queries[i].Text, got, err)
					return
				}
			}
		}(worker)
	}
	wg.Wait()
}

func BenchmarkSearch(b *testing.B) {
	ix := index.Build(sample.Books(5000, 1))
	for _, bm := range []struct {
		name string
		q    index.Query
	}{
		{"word", index.Query{Text: "river", Limit: 20}},
		{"prefix", index.Query{Text: "s*", Limit: 20}},
		{"everything", index.Query{Sort: index.ByTitle, Limit: 20}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				if _, err := ix.Search(bm.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	books := sample.Books(1000, 1)
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		index.Build(books)
	}
}
