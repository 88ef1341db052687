// Command loadgen sends requests to an API on this machine, and can collect the
// CPU profile of that API meanwhile:
//
//	go run ./cmd/loadgen -url http://127.0.0.1:8080 -duration 30s -profile cmd/api/default.pgo
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"example.com/shelf/internal/load"
)

// warmup is how long the load runs before the profile begins, and how long it
// goes on after the profile has ended.
const warmup = time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o load.Options
	fs := flag.NewFlagSet("loadgen", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.URL, "url", "http://127.0.0.1:8080", "send requests to the API at `URL`, on this machine")
	fs.DurationVar(&o.Duration, "duration", 30*time.Second, "stop after this `time`")
	fs.Int64Var(&o.Requests, "requests", 1_000_000, "stop after `n` requests")
	fs.IntVar(&o.Workers, "workers", 4, "send from `n` connections")
	fs.Int64Var(&o.Seed, "seed", 1, "choose the requests by this `number`")
	admin := fs.String("admin", "http://127.0.0.1:6060", "fetch the profile from `URL`, on this machine")
	profile := fs.String("profile", "", "write a CPU profile of the API to `file`")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if o.Duration <= 0 || o.Requests <= 0 || o.Workers <= 0 {
		return errors.New("-duration, -requests and -workers must be positive")
	}

	collected := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if *profile == "" {
		collected <- nil
	} else {
		go func() { collected <- collect(ctx, *admin, o.Duration-2*warmup, *profile) }()
	}
	report, err := load.Run(ctx, o)
	// A load that ended early is no load: the rest of the profile would be idle time.
	if err != nil || report.Elapsed < o.Duration-warmup {
		cancel()
	}
	return errors.Join(err, printReport(stdout, report), <-collected)
}

func collect(ctx context.Context, admin string, length time.Duration, path string) error {
	select {
	case <-time.After(warmup):
	case <-ctx.Done():
		return errors.New("no profile: the load ended before it began")
	}
	if err := load.Profile(ctx, admin, length, path); err != nil {
		if ctx.Err() != nil {
			err = errors.New("the load ended before the profile did")
		}
		return fmt.Errorf("no profile: %w", err)
	}
	return nil
}

func printReport(w io.Writer, report *load.Report) error {
	if report == nil {
		return nil
	}
	_, err := fmt.Fprintln(w, report)
	return err
}
