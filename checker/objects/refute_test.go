package objects

import (
	"strings"
	"testing"

	"schism/checker"
	"schism/history"
)

// What is certain is told before Porcupine is asked, by as few operations as say it; what is not is left to it.
func TestRefuted(t *testing.T) {
	queue, set, registers, text := Queue(checker.Limits{}), Set(checker.Limits{}), MultiRegister(checker.Limits{}), KV(checker.Limits{})
	for name, c := range map[string]struct {
		check   checker.Checker
		history string // one operation a line: call, return or - of one without an answer, f, input, output
		want    string // name and operations; empty: nothing is certain
	}{
		"two are gone, and one dequeue has no answer": {queue, `
			0 1 enqueue 1
			2 3 enqueue 2
			4 - dequeue
			6 7 dequeue - null`, "lost-write [0 2 4 6]"},
		"one is gone": {queue, `
			0 1 enqueue 1
			4 - dequeue
			6 7 dequeue - null`, ""},
		"the dequeue came too late for that": {queue, `
			0 1 enqueue 1
			2 3 dequeue - null
			4 - dequeue`, "lost-write [0 2]"},
		"the enqueue may have come later": {queue, `
			0 3 enqueue 1
			2 4 dequeue - null
			5 - dequeue`, ""},
		"a later one came out": {queue, `
			0 1 enqueue 1
			2 3 enqueue 2
			4 5 dequeue - 2
			6 - dequeue`, "reordered [0 2 4]"},
		"a later one came out, and one dequeue has no answer": {queue, `
			0 1 enqueue 1
			2 3 enqueue 2
			4 - dequeue
			6 7 dequeue - 2`, ""},
		"an enqueue without an answer need not have been": {queue, `
			0 - enqueue 1
			2 - dequeue
			4 5 dequeue - null`, ""},
		"an enqueue without an answer was, if its value came out": {queue, `
			0 1 enqueue 1
			2 - enqueue 2
			4 5 dequeue - 2
			6 7 dequeue - 1`, "reordered [0 2 4 6]"},
		"the same value twice": {queue, `
			0 1 enqueue 1
			2 3 enqueue 1
			4 - dequeue
			6 7 dequeue - null`, ""},
		"taken twice": {queue, `
			0 1 enqueue 1
			2 3 dequeue - 1
			4 5 dequeue - 1
			6 - dequeue`, "duplicate-apply [0 2 4]"},
		"enqueued by nobody, though values recur": {queue, `
			0 - enqueue 1
			2 - enqueue 1
			4 5 dequeue - 1
			6 7 dequeue - 77`, "dirty-read [6]"},
		"dequeued before the first of two enqueues": {queue, `
			0 1 dequeue - 1
			2 3 enqueue 1
			4 5 enqueue 1`, "non-linearizable [0 2]"},
		"dequeued between two enqueues": {queue, `
			0 1 enqueue 1
			2 3 dequeue - 1
			4 5 enqueue 1
			6 - dequeue
			8 9 dequeue - null`, ""},
		"a value that nobody wrote, though values recur": {registers, `
			0 - txn [["w","x",1]]
			2 - txn [["w","x",1]]
			4 5 txn [["r","x",null]] [["r","x",77]]`, "dirty-read [4]"},
		"a value that somebody wrote, though values recur": {registers, `
			0 - txn [["w","x",1]]
			2 - txn [["w","x",1]]
			4 5 txn [["r","x",null]] [["r","x",1]]`, ""},
		"an element that nobody added, though others were added again": {set, `
			0 - add 1
			2 - add 1
			4 5 read - [1]
			6 7 read - [1,77]`, "dirty-read [6]"},
		"an element before the first of two adds of it": {set, `
			0 1 read - [1]
			2 3 add 1
			4 5 add 1`, "non-linearizable [0 2]"},
		"an element between two adds of it": {set, `
			0 1 add 1
			2 3 read - [1]
			4 5 add 1`, ""},
		"a register alone": {registers, `
			0 1 txn [["w","x",1],["w","y",1]]
			2 3 txn [["w","x",2]]
			4 5 txn [["r","y",null],["r","x",null]] [["r","y",1],["r","x",1]]`, "stale-read [0 2 4]"},
		"a read and a write are one step": {registers, `
			0 1 txn [["w","x",1]]
			2 5 txn [["r","x",null],["w","x",2]] [["r","x",1],["w","x",2]]
			3 4 txn [["r","x",null],["w","x",3]] [["r","x",1],["w","x",3]]`, "lost-update [0 2 3]"},
		"only two together": {registers, `
			0 9 txn [["w","x",1],["w","y",1]]
			2 3 txn [["r","x",null],["r","y",null]] [["r","x",1],["r","y",null]]`, "G-single [0 2]"},
		"a value that is written over at once": {registers, `
			0 1 txn [["w","x",1],["w","x",2]]
			2 3 txn [["r","x",null]] [["r","x",1]]`, "G1b [0 2]"},
		"a text without what was appended": {text, `
			0 1 put "a"
			2 3 append "b"
			4 5 get - "a"`, "stale-read [0 2 4]"},
		"a put may have come after it": {text, `
			0 3 put "a"
			2 4 append "b"
			5 6 get - "a"`, ""},
		"the append was not over": {text, `
			2 5 append "b"
			4 6 get - "a"`, ""},
		"written twice by one transaction": {MultiRegister(checker.Limits{}), `
			0 1 txn [["w","x",1],["w","x",2]]
			2 3 txn [["r","x",null]] [["r","x",2]]`, ""},
		"written, then read": {MultiRegister(checker.Limits{}), `
			0 1 txn [["w","x",1],["r","x",null]] [["w","x",1],["r","x",1]]
			2 3 txn [["r","x",null]] [["r","x",null]]`, "stale-read [0 2]"},
		"nothing says that it was": {text, `
			2 - append "b"
			4 6 get - "a"`, ""},
	} {
		h := &history.History{Operations: script(t, c.history)}
		got := ""
		for _, k := range c.check.(Checker).normalize(h) {
			if k.broken != "" {
				t.Fatalf("%s: %s", name, k.broken)
			}
			j := newJudgement(k)
			if k.object.fits != nil && k.object.fits(k) {
				j.found = k.object.decide(k)
			} else if !j.settled(t.Context(), c.check.(Checker)) {
				j.refuted(t.Context(), c.check.(Checker))
			}
			if len(j.found) == 0 {
				continue
			}
			x := explainer{h: h, all: []*judgement{j}}
			a := x.words(j.found[0], 1)
			got = a.Name + " " + strings.ReplaceAll(string(history.Encode(a.Ops)), ",", " ")
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func script(t *testing.T, text string) (all []history.Operation) {
	t.Helper()
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		part := append(strings.Fields(line), "", "")
		o := history.Operation{Process: history.Process(i), F: part[2], Key: "x", Outcome: history.OK, Call: number(t, part[0]), Return: -1}
		if part[1] == "-" {
			o.Outcome = history.Info
		} else {
			o.Return = number(t, part[1])
		}
		if part[3] != "" && part[3] != "-" {
			o.Input = history.Value(part[3])
		}
		if o.Output = history.Value(part[4]); o.F == history.Txn && part[4] == "" {
			o.Output = o.Input
		}
		all = append(all, o)
	}
	return all
}

func number(t *testing.T, text string) (n int64) {
	t.Helper()
	for _, c := range text {
		n = 10*n + int64(c-'0')
	}
	return n
}
