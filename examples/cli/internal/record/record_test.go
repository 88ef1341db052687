package record_test

import (
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	"example.com/logtools/internal/record"
)

func TestParse(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name, line string
		want       record.Record
	}{
		{"json", `{"time":"2026-03-01T12:00:00Z","level":"INFO","msg":"served","status":200,"path":"/a b"}`,
			record.Record{Time: noon, Level: record.Info, Message: "served", Fields: []record.Field{{"status", 200.0}, {"path", "/a b"}}}},
		{"logfmt", `time=2026-03-01T12:00:00Z level=warning msg="slow \"query\"" took=12ms ok=false`,
			record.Record{Time: noon, Level: record.Warn, Message: `slow "query"`, Fields: []record.Field{{"took", "12ms"}, {"ok", false}}}},
		{"epoch", `{"ts":1772366400.25,"severity":"fatal"}`,
			record.Record{Time: noon.Add(250 * time.Millisecond), Level: record.Error}},
		{"no time, no level", `user=ada`,
			record.Record{Fields: []record.Field{{"user", "ada"}}}},
		{"a level that is no string is a field", `{"level":30}`,
			record.Record{Fields: []record.Field{{"level", 30.0}}}},
		{"nested", `{"http":{"status":404}}`,
			record.Record{Fields: []record.Field{{"http", map[string]any{"status": 404.0}}}}},
		{"empty value", `user= msg=x`,
			record.Record{Message: "x", Fields: []record.Field{{"user", ""}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := record.Parse([]byte(tt.line))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Raw = []byte(tt.line)
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", *got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, line := range []string{`plain words`, `{"a":`, `{"a":1`, `=b`, `msg="open`, `{a}`, `{"a":1} {`, `{"a"`, `{`} {
		// Not io.EOF: that would end the log.
		if r, err := record.Parse([]byte(line)); !errors.Is(err, record.ErrFormat) || errors.Is(err, io.EOF) {
			t.Errorf("%s: got %+v, %v", line, r, err)
		}
	}
}

func TestGetFindsTheCommonNames(t *testing.T) {
	r, err := record.Parse([]byte(`lvl=err message=late path=/x`))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"level": "error", "msg": "late", "path": "/x", "absent": nil} {
		if got := r.Get(key); got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	tests := []struct {
		value any
		want  float64
		ok    bool
	}{{1.5, 1.5, true}, {"250ms", 0.25, true}, {"fast", 0, false}, {true, 0, false}, {nil, 0, false}}
	for _, tt := range tests {
		if got, ok := record.Number(tt.value); got != tt.want || ok != tt.ok {
			t.Errorf("%v: got %v, %v", tt.value, got, ok)
		}
	}
}

func TestTextOfALogfmtValue(t *testing.T) {
	for _, s := range []string{"1234567", "-0.5", "12345678901234567890", "infinity", "-inf", "nan", "0x", "true", "12ms", ""} {
		r, err := record.Parse([]byte("v=" + s))
		if err != nil {
			t.Fatal(err)
		}
		if got := record.Text(r.Get("v")); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for name, line := range map[string]string{
		"json":   `{"time":"2026-03-01T12:00:00Z","level":"INFO","msg":"served","status":200,"path":"/a"}`,
		"logfmt": `time=2026-03-01T12:00:00Z level=INFO msg=served status=200 path=/a`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				if _, err := record.Parse([]byte(line)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
