package kv

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"schism/targetnode/raft"
)

func raw(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

// run prepares a command as the API does and applies it as an entry, or reads it.
func run(t *testing.T, s *Store, c Command) Result {
	t.Helper()
	if err := c.Prepare(); err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	if c.ReadOnly() {
		return s.Read(&c)
	}
	r, err := s.Apply(raft.Entry{Index: s.Applied() + 1, Term: 4, Data: c.Encode()})
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	return r
}

func TestRegisterOperations(t *testing.T) {
	s := NewStore(Options{})
	for _, step := range []struct {
		c             Command
		refused, says string
	}{
		{Command{Op: "get", Key: "x"}, "", "null"},
		{Command{Op: "cas", Key: "x", From: raw("1"), To: raw("2")}, Mismatch, "null"},
		{Command{Op: "cas", Key: "x", From: raw("null"), To: raw(`{ "a": [1, "b c"] }`)}, "", ""},
		{Command{Op: "get", Key: "x"}, "", `{"a":[1,"b c"]}`},
		{Command{Op: "cas", Key: "x", From: raw("null"), To: raw("2")}, Mismatch, `{"a":[1,"b c"]}`},
		{Command{Op: "cas", Key: "x", From: raw(`{"a":[1,"b c"]}`), To: raw("2")}, "", ""},
		{Command{Op: "cas", Key: "x", From: raw(" 2 "), To: raw("2")}, "", ""},
		{Command{Op: "get", Key: "y"}, "", "null"},
		{Command{Op: "put", Key: "y", Value: raw("0")}, "", ""},
		{Command{Op: "get", Key: "y"}, "", "0"},
	} {
		r := run(t, s, step.c)
		if r.Refused != step.refused || string(r.Value) != step.says || r.Applied != s.Applied() {
			t.Errorf("%+v: refused %q value %s at %d, want %q %s at %d", step.c, r.Refused, r.Value, r.Applied, step.refused, step.says, s.Applied())
		}
	}
	want := Snapshot{Applied: 6, Term: 4, Values: map[string]json.RawMessage{"x": raw("2"), "y": raw("0")}, Sessions: []Session{}}
	if got := s.Snapshot(); !reflect.DeepEqual(got, want) {
		t.Errorf("snapshot %+v, want %+v", got, want)
	}
}

func TestDelete(t *testing.T) {
	s := NewStore(Options{})
	run(t, s, Command{Op: "delete", Key: "x"}) // what was never written stays so
	run(t, s, Command{Op: "put", Key: "x", Value: raw("1")})
	run(t, s, Command{Op: "delete", Key: "x"})
	wantState(t, s, "x", "null")
	if _, there := s.Snapshot().Values["x"]; there {
		t.Error("a deleted key is in the snapshot")
	}
	if r := run(t, s, Command{Op: "cas", Key: "x", From: raw("null"), To: raw("2")}); r.Refused != "" {
		t.Errorf("a cas from null after the delete: %+v", r)
	}
}

func TestAdd(t *testing.T) {
	s := NewStore(Options{})
	a := openSession(t, s)
	run(t, s, Command{Op: "put", Key: "list", Value: raw("[1]")})
	run(t, s, Command{Op: "put", Key: "fraction", Value: raw("1.5")})
	for _, step := range []struct {
		key, value           string
		refused, says, reads string
	}{
		{"x", "5", "", "5", "5"},
		{"x", "-7", "", "-2", "-2"},
		{"x", "0", "", "-2", "-2"},
		{"max", "9223372036854775807", "", "9223372036854775807", "9223372036854775807"},
		{"max", "1", OutOfBounds, "9223372036854775807", "9223372036854775807"},
		{"max", "-1", "", "9223372036854775806", "9223372036854775806"},
		{"min", "-9223372036854775808", "", "-9223372036854775808", "-9223372036854775808"},
		{"min", "-1", OutOfBounds, "-9223372036854775808", "-9223372036854775808"},
		{"list", "1", NotANumber, "[1]", "[1]"},
		{"fraction", "1", NotANumber, "1.5", "1.5"},
	} {
		r := run(t, s, Command{Op: "add", Key: step.key, Value: raw(step.value)})
		if r.Refused != step.refused || string(r.Value) != step.says {
			t.Errorf("add %s to %s: refused %q, says %s; want %q, %s", step.value, step.key, r.Refused, r.Value, step.refused, step.says)
		}
		wantState(t, s, step.key, step.reads)
	}
	first := run(t, s, Command{Op: "add", Key: "y", Value: raw("3"), Client: a, Seq: 1})
	if again := run(t, s, Command{Op: "add", Key: "y", Value: raw("3"), Client: a, Seq: 1}); !reflect.DeepEqual(again, first) {
		t.Errorf("the retry got %+v, the first attempt %+v", again, first)
	}
	wantState(t, s, "y", "3")
}

// A list that is popped is a queue, and a retried pop takes one element.
func TestPop(t *testing.T) {
	s := NewStore(Options{})
	a := openSession(t, s)
	run(t, s, Command{Op: "put", Key: "number", Value: raw("1.5")})
	for _, v := range []string{`1`, `["a, b]",{"c":[2]}]`, `"]"`} {
		run(t, s, Command{Op: "append", Key: "x", Value: raw(v)})
	}
	for i, step := range []struct {
		key, refused, says, rests string
	}{
		{"x", "", `1`, `[["a, b]",{"c":[2]}],"]"]`},
		{"x", "", `["a, b]",{"c":[2]}]`, `["]"]`},
		{"x", "", `"]"`, `[]`},
		{"x", "", `null`, `[]`},
		{"new", "", `null`, `null`},
		{"number", NotAList, `1.5`, `1.5`},
	} {
		c := Command{Op: "pop", Key: step.key, Client: a, Seq: uint64(i + 1)}
		first := run(t, s, c)
		if first.Refused != step.refused || string(first.Value) != step.says {
			t.Errorf("pop %s: refused %q, says %s; want %q, %s", step.key, first.Refused, first.Value, step.refused, step.says)
		}
		if again := run(t, s, c); !reflect.DeepEqual(again, first) {
			t.Errorf("the retry got %+v, the first attempt %+v", again, first)
		}
		wantState(t, s, step.key, step.rests)
	}
	run(t, s, Command{Op: "append", Key: "x", Value: raw("7")})
	wantState(t, s, "x", "[7]")
}

func TestPrepareRefusesInWords(t *testing.T) {
	long := strings.Repeat("k", MaxKeyBytes+1)
	big := raw(`"` + strings.Repeat("v", MaxValueBytes) + `"`)
	for _, c := range []struct {
		c    Command
		says string
	}{
		{Command{Op: "del", Key: "x"}, `unknown op "del"; there are add, append, cas, delete, get, open-session, pop, put, txn`},
		{Command{Op: "get"}, "key is missing"},
		{Command{Op: "get", Key: long}, "the limit is 1024"},
		{Command{Op: "get", Key: "x", Value: raw("1")}, "get takes no value"},
		{Command{Op: "put", Key: "x"}, "value is missing"},
		{Command{Op: "put", Key: "x", Value: raw("null")}, "never written"},
		{Command{Op: "put", Key: "x", Value: big}, "the limit is 1048576"},
		{Command{Op: "put", Key: "x", Value: raw("{")}, "value is not JSON"},
		{Command{Op: "cas", Key: "x", From: raw("1")}, "to is missing: cas needs it"},
		{Command{Op: "cas", From: raw("1")}, "key is missing\nto is missing"},
		{Command{Op: "cas", Key: "x", From: raw("1"), To: raw(" null")}, "to is null"},
		{Command{Op: "open-session", Key: "x"}, "open-session takes no key"},
		{Command{Op: "delete", Key: "x", Value: raw("1")}, "delete takes no value"},
		{Command{Op: "delete"}, "key is missing"},
		{Command{Op: "txn"}, "ops are missing"},
		{Command{Op: "txn", Key: "x", Ops: []Command{{Op: "get", Key: "x"}}}, "txn takes no key"},
		{Command{Op: "get", Key: "x", Ops: []Command{{Op: "get", Key: "x"}}}, "get takes no ops"},
		{Command{Op: "txn", Ops: make([]Command, MaxTxnOps+1)}, "the limit is 128"},
		{Command{Op: "txn", Ops: []Command{{Op: "get", Key: "x"}, {Op: "put", Key: "x"}}}, "op 2: value is missing"},
		{Command{Op: "txn", Ops: []Command{{Op: "open-session"}}}, "op 1: open-session cannot be part"},
		{Command{Op: "txn", Ops: []Command{{Op: "txn", Ops: []Command{{Op: "get", Key: "x"}}}}}, "op 1: txn cannot be part"},
		{Command{Op: "txn", Ops: []Command{{Op: "delete", Key: "x", Client: 1, Seq: 1}}}, "op 1: client and seq identify the transaction as a whole"},
		{Command{Op: "txn", Ops: []Command{{Op: "get", Key: "x"}}, Client: 1, Seq: 1}, "txn takes no client and seq"},
		{Command{Op: "add", Key: "x"}, "value is missing: add needs it"},
		{Command{Op: "add", Key: "x", Value: raw("1.0")}, "value is no whole number of 64 bits"},
		{Command{Op: "add", Key: "x", Value: raw("1e3")}, "value is no whole number of 64 bits"},
		{Command{Op: "add", Key: "x", Value: raw(`"1"`)}, "value is no whole number of 64 bits"},
		{Command{Op: "add", Key: "x", Value: raw("9223372036854775808")}, "value is no whole number of 64 bits"},
		{Command{Op: "put", Key: "x", Value: raw("1"), Client: 1}, "one of them is missing"},
		{Command{Op: "put", Key: "x", Value: raw("1"), Seq: 1}, "one of them is missing"},
		{Command{Op: "get", Key: "x", Client: 1, Seq: 1}, "get takes no client and seq"},
		{Command{Op: "open-session", Client: 1, Seq: 1}, "open-session takes no client and seq"},
	} {
		err := c.c.Prepare()
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.60v: %v, want %q", fmt.Sprint(c.c), err, c.says)
		}
	}
}

func TestEncodeRoundTrip(t *testing.T) {
	for _, c := range []Command{
		{Op: "put", Key: "x", Value: raw("1")},
		{Op: "put", Key: strings.Repeat("k", 300), Value: raw(`"` + strings.Repeat("v", 3000) + `"`)},
		{Op: "cas", Key: "x", From: raw("null"), To: raw("2")},
		{Op: "append", Key: "x", Value: raw("2"), Client: 1 << 63, Seq: 300},
		{Op: "open-session"},
		{Op: "add", Key: "x", Value: raw("-7"), Client: 3, Seq: 1},
		{Op: "delete", Key: "x"},
		{Op: "txn", Ops: []Command{{Op: "get", Key: "x"}, {Op: "cas", Key: "y", From: raw("1"), To: raw("2")}, {Op: "add", Key: "z", Value: raw("1")}}, Client: 3, Seq: 9},
	} {
		encoded := c.Encode()
		_, got, err := decode(encoded)
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("decoded %+v, %v; want %+v", got, err, c)
		}
	}
}

func TestAnUnreadableEntryStopsTheNode(t *testing.T) {
	good := (&Command{Op: "put", Key: "x", Value: raw("1")}).Encode()
	for name, data := range map[string][]byte{
		"empty": {}, "unknown operation": {99, 1, 'x'}, "unknown tag": append(slices.Clone(good), 99, 0), "short": good[:len(good)-1],
		"short identity": append(slices.Clone(good), identityTag, 1, 5), "no client": append(slices.Clone(good), identityTag, 2, 0, 5),
		"long identity": append(slices.Clone(good), identityTag, 3, 1, 5, 5),
	} {
		s := NewStore(Options{})
		if _, err := s.Apply(raft.Entry{Index: 1, Data: data}); err == nil || s.Applied() != 0 {
			t.Errorf("%s: error %v, applied %d; want an error and 0", name, err, s.Applied())
		}
	}
	if _, err := NewStore(Options{}).Apply(raft.Entry{Index: 2, Data: good}); err == nil {
		t.Error("a gap in the log went unnoticed")
	}
}

// TestSnapshotIsAtomic applies pairs of entries that write the same number while snapshots are
// taken: a snapshot's applied index must say exactly which of the two are in it.
func TestSnapshotIsAtomic(t *testing.T) {
	s := NewStore(Options{})
	var applying sync.WaitGroup
	applying.Go(func() {
		for i := range 2000 {
			for _, key := range []string{"a", "b"} {
				run(t, s, Command{Op: "put", Key: key, Value: raw(fmt.Sprint(i))})
			}
		}
	})
	for applied := raft.Index(0); applied < 4000; {
		snap := s.Snapshot()
		applied = snap.Applied
		want := map[string]json.RawMessage{}
		if applied > 0 {
			want["a"] = raw(fmt.Sprint((applied - 1) / 2))
		}
		if applied > 1 {
			want["b"] = raw(fmt.Sprint(applied/2 - 1))
		}
		if !reflect.DeepEqual(snap.Values, want) {
			t.Errorf("after entry %d: %s, want %s", applied, snap.Values, want)
			break
		}
	}
	applying.Wait()
}

func TestTheTableIsSortedAndItsCodesAreUnique(t *testing.T) {
	codes := map[byte]string{}
	for i, op := range table {
		if i > 0 && table[i-1].name >= op.name {
			t.Errorf("%s stands after %s", op.name, table[i-1].name)
		}
		if other, taken := codes[op.code]; taken {
			t.Errorf("%s and %s share the code %d", op.name, other, op.code)
		}
		codes[op.code] = op.name
		for name := range op.takes {
			if !slices.ContainsFunc(fields[:], func(f field) bool { return f.name == name }) {
				t.Errorf("%s takes %s, which is no field", op.name, name)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add((&Command{Op: "put", Key: "x", Value: raw("1")}).Encode())
	f.Add((&Command{Op: "cas", Key: "x", From: raw("null"), To: raw("2")}).Encode())
	f.Add((&Command{Op: "append", Key: "x", Value: raw("1"), Client: 7, Seq: 1}).Encode())
	f.Add((&Command{Op: "txn", Ops: []Command{{Op: "get", Key: "x"}, {Op: "put", Key: "y", Value: raw("1")}}, Client: 7, Seq: 1}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		_, c, err := decode(b)
		if err != nil {
			return
		}
		_, again, err := decode(c.Encode())
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%+v became %+v, %v", c, again, err)
		}
	})
}
