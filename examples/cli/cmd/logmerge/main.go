// Command logmerge writes the lines of several logs in the order of time:
//
//	logmerge -prefix api.log worker.log.gz
package main

import (
	"bufio"
	"errors"
	"os"

	"example.com/logtools/internal/cli"
	"example.com/logtools/internal/merge"
)

// version is set by the build: -ldflags "-X main.version=v1.2.3".
var version = "dev"

func main() { os.Exit(cli.Main("logmerge", run)) }

func run(args []string, s cli.Streams) error {
	common, fs := cli.NewCommon("logmerge", "logmerge [flags] [FILE ...]")
	prefix := fs.Bool("prefix", false, "begin each line with the name of its file")
	limit := fs.Int("limit", 0, "stop after `n` lines; 0: never")
	if done, err := common.Parse(args, version, s); done {
		return err
	}
	if *limit < 0 {
		return &cli.UsageError{Reason: "-limit is negative"}
	}
	sources, closeAll, err := common.Open(s)
	if err != nil {
		return err
	}
	defer closeAll()
	logs := make([]merge.Reader, len(sources))
	for i, src := range sources {
		logs[i] = src
	}

	out := bufio.NewWriterSize(s.Out, 64<<10)
	skipped := &cli.Skipped{Strict: common.Strict}
	written := 0
	enough := errors.New("enough lines")
	err = merge.Each(logs, skipped.Skip, func(m merge.Merged) error {
		if !common.Accepts(m.Record) {
			return nil
		}
		if *prefix {
			out.WriteString(sources[m.From].Name())
			out.WriteString(": ")
		}
		out.Write(m.Record.Raw)
		// The writer keeps its first error: it is enough to ask once per line.
		if err := out.WriteByte('\n'); err != nil {
			return err
		}
		if written++; written == *limit {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		err = nil
	}
	// What was merged before an error is still good.
	err = errors.Join(err, out.Flush())
	skipped.Report(s.Err)
	return err
}
