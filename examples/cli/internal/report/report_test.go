package report_test

import (
	"bytes"
	"strings"
	"testing"

	"example.com/logtools/internal/record"
	"example.com/logtools/internal/report"
)

func fill(t *testing.T, r *report.Report, lines string) *report.Report {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		rec, err := record.Parse([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		r.Add(rec)
	}
	return r
}

const lines = `
level=info path=/a took=10ms
level=info path=/a took=30ms
level=error path=/a took=20ms
level=warn path=/b
level=info msg=started
`

func TestTable(t *testing.T) {
	const want = `
  count  share  error  warn   p50   p90   p99   max  path
      3  60.0%      1     0  0.02  0.03  0.03  0.03  /a
      1  20.0%      0     0     -     -     -     -  -
      1  20.0%      0     1     -     -     -     -  /b
`
	var b bytes.Buffer
	if err := report.WriteTable(&b, "path", fill(t, report.New("path", "took"), lines).Groups()); err != nil {
		t.Fatal(err)
	}
	if got := "\n" + b.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestJSON(t *testing.T) {
	const want = `[
  {
    "key": "error",
    "count": 1,
    "share": 1,
    "levels": {
      "error": 1
    },
    "values": {
      "count": 1,
      "sum": 7,
      "p50": 7,
      "p90": 7,
      "p99": 7,
      "max": 7
    }
  }
]
`
	var b bytes.Buffer
	if err := report.WriteJSON(&b, fill(t, report.New("level", "n"), "level=error n=7").Groups()); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestNumbersOfBothFormatsAreOneGroup(t *testing.T) {
	groups := fill(t, report.New("status", ""), "status=200\n{\"status\":200}").Groups()
	if len(groups) != 1 || groups[0].Key != "200" || groups[0].Count != 2 {
		t.Errorf("got %+v", groups)
	}
}
