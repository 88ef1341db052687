package source_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/logtools/internal/record"
	"example.com/logtools/internal/source"
)

const twoLines = "msg=one\n\n  \nmsg=two\n"

func messages(t *testing.T, s *source.Source) []string {
	t.Helper()
	defer s.Close()
	var list []string
	for {
		r, err := s.Next()
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r.Message)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "a.log")
	packed := filepath.Join(dir, "a.log.1") // the name does not say that it is gzip
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(twoLines)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{plain: []byte(twoLines), packed: z.Bytes()} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{plain, packed, "-"} {
		s, err := source.Open(name, strings.NewReader(twoLines))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(messages(t, s), " "); got != "one two" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestReadingGoesOnAfterABadLine(t *testing.T) {
	s, err := source.Open("-", strings.NewReader("msg=one\n\noops oops\nmsg=two"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	_, err = s.Next()
	var bad *source.ParseError
	if !errors.As(err, &bad) || !errors.Is(err, record.ErrFormat) {
		t.Fatalf("got %v", err)
	}
	if bad.Line != 3 || string(bad.Raw) != "oops oops" {
		t.Errorf("got line %d, %q", bad.Line, bad.Raw)
	}
	if r, err := s.Next(); err != nil || r.Message != "two" {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestARecordOutlivesTheNextOne(t *testing.T) {
	s, err := source.Open("-", strings.NewReader(twoLines))
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	if string(first.Raw) != "msg=one" {
		t.Errorf("got %q", first.Raw)
	}
}

func TestACutOffGzipIsAnError(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(strings.Repeat(twoLines, 100))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := source.New("x", io.NopCloser(bytes.NewReader(z.Bytes()[:z.Len()-10])))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = s.Next()
	}
	if err == io.EOF || !strings.Contains(err.Error(), "x: unexpected EOF") {
		t.Errorf("got %v", err)
	}
}
