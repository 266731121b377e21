package report

import (
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

func asked(f, input, output string, outcome history.Kind) proofOp {
	return proofOp{key: "x", Operation: history.Operation{F: f, Key: "x", Input: history.Value(input), Output: history.Value(output), Outcome: outcome}}
}

// Every operation of every workload is told as a person says it.
func TestWordsOfOperations(t *testing.T) {
	const txn = `[["r","x",null],["w","y",2],["w","x",3]]`
	for _, c := range []struct {
		o                   proofOp
		words, brief, holds string
	}{
		{asked("write", "5", "5", history.OK), "write x = 5", "write 5", "5"},
		{asked("append", "5", "5", history.OK), "append 5 to x", "append 5", "5"},
		{asked("add", "1", "1", history.Info), "add 1 to x", "add 1", "1"},
		{asked("read", "", "[1,2]", history.OK), "read x → [1,2]", "read [1,2]", "[1,2]"},
		{asked("read", "", "", history.Fail), "read x", "read x", "?"},
		{asked("enqueue", "5", "5", history.OK), "enqueue 5 on x", "enqueue 5", "5"},
		{asked("dequeue", "", "5", history.OK), "dequeue x → 5", "dequeue 5", "5"},
		{asked("dequeue", "", "null", history.OK), "dequeue x → nothing", "dequeue nothing", "nothing"},
		{asked("dequeue", "", "", history.Info), "dequeue x", "dequeue x", "?"},
		{asked("acquire", "7", "7", history.OK), "acquire x as 7", "acquire as 7", "7"},
		{asked("release", "", "", history.OK), "release x", "release", "nil"},
		{asked("put", `"a"`, "", history.OK), `put x = "a"`, `put "a"`, `"a"`},
		{asked("get", "", `"a"`, history.OK), `get x → "a"`, `get "a"`, `"a"`},
		{asked("txn", txn, `[["r","x",9],["w","y",2],["w","x",3]]`, history.OK), "read x → 9, write y = 2, write x = 3", "x = 3", "3"},
		{asked("txn", txn, "", history.Info), "read x, write y = 2, write x = 3", "x = 3", "3"},
		{asked("txn", `[["append","x",3],["r","y",null],["append","y",4]]`, `[["append","x",3],["r","y",[1,2]],["append","y",4]]`, history.OK),
			"append 3 to x, read y → [1,2], append 4 to y", "x = 3", "3"},
		{asked("txn", `[["r","x",null]]`, `[["r","x",[1001,1002,1003,1004,1005,1006,1007,1008]]]`, history.OK),
			"read x → […,1003,1004,1005,1006,1007,1008]", "x = […,1003,1004,1005,1006,1007,1008]", "[…,1003,1004,1005,1006,1007,1008]"},
		{asked("txn", `[["r","x",null]]`, "", history.Fail), "read x", "x = ?", "?"},
	} {
		if c.o.words() != c.words || c.o.brief() != c.brief || c.o.holds() != c.holds {
			t.Errorf("%s %s %s: %q, %q, %q; want %q, %q, %q", c.o.F, c.o.Input, c.o.Outcome, c.o.words(), c.o.brief(), c.o.holds(), c.words, c.brief, c.holds)
		}
	}
}

// What contradicts what is said in the words of the object.
func TestLensOfEveryObject(t *testing.T) {
	for _, c := range []struct {
		anomaly, clock, value, end string
		ops                        []proofOp
	}{
		{checker.SplitBrain, "by the clock: 1 had it 9 ms earlier", "by the answer: 2 got it, so nobody had it", "A lock has one holder at most.",
			[]proofOp{asked("acquire", "1", "1", history.OK), asked("acquire", "2", "2", history.OK)}},
		{checker.StaleRead, "by the clock: 1 came 9 ms earlier", "by the answer: there was nothing, and so not 1", "No order of these operations allows it.",
			[]proofOp{asked("enqueue", "1", "1", history.OK), asked("dequeue", "", "null", history.OK)}},
		{checker.Reordered, "by the clock: 1 was put in 19 ms earlier", "by the order: 2 came out, and 1 had not", "No order of these operations allows it.",
			[]proofOp{asked("enqueue", "1", "1", history.OK), asked("enqueue", "2", "2", history.OK), asked("dequeue", "", "2", history.OK)}},
		{checker.StaleRead, "by the clock: it was added 9 ms earlier", "by the value: 4 does not count it", "No order of these operations allows it.",
			[]proofOp{asked("add", "1", "1", history.OK), asked("read", "", "4", history.OK)}},
		{checker.LostWrite, "by the clock: 5 came 9 ms earlier", "by the value: [1] is there, 5 is not", "What was acknowledged is gone.",
			[]proofOp{asked("append", "5", "5", history.OK), asked("read", "", "[1]", history.OK)}},
		{checker.StaleRead, "by the clock: 2 came 9 ms earlier", "by the value: it read 1, so it came before 2", "No order of these operations allows it.",
			[]proofOp{asked("txn", `[["w","y",7],["w","x",2]]`, `[["w","y",7],["w","x",2]]`, history.OK), asked("txn", `[["r","z",null],["r","x",null]]`, `[["r","z",7],["r","x",1]]`, history.OK)}},
		{checker.MonotonicWrites, "by the clock: 1 came 19 ms earlier", "by the value: what its client wrote afterwards is there, and this is not before it", "What came later is there without it.",
			[]proofOp{asked("append", "1", "1", history.OK), asked("append", "2", "2", history.OK), asked("read", "", "[2]", history.OK)}},
		{checker.WritesFollowReads, "by the clock: [1] came 19 ms earlier", "by the value: what its client wrote afterwards is there, and this is not before it", "What came later is there without it.",
			[]proofOp{asked("read", "", "[1]", history.OK), asked("append", "2", "2", history.OK), asked("read", "", "[2]", history.OK)}},
		{checker.ReadYourWrites, "by the clock: 2 came 9 ms earlier", "by the value: it read 1, so it came before 2", "The client had seen more before.",
			[]proofOp{asked("write", "2", "2", history.OK), asked("read", "", "1", history.OK)}},
	} {
		h := &history.History{}
		a := checker.Anomaly{Name: c.anomaly, Key: "x"}
		for i, o := range c.ops {
			o.Call, o.Return = int64(2*i), int64(2*i+1)
			o.CallTime, o.ReturnTime = time.Duration(10*i)*time.Millisecond, time.Duration(10*i+1)*time.Millisecond
			h.Operations = append(h.Operations, o.Operation)
			a.Ops, a.Focus = append(a.Ops, o.Call), o.Call
		}
		s := story{anomaly: a, ops: proof(h, a)}
		l := lensOf(s)
		if l == nil {
			t.Errorf("%s of %s: nothing contradicts", c.anomaly, c.ops[0].F)
			continue
		}
		if l.clock.long != c.clock || l.value.long != c.value || s.conclusion() != c.end {
			t.Errorf("%s of %s: %q, %q, %q; want %q, %q, %q", c.anomaly, c.ops[0].F, l.clock.long, l.value.long, s.conclusion(), c.clock, c.value, c.end)
		}
	}
}

// Of hundreds of operations that are one like the other a reader is told the last.
func TestALongProofIsToldByFew(t *testing.T) {
	h := &history.History{}
	a := checker.Anomaly{Name: checker.StaleRead, Key: "x", Focus: 600}
	for i := range int64(301) {
		o := asked("add", "1", "1", history.OK).Operation
		if i == 300 {
			o = asked("read", "", "7", history.OK).Operation
		}
		o.Call, o.Return, o.Process = 2*i, 2*i+1, history.Process(i)
		o.CallTime, o.ReturnTime = time.Duration(10*i)*time.Millisecond, time.Duration(10*i+1)*time.Millisecond
		h.Operations = append(h.Operations, o)
		a.Ops = append(a.Ops, o.Call)
	}
	s, ok := newChronicle(h, nil).tell(a)
	if !ok || len(s.all) != 301 || len(s.ops) != mostDrawn || !s.ops[mostDrawn-1].focus || !s.ops[mostDrawn-2].rival {
		t.Fatalf("%d of %d are told: %+v", len(s.ops), len(s.all), s.ops)
	}
	if len(s.steps) > maxSteps {
		t.Errorf("%d steps", len(s.steps))
	}
	table := newChronicle(h, nil).table(&checker.Result{}, []story{s})
	if len(table.Rows) != mostRows {
		t.Errorf("%d rows", len(table.Rows))
	}
}
