// Package catalog holds the current index and replaces it as a whole: readers
// never wait, and never see half an update.
package catalog

import (
	"slices"
	"sync"
	"sync/atomic"

	"example.com/shelf/internal/book"
	"example.com/shelf/internal/index"
)

// Catalog is safe for concurrent use. Create it with New.
type Catalog struct {
	current atomic.Pointer[index.Index]
	writing sync.Mutex // one writer at a time: each builds on the last one's index
}

// New indexes books.
func New(books []*book.Book) *Catalog {
	c := new(Catalog)
	c.current.Store(index.Build(books))
	return c
}

// Index returns the current index; it stays valid, and unchanged, after an update.
func (c *Catalog) Index() *index.Index { return c.current.Load() }

// Put adds books, and replaces those that have the ID of a new one. It rebuilds
// the index, which suits a catalogue that is read a thousand times per write.
func (c *Catalog) Put(books []*book.Book) *index.Index {
	c.writing.Lock()
	defer c.writing.Unlock()
	old := c.Index().Books()
	all := make([]*book.Book, 0, len(old)+len(books))
	all = append(append(all, old...), books...)
	next := index.Build(all)
	c.current.Store(next)
	return next
}

// Delete removes a book and reports whether there was one.
func (c *Catalog) Delete(id string) bool {
	c.writing.Lock()
	defer c.writing.Unlock()
	if _, ok := c.Index().Book(id); !ok {
		return false
	}
	left := slices.DeleteFunc(slices.Clone(c.Index().Books()), func(b *book.Book) bool {
		return b.ID == id
	})
	c.current.Store(index.Build(left))
	return true
}
