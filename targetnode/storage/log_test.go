package storage_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"schism/targetnode/raft"
	"schism/targetnode/storage"
	"schism/targetnode/storage/crashfs"
)

const dir = "/data"

var options = storage.Options{Identity: "n1 of n1,n2,n3", SegmentSize: 256}

func mustOpen(t *testing.T, fsys storage.FS, dir string) (*storage.Log, storage.Recovered) {
	t.Helper()
	l, found, err := storage.Open(fsys, dir, options)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return l, found
}

func entry(index, term int) raft.Entry {
	return raft.Entry{Index: raft.Index(index), Term: raft.Term(term), Data: []byte(fmt.Sprintf("entry %d of term %d", index, term))}
}

// write makes one batch durable.
func write(t *testing.T, l *storage.Log, hs *raft.HardState, entries ...raft.Entry) {
	t.Helper()
	l.Append(hs, entries)
	if err := l.Sync(); err != nil {
		t.Fatalf("sync: %v", err)
	}
}

func TestRecoversWhatWasSynced(t *testing.T) {
	fsystems := map[string]func(t *testing.T) (storage.FS, string){
		"os": func(t *testing.T) (storage.FS, string) {
			return storage.OS{}, filepath.Join(t.TempDir(), "new", "data")
		},
		"crashfs": func(*testing.T) (storage.FS, string) { return crashfs.New(), dir },
	}
	for name, make := range fsystems {
		t.Run(name, func(t *testing.T) {
			fsys, dir := make(t)
			l, found := mustOpen(t, fsys, dir)
			if !reflect.DeepEqual(found, storage.Recovered{}) {
				t.Fatalf("a new log holds %+v", found)
			}
			hs := raft.HardState{Term: 3, Vote: 2}
			want := raft.Durable{HardState: hs}
			write(t, l, &hs)
			for i := 1; i <= 40; i++ { // several segments
				want.Entries = append(want.Entries, entry(i, 3))
				write(t, l, nil, entry(i, 3))
			}
			if err := l.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			l, found = mustOpen(t, fsys, dir)
			if !reflect.DeepEqual(found.Durable, want) || found.Cut != nil {
				t.Fatalf("recovered %+v, want %+v uncut", found, want)
			}
			// A conflicting suffix is replaced, also when the replacement lies in a later segment.
			hs = raft.HardState{Term: 4}
			write(t, l, &hs, entry(30, 4), entry(31, 4))
			want = raft.Durable{HardState: hs, Entries: append(want.Entries[:29:29], entry(30, 4), entry(31, 4))}
			if err := l.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			l, found = mustOpen(t, fsys, dir)
			defer l.Close()
			if !reflect.DeepEqual(found.Durable, want) {
				t.Fatalf("recovered %+v, want %+v", found.Durable, want)
			}
		})
	}
}

func TestAppendWithoutSyncIsLostAtACrash(t *testing.T) {
	fsys := crashfs.New()
	l, _ := mustOpen(t, fsys, dir)
	write(t, l, nil, entry(1, 1))
	l.Append(nil, []raft.Entry{entry(2, 1)})
	fsys.Crash(nil)
	_, found := mustOpen(t, fsys, dir)
	if want := []raft.Entry{entry(1, 1)}; !reflect.DeepEqual(found.Durable.Entries, want) {
		t.Fatalf("recovered %v, want %v", found.Durable.Entries, want)
	}
}

// TestRandomCrashes crashes a log again and again at random points, un-synced writes lost or torn,
// failed syncs included: what was synced must be there, nothing that was never appended.
func TestRandomCrashes(t *testing.T) {
	cuts := 0
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		fsys := crashfs.New()
		var synced raft.Durable
		for range 8 {
			l, found, err := storage.Open(fsys, dir, options)
			if err != nil {
				t.Fatalf("seed %d: open: %v", seed, err)
			}
			if found.Cut != nil {
				cuts++
			}
			if len(found.Durable.Entries) < len(synced.Entries) || found.Durable.HardState.Term < synced.HardState.Term {
				t.Fatalf("seed %d: recovered %d entries in term %d, synced were %d in term %d", seed,
					len(found.Durable.Entries), found.Durable.HardState.Term, len(synced.Entries), synced.HardState.Term)
			}
			for i, e := range found.Durable.Entries {
				if want := entry(i+1, 1); !reflect.DeepEqual(e, want) {
					t.Fatalf("seed %d: entry %d is %+v, want %+v", seed, i+1, e, want)
				}
			}
			synced = work(l, fsys, random, found.Durable)
			fsys.Crash(random)
		}
	}
	if cuts == 0 {
		t.Error("no crash tore a record: the test tests nothing")
	}
}

// work appends until the arranged failure and returns what was synced by then.
func work(l *storage.Log, fsys *crashfs.FS, random *rand.Rand, have raft.Durable) raft.Durable {
	fsys.FailAfter(random.IntN(20))
	for {
		next := have
		next.HardState.Term++
		for range random.IntN(3) {
			next.Entries = append(next.Entries, entry(len(next.Entries)+1, 1))
		}
		l.Append(&next.HardState, next.Entries[len(have.Entries):])
		if l.Sync() != nil {
			return have
		}
		have = next
	}
}

func TestFailedSyncIsFinal(t *testing.T) {
	fsys := crashfs.New()
	l, _ := mustOpen(t, fsys, dir)
	fsys.FailAfter(1) // the write succeeds, the sync does not
	l.Append(nil, []raft.Entry{entry(1, 1)})
	if err := l.Sync(); !errors.Is(err, crashfs.ErrInjected) {
		t.Fatalf("sync: %v, want the injected error", err)
	}
	fsys.FailAfter(-1)
	l.Append(nil, []raft.Entry{entry(2, 1)})
	if err := l.Sync(); !errors.Is(err, crashfs.ErrInjected) {
		t.Fatalf("second sync: %v, want the first one's error: it may not be tried again", err)
	}
	if err := l.Close(); !errors.Is(err, crashfs.ErrInjected) {
		t.Fatalf("close: %v, want the first sync's error", err)
	}
}

func TestRefusesAnotherNodesLog(t *testing.T) {
	fsys := crashfs.New()
	l, _ := mustOpen(t, fsys, dir)
	l.Close()
	other := options
	other.Identity = "n2 of n1,n2,n3"
	_, _, err := storage.Open(fsys, dir, other)
	if identity := (*storage.IdentityError)(nil); !errors.As(err, &identity) || identity.Owner != options.Identity {
		t.Fatalf("open: %v, want an IdentityError that names %s", err, options.Identity)
	}
}

func TestRefusesASecondOpener(t *testing.T) {
	path := t.TempDir()
	l, _ := mustOpen(t, storage.OS{}, path)
	if _, _, err := storage.Open(storage.OS{}, path, options); err == nil || !strings.Contains(err.Error(), "running already") {
		t.Fatalf("second open: %v, want a refusal", err)
	}
	l.Close()
	l, _ = mustOpen(t, storage.OS{}, path)
	l.Close()
}

func TestRefusesMissingAndStraySegments(t *testing.T) {
	path := t.TempDir()
	for range 3 {
		l, _ := mustOpen(t, storage.OS{}, path)
		l.Close()
	}
	second := filepath.Join(path, "0000000000000002.wal")
	if err := os.Rename(second, filepath.Join(path, "copy")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := storage.Open(storage.OS{}, path, options); err == nil || !strings.Contains(err.Error(), second+" is missing") {
		t.Fatalf("open: %v, want the missing file's name", err)
	}
	if err := os.Rename(filepath.Join(path, "0000000000000001.wal"), second); err != nil {
		t.Fatal(err)
	}
	if _, _, err := storage.Open(storage.OS{}, path, options); err == nil || !strings.Contains(err.Error(), second+", offset 0") {
		t.Fatalf("open: %v, want a refusal of the segment in another one's place", err)
	}
	if _, err := os.Stat(filepath.Join(path, "0000000000000001.wal")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a refused log was written to: %v", err)
	}
}
