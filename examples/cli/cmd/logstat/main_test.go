package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/logtools/internal/cli"
)

const log = `time=2026-03-01T12:00:00Z level=info path=/a took=10ms
oops oops
time=2026-03-01T12:00:01Z level=error path=/a took=20ms
time=2026-03-01T12:00:02Z level=info path=/b took=5ms
`

func logstat(args ...string) (stdout, stderr string, err error) {
	var out, errOut bytes.Buffer
	err = run(args, cli.Streams{In: strings.NewReader(log), Out: &out, Err: &errOut})
	return out.String(), errOut.String(), err
}

func TestLogstat(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"by level", nil, `
  count  share  error  warn  level
      2  66.7%      0     0  info
      1  33.3%      1     0  error
`},
		{"by a field, measured", []string{"-by", "path", "-measure", "took"}, `
  count  share  error  warn    p50    p90    p99    max  path
      2  66.7%      1     0   0.01   0.02   0.02   0.02  /a
      1  33.3%      0     0  0.005  0.005  0.005  0.005  /b
`},
		{"a part of the time", []string{"-since", "2026-03-01T12:00:01Z", "-until", "2026-03-01T12:00:02Z"}, `
  count   share  error  warn  level
      1  100.0%      1     0  error
`},
		{"the first group", []string{"-by", "path", "-top", "1", "-level", "info"}, `
  count  share  error  warn  path
      2  66.7%      1     0  /a
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, errOut, err := logstat(tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			if "\n"+out != tt.want {
				t.Errorf("got\n%s\nwant%s", out, tt.want)
			}
			if want := "skipped lines that are no records: 1, the first: stdin:2: neither a JSON object nor logfmt\n"; errOut != want {
				t.Errorf("got %q, want %q", errOut, want)
			}
		})
	}
}

func TestLogstatReadsFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(path, []byte(log), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _, err := logstat("-json", path, path, "-")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, `"count": 6,`) {
		t.Errorf("got %s", out)
	}
}

func TestLogstatStrict(t *testing.T) {
	if _, _, err := logstat("-strict"); err == nil || !strings.HasPrefix(err.Error(), "stdin:2:") {
		t.Errorf("got %v", err)
	}
}

func TestLogstatRefuses(t *testing.T) {
	for _, args := range [][]string{{"-level", "loud"}, {"-since", "noon"}, {"-top", "-1"}, {"-nonsense"}} {
		var usage *cli.UsageError
		if _, _, err := logstat(args...); !errors.As(err, &usage) {
			t.Errorf("%q: got %v", args, err)
		}
	}
	if _, _, err := logstat("absent.log"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestLogstatHelp(t *testing.T) {
	out, errOut, err := logstat("-help")
	if err != nil || errOut != "" || !strings.HasPrefix(out, "usage: logstat [flags] [FILE ...]\n") {
		t.Errorf("got %q, %q, %v", out, errOut, err)
	}
}

func TestLogstatVersion(t *testing.T) {
	out, _, err := logstat("--version")
	if err != nil || !strings.HasPrefix(out, "logstat "+version+" go") {
		t.Errorf("got %q, %v", out, err)
	}
}
