// Package sample makes a catalogue up: for tests, benchmarks and load. The same
// size and seed give the same books on every machine.
package sample

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"unicode"

	"example.com/shelf/internal/book"
)

var (
	nouns = strings.Fields(`river library harbour winter garden letter island bridge engine market
		mountain orchard compass lantern kitchen village forest railway theatre museum glacier
		tide window carpet mirror machine archive ladder needle bakery canal meadow violin
		clock signal valley desert pocket ribbon season anchor basket candle dialect exile
		fabric grammar horizon ink journal kettle loom mill notebook oven paper quarry rope
		salt tower umbrella vineyard well yard zinc atlas barn cellar dune eel fern glass`)
	adjectives = strings.Fields(`quiet northern broken early hidden salted narrow painted distant
		common late wooden silver second unwritten borrowed patient crooked sleeping ordinary
		brief coastal faded hollow inland jagged loyal muted open pale rough slow steep tidal`)
	verbs = strings.Fields(`keeps follows crosses remembers repairs leaves measures answers
		paints carries gathers translates forgets builds sells watches divides mends copies
		weighs names loses sings plants reads draws`)
	givenNames  = strings.Fields(`Mara Ivo Lena Tomas Aiko Samuel Ines Piotr Noor Elif Jonas Rosa Émile Zoë`)
	familyNames = strings.Fields(`Reyes Brandt Okafor Lindqvist Tanaka Novak Moreau Hale Castel Yilmaz Müller Doyle Sørensen Abara`)
	subjects    = strings.Fields(`history travel food craft nature music language science fiction poetry sea cities memoir technology`)
	languages   = strings.Fields(`en de fr es nl`)
)

// Vocabulary returns the words that summaries are made of, the frequent ones first.
func Vocabulary() []string { return slices.Clone(nouns) }

// Subjects returns the subjects of the catalogue, the frequent ones first.
func Subjects() []string { return slices.Clone(subjects) }

// Books makes n books up.
func Books(n int, seed int64) []*book.Book {
	g := newGenerator(seed)
	books := make([]*book.Book, n)
	for i := range books {
		books[i] = g.book(i)
	}
	return books
}

// generator draws words by a power law: a few are everywhere and many are rare,
// as in real text, so that posting lists have realistic lengths.
type generator struct {
	rng                                    *rand.Rand
	noun, adjective, verb, subject, tongue func() string
}

func newGenerator(seed int64) *generator {
	rng := rand.New(rand.NewSource(seed))
	from := func(words []string, skew float64) func() string {
		zipf := rand.NewZipf(rng, skew, 4, uint64(len(words)-1))
		return func() string { return words[zipf.Uint64()] }
	}
	return &generator{
		rng:       rng,
		noun:      from(nouns, 1.2),
		adjective: from(adjectives, 1.2),
		verb:      from(verbs, 1.1),
		subject:   from(subjects, 1.3),
		tongue:    from(languages, 2.5),
	}
}

func (g *generator) book(i int) *book.Book {
	b := &book.Book{
		ID:       fmt.Sprintf("bk-%06d", i),
		Title:    g.title(),
		Language: g.tongue(),
		Year:     1900 + g.rng.Intn(125),
		Pages:    60 + int(g.rng.ExpFloat64()*180),
		Summary:  g.prose(4 + g.rng.Intn(12)),
	}
	for n := 1 + g.rng.Intn(2); n > 0; n-- {
		b.Authors = append(b.Authors, pick(g.rng, givenNames)+" "+pick(g.rng, familyNames))
	}
	for n := 1 + g.rng.Intn(3); n > 0; n-- {
		if s := g.subject(); !slices.Contains(b.Subjects, s) {
			b.Subjects = append(b.Subjects, s)
		}
	}
	return b
}

func (g *generator) title() string {
	switch g.rng.Intn(4) {
	case 0:
		return "The " + capital(g.adjective()) + " " + capital(g.noun())
	case 1:
		return capital(g.noun()) + " and " + capital(g.noun())
	case 2:
		return "A " + capital(g.noun()) + " in the " + capital(g.noun())
	default:
		return capital(g.adjective()) + " " + capital(g.noun()) + "s"
	}
}

func (g *generator) prose(sentences int) string {
	var s strings.Builder
	for i := 0; i < sentences; i++ {
		if i > 0 {
			s.WriteByte(' ')
		}
		fmt.Fprintf(&s, "The %s %s %s a %s by the %s %s.",
			g.adjective(), g.noun(), g.verb(), g.noun(), g.adjective(), g.noun())
	}
	return s.String()
}

func pick(rng *rand.Rand, words []string) string { return words[rng.Intn(len(words))] }

func capital(word string) string {
	r := []rune(word)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}
