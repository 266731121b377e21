package storage_test

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"schism/targetnode/raft"
	"schism/targetnode/storage"
	"schism/targetnode/storage/crashfs"
)

func snapshot(index, term, size int) raft.Snapshot {
	return raft.Snapshot{
		Index: raft.Index(index), Term: raft.Term(term), Data: bytes.Repeat([]byte{byte(index)}, size),
		Members: raft.Membership{Voters: []raft.NodeID{1, 2, 300}, Learners: []raft.NodeID{4}},
	}
}

func entriesFrom(first, last, term int) []raft.Entry {
	var all []raft.Entry
	for i := first; i <= last; i++ {
		all = append(all, entry(i, term))
	}
	return all
}

// compact does what a node does with a snapshot.
func compact(t *testing.T, l *storage.Log, s raft.Snapshot, reset bool) {
	t.Helper()
	if err := l.SaveSnapshot(s); err != nil {
		t.Fatalf("save: %v", err)
	}
	l.Compact(s, reset)
	write(t, l, nil)
}

func segmentFiles(t *testing.T, fsys storage.FS) []string {
	t.Helper()
	names, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, ".wal") })
}

func TestALogBehindASnapshot(t *testing.T) {
	hs := raft.HardState{Term: 2, Vote: 1}
	for _, c := range []struct {
		name  string
		log   []raft.Entry
		s     raft.Snapshot
		reset bool
		then  []raft.Entry
		want  []raft.Entry
	}{
		{"of the log's own", entriesFrom(1, 40, 1), snapshot(30, 1, 100), false, nil, entriesFrom(31, 40, 1)},
		{"and more follows", entriesFrom(1, 40, 1), snapshot(40, 1, 0), false, entriesFrom(41, 50, 2), entriesFrom(41, 50, 2)},
		{"and the rest is replaced", entriesFrom(1, 40, 1), snapshot(30, 1, 5), false, entriesFrom(33, 34, 2), append(entriesFrom(31, 32, 1), entriesFrom(33, 34, 2)...)},
		{"of a longer log", entriesFrom(1, 3, 1), snapshot(30, 2, 3<<20), true, entriesFrom(31, 32, 2), entriesFrom(31, 32, 2)},
		{"of another log", entriesFrom(1, 40, 1), snapshot(30, 2, 1), true, nil, nil},
		{"of another log that goes on", entriesFrom(1, 40, 1), snapshot(30, 2, 1<<20), true, entriesFrom(31, 31, 2), entriesFrom(31, 31, 2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := crashfs.New()
			l, _ := mustOpen(t, fsys, dir)
			for _, e := range c.log {
				write(t, l, &hs, e)
			}
			before := len(segmentFiles(t, fsys))
			compact(t, l, c.s, c.reset)
			if after := len(segmentFiles(t, fsys)); len(c.log) > 3 && after >= before {
				t.Errorf("%d segments before the snapshot and %d after it", before, after)
			}
			for _, e := range c.then {
				write(t, l, nil, e)
			}
			want := raft.Durable{HardState: hs, Snapshot: c.s, Entries: c.want}
			for life := range 3 {
				fsys.Crash(nil)
				var found storage.Recovered
				if l, found = mustOpen(t, fsys, dir); !sameDurable(found.Durable, want) {
					t.Fatalf("in life %d recovered up to %d: %+v, want %+v", life+2, len(found.Durable.Snapshot.Data), found.Durable.Entries, want.Entries)
				}
			}
			// One of all that was ever written takes the rest of the segments.
			for i := int(c.s.Index) + len(c.want) + 1; i <= 60; i++ {
				write(t, l, nil, entry(i, 3))
			}
			compact(t, l, snapshot(60, 3, 1), false)
			if left := segmentFiles(t, fsys); len(left) != 1 {
				t.Errorf("left are %v", left)
			}
		})
	}
}

func sameDurable(a, b raft.Durable) bool {
	return a.HardState == b.HardState && a.Snapshot.Index == b.Snapshot.Index && a.Snapshot.Term == b.Snapshot.Term &&
		bytes.Equal(a.Snapshot.Data, b.Snapshot.Data) && reflect.DeepEqual(a.Snapshot.Members, b.Snapshot.Members) && len(a.Entries) == len(b.Entries) &&
		(len(a.Entries) == 0 || reflect.DeepEqual(a.Entries, b.Entries))
}

// The node stops when the snapshot is durable and the log was not told.
func TestASnapshotThatTheLogWasNotToldOf(t *testing.T) {
	for _, c := range []struct {
		name string
		s    raft.Snapshot
		want []raft.Entry
	}{
		{"its entry is in the log", snapshot(8, 1, 9), entriesFrom(9, 10, 1)},
		{"its entry is the log's last", snapshot(10, 1, 9), nil},
		{"the log ends before it", snapshot(11, 1, 9), nil},
		{"another entry is there", snapshot(8, 2, 9), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := crashfs.New()
			l, _ := mustOpen(t, fsys, dir)
			write(t, l, &raft.HardState{Term: 3}, entriesFrom(1, 10, 1)...)
			if err := l.SaveSnapshot(c.s); err != nil {
				t.Fatal(err)
			}
			want := raft.Durable{HardState: raft.HardState{Term: 3}, Snapshot: c.s, Entries: c.want}
			for range 2 {
				fsys.Crash(nil)
				l, found := mustOpen(t, fsys, dir)
				if !sameDurable(found.Durable, want) {
					t.Fatalf("recovered %+v, want %+v", found.Durable, want)
				}
				next := raft.Entry{Index: c.s.Index + raft.Index(len(want.Entries)) + 1, Term: 3}
				write(t, l, nil, next)
				want.Entries = append(want.Entries, next)
			}
		})
	}
}

func TestAnOlderSnapshotIsLeftAlone(t *testing.T) {
	fsys := crashfs.New()
	l, _ := mustOpen(t, fsys, dir)
	write(t, l, nil, entriesFrom(1, 10, 1)...)
	compact(t, l, snapshot(8, 1, 4), false)
	if err := l.SaveSnapshot(snapshot(5, 1, 4)); err != nil {
		t.Fatal(err)
	}
	fsys.Crash(nil)
	if _, found := mustOpen(t, fsys, dir); found.Durable.Snapshot.Index != 8 {
		t.Errorf("the snapshot is of entry %d", found.Durable.Snapshot.Index)
	}
}

func TestADraftIsNoSnapshot(t *testing.T) {
	fsys := crashfs.New()
	l, _ := mustOpen(t, fsys, dir)
	write(t, l, nil, entriesFrom(1, 10, 1)...)
	for failAt := range 4 { // create, write, sync, rename, sync of the directory
		fsys.FailAfter(failAt)
		if err := l.SaveSnapshot(snapshot(8, 1, 4)); err == nil {
			t.Fatalf("saved, although its step %d failed", failAt)
		}
		fsys.Crash(nil)
		var found storage.Recovered
		if l, found = mustOpen(t, fsys, dir); found.Durable.Snapshot.Index != 0 || len(found.Durable.Entries) != 10 {
			t.Fatalf("after a failure of step %d: %+v", failAt, found.Durable)
		}
	}
	compact(t, l, snapshot(8, 1, 4), false)
	if _, err := fsys.ReadFile(filepath.Join(dir, "snapshot.new")); err == nil {
		t.Error("the draft is left")
	}
}

// TestRandomCrashesWithSnapshots crashes at random points of writing entries and snapshots, over many
// lives: whatever was synced is there, from one of them or the other.
func TestRandomCrashesWithSnapshots(t *testing.T) {
	snapshots, untold := 0, 0
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 2))
		fsys := crashfs.New()
		var synced crashState
		for range 8 {
			l, found, err := storage.Open(fsys, dir, options)
			if err != nil {
				t.Fatalf("seed %d: open: %v", seed, err)
			}
			d := found.Durable
			have := crashState{hardState: d.HardState, last: int(d.Snapshot.Index) + len(d.Entries), snapshot: int(d.Snapshot.Index)}
			if have.last < synced.last || have.snapshot < synced.snapshot || have.hardState.Term < synced.hardState.Term {
				t.Fatalf("seed %d: recovered %+v, synced was %+v", seed, have, synced)
			}
			if want := snapshot(have.snapshot, 1, have.snapshot*10); have.snapshot > 0 && !reflect.DeepEqual(d.Snapshot, want) {
				t.Fatalf("seed %d: the snapshot is %+v", seed, d.Snapshot)
			}
			if want := entriesFrom(have.snapshot+1, have.last, 1); len(want) > 0 && !reflect.DeepEqual(d.Entries, want) {
				t.Fatalf("seed %d: recovered %v, want %v", seed, d.Entries, want)
			}
			if have.snapshot > 0 {
				snapshots++
			}
			if have.snapshot > synced.snapshot {
				untold++
			}
			synced = have.work(l, fsys, random)
			fsys.Crash(random)
		}
	}
	if snapshots < 100 || untold < 10 {
		t.Errorf("%d lives began with a snapshot, %d with one that was being written: the test tests too little", snapshots, untold)
	}
}

type crashState struct {
	hardState      raft.HardState
	last, snapshot int
}

// work appends and compacts until the arranged failure and returns what was synced by then.
func (s crashState) work(l *storage.Log, fsys *crashfs.FS, random *rand.Rand) crashState {
	fsys.FailAfter(random.IntN(40))
	for {
		next := s
		next.hardState.Term++
		next.last += random.IntN(4)
		if next.last > s.snapshot && random.IntN(5) == 0 {
			// Of what was synced before, or of what comes from a leader and is longer than the log.
			to := s.snapshot + 1 + random.IntN(next.last-s.snapshot)
			if l.SaveSnapshot(snapshot(to, 1, to*10)) != nil {
				return s
			}
			reset := to > s.last
			l.Compact(snapshot(to, 1, 0), reset)
			next.snapshot = to
			s.last = max(s.last, to)
		}
		l.Append(&next.hardState, entriesFrom(s.last+1, next.last, 1))
		if l.Sync() != nil {
			return crashState{s.hardState, min(s.last, next.last), s.snapshot}
		}
		s = next
	}
}
