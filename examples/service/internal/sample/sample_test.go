package sample_test

import (
	"reflect"
	"testing"

	"example.com/shelf/internal/sample"
)

func TestBooksAreReproducibleAndValid(t *testing.T) {
	books := sample.Books(200, 7)
	if !reflect.DeepEqual(books, sample.Books(200, 7)) {
		t.Error("the same seed gave other books")
	}
	if reflect.DeepEqual(books, sample.Books(200, 8)) {
		t.Error("another seed gave the same books")
	}
	for _, b := range books {
		if err := b.Validate(); err != nil {
			t.Errorf("%s: %v", b.ID, err)
		}
	}
}
