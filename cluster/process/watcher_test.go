package process

import (
	"context"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"schism/cluster"
)

// startSleeper starts a process that only the watcher would kill.
func startSleeper(t *testing.T) *proc {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &proc{cmd: cmd, exited: make(chan struct{})}
	go p.reap(func() {})
	t.Cleanup(func() {
		if err := p.kill(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// The watcher must do alone what Linux's kernel does too: where there is no other dead man it is the only.
func TestWatcherKillsWhatIsLeft(t *testing.T) {
	w, err := newWatcher()
	if err != nil {
		t.Fatal(err)
	}
	running, stopped, finished := startSleeper(t), startSleeper(t), startSleeper(t)
	for _, p := range []*proc{running, finished, stopped} {
		if err := w.add(p.pid()); err != nil {
			t.Fatal(err)
		}
	}
	if err := stopped.signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := stopped.await(t.Context(), cluster.Paused); err != nil {
		t.Fatal(err)
	}
	if err := w.remove(finished.pid()); err != nil {
		t.Fatal(err)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*proc{"running": running, "stopped": stopped} {
		select {
		case <-p.exited:
		case <-time.After(2 * time.Second):
			t.Errorf("the %s process lives 2 s after the watcher's input ended", name)
		}
	}
	if state, err := finished.state(); err != nil || state != cluster.Running {
		t.Errorf("the process taken out is %s, %v", state, err)
	}
}
