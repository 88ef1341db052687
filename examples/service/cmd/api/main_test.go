package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// logBuffer hands the log of a running server to the test.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestVersion(t *testing.T) {
	var out bytes.Buffer
	if err := run(context.Background(), []string{"-version"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "api "+version+" go") {
		t.Errorf("got %q", out.String())
	}
}

func TestBadData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "books.jsonl")
	if err := os.WriteFile(path, []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := run(context.Background(), []string{"-data", path}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), path+": line 1: id is empty") {
		t.Errorf("got %v", err)
	}
}

func TestRunServesUntilItIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var log logBuffer
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"-addr", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-sample", "50"}, io.Discard, &log)
	}()
	listening := regexp.MustCompile(`server=(\w+) addr=(\S+)`)
	addrs := make(map[string]string)
	for deadline := time.Now().Add(10 * time.Second); len(addrs) < 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not listening: %s", log.String())
		}
		for _, m := range listening.FindAllStringSubmatch(log.String(), -1) {
			addrs[m[1]] = m[2]
		}
	}
	for server, path := range map[string]string{"api": "/healthz", "admin": "/debug/pprof/cmdline"} {
		response, err := http.Get("http://" + addrs[server] + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s%s: %s", server, path, response.Status)
		}
	}
	if response, err := http.Get("http://" + addrs["api"] + "/debug/pprof/"); err != nil {
		t.Error(err)
	} else {
		response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("the public address serves profiles: %s", response.Status)
		}
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("still running")
	}
}
