// Writes one profile of each kind into the directory given as first argument.
package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sort"
	"sync"
	"time"
)

type shape interface{ area(n int) int }

type square struct{ side int }

func (s square) area(n int) int { return s.side*s.side + leaf(n) }

type circle struct{ radius int }

func (c circle) area(n int) int { return 3*c.radius*c.radius + leaf(n)/2 }

func leaf(n int) int {
	sum := 0
	for i := 0; i < n%64+8; i++ {
		sum += i * n
	}
	return sum
}

//go:noinline
func work(shapes []shape, until time.Time) (total int) {
	// On a busy machine time passes without samples: a number of rounds has to be done, too.
	for round := 0; time.Now().Before(until) || round < 6000; round++ {
		for n := 0; n < 2000; n++ {
			total += shapes[n%len(shapes)].area(n)
		}
		// A third of all samples, so that none of the tests depends on chance.
		total += deep(60)
		keep = append([]byte(nil), make([]byte, 4096)...)
		numbers := make([]int, 500)
		for i := range numbers {
			numbers[i] = (i * 7919) % 503
		}
		sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
	}
	return total
}

//go:noinline
func deep(n int) int {
	if n == 0 {
		return leaf(1000)
	}
	return deep(n-1) + deep(n/3)
}

var keep []byte

func contend(mutex *sync.Mutex) {
	var group sync.WaitGroup
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := 0; n < 20; n++ {
				mutex.Lock()
				time.Sleep(200 * time.Microsecond)
				mutex.Unlock()
			}
		}()
	}
	group.Wait()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	dir := os.Args[1]
	runtime.MemProfileRate = 4096
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)

	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	must(err)
	must(pprof.StartCPUProfile(cpu))
	shapes := []shape{square{3}, square{4}, circle{5}}
	pprof.Do(context.Background(), pprof.Labels("part", "work"), func(context.Context) {
		work(shapes, time.Now().Add(1200*time.Millisecond))
	})
	contend(new(sync.Mutex))
	pprof.StopCPUProfile()
	must(cpu.Close())

	for _, name := range []string{"heap", "allocs", "mutex", "block", "goroutine", "threadcreate"} {
		file, err := os.Create(filepath.Join(dir, name+".pprof"))
		must(err)
		must(pprof.Lookup(name).WriteTo(file, 0))
		must(file.Close())
		text, err := os.Create(filepath.Join(dir, name+".txt"))
		must(err)
		must(pprof.Lookup(name).WriteTo(text, 1))
		must(text.Close())
	}
}
