//go:build linux

package docker

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// dynamicAgent is the test agent as 'go run' would build it where there is a C compiler.
var dynamicAgent = sync.OnceValues(func() (binary string, err error) {
	folder, err := binaries()
	if err != nil {
		return "", err
	}
	binary = filepath.Join(folder, "dynamic")
	build := exec.Command("go", "build", "-o", binary, "schism/docker/testdata/agent")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build with cgo: %w: %s", err, out)
	}
	if loader, err := interpreter(binary); err != nil || loader == "" {
		return "", fmt.Errorf("cgo makes a static binary here (loader %q, %v)", loader, err)
	}
	return binary, nil
})

func needDynamic(t *testing.T) string {
	t.Helper()
	binary, err := dynamicAgent()
	if err != nil {
		t.Skip(err)
	}
	return binary
}

func TestStaticBinaryIsTakenAsItIs(t *testing.T) {
	folder, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(folder, "agent")
	if got, err := StaticBinary(t.Context(), binary); err != nil || got != binary {
		t.Errorf("got %q, %v; want %q", got, err, binary)
	}
}

func TestDynamicBinaryIsRebuiltOnce(t *testing.T) {
	binary := needDynamic(t)
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	stale := filepath.Join(cache, "schism", "static", "stale-0123")
	if err := os.MkdirAll(filepath.Dir(stale), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * keepBuilt)
	if err := os.Chtimes(stale, old, old); err != nil {
		t.Fatal(err)
	}

	first, err := StaticBinary(t.Context(), binary)
	if err != nil {
		t.Fatal(err)
	}
	if loader, err := interpreter(first); err != nil || loader != "" {
		t.Errorf("%s wants the loader %q, %v", first, loader, err)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("a binary unused for two weeks is kept")
	}
	// The second time nothing is built: it works where there is no go tool.
	t.Setenv("PATH", "")
	if second, err := StaticBinary(t.Context(), binary); err != nil || second != first {
		t.Errorf("second call: %q, %v; want %q", second, err, first)
	}
}

func TestWhatCannotBeStaticSaysWhatToDo(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	text := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	binary := needDynamic(t)
	t.Chdir(t.TempDir()) // out of the module
	for path, want := range map[string]string{
		text:                  "CGO_ENABLED=0 go build",
		binary:                "CGO_ENABLED=0 go build",
		"/there/is/no/such/x": "no such file",
	} {
		if got, err := StaticBinary(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %q, %v; want an error with %q", path, got, err, want)
		}
	}
}

func TestInterpreterNeedsELF(t *testing.T) {
	if loader, err := interpreter("static_test.go"); err == nil {
		t.Errorf("a Go source passes for an executable with the loader %q", loader)
	}
}

// A schism that cannot run in bare containers is told before a cluster is started, and so is its cure.
func TestARuntimeWithoutAStaticAgentSaysSo(t *testing.T) {
	dynamic, err := exec.LookPath("ls")
	if err != nil {
		t.Skip(err)
	}
	r, err := New(Options{AgentBinary: dynamic})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.CanRun(t.Context()); err == nil || !strings.Contains(err.Error(), dynamic) || !strings.Contains(err.Error(), "CGO_ENABLED=0 go build") {
		t.Errorf("%s as the agent: %v", dynamic, err)
	}
}
