package planted

import (
	"bufio"
	"encoding/csv"
	"io"
	"strings"
)

// Pair makes a slice of two parts.
func Pair(lines []string) (size int) {
	for _, line := range lines {
		pair := strings.SplitN(line, "=", 2) // GBO314
		if len(pair) == 2 {
			size += len(pair[0]) + len(pair[1])
		}
	}
	return size
}

// Places makes a map in each round, which the next could fill again.
func Places(stacks [][]int) (places int) {
	for _, stack := range stacks {
		seen := map[int]bool{}
		for _, source := range stack {
			if seen[source] {
				continue
			}
			seen[source] = true // GBO304
			places++
		}
	}
	return places
}

// Records lets the reader make a list for each record.
func Records(text string) (size int) {
	reader := csv.NewReader(strings.NewReader(text))
	for {
		record, err := reader.Read() // GBO304
		if err != nil {
			return size
		}
		size += len(record[0])
	}
}

// Lines puts a buffer before what is in memory.
func Lines(text string) (lines int) {
	reader := bufio.NewReader(strings.NewReader(text)) // GBO304
	for {
		if _, err := reader.ReadString('\n'); err == io.EOF {
			return lines
		}
		lines++
	}
}

// Deliver makes an array that few runs need.
//
//go:noinline
func Deliver(names []string, rare bool) {
	var room [128]byte // GBO317
	for _, name := range names {
		if rare {
			fill(append(room[:0], name...))
		}
	}
}

// Subject copies the same bytes twice.
func Subject(counts map[string]int, subject []byte) {
	known := find(string(subject)) // GBO314
	counts[string(subject)] = known
}

//go:noinline
func find(name string) int {
	Logged = name
	return len(name)
}
