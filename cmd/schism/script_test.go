package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"schism/history"
)

// binary is this command, built once for all tests: the nodes of a run are the same file.
var binary = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "schism-cli-test-"); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "schism"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // it runs in bare containers too
	if out, err := build.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if dir, err := binary(); dir != "" {
		if err == nil || status == 0 {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(status)
}

// TestScripts runs testdata/*.txtar against the command itself.
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("each script runs the command, most of them a cluster too")
	}
	dir, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", dir+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("ROOT", root)
			env.Setenv("DOCKER_HOST", os.Getenv("DOCKER_HOST"))
			return nil
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"panicking": panicking,
			"tear":      tear,
			"interrupt": interrupt,
			"capture":   capture,
		},
	})
}

// condition knows [docker]: an engine answers. Where SCHISM_REQUIRE names docker it must.
func condition(name string) (bool, error) {
	if name != "docker" {
		return false, fmt.Errorf("no condition is called %q", name)
	}
	out, err := exec.Command("docker", "version", "--format", "{{.Server.Version}}").CombinedOutput()
	if err == nil {
		return true, nil
	}
	if slices.Contains(strings.Split(os.Getenv("SCHISM_REQUIRE"), ","), "docker") {
		return false, fmt.Errorf("no Docker engine answers: %w: %s", err, out)
	}
	return false, nil
}

// exits runs a command that must end with exactly that status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// panicking links this command anew, as panicking-schism, with a check of that name that panics.
func panicking(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: panicking CHECK")
	}
	dir := ts.MkAbs("bin")
	build := exec.Command("go", "build", "-ldflags", "-X schism/checker.panicIn="+args[0], "-o", filepath.Join(dir, "panicking-schism"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("go build: %v\n%s", err, out)
	}
	ts.Setenv("PATH", dir+string(os.PathListSeparator)+ts.Getenv("PATH"))
}

// capture puts a part of the last standard output into a variable.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME REGEXP")
	}
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("%s is not in the standard output", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// tear cuts a history off in the middle of its last line but so many.
func tear(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tear DIR LINES")
	}
	drop, err := strconv.Atoi(args[1])
	ts.Check(err)
	path := history.RunDir(ts.MkAbs(args[0])).History()
	data, err := os.ReadFile(path)
	ts.Check(err)
	lines := strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
	kept := lines[:len(lines)-drop]
	last := &kept[len(kept)-1]
	*last = (*last)[:len(*last)/2]
	ts.Check(os.WriteFile(path, []byte(strings.Join(kept, "")), 0o644))
}

// interrupt runs a command, interrupts it as soon as it has written a text, and demands its exit status.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: interrupt STATUS TEXT COMMAND...")
	}
	status, args := args[0], args[1:]
	cmd := exec.Command(filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], args[1]), args[2:]...)
	cmd.Dir = ts.Getenv("WORK")
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	awaited := time.NewTimer(time.Minute)
	defer awaited.Stop()
	for tick := time.NewTicker(20 * time.Millisecond); !strings.Contains(out.String(), args[0]); {
		select {
		case err := <-ended:
			ts.Fatalf("it ended (%v) before it wrote %q:\n%s", err, args[0], &out)
		case <-awaited.C:
			_ = cmd.Process.Kill()
			ts.Fatalf("after a minute it has not written %q:\n%s", args[0], &out)
		case <-tick.C:
		}
	}
	ts.Check(cmd.Process.Signal(os.Interrupt))
	select {
	case <-ended:
		if got := fmt.Sprint(cmd.ProcessState.ExitCode()); got != status {
			ts.Fatalf("exit status %s, want %s:\n%s", got, status, &out)
		}
	case <-awaited.C:
		_ = cmd.Process.Kill()
		ts.Fatalf("interrupted, it did not end within a minute:\n%s", &out)
	}
	ts.Check(os.WriteFile(ts.MkAbs("output"), []byte(out.String()), 0o644))
}

// output may be read while it is written.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
