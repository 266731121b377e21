package storage_test

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"schism/targetnode/raft"
	"schism/targetnode/storage"
	"schism/targetnode/storage/crashfs"
)

// disk is all the files of a data directory, and what a node finds there.
type disk struct {
	files map[string][]byte
	state raft.Durable
}

// newest is the segment that was written last.
func (d disk) newest() string {
	return slices.Max(slices.DeleteFunc(slices.Collect(maps.Keys(d.files)), func(n string) bool { return !strings.HasSuffix(n, ".wal") }))
}

// put makes a file system with the disk's files, one of them changed.
func (d disk) put(name string, content []byte) *crashfs.FS {
	fsys := crashfs.New()
	for n, c := range d.files {
		if n == name {
			c = content
		}
		f, err := fsys.Create(n)
		if err != nil {
			panic(err)
		}
		f.WriteAt(c, 0)
		f.Sync()
	}
	fsys.SyncDir(dir)
	return fsys
}

// life is a small log's whole life, step by step: several segments, a snapshot that has taken the place
// of the first ones, and a log behind it.
func life(t *testing.T) []disk {
	t.Helper()
	hs := raft.HardState{Term: 1, Vote: 2}
	steps := []func(*storage.Log){func(l *storage.Log) { write(t, l, &hs) }}
	for i := 1; i <= 20; i++ {
		steps = append(steps, func(l *storage.Log) { write(t, l, nil, entry(i, 1)) })
	}
	steps = append(steps,
		func(l *storage.Log) { compact(t, l, snapshot(16, 1, 40), false) },
		func(l *storage.Log) { write(t, l, &raft.HardState{Term: 2}) },
		func(l *storage.Log) { write(t, l, nil, entry(20, 2)) },
		func(l *storage.Log) { write(t, l, nil, entry(21, 2), entry(22, 2)) },
		func(l *storage.Log) { write(t, l, nil, entry(23, 2)) },
		func(l *storage.Log) { write(t, l, &raft.HardState{Term: 2, Vote: 3}) },
	)
	var all []disk
	for n := range steps {
		fsys := crashfs.New()
		l, _ := mustOpen(t, fsys, dir)
		for _, step := range steps[:n+1] {
			step(l)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		d := disk{files: map[string][]byte{}}
		names, _ := fsys.List(dir)
		for _, name := range names {
			path := filepath.Join(dir, name)
			d.files[path], _ = fsys.ReadFile(path)
		}
		_, found := mustOpen(t, fsys, dir)
		d.state = found.Durable
		all = append(all, d)
	}
	if whole := all[len(all)-1]; len(whole.files) < 4 || whole.state.Snapshot.Index != 16 || len(whole.state.Entries) != 7 || whole.files[firstSegment] != nil {
		t.Fatalf("%d files, state %+v: not the log that this test is about", len(whole.files), whole.state)
	}
	return all
}

// refused demands a refusal that names the file, and an offset up to the damage.
func refused(t *testing.T, err error, file string, offset int, what string) {
	t.Helper()
	damage := (*storage.DamageError)(nil)
	if !errors.As(err, &damage) {
		t.Fatalf("%s at %d of %s: %v, want a DamageError", what, offset, file, err)
	}
	if damage.File != file || damage.Offset > int64(offset) || !strings.Contains(err.Error(), file) {
		t.Fatalf("%s at %d of %s: the refusal names %s at %d", what, offset, file, damage.File, damage.Offset)
	}
}

func TestEveryBitOfEveryFile(t *testing.T) {
	all := life(t)
	d := all[len(all)-1]
	flips := 0
	for file, content := range d.files {
		for offset := range content {
			for bit := range 8 {
				changed := slices.Clone(content)
				changed[offset] ^= 1 << bit
				_, _, err := storage.Open(d.put(file, changed), dir, options)
				refused(t, err, file, offset, "a flipped bit")
				flips++
			}
		}
	}
	t.Logf("%d flipped bits in %d files, each refused", flips, len(d.files))
}

// A bit in the room that is reserved behind the last record changes nothing, or is seen.
func TestEveryBitBehindTheLastRecord(t *testing.T) {
	all := life(t)
	d := all[len(all)-1]
	file := d.newest()
	for offset := range 64 {
		for bit := range 8 {
			content := append(slices.Clone(d.files[file]), make([]byte, 64)...)
			content[len(d.files[file])+offset] ^= 1 << bit
			_, found, err := storage.Open(d.put(file, content), dir, options)
			if err != nil {
				refused(t, err, file, len(d.files[file])+offset, "a flipped bit")
			} else if !sameDurable(found.Durable, d.state) {
				t.Fatalf("bit %d of byte %d behind the end: recovered %+v", bit, offset, found.Durable)
			}
		}
	}
}

func TestEveryTearOfEveryFile(t *testing.T) {
	all := life(t)
	d := all[len(all)-1]
	for file, content := range d.files {
		for size := range content {
			for _, zeros := range []int{0, 1, 300} {
				torn := append(slices.Clone(content[:size]), make([]byte, zeros)...)
				fsys := d.put(file, torn)
				_, found, err := storage.Open(fsys, dir, options)
				if file != d.newest() {
					// What is gone may be a hard state, which the next segment repeats.
					if err != nil || !sameDurable(found.Durable, d.state) {
						refused(t, err, file, size, "a tear")
					}
					continue
				}
				if err != nil {
					t.Fatalf("torn at %d: %v", size, err)
				}
				if want := upTo(all, file, size); !sameDurable(found.Durable, want) {
					t.Fatalf("torn at %d, %d zeros behind: recovered %+v, want %+v", size, zeros, found.Durable, want)
				}
				fsys.Crash(nil)
				if _, again, err := storage.Open(fsys, dir, options); err != nil || !sameDurable(again.Durable, found.Durable) || again.Cut != nil {
					t.Fatalf("torn at %d: the second start found %+v, %v", size, again, err)
				}
			}
		}
	}
}

// upTo is the state after the last step whose records lie within the first size bytes of the newest
// file. The step that begins the file leaves no record of its own there.
func upTo(all []disk, newest string, size int) raft.Durable {
	var state raft.Durable
	begun := false
	for _, d := range all {
		content, there := d.files[newest]
		if begun && len(content) > size {
			break
		}
		state, begun = d.state, there
	}
	return state
}

func TestEveryMissingFile(t *testing.T) {
	all := life(t)
	d := all[len(all)-1]
	for file := range d.files {
		fsys := d.put("", nil)
		if err := fsys.Remove(file); err != nil {
			t.Fatal(err)
		}
		if _, _, err := storage.Open(fsys, dir, options); err == nil && file != d.newest() {
			t.Errorf("%s is missing, and nobody notices", file)
		}
	}
	fsys := d.put("", nil)
	for file := range d.files {
		if strings.HasSuffix(file, ".wal") {
			fsys.Remove(file)
		}
	}
	_, _, err := storage.Open(fsys, dir, options)
	refused(t, err, filepath.Join(dir, "snapshot"), 0, "a log without segments")
}

// The defect takes damage for a torn write: the node starts, and has forgotten what it had promised.
func TestDefectCorruptTailKeepsVoting(t *testing.T) {
	all := life(t)
	d := all[len(all)-1]
	file := d.newest()
	content := slices.Clone(d.files[file])
	content[len(content)-10] ^= 1 // in the last record: the vote
	careless := options
	careless.Defects.CorruptTailKeepsVoting = true
	_, found, err := storage.Open(d.put(file, content), dir, careless)
	if err != nil || found.Durable.HardState.Vote != 0 || d.state.HardState.Vote != 3 || found.Cut == nil {
		t.Errorf("with the defect: %+v, %v; want a start without the vote", found, err)
	}
	_, _, err = storage.Open(d.put(file, content), dir, options)
	refused(t, err, file, len(content)-10, "a flipped bit")
}
