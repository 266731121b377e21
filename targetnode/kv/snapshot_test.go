package kv

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"schism/targetnode/lease"
	"schism/targetnode/raft"
)

// full is a store with some of everything.
func full(t *testing.T, o Options) *Store {
	t.Helper()
	s := NewStore(o)
	a, b := openSession(t, s), openSession(t, s)
	openSession(t, s) // never used
	if _, err := s.Apply(raft.Entry{Index: s.Applied() + 1, Term: 4, Data: EncodeLease(lease.Entry{Holder: 2, Epoch: 1, Duration: 5, Ticket: 9})}); err != nil {
		t.Fatal(err)
	}
	apply := func(c Command) {
		t.Helper()
		if err := c.Prepare(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Apply(raft.Entry{Index: s.Applied() + 1, Term: 4, Data: Stamped(Stamp{Epoch: 1, Number: 1}, c.Encode())}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		apply(Command{Op: "put", Key: fmt.Sprint("key", i), Value: raw(fmt.Sprintf(`{"v":"%d ü"}`, i))})
	}
	apply(Command{Op: "delete", Key: "key7"})
	apply(add("list", "1", b, 1))
	apply(Command{Op: "add", Key: "n", Value: raw("5"), Client: a, Seq: 1})
	apply(Command{Op: "cas", Key: "n", From: raw("6"), To: raw("7"), Client: a, Seq: 2}) // a mismatch, with what it found
	return s
}

func restored(t *testing.T, from *Store, o Options) *Store {
	t.Helper()
	snap := from.Snapshot()
	s := NewStore(o)
	if err := s.Restore(snap.Encode()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARestoredStoreIsTheSame(t *testing.T) {
	s := full(t, Options{})
	again := restored(t, s, Options{})
	if got, want := again.Snapshot(), s.Snapshot(); !reflect.DeepEqual(got, want) {
		t.Fatalf("restored %+v, want %+v", got, want)
	}
	// And goes on the same: a retry has its first answer, the fence holds, sessions end in the same order.
	sessions := s.Snapshot().Sessions
	for _, c := range []Command{
		add("list", "1", sessions[1].ID, 1), {Op: "cas", Key: "n", From: raw("6"), To: raw("7"), Client: sessions[2].ID, Seq: 2},
		{Op: "put", Key: "key7", Value: raw("1")},
	} {
		for _, epoch := range []uint64{1, 2} {
			e := raft.Entry{Index: s.Applied() + 1, Term: 5, Data: Stamped(Stamp{Epoch: epoch, Number: 2}, c.Encode())}
			first, err1 := s.Apply(e)
			second, err2 := again.Apply(e)
			if err1 != nil || err2 != nil || !reflect.DeepEqual(first, second) {
				t.Errorf("%+v: %+v (%v) there, %+v (%v) here", c, first, err1, second, err2)
			}
		}
	}
	if got, want := again.Snapshot(), s.Snapshot(); !reflect.DeepEqual(got, want) {
		t.Errorf("in the end %+v, want %+v", got, want)
	}
}

func TestTheSameStateIsTheSameBytes(t *testing.T) {
	a, b := full(t, Options{}).Snapshot(), full(t, Options{}).Snapshot()
	for range 5 { // maps give their keys in another order each time
		if !bytes.Equal(a.Encode(), b.Encode()) {
			t.Fatal("two nodes write different snapshots of one state")
		}
	}
	empty := NewStore(Options{}).Snapshot()
	if got, err := DecodeSnapshot(empty.Encode()); err != nil || len(got.Values) != 0 || got.Applied != 0 {
		t.Errorf("the empty state became %+v, %v", got, err)
	}
}

func TestADamagedSnapshotIsRefused(t *testing.T) {
	snap := full(t, Options{}).Snapshot()
	data := snap.Encode()
	for size := range data {
		s := NewStore(Options{})
		if err := s.Restore(data[:size]); err == nil || s.Applied() != 0 {
			t.Fatalf("the first %d of %d bytes: %v", size, len(data), err)
		}
	}
	if err := NewStore(Options{}).Restore(append(data, 0)); err == nil {
		t.Error("a byte behind the snapshot went unnoticed")
	}
	data[0]++
	if err := NewStore(Options{}).Restore(data); err == nil {
		t.Error("a snapshot of another version passed")
	}
}

func TestDefectsAroundSnapshots(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"none", Options{}, "[1]"},
		{"snapshot-forgets-sessions", Options{Defects: Defects{SnapshotForgetsSessions: true}}, "[1,1]"},
		{"dedup-in-memory, the log ends at the snapshot", Options{Defects: Defects{DedupInMemory: true}, Recovered: 2}, "[1,1]"},
		{"dedup-in-memory, the log goes on", Options{Defects: Defects{DedupInMemory: true}, Recovered: 9}, "[1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := NewStore(Options{})
			a := openSession(t, first)
			run(t, first, add("x", "1", a, 1))
			s := restored(t, first, c.o)
			if r := run(t, s, add("x", "1", a, 1)); r.Refused != "" {
				t.Errorf("the retry is refused: %+v", r)
			}
			wantState(t, s, "x", c.want)
		})
	}
}

func FuzzDecodeSnapshot(f *testing.F) {
	s := NewStore(Options{})
	empty := s.Snapshot()
	f.Add(empty.Encode())
	f.Add([]byte{1, 5, 2, 0, 5, 0, 0, 0, 0, 0, 1, 1, 'x', 1, '7', 1, 1, 3, 2, 0, 2, '5', 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		snap, err := DecodeSnapshot(b)
		if err != nil {
			return
		}
		again, err := DecodeSnapshot(snap.Encode())
		if err != nil || !reflect.DeepEqual(again, snap) {
			t.Fatalf("%+v became %+v, %v", snap, again, err)
		}
	})
}
