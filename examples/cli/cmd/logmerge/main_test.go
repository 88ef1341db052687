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

func logmerge(stdin string, args ...string) (stdout, stderr string, err error) {
	var out, errOut bytes.Buffer
	err = run(args, cli.Streams{In: strings.NewReader(stdin), Out: &out, Err: &errOut})
	return out.String(), errOut.String(), err
}

const (
	api    = "time=2026-03-01T12:00:00Z level=info msg=a\ntime=2026-03-01T12:00:02Z level=error msg=c\n"
	worker = "{\"time\":\"2026-03-01T12:00:01Z\",\"level\":\"warn\",\"msg\":\"b\"}\n"
)

func TestLogmerge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api.log")
	if err := os.WriteFile(path, []byte(api), 0o644); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(api), "\n")
	b := strings.TrimSpace(worker)
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"in the order of time", nil, []string{lines[0], b, lines[1]}},
		{"with the file", []string{"-prefix"}, []string{path + ": " + lines[0], "stdin: " + b, path + ": " + lines[1]}},
		{"from a level on", []string{"-level", "warn"}, []string{b, lines[1]}},
		{"a few", []string{"-limit", "2"}, []string{lines[0], b}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, _, err := logmerge(worker, append(tt.args, path, "-")...)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Join(tt.want, "\n") + "\n"; out != want {
				t.Errorf("got\n%swant\n%s", out, want)
			}
		})
	}
}

func TestLogmergeKeepsWhatItHadBeforeAnError(t *testing.T) {
	out, _, err := logmerge(api+"oops oops\n", "-strict")
	if err == nil || !strings.HasPrefix(err.Error(), "stdin:3:") {
		t.Errorf("got %v", err)
	}
	if out != api {
		t.Errorf("got %q", out)
	}
}

type brokenPipe struct{}

var errBroken = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

func TestLogmergeReportsAFailedWrite(t *testing.T) {
	err := run(nil, cli.Streams{In: strings.NewReader(api), Out: brokenPipe{}, Err: new(bytes.Buffer)})
	if !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}

func TestLogmergeVersion(t *testing.T) {
	out, _, err := logmerge("", "-version")
	if err != nil || !strings.HasPrefix(out, "logmerge "+version+" go") {
		t.Errorf("got %q, %v", out, err)
	}
}
