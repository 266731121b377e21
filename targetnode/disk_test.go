package targetnode

import (
	"context"
	"errors"
	"testing"
	"time"

	"schism/targetnode/raft"
	"schism/targetnode/storage"
	"schism/targetnode/storage/crashfs"
)

// startDisk runs a disk on a file system that forgets what was not synced.
func startDisk(t *testing.T, fsys *crashfs.FS, late time.Duration) (d *disk, sent chan raft.Message) {
	t.Helper()
	log, _, err := storage.Open(fsys, "/data", storage.Options{Identity: "n1 of n1"})
	if err != nil {
		t.Fatal(err)
	}
	sent = make(chan raft.Message, 100)
	d = newDisk(log, func(messages []raft.Message) {
		for _, m := range messages {
			sent <- m
		}
	}, late)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); d.run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return d, sent
}

// awaitDone waits until the disk has reported so many jobs, and returns the last report.
func awaitDone(t *testing.T, d *disk, jobs int) (last durable) {
	t.Helper()
	for jobs > 0 {
		select {
		case last = <-d.done:
			if jobs -= last.jobs; last.err != nil {
				return last
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%d jobs not reported after 5 s", jobs)
		}
	}
	return last
}

func recoveredEntries(t *testing.T, fsys *crashfs.FS) int {
	t.Helper()
	fsys.Crash(nil)
	_, found, err := storage.Open(fsys, "/data", storage.Options{Identity: "n1 of n1"})
	if err != nil {
		t.Fatal(err)
	}
	return len(found.Durable.Entries)
}

func TestNothingLeavesBeforeItIsDurable(t *testing.T) {
	fsys := crashfs.New()
	d, sent := startDisk(t, fsys, 0)
	for i := 1; i <= 10; i++ {
		d.submit(job{entries: []raft.Entry{{Index: raft.Index(i), Term: 1}}, then: []raft.Message{{Match: raft.Index(i)}}})
	}
	// The first acknowledgement is taken and the power fails: its entry must be there.
	select {
	case m := <-sent:
		if got := recoveredEntries(t, fsys); got < int(m.Match) {
			t.Errorf("entry %d was acknowledged, and %d are on disk", m.Match, got)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("no acknowledgement after 5 s")
	}
}

func TestAckBeforeFsyncLosesEntriesButNoVotes(t *testing.T) {
	fsys := crashfs.New()
	d, _ := startDisk(t, fsys, lateSync)
	d.submit(job{hardState: &raft.HardState{Term: 1, Vote: 2}, entries: []raft.Entry{{Index: 1, Term: 1}}})
	awaitDone(t, d, 1)
	d.submit(job{entries: []raft.Entry{{Index: 2, Term: 1}}})
	if last := awaitDone(t, d, 1); len(last.marks) != 1 || last.marks[0] != (mark{1, 2}) {
		t.Fatalf("the disk reported %+v, want entry 2 as if it were durable", last)
	}
	if got := recoveredEntries(t, fsys); got != 1 {
		t.Errorf("%d entries survived the crash, want only the one that came with the vote", got)
	}
}

func TestAckBeforeFsyncSyncsInTheEnd(t *testing.T) {
	fsys := crashfs.New()
	d, _ := startDisk(t, fsys, 100*time.Millisecond)
	d.submit(job{entries: []raft.Entry{{Index: 1, Term: 1}}})
	awaitDone(t, d, 1)
	select { // the next report is that of the late sync
	case r := <-d.done:
		if r.err != nil || r.jobs != 0 {
			t.Fatalf("report %+v", r)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("no late sync")
	}
	if got := recoveredEntries(t, fsys); got != 1 {
		t.Errorf("%d entries survived the crash, want 1", got)
	}
}

func TestAFailedDiskStopsTheNode(t *testing.T) {
	fsys := crashfs.New()
	d, sent := startDisk(t, fsys, 0)
	fsys.FailAfter(1)
	d.submit(job{entries: []raft.Entry{{Index: 1, Term: 1}}, then: []raft.Message{{Match: 1}}})
	if last := awaitDone(t, d, 1); !errors.Is(last.err, crashfs.ErrInjected) {
		t.Fatalf("the disk reported %+v", last)
	}
	if len(sent) > 0 {
		t.Error("an acknowledgement left although the sync failed")
	}
	n := &node{disk: d, clock: newClock(false)}
	if err := n.round(&inputs{durable: []durable{{err: crashfs.ErrInjected}}}); !errors.Is(err, crashfs.ErrInjected) {
		t.Errorf("the loop went on: %v", err)
	}
}
