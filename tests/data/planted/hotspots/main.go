// Command hotspots runs functions of planted and of clean, each for the same time, and profiles itself: those of the files again.go
// where its second argument is again, and the others without one.
package main

import (
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.com/shelf/internal/clean"
	"example.com/shelf/internal/index"
	"example.com/shelf/internal/planted"
	"example.com/shelf/internal/sample"
)

func main() {
	into := os.Args[1]
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1000)
	runtime.MemProfileRate = 64 << 10
	// Five times as many samples as by default; pprof complains and keeps to it.
	runtime.SetCPUProfileRate(500)
	file := create(into, "cpu.pprof")
	if err := pprof.StartCPUProfile(file); err != nil {
		log.Fatal(err)
	}
	if len(os.Args) > 2 {
		again()
	} else {
		hot()
	}
	pprof.StopCPUProfile()
	file.Close()
	runtime.GC()
	for _, name := range []string{"heap", "mutex", "block"} {
		file := create(into, name+".pprof")
		if err := pprof.Lookup(name).WriteTo(file, 0); err != nil {
			log.Fatal(err)
		}
		file.Close()
	}
	runtime.KeepAlive(planted.Kept)
	runtime.KeepAlive(clean.Kept)
}

func again() {
	lines := strings.Fields(strings.Repeat("name=value ", 400))
	text := strings.Repeat("first,second,third,fourth,fifth,sixth\n", 100)
	counts := map[string]int{}
	subject := []byte("orders.europe.created.by.somebody.else")
	stacks := make([][]int, 100)
	for i := range stacks {
		for j := 0; j < 40; j++ {
			stacks[i] = append(stacks[i], i*j)
		}
	}
	run(func() { planted.Pair(lines) })
	run(func() { clean.Pair(lines) })
	run(func() { planted.Places(stacks) })
	run(func() { clean.Places(stacks) })
	run(func() { planted.Records(text) })
	run(func() { clean.Records(text) })
	run(func() { planted.Lines(text[:400]) })
	run(func() { clean.Lines(text[:400]) })
	run(func() { planted.Deliver(lines[:4], false) })
	run(func() { clean.Deliver(lines[:4], false) })
	run(func() { planted.Subject(counts, subject) })
	run(func() { clean.Subject(counts, subject) })
}

func hot() {
	numbers := make([]int, 20000)
	for i := range numbers {
		numbers[i] = i
	}
	parts := strings.Fields(strings.Repeat("word ", 400))
	points := make([]planted.Point, 2000)
	others := make([]clean.Point, 2000)
	run(func() { planted.Growth(20000) })
	run(func() { clean.Growth(20000); clean.Filter(numbers) })
	run(func() { planted.Index(numbers) })
	run(func() { clean.Index(numbers) })
	run(func() { planted.Buffer(len(parts)) })
	run(func() { clean.Buffer() })
	run(func() { planted.Put(planted.Sink) })
	run(func() { planted.Join(parts) })
	run(func() { clean.Join(parts); clean.Sum(parts[0], parts[1], parts[2]) })
	run(func() { planted.Exchange(1000) })
	run(func() { clean.Exchange(1000) })
	run(func() { planted.Start(numbers[:1000]) })
	run(func() { clean.Start(numbers[:1000]) })
	run(func() { planted.Match("somebody@example.com") })
	run(func() { clean.Match("somebody@example.com") })
	run(func() { planted.Log(parts) })
	run(func() { clean.Log(parts) })
	run(func() { planted.Largest(points) })
	run(func() { clean.Largest(others) })
	run(func() {
		for i := 0; i < 1000; i++ {
			clean.Seen.X += planted.NewPoint(i, i).X
		}
	})
	run(func() {
		for i := 0; i < 1000; i++ {
			clean.Seen.X = clean.NewPoint(i, i).X
		}
	})
	busy(planted.NewCounter(), clean.NewCounter())
	for i := 0; i < 40; i++ {
		planted.Keep([]byte("0123456789abcdef"))
		clean.Keep([]byte("0123456789abcdef"))
	}
	run(service)
}

// service does what the service does for a request.
func service() {
	index.Build(books)
}

var books = sample.Books(200, 1)

// run calls f until the process has used a third of a second more of CPU.
func run(f func()) {
	for end := cpu() + 300*time.Millisecond; cpu() < end; {
		for i := 0; i < 10; i++ {
			f()
		}
	}
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// busy lets eight goroutines add to the same counters.
func busy(slow *planted.Counter, fast *clean.Counter) {
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for n := 0; n < 2000; n++ {
				slow.Add("name")
				fast.Add("name", i)
			}
		}(i)
	}
	group.Wait()
}

func create(into, name string) *os.File {
	file, err := os.Create(filepath.Join(into, name))
	if err != nil {
		log.Fatal(err)
	}
	return file
}
