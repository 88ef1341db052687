package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func packed(t *testing.T, program string) []byte {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	files := tar.NewWriter(zipped)
	for _, it := range [][2]string{{"LICENSE-MIT", "x"}, {"gobuild-opt", program}} {
		head := &tar.Header{Name: it[0], Mode: 0o755, Size: int64(len(it[1])), Typeflag: tar.TypeReg}
		if err := files.WriteHeader(head); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(it[1])); err != nil {
			t.Fatal(err)
		}
	}
	files.Close()
	zipped.Close()
	return out.Bytes()
}

func TestFind(t *testing.T) {
	const program = "#!/bin/sh\necho hi\n"
	archive := packed(t, program)
	served := archive
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Write(served)
	}))
	defer server.Close()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PATH", "")
	line := func(program, archive string) string {
		return fmt.Sprintf("version 1\nlinux amd64 %s %s %s/a.tar.gz\n", program, archive, server.URL)
	}
	good := line(sum([]byte(program)), sum(archive))

	if _, err := find(releases, "linux", "amd64"); err == nil || !strings.Contains(err.Error(), "no digests") {
		t.Errorf("without a release: %v", err)
	}
	if _, err := find(good, "plan9", "arm"); err == nil || !strings.Contains(err.Error(), "only for linux/amd64") {
		t.Errorf("another platform: %v", err)
	}
	served = packed(t, "evil")
	if _, err := find(good, "linux", "amd64"); err == nil || !strings.Contains(err.Error(), "it is not used") {
		t.Errorf("another archive: %v", err)
	}
	if _, err := find(line(sum([]byte(program)), sum(served)), "linux", "amd64"); err == nil || !strings.Contains(err.Error(), "the program in") {
		t.Errorf("another program in the archive: %v", err)
	}
	served = archive
	path, err := find(good, "linux", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	asked = 0
	if again, err := find(good, "linux", "amd64"); err != nil || again != path || asked != 0 {
		t.Errorf("a second time: %s, %v, %d requests", again, err, asked)
	}
	// What was changed in the cache is not run: it is fetched anew.
	if err := os.WriteFile(path, []byte("evil"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := find(good, "linux", "amd64"); err != nil || asked != 1 {
		t.Errorf("a changed program: %v, %d requests", err, asked)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("files are left: %v %v", left, err)
	}
}
