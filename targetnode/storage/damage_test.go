package storage_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"schism/targetnode/raft"
	"schism/targetnode/storage"
	"schism/targetnode/storage/crashfs"
)

var firstSegment = filepath.Join(dir, "0000000000000001.wal")

// damagedLog is a one-segment log and the states that it passed through, by its size at each.
type damagedLog struct {
	content []byte
	states  []raft.Durable
	ends    []int
}

func newDamagedLog(t *testing.T) damagedLog {
	t.Helper()
	var d damagedLog
	var have raft.Durable
	steps := []func(){
		func() {},
		func() { have.HardState = raft.HardState{Term: 1, Vote: 1} },
		func() { have.Entries = append(have.Entries, raft.Entry{Index: 1, Term: 1, Kind: raft.EntryNoop}) },
		func() { have.Entries = append(slices.Clone(have.Entries), entry(2, 1)) },
		func() { have.HardState = raft.HardState{Term: 0x0102030405060708, Vote: 3} },
	}
	for i := range steps {
		// Written anew each time, so that the file's size after each step is known.
		fsys := crashfs.New()
		have = raft.Durable{}
		l, _, err := storage.Open(fsys, dir, storage.Options{Identity: options.Identity, SegmentSize: 1 << 16})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range steps[1 : i+1] {
			before := have
			step()
			var hs *raft.HardState
			if have.HardState != before.HardState {
				hs = &have.HardState
			}
			write(t, l, hs, have.Entries[len(before.Entries):]...)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		d.content, _ = fsys.ReadFile(firstSegment)
		d.states = append(d.states, have)
		d.ends = append(d.ends, len(d.content))
	}
	return d
}

// reopen puts content in the place of the log and opens it.
func reopen(t *testing.T, content []byte) (storage.Recovered, error) {
	t.Helper()
	fsys := crashfs.New()
	f, err := fsys.Create(firstSegment)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(content, 0); err != nil {
		t.Fatal(err)
	}
	_, found, err := storage.Open(fsys, dir, options)
	if err != nil {
		return found, err
	}
	// What was recovered once must be recovered again, from the cut file.
	fsys.Crash(nil)
	_, again, err := storage.Open(fsys, dir, options)
	if err != nil || !reflect.DeepEqual(again.Durable, found.Durable) || again.Cut != nil {
		t.Fatalf("the second start found %+v, %v after the first found %+v", again, err, found)
	}
	return found, nil
}

// at gives the state of the last step that ends at or before size.
func (d damagedLog) at(size int) raft.Durable {
	var s raft.Durable
	for i, end := range d.ends {
		if end <= size {
			s = d.states[i]
		}
	}
	return s
}

func TestTornTailIsCutToTheLastWholeRecord(t *testing.T) {
	d := newDamagedLog(t)
	for size := range len(d.content) + 1 {
		for _, zeros := range []int{0, 1, 7, 16, 300} {
			found, err := reopen(t, append(slices.Clone(d.content[:size]), make([]byte, zeros)...))
			if err != nil {
				t.Fatalf("cut at %d, %d zeros behind: %v", size, zeros, err)
			}
			if want := d.at(size); !reflect.DeepEqual(found.Durable, want) {
				t.Fatalf("cut at %d, %d zeros behind: recovered %+v, want %+v", size, zeros, found.Durable, want)
			}
		}
	}
}

func TestEveryBitFlipIsRefused(t *testing.T) {
	d := newDamagedLog(t)
	for offset := range d.content {
		for bit := range 8 {
			for _, zeros := range []int{0, 64} {
				content := append(slices.Clone(d.content), make([]byte, zeros)...)
				content[offset] ^= 1 << bit
				_, err := reopen(t, content)
				damage := (*storage.DamageError)(nil)
				if !errors.As(err, &damage) {
					t.Fatalf("bit %d of byte %d flipped: %v, want a DamageError", bit, offset, err)
				}
				if damage.File != firstSegment || damage.Offset > int64(offset) || !strings.Contains(err.Error(), firstSegment) {
					t.Fatalf("bit %d of byte %d flipped: the refusal names %s at %d", bit, offset, damage.File, damage.Offset)
				}
			}
		}
	}
}

func TestDamageInAnEarlierSegmentIsRefused(t *testing.T) {
	fsys := crashfs.New()
	l, _ := mustOpen(t, fsys, dir)
	for i := 1; i <= 20; i++ {
		write(t, l, nil, entry(i, 1))
	}
	l.Close()
	whole, _ := fsys.ReadFile(firstSegment)
	for size := range whole { // a cut that would be a torn tail in the last segment
		fsys.Edit(firstSegment, func([]byte) []byte { return slices.Clone(whole[:size]) })
		_, _, err := storage.Open(fsys, dir, options)
		if damage := (*storage.DamageError)(nil); !errors.As(err, &damage) {
			t.Fatalf("first segment cut at %d: %v, want a DamageError", size, err)
		}
	}
}
