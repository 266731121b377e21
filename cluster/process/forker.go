package process

import (
	"os/exec"
	"runtime"
)

// forker starts processes from one thread that lives as long as they may. On Linux a child is killed
// when the thread that forked it ends, whatever becomes of the process, and Go ends threads as it likes
// unless a goroutine holds them.
type forker struct {
	jobs chan func()
}

func newForker() *forker {
	f := &forker{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		for job := range f.jobs {
			job()
		}
	}()
	return f
}

// start starts a process as the leader of a process group of its own: an interrupt typed at the
// controller's terminal must not reach the nodes, and a kill must reach what they started.
func (f *forker) start(cmd *exec.Cmd) error {
	started := make(chan error)
	f.jobs <- func() {
		cmd.SysProcAttr = ownGroup()
		started <- cmd.Start()
	}
	return <-started
}

// close ends the thread, and on Linux thereby every child that still runs.
func (f *forker) close() { close(f.jobs) }
