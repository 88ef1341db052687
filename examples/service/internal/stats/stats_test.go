package stats_test

import (
	"reflect"
	"strings"
	"testing"

	"example.com/shelf/internal/book"
	"example.com/shelf/internal/stats"
)

var shelf = []*book.Book{
	{ID: "1", Title: "The Tide", Subjects: []string{"sea", "history"}, Year: 1987, Pages: 100},
	{ID: "2", Title: "A Loaf", Subjects: []string{"food"}, Year: 1981, Pages: 300},
	{ID: "3", Title: "Salt", Subjects: []string{"sea"}, Pages: 200},
	{ID: "4", Title: "Élan"},
}

func TestBy(t *testing.T) {
	pages := func(n int) *stats.Summary {
		return &stats.Summary{Min: n, Median: n, P90: n, Max: n, Mean: float64(n)}
	}
	tests := []struct {
		grouping string
		want     []stats.Group
	}{
		{"subject", []stats.Group{
			{Key: "food", Books: 1, Pages: pages(300)},
			{Key: "history", Books: 1, Pages: pages(100)},
			{Key: "sea", Books: 2, Pages: &stats.Summary{Min: 100, Median: 100, P90: 200, Max: 200, Mean: 150}},
		}},
		{"decade", []stats.Group{
			{Key: "1980s", Books: 2, Pages: &stats.Summary{Min: 100, Median: 100, P90: 300, Max: 300, Mean: 200}},
		}},
		{"initial", []stats.Group{
			{Key: "L", Books: 1, Pages: pages(300)},
			{Key: "S", Books: 1, Pages: pages(200)},
			{Key: "T", Books: 1, Pages: pages(100)},
			{Key: "É", Books: 1},
		}},
		{"language", []stats.Group{}},
	}
	for _, tt := range tests {
		t.Run(tt.grouping, func(t *testing.T) {
			got, err := stats.By(tt.grouping, shelf)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestByNamesTheGroupings(t *testing.T) {
	_, err := stats.By("colour", shelf)
	if err == nil || !strings.Contains(err.Error(), "author, decade, initial, language, subject") {
		t.Errorf("got %v", err)
	}
}
