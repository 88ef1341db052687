package clean

import (
	"encoding/csv"
	"strings"
)

// Pair cuts.
func Pair(lines []string) (size int) {
	for _, line := range lines {
		name, value, found := strings.Cut(line, "=")
		if found {
			size += len(name) + len(value)
		}
	}
	return size
}

// Places fills one map again.
func Places(stacks [][]int) (places int) {
	seen := map[int]bool{}
	for _, stack := range stacks {
		clear(seen)
		for _, source := range stack {
			if seen[source] {
				continue
			}
			seen[source] = true
			places++
		}
	}
	return places
}

// Records keeps the list.
func Records(text string) (size int) {
	reader := csv.NewReader(strings.NewReader(text))
	reader.ReuseRecord = true
	for {
		record, err := reader.Read()
		if err != nil {
			return size
		}
		size += len(record[0])
	}
}

// Lines cuts.
func Lines(text string) (lines int) {
	for text != "" {
		_, text, _ = strings.Cut(text, "\n")
		lines++
	}
	return lines
}

// Deliver makes the array where it is needed.
//
//go:noinline
func Deliver(names []string, rare bool) {
	for _, name := range names {
		if rare {
			var room [128]byte
			fill(append(room[:0], name...))
		}
	}
}

// Subject copies once.
func Subject(counts map[string]int, subject []byte) {
	name := string(subject)
	known := find(name)
	counts[name] = known
}

//go:noinline
func find(name string) int {
	Logged = name
	return len(name)
}
