package catalog_test

import (
	"fmt"
	"sync"
	"testing"

	"example.com/shelf/internal/book"
	"example.com/shelf/internal/catalog"
)

func TestPutAddsAndReplaces(t *testing.T) {
	c := catalog.New([]*book.Book{{ID: "a", Title: "A"}})
	before := c.Index()
	c.Put([]*book.Book{{ID: "a", Title: "A, revised"}, {ID: "b", Title: "B"}})

	if n := c.Index().Len(); n != 2 {
		t.Errorf("%d books, want 2", n)
	}
	if b, _ := c.Index().Book("a"); b.Title != "A, revised" {
		t.Errorf("got %q", b.Title)
	}
	if b, _ := before.Book("a"); before.Len() != 1 || b.Title != "A" {
		t.Error("an index in use was changed")
	}
}

func TestDelete(t *testing.T) {
	c := catalog.New([]*book.Book{{ID: "a", Title: "A"}, {ID: "b", Title: "B"}})
	if !c.Delete("a") {
		t.Error("a was not found")
	}
	if c.Delete("a") {
		t.Error("a was found twice")
	}
	if _, ok := c.Index().Book("b"); !ok {
		t.Error("b is gone")
	}
}

func TestConcurrentWritersLoseNothing(t *testing.T) {
	c := catalog.New(nil)
	var wg sync.WaitGroup
	for i := 0; i < 20; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c.Put([]*book.Book{{ID: fmt.Sprint(i), Title: "T"}})
		}(i)
	}
	wg.Wait()
	if n := c.Index().Len(); n != 20 {
		t.Errorf("%d books, want 20", n)
	}
}
