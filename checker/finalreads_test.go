package checker

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"schism/history"
)

// finals is a history whose clients did ops, one after the other unless they say otherwise, and whose
// nodes n1, n2, n3 were then read.
func finals(ops []history.Operation, reads ...history.Operation) *history.History {
	h := &history.History{Header: history.Header{Nodes: []string{"n1", "n2", "n3"}}}
	for i, op := range ops {
		op.Key = "x"
		if op.Return == 0 {
			op.Call, op.Return = int64(10*i), int64(10*i+5)
		}
		op.CallTime, op.ReturnTime = time.Duration(op.Call)*time.Second, time.Duration(op.Return)*time.Second
		h.Operations = append(h.Operations, op)
	}
	for i, op := range reads {
		op.F, op.Process = history.FinalRead, history.Process(100+i)
		op.Call, op.Return = int64(500+2*i), int64(501+2*i)
		h.FinalReads = append(h.FinalReads, op)
	}
	return h
}

func holds(node string, applied uint64, x string) history.Operation {
	state := map[string]history.Value{}
	if x != "null" {
		state["x"] = history.Value(x)
	}
	return history.Operation{Node: node, Outcome: history.OK, Output: history.Encode(history.FinalState{Applied: applied, State: state})}
}

func all(applied uint64, x string) []history.Operation {
	return []history.Operation{holds("n1", applied, x), holds("n2", applied, x), holds("n3", applied, x)}
}

func silent(node string) history.Operation {
	return history.Operation{Node: node, Outcome: history.Fail, Error: "connection refused"}
}

func wrote(v string, outcome history.Kind) history.Operation {
	return history.Operation{Process: 3, Node: "n1", F: history.Write, Input: history.Value(v), Outcome: outcome}
}

func saw(v string) history.Operation {
	return history.Operation{Process: 7, Node: "n2", F: history.Read, Output: history.Value(v), Outcome: history.OK}
}

func swapped(from, to string, outcome history.Kind) history.Operation {
	return history.Operation{Process: 4, Node: "n1", F: history.CAS, Input: history.Pair(history.Value(from), history.Value(to)), Outcome: outcome}
}

func pushed(token string) history.Operation {
	return history.Operation{Process: 5, Node: "n1", F: history.Append, Input: history.Value(token), Outcome: history.OK}
}

func together(outcome history.Kind, text string) history.Operation {
	return history.Operation{Process: 6, Node: "n1", F: history.Txn, Input: history.Value(text), Output: history.Value(text), Outcome: outcome}
}

func at(op history.Operation, call, ret int64) history.Operation {
	op.Call, op.Return = call, ret
	return op
}

func TestFinalReads(t *testing.T) {
	for _, tc := range []struct {
		name    string
		ops     []history.Operation
		reads   []history.Operation
		verdict Verdict
		want    []string // of the message, or of the one anomaly
		proof   []int64
	}{
		{
			name: "all there, by a transaction", ops: []history.Operation{wrote("1", history.OK), together(history.OK, `[["r","x",1],["w","x",3],["w","x",2]]`)}, reads: all(7, "2"),
			verdict: Valid, want: []string{"3 of 3 nodes held the same"},
		},
		{
			name: "what a transaction wrote is lost", ops: []history.Operation{wrote("1", history.OK), together(history.OK, `[["w","x",2]]`)}, reads: all(7, "1"),
			verdict: Invalid, want: []string{"Lost write: client 6's transaction (write x = 2) was acknowledged by n1 at 15.000 s, but at the end n1, n2 and n3 held x = 1, which is older."},
			proof: []int64{0, 10, 500},
		},
		{
			name: "what a transaction was shown is lost", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.Info), together(history.OK, `[["r","x",2],["r","y",null]]`)}, reads: all(7, "1"),
			verdict: Invalid, want: []string{"Lost write: client 3's write x = 2 was seen by client 6 at n1 at 25.000 s, but at the end n1, n2 and n3 held x = 1, which is older."},
			proof: []int64{0, 10, 20, 500},
		},
		{
			name: "a transaction that was refused", ops: []history.Operation{wrote("1", history.OK), together(history.Fail, `[["w","x",2]]`)}, reads: all(7, "2"),
			verdict: Invalid, want: []string{"Dirty read: at the end n1 held x = 2, although client 6's transaction (write x = 2) had been refused by n1: what fails must never be seen."},
			proof: []int64{10, 500},
		},
		{
			name: "all there", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.OK)}, reads: all(7, "2"),
			verdict: Valid, want: []string{"3 of 3 nodes held the same"},
		},
		{
			name: "an acknowledged write is gone", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.OK)}, reads: all(7, "1"),
			verdict: Invalid,
			want:    []string{LostWrite, "Lost write: client 3's write x = 2 was acknowledged by n1 at 15.000 s, but at the end n1, n2 and n3 held x = 1, which is older."},
			proof:   []int64{0, 10, 500},
		},
		{
			name: "a list is no register of which nobody wrote the value", ops: []history.Operation{pushed("1"), pushed("2")}, reads: all(7, "[1,2]"),
			verdict: Valid,
		},
		{
			name: "lists differ", ops: []history.Operation{pushed("1"), pushed("2")},
			reads:   []history.Operation{holds("n1", 7, "[1,2]"), holds("n2", 7, "[1,2,1]"), holds("n3", 7, "[1,2]")},
			verdict: Invalid, want: []string{Fractured, "n2 held x = [1,2,1], although n1 held [1,2] at the same applied index 7"}, proof: []int64{500, 502},
		},
		{
			name: "all is gone", ops: []history.Operation{wrote("1", history.OK)}, reads: all(0, "null"),
			verdict: Invalid, want: []string{LostWrite, "held x = nil"}, proof: []int64{0, 500},
		},
		{
			name: "an unknown write may have come late", ops: []history.Operation{wrote("1", history.Info), wrote("2", history.OK)}, reads: all(7, "1"),
			verdict: Valid,
		},
		{
			name: "an unknown write that was seen before the other began cannot", ops: []history.Operation{wrote("1", history.Info), saw("1"), wrote("2", history.OK)}, reads: all(7, "1"),
			verdict: Invalid, want: []string{LostWrite, "write x = 2"}, proof: []int64{0, 10, 20, 500},
		},
		{
			name: "an unknown write that was seen is a promise too", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.Info), saw("2")}, reads: all(7, "1"),
			verdict: Invalid, want: []string{LostWrite, "client 3's write x = 2 was seen by client 7 at n2 at 25.000 s"}, proof: []int64{0, 10, 20, 500},
		},
		{
			name: "one that was not seen is none", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.Info)}, reads: all(7, "1"),
			verdict: Valid,
		},
		{
			name: "concurrent writes come in any order", ops: []history.Operation{at(wrote("1", history.OK), 1, 20), at(wrote("2", history.OK), 5, 9)}, reads: all(7, "1"),
			verdict: Valid,
		},
		{
			name: "a value written twice is as old as its last write", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.OK), wrote("1", history.OK)}, reads: all(7, "1"),
			verdict: Valid,
		},
		{
			name: "a cas is a write", ops: []history.Operation{wrote("1", history.OK), swapped("1", "2", history.OK)}, reads: all(7, "1"),
			verdict: Invalid, want: []string{LostWrite, "client 4's cas of x from 1 to 2 was acknowledged"}, proof: []int64{0, 10, 500},
		},
		{
			name: "one node that holds it is enough", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.OK)},
			reads:   []history.Operation{holds("n1", 6, "1"), holds("n2", 6, "1"), holds("n3", 7, "2"), holds("n2", 7, "2"), holds("n1", 7, "2")},
			verdict: Valid,
		},
		{
			name: "seen afterwards: the nodes were behind", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.OK), at(saw("2"), 900, 901)}, reads: all(6, "1"),
			verdict: Valid,
		},
		{
			name: "what was refused", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.Fail)}, reads: all(7, "2"),
			verdict: Invalid, want: []string{DirtyRead, "at the end n1 held x = 2, although client 3's write x = 2 had been refused by n1"}, proof: []int64{10, 500},
		},
		{
			name: "what nobody wrote", ops: []history.Operation{wrote("1", history.OK)}, reads: all(7, "44"),
			verdict: Invalid, want: []string{DirtyRead, "nobody ever asked"}, proof: []int64{500},
		},
		{
			name: "different at one index", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.Info)},
			reads:   []history.Operation{holds("n1", 7, "1"), holds("n2", 7, "2"), holds("n3", 7, "1")},
			verdict: Invalid, want: []string{Fractured, "n2 held x = 2, although n1 held 1 at the same applied index 7"}, proof: []int64{500, 502},
		},
		{
			name: "different at different indexes, and never again compared", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.Info)},
			reads:   []history.Operation{holds("n1", 7, "1"), holds("n2", 8, "2"), holds("n3", 7, "1")},
			verdict: Unknown, want: []string{"n2 never stood at the same applied index"},
		},
		{
			name: "compared at the second attempt", ops: []history.Operation{wrote("1", history.OK), wrote("2", history.Info)},
			reads:   []history.Operation{holds("n1", 7, "1"), holds("n2", 8, "2"), holds("n3", 7, "1"), holds("n1", 8, "2")},
			verdict: Valid,
		},
		{
			name: "a minority may be silent", ops: []history.Operation{wrote("1", history.OK)},
			reads:   []history.Operation{holds("n1", 7, "1"), silent("n2"), holds("n3", 7, "1")},
			verdict: Valid, want: []string{"2 of 3 nodes", "n2: connection refused"},
		},
		{
			name: "a majority must not, and proves no loss", ops: []history.Operation{wrote("1", history.OK)},
			reads:   []history.Operation{holds("n1", 7, "null"), silent("n2"), silent("n3")},
			verdict: Unknown, want: []string{"Only 1 of 3 nodes"},
		},
		{
			name: "nobody answered", ops: []history.Operation{wrote("1", history.OK)},
			reads:   []history.Operation{silent("n1"), silent("n2"), silent("n3")},
			verdict: Unknown, want: []string{"No node answered"},
		},
		{
			name: "none were made", ops: []history.Operation{wrote("1", history.OK)},
			verdict: Vacuous, want: []string{"no final reads"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := FinalReads{}.Check(t.Context(), finals(tc.ops, tc.reads...))
			if c.Verdict != tc.verdict {
				t.Fatalf("verdict %v, want %v: %+v", c.Verdict, tc.verdict, c)
			}
			text := c.Message
			if tc.verdict == Invalid {
				if len(c.Anomalies) != 1 {
					t.Fatalf("want one anomaly: %+v", c.Anomalies)
				}
				a := c.Anomalies[0]
				text = a.Name + ": " + a.Message
				if len(a.Ops) != len(tc.proof) {
					t.Fatalf("operations %v, want %v", a.Ops, tc.proof)
				}
				for i := range a.Ops {
					if a.Ops[i] != tc.proof[i] {
						t.Fatalf("operations %v, want %v", a.Ops, tc.proof)
					}
				}
			}
			for _, want := range tc.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q does not say %q", text, want)
				}
			}
		})
	}
}

func TestFinalReadThatIsNone(t *testing.T) {
	h := finals(nil, history.Operation{Node: "n1", Outcome: history.OK, Output: history.Value(`[1]`)})
	if c := (FinalReads{}).Check(t.Context(), h); c.Verdict != Unknown || !strings.Contains(c.Message, "n1") {
		t.Errorf("want unknown, with the node's name: %+v", c)
	}
}

func TestWhereLongValuesDiffer(t *testing.T) {
	long := "[" + strings.Repeat("1,", 40)
	for _, c := range []struct{ a, b, first, second string }{
		{"1", "2", "1", "2"},
		{"null", "[1,2]", "nil", "[1,2]"},
		{long + "2]", long + "3]", "…1,1,1,1,1,1,2]", "…1,1,1,1,1,1,3]"},
		{long + "2]", long[:len(long)-1] + "]", "…,1,1,1,1,1,1,2]", "…,1,1,1,1,1,1]"},
	} {
		if first, second := ShowApart(history.Value(c.a), history.Value(c.b)); first != c.first || second != c.second {
			t.Errorf("%s and %s are shown as %s and %s", c.a, c.b, first, second)
		}
	}
}

// As many keys as operations take no time to speak of.
func TestFinalReadsOfManyKeys(t *testing.T) {
	const keys = 20_000
	state := make(map[string]history.Value, keys)
	h := &history.History{Header: history.Header{Nodes: []string{"n1"}}}
	for i := range int64(keys) {
		name, v := strconv.FormatInt(i, 10), history.Int(i)
		state[name] = v
		h.Operations = append(h.Operations, history.Operation{F: history.Write, Key: name, Input: v, Outcome: history.OK, Call: 2 * i, Return: 2*i + 1})
	}
	delete(state, "7")
	h.FinalReads = []history.Operation{{Node: "n1", F: history.FinalRead, Outcome: history.OK, Call: 2 * keys, Return: 2*keys + 1, Output: history.Encode(history.FinalState{State: state})}}
	done := make(chan Check, 1)
	go func() { done <- FinalReads{}.Check(t.Context(), h) }()
	select {
	case c := <-done:
		if c.Verdict != Invalid || len(c.Anomalies) != 1 || c.Anomalies[0].Key != "7" {
			t.Errorf("%v with %d anomalies, want the loss of 7", c.Verdict, len(c.Anomalies))
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("no answer on %d keys after 20 s", keys)
	}
}

// Why a node is missing at the end is told, though nobody asked it.
func TestFinalReadsKnowWhoRefusedToStart(t *testing.T) {
	h := finals([]history.Operation{wrote("1", history.OK)}, holds("n1", 7, "1"), holds("n3", 7, "1"))
	h.Refusals = []history.Refusal{{Node: "n2", Said: "1.wal, offset 9: damaged"}}
	if c := (FinalReads{}).Check(t.Context(), h); c.Verdict != Valid || !strings.Contains(c.Message, "2 of 3 nodes held the same at the end; the others did not answer: n2: it refused") {
		t.Errorf("%v: %s", c.Verdict, c.Message)
	}
}
