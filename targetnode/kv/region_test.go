package kv

import (
	"reflect"
	"testing"

	"schism/targetnode/lease"
	"schism/targetnode/raft"
)

// apply appends one entry with this data.
func apply(t *testing.T, s *Store, data []byte) Result {
	t.Helper()
	r, err := s.Apply(raft.Entry{Index: s.Applied() + 1, Term: 4, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// takeOver moves the lease to holder.
func takeOver(t *testing.T, s *Store, holder raft.NodeID) (epoch uint64) {
	t.Helper()
	now := s.Lease()
	e := lease.Entry{Holder: holder, Epoch: now.Epoch + 1, Duration: 5, Replaces: now.Index}
	apply(t, s, EncodeLease(e))
	if want := (lease.State{Index: s.Applied(), Entry: e}); s.Lease() != want {
		t.Fatalf("the lease is %+v, want %+v", s.Lease(), want)
	}
	return e.Epoch
}

func TestTheLeaseIsPartOfTheState(t *testing.T) {
	s := NewStore(Options{})
	takeOver(t, s, 1)
	takeOver(t, s, 2)
	before := s.Lease()
	apply(t, s, EncodeLease(lease.Entry{Holder: 3, Epoch: 3, Duration: 5, Replaces: 1})) // overtaken
	if s.Lease() != before || s.Snapshot().Lease != before {
		t.Errorf("the lease is %+v, in the snapshot %+v, want %+v", s.Lease(), s.Snapshot().Lease, before)
	}
}

// A write of a former epoch is refused, whatever it is, and leaves no trace: under the same identity the
// next region leader's takes effect, and only once.
func TestAFencedWriteLeavesNoTrace(t *testing.T) {
	for _, defect := range []bool{false, true} {
		s := NewStore(Options{Defects: Defects{RegionNoFence: defect}})
		session := openSession(t, s)
		old := takeOver(t, s, 1)
		epoch := takeOver(t, s, 2)
		write := add("x", "1", session, 1)
		before := s.Snapshot()

		late := apply(t, s, Stamped(Stamp{old, 7}, write.Encode()))
		if defect {
			if late.Refused != "" {
				t.Errorf("with the defect: %+v", late)
			}
			wantState(t, s, "x", "[1]")
			continue
		}
		if want := (Result{Refused: Fenced, Applied: s.Applied()}); !reflect.DeepEqual(late, want) {
			t.Errorf("the late write was answered %+v, want %+v", late, want)
		}
		after := s.Snapshot()
		after.Applied = before.Applied
		if !reflect.DeepEqual(after, before) {
			t.Errorf("the late write left %+v, before it was %+v", after, before)
		}
		first := apply(t, s, Stamped(Stamp{epoch, 1}, write.Encode()))
		if again := apply(t, s, Stamped(Stamp{epoch, 2}, write.Encode())); first.Refused != "" || !reflect.DeepEqual(again, first) {
			t.Errorf("answered %+v, and again %+v", first, again)
		}
		wantState(t, s, "x", "[1]")
	}
}

func TestAWriteWithoutAnEpochEndsWithTheFirstLease(t *testing.T) {
	s := NewStore(Options{})
	put := (&Command{Op: "put", Key: "x", Value: raw("1")}).Encode()
	if r := apply(t, s, put); r.Refused != "" {
		t.Errorf("before the first lease: %+v", r)
	}
	takeOver(t, s, 1)
	if r := apply(t, s, put); r.Refused != Fenced {
		t.Errorf("after it: %+v, want a refusal", r)
	}
}

func TestStamps(t *testing.T) {
	put := (&Command{Op: "put", Key: "x", Value: raw("1")}).Encode()
	want := Stamp{Epoch: 300, Number: 1 << 40}
	if got := StampOf(Stamped(want, put)); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := StampOf(put); got != (Stamp{}) {
		t.Errorf("a command without a stamp has %+v", got)
	}
	stamped := Stamped(want, nil)
	for _, bad := range [][]byte{stamped, stamped[:3], {stampCode}, {stampCode, 0, 0}, {leaseCode}, {leaseCode, 1}} {
		if _, err := NewStore(Options{}).Apply(raft.Entry{Index: 1, Data: bad}); err == nil {
			t.Errorf("%v is applied", bad)
		}
	}
}

func TestTheLogsOwnCodesAreNoOperations(t *testing.T) {
	for _, code := range []byte{leaseCode, stampCode} {
		if op, taken := operationCoded(code); taken {
			t.Errorf("%s has the code %d", op.name, code)
		}
	}
}
