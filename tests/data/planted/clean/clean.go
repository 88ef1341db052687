// Package clean does what package planted does, as the advice says: no rule may find a line of it.
package clean

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// Growth gives the size.
func Growth(n int) []int {
	out := make([]int, 0, n)
	for i := 0; i < n; i++ {
		out = append(out, i*2)
	}
	return out
}

// Filter keeps few: the bound would be an upper one.
func Filter(numbers []int) []int {
	var out []int
	for _, it := range numbers {
		if it%97 != 0 {
			continue
		}
		out = append(out, it)
	}
	return out
}

// Index gives the size.
func Index(keys []int) map[int]bool {
	known := make(map[int]bool, len(keys))
	for _, key := range keys {
		known[key] = true
	}
	return known
}

var pool = sync.Pool{New: func() any { return new([]byte) }}

// Buffer takes a buffer from the pool.
func Buffer() int {
	buffer := pool.Get().(*[]byte)
	if cap(*buffer) == 0 {
		*buffer = make([]byte, 16<<10)
	}
	fill(*buffer)
	pool.Put(buffer)
	return len(*buffer)
}

//go:noinline
func fill(buffer []byte) { Sink = buffer }

// Sink keeps what is written to it.
var Sink []byte

// Join writes to a Builder.
func Join(parts []string) string {
	var all strings.Builder
	for _, part := range parts {
		all.WriteString(part)
	}
	return all.String()
}

// Sum is one expression: it is left alone.
func Sum(a, b, c string) string {
	return a + "/" + b + "/" + c
}

// Kept has copies of short parts.
var Kept [][]byte

// Keep copies the short part.
func Keep(pattern []byte) {
	Kept = append(Kept, bytes.Clone(bytes.Repeat(pattern, 1<<16)[:16]))
}

// Point is small.
type Point struct{ X, Y int }

// NewPoint returns a value.
//
//go:noinline
func NewPoint(x, y int) Point {
	return Point{x, y}
}

// Exchange sends many items in one message.
func Exchange(n int) (sum int) {
	items := make(chan []int, 16)
	go func() {
		batch := make([]int, 0, n)
		for i := 0; i < n; i++ {
			batch = append(batch, i)
		}
		items <- batch
		close(items)
	}()
	for batch := range items {
		for _, it := range batch {
			sum += it
		}
	}
	return sum
}

// Counter has a lock per shard.
type Counter struct {
	shards [64]struct {
		mutex sync.Mutex
		count map[string]int
	}
}

// Add holds the lock for one addition.
func (c *Counter) Add(name string, shard int) {
	upper := strings.ToUpper(name)
	it := &c.shards[shard%64]
	it.mutex.Lock()
	it.count[upper] += 50
	it.mutex.Unlock()
}

// NewCounter returns an empty one.
func NewCounter() *Counter {
	c := new(Counter)
	for i := range c.shards {
		c.shards[i].count = map[string]int{}
	}
	return c
}

// Start starts one goroutine for all items.
func Start(items []int) {
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		for range items {
			Sink = nil
		}
	}()
	group.Wait()
}

var address = regexp.MustCompile(`^[a-z]+@[a-z]+\.com$`)

// Match takes the expression that was compiled once.
func Match(text string) bool {
	return address.MatchString(text)
}

// Log gives the parameter a type.
func Log(values []string) {
	for _, value := range values {
		write(value)
	}
}

// Logged is what was written last.
var Logged string

//go:noinline
func write(value string) { Logged = value }

// Largest takes the address of the element.
func Largest(points []Point) *Point {
	var best *Point
	for i := range points {
		best = larger(best, &points[i])
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
