// Package record turns a line of a log into a record: JSON or logfmt in, time,
// level, message and fields out.
package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Record is one line of a log. Raw is the line itself, without its end.
type Record struct {
	Time    time.Time // zero if the line has none
	Level   Level
	Message string
	Fields  []Field // the rest, as it stands in the line
	Raw     []byte
}

// Field is a key with its value. Value is a string, a float64, a bool, or what
// else JSON holds.
type Field struct {
	Key   string
	Value any
}

// Get returns the value of a field, or nil. The time, level and message have
// names too: time, level and msg.
func (r *Record) Get(key string) any {
	switch key {
	case "time":
		return r.Time
	case "level":
		return r.Level.String()
	case "msg":
		return r.Message
	}
	for i := range r.Fields {
		if r.Fields[i].Key == key {
			return r.Fields[i].Value
		}
	}
	return nil
}

// Level is how serious a record is.
type Level int

// The levels, from the least serious on. Unknown is a line without a level.
const (
	Unknown Level = iota
	Debug
	Info
	Warn
	Error
)

var levelNames = [...]string{"unknown", "debug", "info", "warn", "error"}

func (l Level) String() string { return levelNames[l] }

// Levels lists all levels, the most serious first.
func Levels() []Level { return []Level{Error, Warn, Info, Debug, Unknown} }

// ParseLevel reads a level, whatever its case. What it does not know is Unknown.
func ParseLevel(s string) Level {
	switch strings.ToLower(s) {
	case "debug", "trace":
		return Debug
	case "info", "notice":
		return Info
	case "warn", "warning":
		return Warn
	case "error", "err", "fatal", "critical", "panic":
		return Error
	}
	return Unknown
}

// ErrFormat is a line that is neither JSON nor logfmt.
var ErrFormat = errors.New("neither a JSON object nor logfmt")

// Parse reads a line. The record keeps the line: the caller must not reuse it.
func Parse(line []byte) (*Record, error) {
	r := &Record{Raw: line}
	trimmed := bytes.TrimSpace(line)
	var err error
	if len(trimmed) > 0 && trimmed[0] == '{' {
		err = r.parseJSON(trimmed)
	} else {
		err = r.parseLogfmt(string(trimmed))
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// parseJSON goes through the object token by token, which keeps the order of
// the fields; a map would not.
func (r *Record) parseJSON(line []byte) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	if _, err := dec.Token(); err != nil { // the brace
		return badJSON(err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return badJSON(err)
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return badJSON(err)
		}
		r.set(key.(string), value)
	}
	if _, err := dec.Token(); err != nil {
		return badJSON(err)
	}
	if dec.More() {
		return fmt.Errorf("%w: more after the object", ErrFormat)
	}
	return nil
}

// badJSON does not wrap err: an io.EOF within a line is not the end of a log.
func badJSON(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the object has no end", ErrFormat)
	}
	return fmt.Errorf("%w: %v", ErrFormat, err)
}

// parseLogfmt reads key=value pairs; a value with a space stands in quotes.
func (r *Record) parseLogfmt(line string) error {
	for line = strings.TrimLeft(line, " \t"); line != ""; line = strings.TrimLeft(line, " \t") {
		key, rest, ok := strings.Cut(line, "=")
		if !ok || key == "" || strings.ContainsAny(key, " \t\"") {
			return ErrFormat
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return fmt.Errorf("%w: the value of %s is an open string", ErrFormat, key)
			}
			value, _ = strconv.Unquote(quoted)
			line = rest[len(quoted):]
		} else if end := strings.IndexAny(rest, " \t"); end >= 0 {
			value, line = rest[:end], rest[end:]
		} else {
			value, line = rest, ""
		}
		r.set(key, scalar(value))
	}
	return nil
}

// maxDigits is how many digits a float64 keeps: a longer number is an ID.
const maxDigits = 15

// scalar gives a logfmt value the type that it would have in JSON.
func scalar(s string) any {
	switch s {
	case "":
		return s
	case "true":
		return true
	case "false":
		return false
	}
	if len(s) > maxDigits || !strings.Contains("-0123456789", s[:1]) {
		return s
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(n, 0) { // "-inf" is a word here
		return s
	}
	return n
}

// set keeps a field, or takes the time, the level or the message from it. Logs
// disagree about the names of these three.
func (r *Record) set(key string, value any) {
	switch key {
	case "time", "ts", "timestamp", "@timestamp":
		if t, ok := parseTime(value); ok {
			r.Time = t
			return
		}
	case "level", "lvl", "severity":
		if s, ok := value.(string); ok {
			r.Level = ParseLevel(s)
			return
		}
	case "msg", "message":
		if s, ok := value.(string); ok {
			r.Message = s
			return
		}
	}
	r.Fields = append(r.Fields, Field{key, value})
}

// parseTime reads RFC 3339, or seconds since 1970.
func parseTime(value any) (time.Time, bool) {
	switch v := value.(type) {
	case string:
		t, err := time.Parse(time.RFC3339Nano, v)
		return t, err == nil
	case float64:
		return time.UnixMicro(int64(v * 1e6)).UTC(), true
	}
	return time.Time{}, false
}

// Number returns a value as a number. A duration such as "12.5ms" is in seconds.
func Number(value any) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case string:
		if d, err := time.ParseDuration(v); err == nil {
			return d.Seconds(), true
		}
	}
	return 0, false
}

// Text returns a value as people write it: 1234567 and not 1.234567e+06.
func Text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(value)
}
