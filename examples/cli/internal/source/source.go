// Package source reads logs: a file, a gzip file or the standard input in,
// records with their place out.
package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"example.com/logtools/internal/record"
)

// MaxLine is the longest line that is read, in bytes.
const MaxLine = 4 << 20

// Source is a log that is being read. Create it with Open or New.
type Source struct {
	name    string
	closers []io.Closer
	lines   *bufio.Scanner
	line    int
}

// ParseError is a line that is no record. Reading can go on after it.
type ParseError struct {
	Name string
	Line int // counted from 1
	Raw  []byte
	Err  error
}

func (e *ParseError) Error() string { return fmt.Sprintf("%s:%d: %v", e.Name, e.Line, e.Err) }

func (e *ParseError) Unwrap() error { return e.Err }

// Open opens a file; "-" is stdin. What begins like gzip is decompressed,
// whatever its name.
func Open(name string, stdin io.Reader) (*Source, error) {
	if name == "-" {
		return New("stdin", io.NopCloser(stdin))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return New(name, f)
}

// New reads from r, which it closes in the end, even if New fails.
func New(name string, r io.ReadCloser) (*Source, error) {
	s := &Source{name: name, closers: []io.Closer{r}}
	buffered := bufio.NewReaderSize(r, 64<<10)
	var input io.Reader = buffered
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", name, err), s.Close())
		}
		s.closers = append(s.closers, z)
		input = z
	}
	s.lines = bufio.NewScanner(input)
	s.lines.Buffer(make([]byte, 0, 64<<10), MaxLine)
	return s, nil
}

// Name returns the name of the file, or "stdin".
func (s *Source) Name() string { return s.name }

// Next returns the next record and skips empty lines. It returns io.EOF at the
// end, and a *ParseError for a line that is no record.
func (s *Source) Next() (*record.Record, error) {
	for s.lines.Scan() {
		s.line++
		raw := s.lines.Bytes()
		if len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		raw = bytes.Clone(raw) // the scanner reuses its buffer
		r, err := record.Parse(raw)
		if err != nil {
			return nil, &ParseError{Name: s.name, Line: s.line, Raw: raw, Err: err}
		}
		return r, nil
	}
	switch err := s.lines.Err(); {
	case err == nil:
		return nil, io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%s:%d: longer than %d bytes", s.name, s.line+1, MaxLine)
	default:
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
}

// Close closes the file.
func (s *Source) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i].Close())
	}
	return errors.Join(errs...)
}
