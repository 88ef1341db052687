// Package text turns prose into index terms and cuts highlighted snippets.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Token is a word of a text: its index term, and where the word stands.
type Token struct {
	Term       string
	Start, End int // byte offsets
}

var stopwords = map[string]struct{}{
	"a": {}, "an": {}, "and": {}, "are": {}, "as": {}, "at": {}, "be": {}, "by": {},
	"for": {}, "from": {}, "has": {}, "in": {}, "is": {}, "it": {}, "its": {}, "of": {},
	"on": {}, "or": {}, "that": {}, "the": {}, "to": {}, "was": {}, "were": {}, "with": {},
}

// IsStopword reports whether a folded word is too frequent to be indexed.
func IsStopword(word string) bool {
	_, ok := stopwords[word]
	return ok
}

// Each calls yield for every word of s that is not a stopword, in order, until
// yield returns false.
func Each(s string, yield func(Token) bool) {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if !isWordRune(r) {
			i += size
			continue
		}
		start := i
		for i < len(s) {
			r, size = utf8.DecodeRuneInString(s[i:])
			if !isWordRune(r) && !(r == '\'' && i+size < len(s)) {
				break
			}
			i += size
		}
		term := Fold(s[start:i])
		if term == "" || IsStopword(term) {
			continue
		}
		if !yield(Token{Term: Stem(term), Start: start, End: i}) {
			return
		}
	}
}

// Terms returns the index terms of s, in order and with repetitions.
func Terms(s string) []string {
	terms := make([]string, 0, len(s)/6)
	Each(s, func(t Token) bool {
		terms = append(terms, t.Term)
		return true
	})
	return terms
}

// Fold lowers the case of a word and drops apostrophes. A word that is already
// folded is returned without a copy.
func Fold(word string) string {
	folded := true
	for i := 0; i < len(word); i++ {
		if c := word[i]; c >= utf8.RuneSelf || c == '\'' || 'A' <= c && c <= 'Z' {
			folded = false
			break
		}
	}
	if folded {
		return word
	}
	return strings.Map(func(r rune) rune {
		if r == '\'' {
			return -1
		}
		return unicode.ToLower(r)
	}, word)
}

// Stem strips the commonest English endings of a folded word, so that "tides"
// finds "tide". It is deliberately small: a wrong stem costs a bad match.
func Stem(word string) string {
	switch n := len(word); {
	case n > 4 && strings.HasSuffix(word, "ies"):
		return word[:n-3] + "y"
	case n > 4 && (strings.HasSuffix(word, "sses") || strings.HasSuffix(word, "shes") || strings.HasSuffix(word, "ches") || strings.HasSuffix(word, "xes")):
		return word[:n-2]
	case n > 3 && word[n-1] == 's' && word[n-2] != 's' && word[n-2] != 'u' && word[n-2] != 'i':
		return word[:n-1]
	}
	return word
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}
