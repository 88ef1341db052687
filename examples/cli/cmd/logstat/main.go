// Command logstat counts the records of logs by a field, and measures another:
//
//	logstat -by path -measure took access.log access.log.1.gz
package main

import (
	"errors"
	"io"
	"os"

	"example.com/logtools/internal/cli"
	"example.com/logtools/internal/report"
	"example.com/logtools/internal/source"
)

// version is set by the build: -ldflags "-X main.version=v1.2.3".
var version = "dev"

func main() { os.Exit(cli.Main("logstat", run)) }

func run(args []string, s cli.Streams) error {
	common, fs := cli.NewCommon("logstat", "logstat [flags] [FILE ...]")
	by := fs.String("by", "level", "count by `field`; time, level and msg are fields too")
	measure := fs.String("measure", "", "give the quantiles of `field`, a number or a duration")
	top := fs.Int("top", 20, "show the first `n` groups; 0: all")
	asJSON := fs.Bool("json", false, "write JSON")
	if done, err := common.Parse(args, version, s); done {
		return err
	}
	if *top < 0 {
		return &cli.UsageError{Reason: "-top is negative"}
	}
	sources, closeAll, err := common.Open(s)
	if err != nil {
		return err
	}
	defer closeAll()

	skipped := &cli.Skipped{Strict: common.Strict}
	counts := report.New(*by, *measure)
	for _, src := range sources {
		if err := count(counts, src, common, skipped); err != nil {
			return err
		}
	}
	skipped.Report(s.Err)

	groups := counts.Groups()
	if *top > 0 && len(groups) > *top {
		groups = groups[:*top]
	}
	if *asJSON {
		return report.WriteJSON(s.Out, groups)
	}
	return report.WriteTable(s.Out, *by, groups)
}

func count(counts *report.Report, src *source.Source, common *cli.Common, skipped *cli.Skipped) error {
	for {
		rec, err := src.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			if err := skipped.Skip(err); err != nil {
				return err
			}
		case common.Accepts(rec):
			counts.Add(rec)
		}
	}
}
