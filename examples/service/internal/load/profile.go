package load

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// maxProfile is far more than a CPU profile of minutes takes.
const maxProfile = 64 << 20

// Profile has the server of an admin URL profile itself for a while, and then
// replaces the file at path as a whole: it never holds half a profile.
func Profile(ctx context.Context, adminURL string, length time.Duration, path string) error {
	admin, err := Loopback(adminURL)
	if err != nil {
		return err
	}
	seconds := int(length.Seconds())
	if seconds < 1 {
		return fmt.Errorf("a profile of %v is too short: at least 1s", length)
	}
	source := admin.JoinPath("/debug/pprof/profile")
	source.RawQuery = url.Values{"seconds": {strconv.Itoa(seconds)}}.Encode()

	ctx, cancel := context.WithTimeout(ctx, length+30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, source.String(), nil)
	if err != nil {
		return err
	}
	// With a header of our own the transport undoes no compression: the file is
	// to be gzip, as the server wrote it.
	request.Header.Set("Accept-Encoding", "identity")
	response, err := newClient(1).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return fmt.Errorf("%s: %s: %s", source, response.Status, strings.TrimSpace(string(reason)))
	}
	return replaceFile(path, func(f *os.File) error {
		n, err := io.Copy(f, io.LimitReader(response.Body, maxProfile+1))
		if err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		if n > maxProfile {
			return fmt.Errorf("%s: longer than %d bytes", source, maxProfile)
		}
		if err := checkGzip(f); err != nil {
			return fmt.Errorf("%s: no profile: %w", source, err)
		}
		return nil
	})
}

// checkGzip reads f from its beginning and fails unless it is complete.
func checkGzip(f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, z)
	if err == nil && n == 0 {
		err = errors.New("it is empty")
	}
	return err
}

// replaceFile writes a new file beside path and renames it into place, or
// leaves path alone.
func replaceFile(path string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // a second time, if it was Close that failed
			_ = os.Remove(f.Name())
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
