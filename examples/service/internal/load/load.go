// Package load sends a realistic mix of requests to the API and measures the
// answers. It talks to this machine only, and it always ends.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/shelf/internal/book"
	"example.com/shelf/internal/sample"
)

// Options bound a run: it ends after Duration or Requests, whichever is first.
type Options struct {
	URL      string // of the API, on a loopback address
	Duration time.Duration
	Requests int64
	Workers  int
	Seed     int64
}

// Report sums a run up. Latencies are those of the answered requests.
type Report struct {
	Requests, Failed int
	Bytes            int64
	Elapsed          time.Duration
	P50, P90, P99    time.Duration
}

func (r *Report) String() string {
	return fmt.Sprintf("%d requests in %v (%.0f/s), %d failed, %.1f MiB; latency p50 %v, p90 %v, p99 %v",
		r.Requests, r.Elapsed.Round(time.Millisecond), float64(r.Requests)/r.Elapsed.Seconds(), r.Failed,
		float64(r.Bytes)/(1<<20), r.P50, r.P90, r.P99)
}

// Loopback parses a URL and refuses one that leaves this machine.
func Loopback(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" {
		return nil, fmt.Errorf("%s: want an http URL", raw)
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s: %q is not this machine", raw, host)
	}
	return u, nil
}

// newClient returns a client that keeps to the server it is given: no proxy, no redirect.
func newClient(workers int) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			MaxIdleConns:        workers,
			MaxIdleConnsPerHost: workers,
			IdleConnTimeout:     time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Run sends requests until a bound of o is reached or ctx is done. It fails if
// no request at all was answered well.
func Run(ctx context.Context, o Options) (*Report, error) {
	base, err := Loopback(o.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.Duration)
	defer cancel()
	client := newClient(o.Workers)
	defer client.CloseIdleConnections()

	var left atomic.Int64
	left.Store(o.Requests)
	workers := make([]*worker, o.Workers)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range workers {
		w := &worker{client: client, mix: newMix(base, o.Seed+int64(i))}
		workers[i] = w
		wg.Add(1)
		go func() {
			defer wg.Done()
			for left.Add(-1) >= 0 && ctx.Err() == nil {
				w.step(ctx)
			}
		}()
	}
	wg.Wait()

	report := &Report{Elapsed: time.Since(start)}
	var latencies []time.Duration
	var failures []error
	for _, w := range workers {
		report.Requests += len(w.latencies) + w.failed
		report.Failed += w.failed
		report.Bytes += w.bytes
		latencies = append(latencies, w.latencies...)
		failures = append(failures, w.lastErr)
	}
	if len(latencies) == 0 {
		return nil, fmt.Errorf("none of %d requests succeeded: %w", report.Requests, errors.Join(failures...))
	}
	slices.Sort(latencies)
	report.P50 = latencies[len(latencies)*50/100]
	report.P90 = latencies[len(latencies)*90/100]
	report.P99 = latencies[len(latencies)*99/100]
	return report, nil
}

// worker is one client that sends a request at a time.
type worker struct {
	client    *http.Client
	mix       *mix
	latencies []time.Duration
	bytes     int64
	failed    int
	lastErr   error
}

func (w *worker) step(ctx context.Context) {
	start := time.Now()
	n, err := w.send(ctx)
	switch {
	case err == nil:
		w.latencies = append(w.latencies, time.Since(start))
		w.bytes += n
	case ctx.Err() == nil: // the end of the run is no failure of the server
		w.failed++
		w.lastErr = err
	}
}

func (w *worker) send(ctx context.Context) (int64, error) {
	method, target, body := w.mix.next()
	request, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	response, err := w.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s", method, target, response.Status)
	}
	return n, err
}

// mix chooses the requests of one worker.
type mix struct {
	base     *url.URL
	rng      *rand.Rand
	words    []string
	subjects []string
	zipf     *rand.Zipf
}

func newMix(base *url.URL, seed int64) *mix {
	rng := rand.New(rand.NewSource(seed))
	words := sample.Vocabulary()
	return &mix{
		base:     base,
		rng:      rng,
		words:    words,
		subjects: sample.Subjects(),
		zipf:     rand.NewZipf(rng, 1.1, 3, uint64(len(words)-1)),
	}
}

func (m *mix) word() string { return m.words[m.zipf.Uint64()] }

func (m *mix) url(path string, query url.Values) string {
	u := m.base.JoinPath(path)
	u.RawQuery = query.Encode()
	return u.String()
}

// next returns one request: mostly searches, now and then a write.
func (m *mix) next() (method, target, body string) {
	switch n := m.rng.Intn(1000); {
	case n < 450:
		return http.MethodGet, m.url("/v1/search", url.Values{"q": {m.word() + " " + m.word()}}), ""
	case n < 600:
		return http.MethodGet, m.url("/v1/search", url.Values{"q": {m.word()[:2] + "*"}}), ""
	case n < 700:
		return http.MethodGet, m.url("/v1/search", url.Values{
			"q":       {m.word() + " -" + m.word()},
			"subject": {m.subjects[m.rng.Intn(len(m.subjects))]},
			"sort":    {"year"},
			"limit":   {"50"},
		}), ""
	case n < 800:
		return http.MethodGet, m.url("/", url.Values{"q": {m.word()}}), ""
	case n < 948:
		return http.MethodGet, m.url(fmt.Sprintf("/v1/books/bk-%06d", m.rng.Intn(1000)), nil), ""
	case n < 998:
		grouping := []string{"subject", "decade", "author", "language"}[m.rng.Intn(4)]
		return http.MethodGet, m.url("/v1/stats/"+grouping, nil), ""
	default:
		var batch strings.Builder
		// Always the same few IDs: a long run does not grow the catalogue.
		_ = book.WriteAll(&batch, sample.Books(10, m.rng.Int63()))
		return http.MethodPost, m.url("/v1/books", nil), batch.String()
	}
}
