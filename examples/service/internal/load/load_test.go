package load_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/shelf/internal/load"
)

func TestLoopback(t *testing.T) {
	for _, raw := range []string{"http://127.0.0.1:8080", "http://localhost", "http://[::1]:80/x"} {
		if _, err := load.Loopback(raw); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for _, raw := range []string{"http://192.0.2.7", "http://example.com", "https://localhost", "localhost:8080", "http://0.0.0.0:80", "http://localhost.example.com"} {
		if _, err := load.Loopback(raw); err == nil {
			t.Errorf("%s is allowed", raw)
		}
	}
}

func TestRunEndsAfterTheRequests(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if served.Add(1)%10 == 0 {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	report, err := load.Run(context.Background(), load.Options{URL: server.URL, Duration: time.Minute, Requests: 100, Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	if report.Requests != 100 || report.Failed != 10 || served.Load() != 100 {
		t.Errorf("%+v, %d served; want 100 requests, 10 failed", report, served.Load())
	}
}

func TestRunFailsWithoutAServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := load.Run(context.Background(), load.Options{URL: server.URL, Duration: time.Minute, Requests: 5, Workers: 1})
	if err == nil || !strings.Contains(err.Error(), "none of 5 requests succeeded") {
		t.Errorf("got %v", err)
	}
}

func TestProfileReplacesTheFileOnlyWithACompleteOne(t *testing.T) {
	var whole bytes.Buffer
	z := gzip.NewWriter(&whole)
	if _, err := z.Write([]byte("samples")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		status int
		body   []byte
		ok     bool
	}{
		{"complete", 200, whole.Bytes(), true},
		{"cut off", 200, whole.Bytes()[:whole.Len()-6], false},
		{"not gzip", 200, []byte("<html>"), false},
		{"busy", 500, []byte("Could not enable CPU profiling: cpu profiling already in use"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = w.Write(tt.body)
			}))
			defer server.Close()
			dir := t.TempDir()
			path := filepath.Join(dir, "default.pgo")
			if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}

			err := load.Profile(context.Background(), server.URL, time.Second, path)
			if (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
			want := []byte("old")
			if tt.ok {
				want = tt.body
			}
			got, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("the file holds %q, %v; want %q", got, err, want)
			}
			if left, _ := os.ReadDir(dir); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
