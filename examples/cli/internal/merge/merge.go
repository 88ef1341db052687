// Package merge brings records of several logs into the order of time.
package merge

import (
	"container/heap"
	"errors"
	"io"

	"example.com/logtools/internal/record"
)

// Reader is a log in the order of time; Next returns io.EOF at the end.
type Reader interface {
	Next() (*record.Record, error)
}

// Merged is a record, and the index of the log that it came from.
type Merged struct {
	Record *record.Record
	From   int
}

// Each calls yield for the records of all logs, the earliest first, and returns
// the first error of a log or of yield. It holds one record per log. A record
// without a time follows the record before it; of two with the same time that of
// the earlier log is first.
//
// skip is asked about each error of a log; if it returns nil the log is read on,
// so it must not do so for an error that comes again.
func Each(logs []Reader, skip func(error) error, yield func(Merged) error) error {
	q := make(queue, 0, len(logs))
	for from, log := range logs {
		next, err := advance(&head{log: log, Merged: Merged{From: from}}, skip)
		if err != nil {
			return err
		}
		if next != nil {
			q = append(q, next)
		}
	}
	heap.Init(&q)
	for len(q) > 0 {
		first := q[0]
		if err := yield(first.Merged); err != nil {
			return err
		}
		next, err := advance(first, skip)
		if err != nil {
			return err
		}
		if next == nil {
			heap.Pop(&q)
		} else {
			heap.Fix(&q, 0)
		}
	}
	return nil
}

// head is a log with the record that it would give next.
type head struct {
	Merged
	log  Reader
	when int64 // of this record, or of the last one that had a time
}

// advance reads the next record; it returns nil at the end of the log.
func advance(h *head, skip func(error) error) (*head, error) {
	for {
		r, err := h.log.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			if err := skip(err); err != nil {
				return nil, err
			}
			continue
		}
		h.Record = r
		if !r.Time.IsZero() {
			h.when = r.Time.UnixNano()
		}
		return h, nil
	}
}

type queue []*head

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if q[i].when != q[j].when {
		return q[i].when < q[j].when
	}
	return q[i].From < q[j].From
}

func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*head)) }

func (q *queue) Pop() any {
	last := len(*q) - 1
	h := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return h
}
