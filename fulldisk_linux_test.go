package schism

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"schism/history"
)

// A disk that fills up under the history ends the run as a failure of the harness: there is no
// verdict, and what was recorded before is there.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system needs root")
	}
	disk := t.TempDir()
	if err := syscall.Mount("schism-test", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	}()
	o := options(t, "process")
	o.Out = filepath.Join(disk, "run")
	s := short(t, "configs/raft/stale-read-local-no-fault.yaml")
	s.Workload.Duration = time.Minute // at most: the full disk ends it
	outcome, err := Run(t.Context(), s, o)
	if err == nil || !strings.Contains(err.Error(), "no space left on device") {
		t.Fatalf("got %v and %+v, want an error that says that the disk is full", err, outcome)
	}
	if _, err := os.Stat(history.RunDir(o.Out).Result()); err == nil {
		t.Error("there is a result all the same")
	}
	h, err := history.Load(history.RunDir(o.Out).History())
	if err != nil {
		t.Fatalf("what was recorded before the disk was full cannot be read: %v", err)
	}
	if len(h.Operations) == 0 {
		t.Error("nothing of what was recorded is left")
	}
}
