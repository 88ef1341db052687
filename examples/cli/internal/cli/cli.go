// Package cli is what the two commands have in common: flags, exit codes, the
// version, and reading records from the files that were named.
package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"example.com/logtools/internal/record"
	"example.com/logtools/internal/source"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Exit codes of the commands.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// UsageError is a command line that makes no sense.
type UsageError struct{ Reason string }

func (e *UsageError) Error() string { return e.Reason }

// Main runs a command on the process's own arguments and streams, and returns
// its exit code.
func Main(name string, run func(args []string, s Streams) error) int {
	err := run(os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	var usage *UsageError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "%s: %v\nTry %[1]s -help.\n", name, err)
		return ExitUsage
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	return ExitFailed
}

// Common are the flags that both commands have.
type Common struct {
	Version bool
	Strict  bool
	Level   record.Level
	Since   time.Time
	Until   time.Time
	flags   *flag.FlagSet
}

// NewCommon returns the flag set of a command, with the common flags defined.
func NewCommon(name, usage string) (*Common, *flag.FlagSet) {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	// The package flag prints each error with the whole usage; Main prints the
	// error, and Parse the usage where it was asked for.
	fs.SetOutput(io.Discard)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: %s\n\n", usage)
		fs.PrintDefaults()
	}
	c := &Common{flags: fs}
	fs.BoolVar(&c.Version, "version", false, "print the version and exit")
	fs.BoolVar(&c.Strict, "strict", false, "fail at the first line that is no record")
	fs.Func("level", "leave out records below `level`: debug, info, warn, error", func(s string) error {
		if c.Level = record.ParseLevel(s); c.Level == record.Unknown {
			return errors.New("not a level")
		}
		return nil
	})
	fs.Func("since", "leave out records before `time`, as in 2026-03-01T12:00:00Z", timeFlag(&c.Since))
	fs.Func("until", "leave out records from `time` on", timeFlag(&c.Until))
	return c, fs
}

func timeFlag(t *time.Time) func(string) error {
	return func(s string) (err error) {
		*t, err = time.Parse(time.RFC3339, s)
		return err
	}
}

// Parse reads the command line. Done is set if there is nothing left to do.
func (c *Common) Parse(args []string, version string, s Streams) (done bool, err error) {
	if err := c.flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			c.flags.SetOutput(s.Out)
			c.flags.Usage()
			return true, nil
		}
		return true, &UsageError{err.Error()}
	}
	if c.Version {
		_, err := fmt.Fprintf(s.Out, "%s %s %s %s/%s\n", c.flags.Name(), version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return true, err
	}
	return false, nil
}

// Accepts reports whether a record passes -level, -since and -until. A record
// without a level or a time does not pass the flag that asks for it.
func (c *Common) Accepts(r *record.Record) bool {
	return r.Level >= c.Level &&
		(c.Since.IsZero() || !r.Time.Before(c.Since)) &&
		(c.Until.IsZero() || !r.Time.IsZero() && r.Time.Before(c.Until))
}

// Open opens the files that were named, or stdin if there are none. The caller
// closes them, all in all, by close.
func (c *Common) Open(s Streams) (sources []*source.Source, close func(), err error) {
	names := c.flags.Args()
	if len(names) == 0 {
		names = []string{"-"}
	}
	close = func() {
		for _, src := range sources {
			_ = src.Close() // it was only read
		}
	}
	for _, name := range names {
		src, err := source.Open(name, s.In)
		if err != nil {
			close()
			return nil, nil, err
		}
		sources = append(sources, src)
	}
	return sources, close, nil
}

// Skipped counts the lines that were no records, and decides about them.
type Skipped struct {
	Strict bool
	Count  int
	First  *source.ParseError
}

// Skip returns nil if reading may go on after err.
func (s *Skipped) Skip(err error) error {
	var bad *source.ParseError
	if s.Strict || !errors.As(err, &bad) {
		return err
	}
	if s.Count == 0 {
		s.First = bad
	}
	s.Count++
	return nil
}

// Report tells what was skipped, if something was.
func (s *Skipped) Report(w io.Writer) {
	if s.Count > 0 {
		fmt.Fprintf(w, "skipped lines that are no records: %d, the first: %v\n", s.Count, s.First)
	}
}
