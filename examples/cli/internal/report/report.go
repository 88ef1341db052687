// Package report counts records by the value of a field, and measures another
// field of them.
package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"example.com/logtools/internal/record"
)

// Group is the records with one value of the field that is counted by.
type Group struct {
	Key    string         `json:"key"`
	Count  int            `json:"count"`
	Share  float64        `json:"share"` // of all records, 0 to 1
	Levels map[string]int `json:"levels"`
	Values *Values        `json:"values,omitempty"`
}

// Values describes the numbers of the measured field.
type Values struct {
	Count int     `json:"count"`
	Sum   float64 `json:"sum"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Report counts records. Create it with New.
type Report struct {
	by, measure string
	total       int
	groups      map[string]*group
}

type group struct {
	count  int
	levels [record.Error + 1]int
	values []float64
}

// New returns an empty report by a field; measure may be empty.
func New(by, measure string) *Report {
	return &Report{by: by, measure: measure, groups: make(map[string]*group)}
}

// Add counts a record. One without the field counts as "-".
func (r *Report) Add(rec *record.Record) {
	key := "-"
	if value := rec.Get(r.by); value != nil {
		key = record.Text(value)
	}
	g, ok := r.groups[key]
	if !ok {
		g = &group{}
		r.groups[key] = g
	}
	r.total++
	g.count++
	g.levels[rec.Level]++
	if r.measure == "" {
		return
	}
	if n, ok := record.Number(rec.Get(r.measure)); ok {
		g.values = append(g.values, n)
	}
}

// Groups returns the groups, the most frequent first.
func (r *Report) Groups() []Group {
	groups := make([]Group, 0, len(r.groups))
	for key, g := range r.groups {
		levels := make(map[string]int)
		for level, n := range g.levels {
			if n > 0 {
				levels[record.Level(level).String()] = n
			}
		}
		groups = append(groups, Group{
			Key:    key,
			Count:  g.count,
			Share:  float64(g.count) / float64(r.total),
			Levels: levels,
			Values: measure(g.values),
		})
	}
	slices.SortFunc(groups, func(a, b Group) int {
		if c := cmp.Compare(b.Count, a.Count); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	return groups
}

func measure(values []float64) *Values {
	if len(values) == 0 {
		return nil
	}
	slices.Sort(values)
	v := &Values{Count: len(values), Max: values[len(values)-1]}
	for _, n := range values {
		v.Sum += n
	}
	at := func(q float64) float64 {
		return values[max(0, int(math.Ceil(q*float64(len(values))))-1)]
	}
	v.P50, v.P90, v.P99 = at(0.50), at(0.90), at(0.99)
	return v
}

// WriteJSON writes groups as one JSON array.
func WriteJSON(w io.Writer, groups []Group) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(groups)
}

// WriteTable writes groups as a table for people.
func WriteTable(w io.Writer, by string, groups []Group) error {
	measured := slices.ContainsFunc(groups, func(g Group) bool { return g.Values != nil })
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	header := []string{"count", "share", "error", "warn"}
	if measured {
		header = append(header, "p50", "p90", "p99", "max")
	}
	row := func(cells []string, last string) {
		// The last column is not aligned: keys have any length.
		fmt.Fprintf(t, "%s\t  %s\n", strings.Join(cells, "\t"), last)
	}
	row(header, by)
	for _, g := range groups {
		cells := []string{
			fmt.Sprint(g.Count),
			fmt.Sprintf("%.1f%%", 100*g.Share),
			fmt.Sprint(g.Levels[record.Error.String()]),
			fmt.Sprint(g.Levels[record.Warn.String()]),
		}
		switch v := g.Values; {
		case v != nil:
			for _, n := range []float64{v.P50, v.P90, v.P99, v.Max} {
				cells = append(cells, fmt.Sprintf("%.4g", n))
			}
		case measured:
			cells = append(cells, "-", "-", "-", "-")
		}
		key := g.Key
		if strings.ContainsFunc(key, unicode.IsControl) {
			key = strconv.Quote(key) // a tab or a line end would break the table
		}
		row(cells, key)
	}
	return t.Flush()
}
