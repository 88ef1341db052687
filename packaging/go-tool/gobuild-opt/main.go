// Gobuild-opt finds the program gobuild-opt, checks that it is the one of this module's version, and becomes it.
//
// In a Go module: go get -tool <this package>, then go tool gobuild-opt release ./...
//
// The digest of the program is compiled in. What is found under another digest is not run. The program is looked
// for in the user's cache directory and in PATH; where it is in neither it is downloaded once, checked and kept.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

//go:embed release.txt
var releases string

// A release is the program for this platform.
type release struct {
	program, archive, address string
}

const (
	largest  = 64 << 20 // of an archive and of the program in it
	patience = 5 * time.Minute
)

func main() {
	path, err := find(releases, runtime.GOOS, runtime.GOARCH)
	if err == nil {
		err = syscall.Exec(path, append([]string{path}, os.Args[1:]...), os.Environ())
	}
	fmt.Fprintln(os.Stderr, "gobuild-opt:", err)
	os.Exit(4)
}

// find returns a program that has the digest that the module holds.
func find(releases, goos, goarch string) (string, error) {
	wanted, err := choose(releases, goos, goarch)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	kept := filepath.Join(cache, "gobuild-opt", wanted.program, "gobuild-opt")
	if matches(kept, wanted.program) {
		return kept, nil
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "gobuild-opt")
		if filepath.IsAbs(path) && matches(path, wanted.program) {
			return path, nil
		}
	}
	if err := fetch(wanted, kept); err != nil {
		return "", fmt.Errorf("%w\n(offline, put the program with the SHA-256 %s at %s)", err, wanted.program, kept)
	}
	return kept, nil
}

func choose(releases, goos, goarch string) (release, error) {
	var known []string
	for _, line := range strings.Split(releases, "\n") {
		words := strings.Fields(line)
		if strings.HasPrefix(line, "#") || len(words) != 5 {
			continue
		}
		if words[0] == goos && words[1] == goarch {
			return release{words[2], words[3], words[4]}, nil
		}
		known = append(known, words[0]+"/"+words[1])
	}
	if known == nil {
		return release{}, errors.New("this version of the module holds no digests: it was not made for a release")
	}
	return release{}, fmt.Errorf("no build for %s/%s, only for %s", goos, goarch, strings.Join(known, ", "))
}

func matches(path, digest string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > largest || info.Mode()&0o111 == 0 {
		return false
	}
	data, err := os.ReadFile(path)
	return err == nil && sum(data) == digest
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}

func fetch(wanted release, path string) error {
	fmt.Fprintln(os.Stderr, "gobuild-opt: downloading", wanted.address)
	client := http.Client{Timeout: patience}
	response, err := client.Get(wanted.address)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is answered with %s", wanted.address, response.Status)
	}
	archive, err := io.ReadAll(io.LimitReader(response.Body, largest))
	if err != nil {
		return err
	}
	if got := sum(archive); got != wanted.archive {
		return fmt.Errorf("%s has the SHA-256 %s, not %s: it is not used", wanted.address, got, wanted.archive)
	}
	program, err := unpack(archive)
	if err != nil {
		return err
	}
	if got := sum(program); got != wanted.program {
		return fmt.Errorf("the program in %s has the SHA-256 %s, not %s: it is not used", wanted.address, got, wanted.program)
	}
	return keep(program, path)
}

func unpack(archive []byte) ([]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	files := tar.NewReader(unzipped)
	for {
		head, err := files.Next()
		if err != nil {
			return nil, fmt.Errorf("the archive holds no gobuild-opt: %w", err)
		}
		if head.Name == "gobuild-opt" && head.Typeflag == tar.TypeReg {
			return io.ReadAll(io.LimitReader(files, largest))
		}
	}
}

// keep writes the program as a whole: another process may do the same at the same time.
func keep(program []byte, path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	draft, err := os.CreateTemp(dir, "draft-*")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	if _, err := draft.Write(program); err != nil {
		draft.Close()
		return err
	}
	if err := draft.Chmod(0o755); err != nil {
		draft.Close()
		return err
	}
	if err := draft.Close(); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}
