package httpapi_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/shelf/internal/book"
	"example.com/shelf/internal/catalog"
	"example.com/shelf/internal/httpapi"
)

func newAPI() (http.Handler, *httpapi.Metrics) {
	metrics := httpapi.NewMetrics()
	return httpapi.New(httpapi.Options{
		Catalog: catalog.New([]*book.Book{
			{ID: "tides", Title: "Tides <and> Harbours", Subjects: []string{"sea"}, Year: 1987, Summary: "By the tide tables."},
			{ID: "bread", Title: "The Slow Loaf", Subjects: []string{"food"}, Year: 2004, Pages: 220, Summary: "It rises like the tide."},
		}),
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
		Metrics: metrics,
		Version: "v1.2.3",
	}), metrics
}

func do(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

func TestRoutes(t *testing.T) {
	tests := []struct {
		name, method, target, body string
		status                     int
		contains                   string
	}{
		{"health", "GET", "/healthz", "", 200, `"version":"v1.2.3"`},
		{"search", "GET", "/v1/search?q=tide", "", 200, `{"total":2,"hits":[{"id":"tides"`},
		{"search in a subject", "GET", "/v1/search?q=tide&subject=food", "", 200, `{"total":1,"hits":[{"id":"bread"`},
		{"highlight", "GET", "/v1/search?q=rises", "", 200, `{"text":"rises","match":true}`},
		{"no hits are a list", "GET", "/v1/search?q=whale", "", 200, `{"total":0,"hits":[],`},
		{"no number", "GET", "/v1/search?limit=ten", "", 400, `limit: \"ten\" is no number`},
		{"out of range", "GET", "/v1/search?limit=1000", "", 400, `limit: 1000 is not within 0 to 100`},
		{"stats", "GET", "/v1/stats/decade", "", 200, `{"key":"2000s","books":1,"pages":{"min":220,"median":220,"p90":220,"max":220,"mean":220}}`},
		{"unknown grouping", "GET", "/v1/stats/colour", "", 404, `no grouping \"colour\"`},
		{"one book", "GET", "/v1/books/bread", "", 200, `"title":"The Slow Loaf"`},
		{"no such book", "GET", "/v1/books/whale", "", 404, `no book \"whale\"`},
		{"add", "POST", "/v1/books", `{"id":"salt","title":"Salt"}`, 200, `{"books":3,"received":1}`},
		{"add nonsense", "POST", "/v1/books", "{}\n", 400, `line 1: id is empty`},
		{"add too much", "POST", "/v1/books", strings.Repeat("\n", 9<<20), 413, `longer than 8388608 bytes`},
		{"delete", "DELETE", "/v1/books/bread", "", 204, ``},
		{"no route", "GET", "/v2/search", "", 404, `no such resource`},
		{"page", "GET", "/?q=tide", "", 200, `<h2>Tides &lt;and&gt; Harbours</h2>`},
		{"page with a mark", "GET", "/?q=tide", "", 200, `<mark>tide</mark>`},
		{"page with a next page", "GET", "/?limit=1", "", 200, `href="?limit=1&amp;offset=1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, _ := newAPI()
			w := do(h, tt.method, tt.target, tt.body)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if got := w.Body.String(); !strings.Contains(got, tt.contains) {
				t.Errorf("%q is not in %s", tt.contains, got)
			}
		})
	}
}

func TestAProblemNamesTheRequest(t *testing.T) {
	h, _ := newAPI()
	const id = "2f1c5f0e-8f0a-4c39-9d7b-0f6c5f3b7a11"
	r := httptest.NewRequest("GET", "/v1/books/whale", nil)
	r.Header.Set("X-Request-ID", id)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)

	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	var p struct{ Title, Request string }
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Title != "Not Found" || p.Request != id {
		t.Errorf("got %+v", p)
	}
}

func TestMetricsCountByRoute(t *testing.T) {
	h, metrics := newAPI()
	do(h, "GET", "/v1/books/tides", "")
	do(h, "GET", "/v1/books/bread", "")
	do(h, "GET", "/v1/books/whale", "")
	got := do(metrics.Handler(), "GET", "/metrics", "").Body.String()
	for _, want := range []string{
		`http_request_duration_seconds_count{method="GET",route="/v1/books/{id}",status="200"} 2`,
		`http_request_duration_seconds_count{method="GET",route="/v1/books/{id}",status="404"} 1`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
}

func TestBigAnswersAreCompressed(t *testing.T) {
	h, _ := newAPI()
	big := `{"id":"big","title":"Big","summary":"` + strings.Repeat("word ", 2000) + `"}`
	if w := do(h, "POST", "/v1/books", big); w.Code != 200 {
		t.Fatal(w.Body)
	}
	r := httptest.NewRequest("GET", "/v1/books/big", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got := w.Header().Get("Content-Encoding"); got != "gzip" {
		t.Errorf("encoding %q", got)
	}
	if w.Body.Len() > 1000 {
		t.Errorf("%d bytes", w.Body.Len())
	}
}
