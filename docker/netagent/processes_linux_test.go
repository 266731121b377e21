package netagent

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// onlyThis makes a /proc that shows one process, and takes it for a node's.
func onlyThis(t *testing.T, pid int) *cgroupProcesses {
	t.Helper()
	proc := t.TempDir()
	name := fmt.Sprint(pid)
	if err := os.Symlink(filepath.Join("/proc", name), filepath.Join(proc, name)); err != nil {
		t.Fatal(err)
	}
	return &cgroupProcesses{proc: proc, own: []byte("0::/the/agent\n")}
}

func TestStopAndContinue(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		child.Process.Kill()
		child.Wait()
	})
	node := onlyThis(t, child.Process.Pid)
	for range 2 { // each of them twice is each of them once
		if err := node.stop(); err != nil {
			t.Fatal(err)
		}
		wantProcesses(t, node, Processes{Stopped: 1})
	}
	for range 2 {
		if err := node.resume(); err != nil {
			t.Fatal(err)
		}
		wantProcesses(t, node, Processes{Running: 1})
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		seen, err := node.look()
		if err != nil {
			t.Fatal(err)
		}
		if seen == (Processes{}) { // a zombie by now
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("5 s after SIGKILL there still are %+v", seen)
		}
	}
	if err := node.stop(); err == nil {
		t.Error("a node without a process was stopped")
	}
	if err := node.resume(); err != nil {
		t.Errorf("nothing is left to continue, but: %v", err)
	}
}

func wantProcesses(t *testing.T, node *cgroupProcesses, want Processes) {
	t.Helper()
	if got, err := node.look(); err != nil || got != want {
		t.Fatalf("processes: %+v, %v; want %+v", got, err, want)
	}
}

func TestTheAgentsOwnContainerIsNotTheNode(t *testing.T) {
	node := onlyThis(t, os.Getpid())
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	node.own = own
	wantProcesses(t, node, Processes{})
}

func TestStateOf(t *testing.T) {
	for stat, want := range map[string]byte{
		"12 (sleep) S 1 12": 'S',
		"12 (a) R (b) T 1":  'T',
		"12 (cut off)":      0,
		"":                  0,
	} {
		if got := stateOf([]byte(stat)); got != want {
			t.Errorf("%q: state %q, want %q", stat, got, want)
		}
	}
}
