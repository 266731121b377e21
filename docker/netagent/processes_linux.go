package netagent

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// stopTime bounds how long processes may take to stand still or to go on.
const stopTime = 2 * time.Second

// cgroupProcesses finds the node's processes by their cgroup. Node and agent are two containers in
// one process namespace, and the cgroup is what tells them apart without any privilege; a command
// that someone runs in the agent's container has the agent's cgroup and is left alone.
type cgroupProcesses struct {
	proc string // /proc
	own  []byte // the agent's own cgroup
}

func openProcesses(proc string) (*cgroupProcesses, error) {
	own, err := os.ReadFile(filepath.Join(proc, "self", "cgroup"))
	if err != nil {
		return nil, fmt.Errorf("cannot tell the node's processes from the agent's: %w", err)
	}
	return &cgroupProcesses{proc: proc, own: own}, nil
}

// process is one that lives.
type process struct {
	pid     int
	stopped bool
}

func (c *cgroupProcesses) list() ([]process, error) {
	entries, err := os.ReadDir(c.proc)
	if err != nil {
		return nil, err
	}
	var found []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		// What cannot be read has ended since the listing.
		cgroup, err := os.ReadFile(filepath.Join(c.proc, entry.Name(), "cgroup"))
		if err != nil || bytes.Equal(cgroup, c.own) {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(c.proc, entry.Name(), "stat"))
		if err != nil {
			continue
		}
		switch stateOf(stat) {
		case 'Z', 'X', 0:
		case 'T', 't':
			found = append(found, process{pid, true})
		default:
			found = append(found, process{pid, false})
		}
	}
	return found, nil
}

// stateOf takes the state out of /proc/PID/stat: "12 (a name) S 1 …". The name may hold anything,
// brackets too, so the last one counts.
func stateOf(stat []byte) byte {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 || end+2 >= len(stat) {
		return 0
	}
	return stat[end+2]
}

// stop repeats itself until a listing shows that all stand: a process may fork between the listing
// and the signal.
func (c *cgroupProcesses) stop() error {
	return c.signal(syscall.SIGSTOP, func(p process) bool { return p.stopped }, true)
}

func (c *cgroupProcesses) resume() error {
	return c.signal(syscall.SIGCONT, func(p process) bool { return !p.stopped }, false)
}

func (c *cgroupProcesses) signal(sig syscall.Signal, done func(process) bool, some bool) error {
	deadline := time.Now().Add(stopTime)
	for {
		list, err := c.list()
		if err != nil {
			return err
		}
		if some && len(list) == 0 {
			return errors.New("no process of the node runs")
		}
		left := 0
		for _, p := range list {
			if done(p) {
				continue
			}
			left++
			if err := syscall.Kill(p.pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("cannot send %v to process %d: %w", sig, p.pid, err)
			}
		}
		if left == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d processes took no notice of %v within %v", left, sig, stopTime)
		}
		time.Sleep(time.Millisecond)
	}
}

func (c *cgroupProcesses) look() (Processes, error) {
	list, err := c.list()
	var seen Processes
	for _, p := range list {
		if p.stopped {
			seen.Stopped++
		} else {
			seen.Running++
		}
	}
	return seen, err
}

func (c *cgroupProcesses) reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if pid <= 0 && !errors.Is(err, syscall.EINTR) {
			return
		}
	}
}
