package schism

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"schism/checker/checkertest"
	"schism/history"
)

// newLongCounter is of the workload counter.
func newLongCounter(keys int) *longRun {
	r := newLongRun(keys)
	r.ask = func(n int) step {
		s := step{f: history.Read, in: "null", out: strconv.Itoa(r.values[n%keys]), key: n % keys}
		if n/keys%2 == 0 {
			s.f, s.in, s.out = history.Add, "1", "1"
			r.values[s.key]++
		}
		return s
	}
	r.holds = func(key int) string { return strconv.Itoa(r.values[key]) }
	return r
}

// newLongQueue is of the workload queue. A queue gives out the last value a second time.
func newLongQueue(keys int) *longRun {
	r := newLongRun(keys)
	queues, last := make([][]string, keys), make([]string, keys)
	r.ask = func(n int) step {
		s := step{f: history.Dequeue, in: "null", out: "null", key: n % keys}
		q := &queues[s.key]
		switch {
		case n/keys%2 == 0:
			s.f, s.in, s.out = history.Enqueue, strconv.Itoa(n), strconv.Itoa(n)
			*q = append(*q, s.in)
		case len(*q) > 0:
			s.out, last[s.key] = (*q)[0], (*q)[0]
			*q = (*q)[1:]
		}
		return s
	}
	r.holds = func(key int) string { return last[key] }
	r.lie = func(key int, value string) { r.step(step{history.Dequeue, "null", value, key}) }
	return r
}

// newLongLocks is of the workload mutex: locks are acquired and released by turns. In the end somebody releases one
// who has done so before.
func newLongLocks(keys int) *longRun {
	r := newLongRun(keys)
	last := make([]string, keys)
	r.ask = func(n int) step {
		s := step{f: history.Acquire, in: strconv.Itoa(n), key: n % keys}
		if owner := r.values[s.key]; owner != 0 {
			s.f, s.in, n = history.Release, strconv.Itoa(owner), 0
			last[s.key] = s.in
		}
		r.values[s.key], s.out = n, s.in
		return s
	}
	r.holds = func(key int) string { return last[key] }
	r.lie = func(key int, value string) { r.step(step{history.Release, value, value, key}) }
	return r
}

// newLongGroup is of the workload multi-register: transactions that write two registers, or read both.
func newLongGroup() *longRun {
	r := newLongRun(1)
	held := [2]string{"null", "null"}
	read := func(values [2]string) string { return fmt.Sprintf(`[["r","x",%s],["r","y",%s]]`, values[0], values[1]) }
	r.ask = func(n int) step {
		s := step{f: history.Txn, in: read([2]string{"null", "null"}), out: read(held)}
		if n%2 == 0 {
			held = [2]string{strconv.Itoa(n), strconv.Itoa(n + 1)}
			s.in = fmt.Sprintf(`[["w","x",%s],["w","y",%s]]`, held[0], held[1])
			s.out = s.in
		}
		return s
	}
	r.holds = func(int) string { return read(held) }
	r.lie = func(key int, value string) { r.step(step{history.Txn, read([2]string{"null", "null"}), value, key}) }
	return r
}

// newTornGroup ends with a transaction that sees one half of another, which is still open: each register alone is right.
func newTornGroup() *longRun {
	r := newLongGroup()
	r.lie = func(key int, _ string) {
		var held [][]json.RawMessage
		if err := json.Unmarshal([]byte(r.holds(key)), &held); err != nil {
			panic(err)
		}
		const both = `[["w","x",100000001],["w","y",100000002]]`
		r.event(r.client[1], history.Invoke, history.Txn, key, both)
		r.step(step{history.Txn, `[["r","x",null],["r","y",null]]`, fmt.Sprintf(`[["r","x",100000001],["r","y",%s]]`, held[1][2]), key})
		r.event(r.client[1], history.OK, history.Txn, key, both)
	}
	return r
}

// randomObjects are events of a few clients on one object, which lies at times.
func randomObjects(r *rand.Rand, workload string) []history.Event {
	s := checkertest.Shape{Operations: 8 + r.IntN(12), Clients: 3, Unknown: 0.05, Fails: 0.05, Lies: []float64{0, 0.4}[r.IntN(2)]}
	return checkertest.Events(s.Play(r, &liar{Shape: s, Rand: r, workload: workload}))
}

// liar is an object of some workload.
type liar struct {
	checkertest.Shape
	*rand.Rand
	workload string
	asked    int
	held     []string   // what is in it; the owner of a lock
	past     [][]string // what was
}

func (l *liar) Ask(history.Process) history.Operation {
	puts := l.IntN(2) == 0
	f := map[string][2]string{
		"counter": {history.Add, history.Read}, "set": {history.Add, history.Read},
		"queue": {history.Enqueue, history.Dequeue}, "mutex": {history.Acquire, history.Release},
	}[l.workload]
	o := history.Operation{Key: "x", F: f[1], Input: history.Nil}
	switch {
	case puts && l.workload == "counter":
		o.F, o.Input = f[0], history.Int(1)
	case puts || l.workload == "mutex" && len(l.held) == 0:
		l.asked++
		o.F, o.Input = f[0], history.Int(int64(l.asked))
	case l.workload == "mutex":
		o.Input = history.Value(l.held[0])
	}
	return o
}

func (l *liar) TakeEffect(o *history.Operation) {
	if !l.Outcome(l.Rand, o) {
		return
	}
	lies := l.Float64() < l.Lies
	shown := l.held
	if lies && len(l.past) > 0 {
		shown = l.past[l.IntN(len(l.past))]
	}
	l.past = append(l.past, slices.Clone(l.held))
	switch o.F {
	case history.Add, history.Enqueue:
		l.held = append(l.held, string(o.Input))
	case history.Read:
		o.Output = history.Value("[" + strings.Join(shown, ",") + "]")
		if l.workload == "counter" {
			o.Output = history.Int(int64(len(shown)))
		}
	case history.Dequeue:
		o.Output = history.Nil
		if len(shown) > 0 {
			o.Output = history.Value(shown[0])
		}
		l.held = l.held[min(1, len(l.held)):]
	case history.Acquire, history.Release:
		if has := slices.Contains(l.held, string(o.Input)); lies || o.F == history.Acquire && len(l.held) == 0 || o.F == history.Release && has {
			l.held = nil
			if o.F == history.Acquire {
				l.held = []string{string(o.Input)}
			}
		} else {
			o.Outcome, o.Error = history.Fail, "not now"
		}
	}
	if o.Outcome != history.OK {
		o.Output = nil
	}
}
