package process

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"schism/cluster"
)

// proc is one life of a node: a process from its start until it is reaped.
type proc struct {
	cmd    *exec.Cmd
	logged int64         // where in the node's log this life begins
	exited chan struct{} // closed when reaped; cmd.ProcessState tells how it ended

	mu      sync.Mutex
	expects bool // somebody waits for its end and will tell of it
}

// stateOf translates the state letters of ps(1).
func stateOf(letter byte) cluster.State {
	switch letter {
	case 'T', 't':
		return cluster.Paused
	case 'Z', 'X', 'x':
		return cluster.Stopped
	}
	return cluster.Running
}

func (p *proc) pid() int { return p.cmd.Process.Pid }

func (p *proc) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

func (p *proc) state() (cluster.State, error) {
	state, err := processState(p.pid())
	if p.gone() { // asked afterwards: by now the id may be somebody else's
		return cluster.Stopped, nil
	}
	return state, err
}

// expect says whether the end of the process, past or future, is told by the caller. If not, it is an
// incident. It returns false if the process is gone already.
func (p *proc) expect(end bool) (alive bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expects = end
	return !p.gone()
}

// reap waits for the end of the process, runs then, and only afterwards says that the process is gone.
// It reports whether nobody expected it.
func (p *proc) reap(then func()) (surprise bool) {
	_ = p.cmd.Wait() // how it ended is in ProcessState
	// What it started and left behind still bears its group's id, which nobody else can get meanwhile.
	_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
	then()
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.exited)
	return !p.expects
}

// signal sends to the node and everything that it started and that stayed in its group.
func (p *proc) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone() {
		return errors.New("it is not running")
	}
	return syscall.Kill(-p.pid(), s)
}

// kill returns when the process is reaped.
func (p *proc) kill(ctx context.Context) error {
	if !p.expect(true) {
		return nil
	}
	if err := p.signal(syscall.SIGKILL); err != nil && !p.gone() {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("process %d did not end after SIGKILL: %w", p.pid(), ctx.Err())
	}
}

// await polls until the operating system says state.
func (p *proc) await(ctx context.Context, want cluster.State) error {
	for {
		got, err := p.state()
		if err != nil || got == want {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d is %s, waited for %s: %w", p.pid(), got, want, ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}
