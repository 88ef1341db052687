package text_test

import (
	"reflect"
	"strings"
	"testing"

	"example.com/shelf/internal/text"
)

func TestTerms(t *testing.T) {
	tests := []struct {
		in   string
		want []string
	}{
		{"", []string{}},
		{"The tides of the Sea", []string{"tide", "sea"}},
		{"Libraries, classes & boxes", []string{"library", "class", "box"}},
		{"Müller's 2nd ÉTUDE", []string{"müller", "2nd", "étude"}},
		{"status bus grass analysis", []string{"status", "bus", "grass", "analysis"}},
		{"rock'n'roll '", []string{"rocknroll"}},
	}
	for _, tt := range tests {
		if got := text.Terms(tt.in); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Terms(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestEachStopsWhenTold(t *testing.T) {
	calls := 0
	text.Each("one two three", func(text.Token) bool {
		calls++
		return calls < 2
	})
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}

func TestFoldKeepsAFoldedWord(t *testing.T) {
	word := strings.Repeat("tide", 3)
	if allocs := testing.AllocsPerRun(100, func() { text.Fold(word) }); allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}

func TestSnippet(t *testing.T) {
	const s = "A harbour town keeps its own time. Nets dry on the quay while the tide turns, and the tide tables hang in every kitchen."
	render := func(parts []text.Part) string {
		var b strings.Builder
		for _, p := range parts {
			if p.Match {
				b.WriteString("[" + p.Text + "]")
			} else {
				b.WriteString(p.Text)
			}
		}
		return b.String()
	}
	tests := []struct {
		name, term string
		width      int
		want       string
	}{
		{"no match: the beginning", "whale", 20, "A harbour town keeps …"},
		{"all matches in the window", "tide", 60, "… quay while the [tide] turns, and the [tide] tables hang in every …"},
		{"short text is whole", "tide", 500, "A harbour town keeps its own time. Nets dry on the quay while the [tide] turns, and the [tide] tables hang in every kitchen."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := render(text.Snippet(s, tt.width, func(term string) bool { return term == tt.term }))
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestSnippetNeverCutsARune(t *testing.T) {
	s := strings.Repeat("é", 40)
	for width := 1; width < len(s); width++ {
		parts := text.Snippet(s, width, func(string) bool { return false })
		for _, p := range parts {
			if strings.ContainsRune(p.Text, '\uFFFD') {
				t.Fatalf("width %d: %q", width, p.Text)
			}
		}
	}
}
