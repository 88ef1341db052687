// Package httpapi serves a catalogue over HTTP: JSON under /v1, and one page
// for people.
package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/klauspost/compress/gzhttp"

	"example.com/shelf/internal/book"
	"example.com/shelf/internal/catalog"
	"example.com/shelf/internal/index"
	"example.com/shelf/internal/stats"
	"example.com/shelf/internal/text"
)

const (
	defaultLimit = 20
	maxBody      = 8 << 20
)

// Options are what the API needs. Every field but Version is required.
type Options struct {
	Catalog *catalog.Catalog
	Log     *slog.Logger
	Metrics *Metrics
	Version string
}

type api struct {
	Options
	started time.Time
}

// New returns the handler of the whole API.
func New(o Options) http.Handler {
	a := &api{Options: o, started: time.Now()}
	r := chi.NewRouter()
	r.Use(requestID, a.observe, a.recoverPanic)
	r.Get("/healthz", a.health)
	r.Get("/", a.serve(a.page))
	r.Route("/v1", func(r chi.Router) {
		r.Get("/search", a.serve(a.search))
		r.Get("/stats/{grouping}", a.serve(a.stats))
		r.Post("/books", a.serve(a.putBooks))
		r.Get("/books/{id}", a.serve(a.getBook))
		r.Delete("/books/{id}", a.serve(a.deleteBook))
	})
	r.NotFound(a.serve(func(http.ResponseWriter, *http.Request) error {
		return &problem{Status: http.StatusNotFound, Detail: "no such resource"}
	}))
	return gzhttp.GzipHandler(r)
}

// problem is an error with an HTTP status, in the shape of RFC 9457.
type problem struct {
	Status  int    `json:"status"`
	Title   string `json:"title"`
	Detail  string `json:"detail,omitempty"`
	Request string `json:"request,omitempty"`
}

func (p *problem) Error() string { return p.Detail }

// serve turns a handler that can fail into one that answers with the failure.
func (a *api) serve(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		p := asProblem(err)
		if p.Status >= http.StatusInternalServerError {
			a.Log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "request", requestIDFrom(r.Context()), "err", err)
		}
		p.Title = http.StatusText(p.Status)
		p.Request = requestIDFrom(r.Context())
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
		// The client is gone if this fails: there is nobody left to tell.
		_ = json.NewEncoder(w).Encode(p)
	}
}

func asProblem(err error) *problem {
	var (
		p       *problem
		query   *index.QueryError
		line    *book.LineError
		tooLong *http.MaxBytesError
	)
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &query), errors.As(err, &line):
		return &problem{Status: http.StatusBadRequest, Detail: err.Error()}
	case errors.As(err, &tooLong):
		return &problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body is longer than %d bytes", tooLong.Limit)}
	}
	return &problem{Status: http.StatusInternalServerError, Detail: "see the log of the server"}
}

func respond(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode response: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(status)
	// The client is gone if this fails: there is nobody left to tell.
	_, _ = w.Write(append(body, '\n'))
	return nil
}

func (a *api) health(w http.ResponseWriter, _ *http.Request) {
	ix := a.Catalog.Index()
	_ = respond(w, http.StatusOK, map[string]any{
		"version": a.Version,
		"books":   ix.Len(),
		"terms":   ix.Terms(),
		"uptime":  time.Since(a.started).Round(time.Second).String(),
	})
}

type searchHit struct {
	ID       string      `json:"id"`
	Title    string      `json:"title"`
	Authors  []string    `json:"authors,omitempty"`
	Year     int         `json:"year,omitempty"`
	Score    float32     `json:"score"`
	Snippet  []text.Part `json:"snippet,omitempty"`
	Subjects []string    `json:"subjects,omitempty"`
}

type searchResponse struct {
	Total  int                      `json:"total"`
	Hits   []searchHit              `json:"hits"`
	Facets map[string][]index.Count `json:"facets"`
}

func (a *api) search(w http.ResponseWriter, r *http.Request) error {
	q, err := queryOf(r)
	if err != nil {
		return err
	}
	result, err := a.Catalog.Index().Search(q)
	if err != nil {
		return err
	}
	response := searchResponse{
		Total:  result.Total,
		Hits:   make([]searchHit, len(result.Hits)),
		Facets: result.Facets,
	}
	for i, hit := range result.Hits {
		response.Hits[i] = searchHit{
			ID:       hit.Book.ID,
			Title:    hit.Book.Title,
			Authors:  hit.Book.Authors,
			Year:     hit.Book.Year,
			Score:    hit.Score,
			Snippet:  hit.Snippet,
			Subjects: hit.Book.Subjects,
		}
	}
	return respond(w, http.StatusOK, response)
}

// queryOf reads the parameters of a search, or says which one is no number.
func queryOf(r *http.Request) (index.Query, error) {
	values := r.URL.Query()
	var bad error
	number := func(name string, missing int) int {
		s := values.Get(name)
		if s == "" {
			return missing
		}
		n, err := strconv.Atoi(s)
		if err != nil && bad == nil {
			bad = &index.QueryError{Param: name, Reason: strconv.Quote(s) + " is no number"}
		}
		return n
	}
	q := index.Query{
		Text:     values.Get("q"),
		Subject:  values.Get("subject"),
		Language: values.Get("language"),
		YearFrom: number("year_from", 0),
		YearTo:   number("year_to", 0),
		Sort:     index.Sort(values.Get("sort")),
		Limit:    number("limit", defaultLimit),
		Offset:   number("offset", 0),
	}
	return q, bad
}

func (a *api) stats(w http.ResponseWriter, r *http.Request) error {
	groups, err := stats.By(chi.URLParam(r, "grouping"), a.Catalog.Index().Books())
	if err != nil {
		return &problem{Status: http.StatusNotFound, Detail: err.Error()}
	}
	return respond(w, http.StatusOK, map[string]any{"groups": groups})
}

func (a *api) getBook(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	b, ok := a.Catalog.Index().Book(id)
	if !ok {
		return noBook(id)
	}
	return respond(w, http.StatusOK, b)
}

func (a *api) putBooks(w http.ResponseWriter, r *http.Request) error {
	books, err := book.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return err
	}
	ix := a.Catalog.Put(books)
	a.Log.InfoContext(r.Context(), "catalogue changed", "received", len(books), "books", ix.Len())
	return respond(w, http.StatusOK, map[string]any{"received": len(books), "books": ix.Len()})
}

func (a *api) deleteBook(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	if !a.Catalog.Delete(id) {
		return noBook(id)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func noBook(id string) error {
	return &problem{Status: http.StatusNotFound, Detail: "no book " + strconv.Quote(id)}
}
