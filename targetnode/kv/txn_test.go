package kv

import (
	"reflect"
	"testing"

	"schism/targetnode/raft"
)

func txn(client, seq uint64, ops ...Command) Command {
	return Command{Op: "txn", Ops: ops, Client: client, Seq: seq}
}

func TestATransactionTakesEffectAsAWhole(t *testing.T) {
	s := NewStore(Options{})
	run(t, s, Command{Op: "put", Key: "x", Value: raw("1")})
	before := s.Applied()
	r := run(t, s, txn(0, 0,
		Command{Op: "get", Key: "x"},
		Command{Op: "put", Key: "x", Value: raw("2")},
		Command{Op: "cas", Key: "x", From: raw("2"), To: raw("3")}, // sees the put before it
		Command{Op: "append", Key: "l", Value: raw(`"a"`)},
		Command{Op: "add", Key: "n", Value: raw("5")},
		Command{Op: "add", Key: "n", Value: raw("5")},
		Command{Op: "delete", Key: "l"},
		Command{Op: "get", Key: "l"},
	))
	if want := "[1,null,null,null,5,10,null,null]"; r.Refused != "" || string(r.Value) != want || r.Applied != before+1 || s.Applied() != before+1 {
		t.Errorf("answered %+v, want %s at entry %d", r, want, before+1)
	}
	wantState(t, s, "x", "3")
	wantState(t, s, "l", "null")
	wantState(t, s, "n", "10")
}

func TestARefusedTransactionLeavesNoTrace(t *testing.T) {
	s := NewStore(Options{})
	run(t, s, Command{Op: "put", Key: "x", Value: raw("1")})
	run(t, s, Command{Op: "append", Key: "l", Value: raw("7")})
	before := s.Snapshot().Values
	r := run(t, s, txn(0, 0,
		Command{Op: "put", Key: "x", Value: raw("2")},
		Command{Op: "put", Key: "x", Value: raw("3")},
		Command{Op: "delete", Key: "l"},
		Command{Op: "put", Key: "new", Value: raw("1")},
		Command{Op: "cas", Key: "x", From: raw("1"), To: raw("4")},
		Command{Op: "put", Key: "never", Value: raw("1")},
	))
	if want := "[null,null,null,null,3]"; r.Refused != Mismatch || string(r.Value) != want {
		t.Errorf("answered %+v, want a mismatch with %s", r, want)
	}
	if after := s.Snapshot().Values; !reflect.DeepEqual(after, before) {
		t.Errorf("the state is %s, and was %s", after, before)
	}
}

func TestARetriedTransactionHasOneEffect(t *testing.T) {
	s := NewStore(Options{})
	a := openSession(t, s)
	c := txn(a, 1, Command{Op: "append", Key: "x", Value: raw("1")}, Command{Op: "add", Key: "n", Value: raw("1")})
	first := run(t, s, c)
	if again := run(t, s, c); !reflect.DeepEqual(again, first) {
		t.Errorf("the retry got %+v, the first attempt %+v", again, first)
	}
	wantState(t, s, "x", "[1]")
	wantState(t, s, "n", "1")
}

// One that only reads needs no entry of the log, and sees one state.
func TestATransactionOfReads(t *testing.T) {
	s := NewStore(Options{})
	run(t, s, Command{Op: "put", Key: "x", Value: raw("1")})
	before := s.Applied()
	if r := run(t, s, txn(0, 0, Command{Op: "get", Key: "x"}, Command{Op: "get", Key: "y"})); string(r.Value) != "[1,null]" || s.Applied() != before {
		t.Errorf("answered %+v with %d entries applied, want [1,null] and %d", r, s.Applied(), before)
	}
}

func TestWhatATransactionConcerns(t *testing.T) {
	c := txn(0, 0, Command{Op: "put", Key: "x", Value: raw("1")}, Command{Op: "cas", Key: "y", From: raw("1"), To: raw("2")})
	for key, want := range map[string]string{"x": "1", "y": "2"} {
		if value, ok := Concerns(c.Encode(), key); !ok || string(value) != want {
			t.Errorf("%s: %s, %t", key, value, ok)
		}
	}
	if _, ok := Concerns(c.Encode(), "z"); ok {
		t.Error("it concerns a key that is not in it")
	}
}

func TestATransactionInATransactionStopsTheNode(t *testing.T) {
	inner := txn(0, 0, Command{Op: "put", Key: "x", Value: raw("1")})
	outer := txn(0, 0, inner)
	if _, err := NewStore(Options{}).Apply(raft.Entry{Index: 1, Data: outer.Encode()}); err == nil {
		t.Error("it was applied")
	}
}
