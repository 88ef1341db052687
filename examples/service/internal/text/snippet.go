package text

import (
	"strings"
	"unicode/utf8"
)

// Part is a run of a snippet. Match is set for a word that was searched for.
type Part struct {
	Text  string `json:"text"`
	Match bool   `json:"match,omitempty"`
}

// Snippet returns about width bytes of s around the densest group of words for
// which match is true, as parts that a caller can mark up. Without a match it
// returns the beginning of s.
func Snippet(s string, width int, match func(term string) bool) []Part {
	var found []Token
	Each(s, func(t Token) bool {
		if match(t.Term) {
			found = append(found, t)
		}
		return true
	})
	start := 0
	if i := densest(found, width); i >= 0 {
		start = wordStart(s, found[i].Start-width/4)
	}
	end := wordEnd(s, start, start+width)

	var parts []Part
	add := func(text string, match bool) {
		if text != "" {
			parts = append(parts, Part{Text: text, Match: match})
		}
	}
	if start > 0 {
		add("… ", false)
	}
	pos := start
	for _, t := range found {
		if t.Start < pos || t.End > end {
			continue
		}
		add(s[pos:t.Start], false)
		add(s[t.Start:t.End], true)
		pos = t.End
	}
	add(s[pos:end], false)
	if end < len(s) {
		add(" …", false)
	}
	return parts
}

// densest returns the index of the token that begins the window of width bytes
// with the most tokens, or -1.
func densest(tokens []Token, width int) int {
	best, bestCount := -1, 0
	for first, last := 0, 0; first < len(tokens); first++ {
		for last < len(tokens) && tokens[last].End-tokens[first].Start <= width {
			last++
		}
		if count := last - first; count > bestCount {
			best, bestCount = first, count
		}
	}
	return best
}

// wordStart moves pos left to the beginning of a word.
func wordStart(s string, pos int) int {
	if pos <= 0 {
		return 0
	}
	return strings.LastIndexByte(s[:pos], ' ') + 1
}

// wordEnd moves pos left to the end of a word that begins after start, and
// never into a rune.
func wordEnd(s string, start, pos int) int {
	if pos >= len(s) {
		return len(s)
	}
	if space := strings.LastIndexByte(s[start:pos+1], ' '); space > 0 {
		return start + space
	}
	for pos > start && !utf8.RuneStart(s[pos]) {
		pos--
	}
	return pos
}
