package merge_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"example.com/logtools/internal/merge"
	"example.com/logtools/internal/source"
)

func open(t *testing.T, logs ...string) []merge.Reader {
	t.Helper()
	readers := make([]merge.Reader, len(logs))
	for i, log := range logs {
		s, err := source.New(fmt.Sprint("log", i), io.NopCloser(strings.NewReader(log)))
		if err != nil {
			t.Fatal(err)
		}
		readers[i] = s
	}
	return readers
}

func at(second int, msg string) string {
	return fmt.Sprintf("time=2026-03-01T12:00:%02dZ msg=%s\n", second, msg)
}

func fail(err error) error { return err }

func TestEach(t *testing.T) {
	tests := []struct {
		name string
		logs []string
		want string
	}{
		{"nothing", nil, ""},
		{"one log", []string{at(1, "a") + at(2, "b")}, "a0 b0"},
		{"interleaved", []string{at(1, "a") + at(4, "d"), at(2, "b") + at(3, "c"), at(5, "e")}, "a0 b1 c1 d0 e2"},
		{"an empty log", []string{"", at(1, "a")}, "a1"},
		{"the same time", []string{at(1, "a") + at(1, "b"), at(1, "c")}, "a0 b0 c1"},
		{"no time: after its neighbour", []string{at(1, "a") + "msg=trace\n" + at(3, "c"), at(2, "b")}, "a0 trace0 b1 c0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			err := merge.Each(open(t, tt.logs...), fail, func(m merge.Merged) error {
				got = append(got, fmt.Sprint(m.Record.Message, m.From))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

func TestEachAsksAboutABadLine(t *testing.T) {
	logs := func() []merge.Reader { return open(t, at(1, "a")+"oops oops\n"+at(2, "b")) }
	count := 0
	yield := func(merge.Merged) error { count++; return nil }

	var bad *source.ParseError
	if err := merge.Each(logs(), fail, yield); !errors.As(err, &bad) || count != 1 {
		t.Errorf("got %v after %d records", err, count)
	}
	count = 0
	if err := merge.Each(logs(), func(error) error { return nil }, yield); err != nil || count != 2 {
		t.Errorf("got %v after %d records", err, count)
	}
}

func TestEachStopsWithYield(t *testing.T) {
	stop := errors.New("stop")
	err := merge.Each(open(t, at(1, "a")+at(2, "b")), fail, func(merge.Merged) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}
