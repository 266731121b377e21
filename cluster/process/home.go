package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"schism/cluster"
)

const (
	homePrefix = "schism-process-"
	lockName   = "controller.lock"
)

// home is the directory that holds the nodes' data during a run. Its lock file is locked as long as
// the controller lives: the kernel unlocks it with the last of the process, so whoever gets the lock
// has the proof that nobody uses the directory any more. A process id would prove less: it may belong
// to somebody else by now, or to another pid namespace that shares the directory.
type home struct {
	path string
	lock *os.File
}

func newHome(temp, run string) (*home, error) {
	path, err := os.MkdirTemp(temp, homePrefix+run+".")
	if err != nil {
		return nil, fmt.Errorf("make the directory for the nodes' data: %w", err)
	}
	// Under its own name only once it is locked, else a sweep could get the lock first.
	name := filepath.Join(path, lockName)
	lock, err := os.OpenFile(name+".new", os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		_, err = fmt.Fprintf(lock, "run %s of process %d\n", run, os.Getpid())
	}
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	h := &home{path: path, lock: lock}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("mark %s as in use: %w", path, err), h.remove())
	}
	return h, nil
}

// remove may be called twice, and on nil.
func (h *home) remove() error {
	if h == nil {
		return nil
	}
	err := os.RemoveAll(h.path)
	if h.lock != nil {
		err = errors.Join(err, h.lock.Close())
		h.lock = nil
	}
	return err
}

// Clean removes the data of runs whose controller is dead. Their processes ended with it.
func (r Runtime) Clean(ctx context.Context, log io.Writer) ([]cluster.Remains, error) {
	dirs, err := filepath.Glob(filepath.Join(r.temp(), homePrefix+"*"))
	if err != nil {
		return nil, err
	}
	var all []cluster.Remains
	var errs []error
	for _, dir := range dirs {
		if err := ctx.Err(); err != nil {
			return all, errors.Join(append(errs, err)...)
		}
		h, run := abandoned(dir)
		if h == nil {
			continue
		}
		if err := h.remove(); err != nil {
			errs = append(errs, fmt.Errorf("remove what run %s left: %w", run, err))
			continue
		}
		what := "data directory " + dir
		fmt.Fprintf(log, "removed %s of run %s\n", what, run)
		all = append(all, cluster.Remains{Run: run, What: []string{what}})
	}
	return all, errors.Join(errs...)
}

// abandoned is a home, now locked by us, if dir is one, ours, and its controller is proved dead.
// Everything else under the temporary directory is somebody's business: nil.
func abandoned(dir string) (h *home, run string) {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return nil, ""
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Getuid() {
		return nil, ""
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, "" // between its creation and its mark, or not a home
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, "" // its controller lives
	}
	name := strings.TrimPrefix(filepath.Base(dir), homePrefix)
	run, _, _ = strings.Cut(name, ".")
	return &home{path: dir, lock: lock}, run
}
