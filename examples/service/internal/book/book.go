// Package book defines the document of the catalogue and its exchange format,
// one JSON object per line.
package book

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest accepted line of an exchange file, in bytes.
const MaxLine = 1 << 20

// Book is one document. ID and Title are required.
type Book struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Authors  []string `json:"authors,omitempty"`
	Subjects []string `json:"subjects,omitempty"`
	Language string   `json:"language,omitempty"`
	Year     int      `json:"year,omitempty"`
	Pages    int      `json:"pages,omitempty"`
	Summary  string   `json:"summary,omitempty"`
}

// Validate reports everything that is wrong with b, or nil.
func (b *Book) Validate() error {
	var errs []error
	if b.ID == "" {
		errs = append(errs, errors.New("id is empty"))
	}
	if b.Title == "" {
		errs = append(errs, errors.New("title is empty"))
	}
	if b.Year < 0 || b.Year > 9999 {
		errs = append(errs, fmt.Errorf("year %d is out of range", b.Year))
	}
	if b.Pages < 0 {
		errs = append(errs, fmt.Errorf("pages %d is negative", b.Pages))
	}
	return errors.Join(errs...)
}

// LineError is a problem with one line of an exchange file.
type LineError struct {
	Line int // counted from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// ReadAll decodes one book per line and skips blank lines. It stops at the
// first bad line with a *LineError; a read error is returned as it is.
func ReadAll(r io.Reader) ([]*Book, error) {
	var books []*Book
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), MaxLine)
	line := 0
	for sc.Scan() {
		line++
		raw := bytes.TrimSpace(sc.Bytes())
		if len(raw) == 0 {
			continue
		}
		var b Book
		if err := json.Unmarshal(raw, &b); err != nil {
			return nil, &LineError{Line: line, Err: err}
		}
		if err := b.Validate(); err != nil {
			return nil, &LineError{Line: line, Err: err}
		}
		books = append(books, &b)
	}
	if err := sc.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, &LineError{Line: line + 1, Err: fmt.Errorf("longer than %d bytes", MaxLine)}
	} else if err != nil {
		return nil, err
	}
	return books, nil
}

// WriteAll encodes one book per line, the form that ReadAll reads.
func WriteAll(w io.Writer, books []*Book) error {
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	for _, b := range books {
		if err := enc.Encode(b); err != nil {
			return fmt.Errorf("book %s: %w", b.ID, err)
		}
	}
	return buf.Flush()
}
