// Package planted has one line per rule of advise; each ends with the rule that must find it.
package planted

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Growth fills a slice whose length is known.
func Growth(n int) []int {
	var out []int
	for i := 0; i < n; i++ {
		out = append(out, i*2) // GBO303
	}
	return out
}

// Index fills a map whose length is known.
func Index(keys []int) map[int]bool {
	known := map[int]bool{}
	for _, key := range keys {
		known[key] = true // GBO303
	}
	return known
}

// Buffer makes a large buffer for each use.
func Buffer(n int) int {
	buffer := make([]byte, 16<<10, 16<<10+n) // GBO304
	fill(buffer)
	return len(buffer)
}

//go:noinline
func fill(buffer []byte) { Sink = buffer }

// Sink keeps what is written to it.
var Sink []byte

var pool = sync.Pool{New: func() any { return []byte(nil) }}

// Put boxes a slice into the pool.
func Put(buffer []byte) {
	for i := 0; i < 100; i++ {
		pool.Put(buffer[:i]) // GBO304
	}
}

// Join makes a string longer in a loop.
func Join(parts []string) string {
	all := ""
	for _, part := range parts {
		all += part // GBO305
	}
	return all
}

// Kept has short parts of large texts.
var Kept [][]byte

// Keep keeps a short part of a large text.
func Keep(pattern []byte) {
	Kept = append(Kept, bytes.Repeat(pattern, 1<<16)[:16]) // GBO306
}

// Point is small.
type Point struct{ X, Y int }

// NewPoint returns a pointer to a small struct.
//
//go:noinline
func NewPoint(x, y int) *Point {
	return &Point{x, y} // GBO307
}

// Exchange sends single items over a channel.
func Exchange(n int) (sum int) {
	items := make(chan int)
	go func() {
		for i := 0; i < n; i++ {
			items <- i // GBO309
		}
		close(items)
	}()
	for it := range items {
		sum += it
	}
	return sum
}

// Counter is counted under one lock.
type Counter struct {
	mutex sync.Mutex
	count map[string]int
}

// Add works while it holds the lock.
func (c *Counter) Add(name string) {
	c.mutex.Lock()
	for i := 0; i < 50; i++ {
		c.count[strings.ToUpper(name)]++
	}
	c.mutex.Unlock() // GBO311
}

// NewCounter returns an empty one.
func NewCounter() *Counter { return &Counter{count: map[string]int{}} }

// Start starts a goroutine per item.
func Start(items []int) {
	var group sync.WaitGroup
	for range items {
		group.Add(1)
		go group.Done() // GBO312
	}
	group.Wait()
}

// Match compiles the same expression each time.
func Match(text string) bool {
	return regexp.MustCompile(`^[a-z]+@[a-z]+\.com$`).MatchString(text) // GBO314
}

// Log stores values in interfaces.
func Log(values []string) {
	for _, value := range values {
		write(value) // GBO315
	}
}

// Logged is what was written last.
var Logged any

//go:noinline
func write(value any) { Logged = value }

// Largest moves its variable to the heap.
func Largest(points []Point) *Point {
	var best *Point
	for _, point := range points {
		current := point // GBO317
		best = larger(best, &current)
	}
	return best
}

// Seen is the last point that was compared.
var Seen *Point

//go:noinline
func larger(a, b *Point) *Point {
	Seen = b
	if a == nil || b.X > a.X {
		return b
	}
	return a
}

// Lookups is no rule's business: a format in an error.
func Lookups(n int) error {
	if n < 0 {
		return fmt.Errorf("%d is below zero", n)
	}
	return nil
}
