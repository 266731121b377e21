package process

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
)

// watchScript reads "+ PID" and "- PID" and at the end of its input, which comes when the controller
// is gone for whatever reason, kills the process groups that were added and not taken out.
const watchScript = `
groups=
while read -r op pid; do
	case $op in
	+) groups="$groups $pid" ;;
	-) rest=
	   for g in $groups; do [ "$g" = "$pid" ] || rest="$rest $g"; done
	   groups=$rest ;;
	esac
done
for g in $groups; do kill -9 "-$g"; done 2>/dev/null
`

// watcher is a small shell that outlives the controller and kills the nodes then, with everything that
// they started. Where the kernel kills orphans it is the second line: the kernel knows only the nodes
// themselves, not their children.
type watcher struct {
	cmd *exec.Cmd

	mu    sync.Mutex
	stdin io.WriteCloser
}

func newWatcher() (*watcher, error) {
	cmd := exec.Command("/bin/sh", "-c", watchScript)
	// A session of its own: what ends the controller's must not end it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the shell that kills the nodes should this process die: %w", err)
	}
	return &watcher{cmd: cmd, stdin: stdin}, nil
}

func (w *watcher) add(pid int) error { return w.tell("+ %d\n", pid) }

func (w *watcher) remove(pid int) error { return w.tell("- %d\n", pid) }

func (w *watcher) tell(format string, pid int) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := fmt.Fprintf(w.stdin, format, pid); err != nil {
		return fmt.Errorf("the shell that kills the nodes should this process die is itself dead: %w", err)
	}
	return nil
}

func (w *watcher) close() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(w.stdin.Close(), w.cmd.Wait())
}
