//go:build linux

package docker

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/filters"
)

func TestTarIsTheSameForTheSameContent(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "binary")
	if err := os.WriteFile(binary, []byte("code"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := []file{
		{path: "/b", from: binary}, {path: "/data", isDir: true}, {path: "/a", link: "/b"}, {path: "/Dockerfile", data: []byte("FROM scratch")},
	}
	first := tarOf(t, files)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(binary, later, later); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	if !bytes.Equal(first, tarOf(t, files)) {
		t.Error("another order of files or another time of one makes another tar")
	}
	var listing []string
	for in := tar.NewReader(bytes.NewReader(first)); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		listing = append(listing, fmt.Sprintf("%s %o %s%s", header.Name, header.Mode, header.Linkname, content))
	}
	want := []string{"Dockerfile 644 FROM scratch", "a 777 /b", "b 755 code", "data/ 755 "}
	if !slices.Equal(listing, want) {
		t.Errorf("got %q, want %q", listing, want)
	}
}

func tarOf(t *testing.T, files []file) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := writeTar(&out, files); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestProgressFindsTheError(t *testing.T) {
	for answer, want := range map[string]string{
		`{"stream":"Step 1/2"}` + "\n" + `{"status":"done"}`:           "",
		`{"stream":"Step 1/2\n"}` + "\n" + `{"error":"manifest gone"}`: `manifest gone (after "Step 1/2")`,
		`{"stream":`: "the engine's answer broke off: unexpected EOF",
	} {
		err := progress(strings.NewReader(answer))
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && got != want {
			t.Errorf("%s: %v, want %q", answer, err, want)
		}
	}
}

// TestImageIsBuiltOnce builds from a Dockerfile too: the way where this machine has no iptables, on a
// base image that no registry must serve.
func TestImageIsBuiltOnce(t *testing.T) {
	r := newRuntime(t)
	var logged []string
	log := func(format string, args ...any) { logged = append(logged, fmt.Sprintf(format, args...)) }
	stamp := []byte(t.Name() + time.Now().String())
	base, err := r.ensureImage(t.Context(), "schism/test", []file{{path: "/stamp", data: stamp}}, log)
	if err != nil {
		t.Fatal(err)
	}
	files := []file{{path: "/Dockerfile", data: []byte("FROM " + base + "\nCOPY more /more\n")}, {path: "/more", data: stamp}}
	built, err := r.ensureImage(t.Context(), "schism/test", files, log)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.ensureImage(t.Context(), "schism/test", files, log); err != nil || again != built {
		t.Errorf("second time %q, %v; want %q", again, err, built)
	}
	if len(logged) != 2 {
		t.Errorf("two images were built with the words %q", logged)
	}
	seen, err := r.engine.ImageInspect(t.Context(), built)
	if err != nil || seen.Config.Labels[labelImage] != "image" {
		t.Errorf("inspect %s: %v, labels %v", built, err, seen.Config.Labels)
	}

	var cleaned bytes.Buffer
	// Not all images of ours: another run on this engine may be about to use one, of this test too.
	these := filters.NewArgs(filters.Arg("label", labelImage+"=image"), filters.Arg("reference", base), filters.Arg("reference", built))
	var two sync.WaitGroup // two people clean at once
	two.Go(func() {
		if err := r.removeImages(t.Context(), io.Discard, these); err != nil {
			t.Error(err)
		}
	})
	if err := r.removeImages(t.Context(), &cleaned, these); err != nil {
		t.Error(err)
	}
	two.Wait()
	for _, name := range []string{base, built} {
		if _, err := r.engine.ImageInspect(t.Context(), name); err == nil {
			t.Errorf("%s is left; the log says\n%s", name, cleaned.String())
		}
	}
}

func TestImageThatCannotBeBuiltSaysWhy(t *testing.T) {
	r := newRuntime(t)
	files := []file{{path: "/Dockerfile", data: []byte("FROM schism/there-is-no-such:image\n")}}
	name, err := r.ensureImage(t.Context(), "schism/test", files, t.Logf)
	if err == nil || !strings.Contains(err.Error(), "there-is-no-such") {
		t.Errorf("got %q, %v", name, err)
	}
	t.Log(err)
}

func TestNoEngineSaysWhatToDo(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///there/is/no/engine.sock")
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := r.Available(t.Context())
	if err == nil || !strings.Contains(err.Error(), "/there/is/no/engine.sock") || !strings.Contains(err.Error(), "set DOCKER_HOST") {
		t.Errorf("got %q, %v", engine, err)
	}
	t.Log(err)
	t.Setenv("DOCKER_HOST", "nonsense")
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "DOCKER_HOST") {
		t.Errorf("DOCKER_HOST=nonsense: %v", err)
	}
}
