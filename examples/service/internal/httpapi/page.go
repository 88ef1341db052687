package httpapi

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"example.com/shelf/internal/index"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"join": strings.Join,
}).Parse(pageSource))

type pageData struct {
	Query  index.Query
	Result *index.Result
	Next   string // the query string of the next page, if there is one
}

func (a *api) page(w http.ResponseWriter, r *http.Request) error {
	q, err := queryOf(r)
	if err != nil {
		return err
	}
	result, err := a.Catalog.Index().Search(q)
	if err != nil {
		return err
	}
	data := pageData{Query: q, Result: result}
	if next := q.Offset + len(result.Hits); next < result.Total && next <= index.MaxOffset {
		values := r.URL.Query()
		values.Set("offset", fmt.Sprint(next))
		data.Next = "?" + values.Encode()
	}
	// Into a buffer first: a failure half way is still an error, not half a page.
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, data); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// The client is gone if this fails: there is nobody left to tell.
	_, _ = page.WriteTo(w)
	return nil
}

// SubjectURL returns the query string that narrows the search to a subject.
func (d pageData) SubjectURL(subject string) string {
	return "?" + url.Values{"q": {d.Query.Text}, "subject": {subject}}.Encode()
}
