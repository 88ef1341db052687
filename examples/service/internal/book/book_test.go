package book_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"example.com/shelf/internal/book"
)

func TestReadAllIsTheInverseOfWriteAll(t *testing.T) {
	want := []*book.Book{
		{ID: "a", Title: "On Tides", Authors: []string{"M. Reyes"}, Year: 1987, Pages: 210},
		{ID: "b", Title: "Glass & Salt", Subjects: []string{"craft"}, Language: "en", Summary: "Line one.\nLine two."},
	}
	var buf bytes.Buffer
	if err := book.WriteAll(&buf, want); err != nil {
		t.Fatal(err)
	}
	got, err := book.ReadAll(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReadAllNamesTheBadLine(t *testing.T) {
	tests := []struct {
		name, input string
		line        int
	}{
		{"syntax", "{\"id\":\"a\",\"title\":\"A\"}\n\n{oops}\n", 3},
		{"no title", `{"id":"a"}`, 1},
		{"negative pages", `{"id":"a","title":"A","pages":-1}`, 1},
		{"too long", `{"id":"` + strings.Repeat("x", book.MaxLine) + `"}`, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := book.ReadAll(strings.NewReader(tt.input))
			var lineErr *book.LineError
			if !errors.As(err, &lineErr) {
				t.Fatalf("got %v, want a *LineError", err)
			}
			if lineErr.Line != tt.line {
				t.Errorf("line %d, want %d: %v", lineErr.Line, tt.line, err)
			}
		})
	}
}

func TestValidateReportsEverything(t *testing.T) {
	err := (&book.Book{Year: -3}).Validate()
	if err == nil {
		t.Fatal("an empty book is valid")
	}
	for _, want := range []string{"id is empty", "title is empty", "year -3"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %q", err, want)
		}
	}
}
