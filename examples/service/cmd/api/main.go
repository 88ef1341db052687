// Command api serves a searchable catalogue of books.
//
// It reads the catalogue from a file with one JSON object per line, or makes
// one up, and keeps it in memory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"example.com/shelf/internal/book"
	"example.com/shelf/internal/catalog"
	"example.com/shelf/internal/httpapi"
	"example.com/shelf/internal/sample"
)

// version is set by the build: -ldflags "-X main.version=v1.2.3".
var version = "dev"

// drain is how long open requests may take once we are told to stop.
const drain = 10 * time.Second

type config struct {
	addr, admin string
	data        string
	sample      int
	logLevel    slog.Level
	version     bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (config, error) {
	var c config
	fs := flag.NewFlagSet("api", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&c.addr, "addr", "127.0.0.1:8080", "serve the API on `address`")
	fs.StringVar(&c.admin, "admin", "127.0.0.1:6060", "serve profiles and metrics on `address`; keep it private; empty: off")
	fs.StringVar(&c.data, "data", "", "read the catalogue from `file`, one JSON object per line")
	fs.IntVar(&c.sample, "sample", 0, "make `n` books up")
	fs.TextVar(&c.logLevel, "log", slog.LevelInfo, "log from `level`: debug, info, warn, error")
	fs.BoolVar(&c.version, "version", false, "print the version and exit")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	if fs.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return c, nil
}

// run serves until ctx is done or a server fails.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if c.version {
		_, err := fmt.Fprintf(stdout, "api %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: c.logLevel}))

	books, err := load(c)
	if err != nil {
		return err
	}
	shelf := catalog.New(books)
	log.Info("catalogue ready", "books", shelf.Index().Len(), "terms", shelf.Index().Terms())

	metrics := httpapi.NewMetrics()
	api := &http.Server{
		Handler: httpapi.New(httpapi.Options{
			Catalog: shelf,
			Log:     log,
			Metrics: metrics,
			Version: version,
		}),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	// No WriteTimeout: a profile takes as long as it was asked to.
	admin := &http.Server{Handler: adminHandler(metrics), ReadHeaderTimeout: 5 * time.Second}
	return serve(ctx, log, []listener{{"api", c.addr, api}, {"admin", c.admin, admin}})
}

func load(c config) ([]*book.Book, error) {
	if c.data == "" {
		return sample.Books(c.sample, 1), nil
	}
	f, err := os.Open(c.data)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	books, err := book.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.data, err)
	}
	return books, nil
}

// adminHandler serves what the public must not see. Its mux is its own: what
// registers itself on the default one is not served by accident.
func adminHandler(metrics *httpapi.Metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("/metrics", metrics.Handler())
	return mux
}

type listener struct {
	name, addr string
	server     *http.Server
}

// serve runs the servers that have an address. When one fails or ctx is done it
// lets open requests finish, and returns the first error.
func serve(ctx context.Context, log *slog.Logger, listeners []listener) error {
	failed := make(chan error, len(listeners))
	var running []listener
	shutdown := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		var errs []error
		for _, l := range running {
			if err := l.server.Shutdown(ctx); err != nil {
				errs = append(errs, fmt.Errorf("stop %s: %w", l.name, err))
			}
		}
		return errors.Join(errs...)
	}
	for _, l := range listeners {
		if l.addr == "" {
			continue
		}
		ln, err := net.Listen("tcp", l.addr)
		if err != nil {
			return errors.Join(err, shutdown())
		}
		log.Info("listening", "server", l.name, "addr", ln.Addr().String(), "version", version)
		running = append(running, l)
		go func(l listener) {
			if err := l.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("%s: %w", l.name, err)
			}
		}(l)
	}
	select {
	case err := <-failed:
		return errors.Join(err, shutdown())
	case <-ctx.Done():
		log.Info("stopping", "drain", drain)
		return shutdown()
	}
}
