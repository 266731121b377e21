package report

import (
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

// told makes a history of transactions, one after the other, of which the last broke the promise.
func told(texts ...string) (*history.History, checker.Anomaly) {
	h := &history.History{}
	a := checker.Anomaly{Name: checker.GSingle, Key: "y", Message: "Read skew (G-single): T1 came before T2: it did."}
	for i, text := range texts {
		o := history.Operation{Process: history.Process(i), F: history.Txn, Input: history.Value(text), Output: history.Value(text), Outcome: history.OK, Call: int64(2 * i), Return: int64(2*i + 1)}
		o.CallTime, o.ReturnTime = time.Duration(10*i)*time.Millisecond, time.Duration(10*i+1)*time.Millisecond
		h.Operations = append(h.Operations, o)
		a.Ops, a.Focus = append(a.Ops, o.Call), o.Call
	}
	return h, a
}

// The story of two transactions is about the list on which the one misses the other.
func TestStoryOfAMissedAppend(t *testing.T) {
	for _, c := range []struct {
		name, key    string
		texts        []string
		equation     string
		rival, value string // empty: nothing contradicts the focus
	}{
		{"of the anomaly's key", "y", []string{`[["append","x",1],["append","y",2]]`, `[["r","x",[1]],["r","y",null]]`}, "y = nil", "y = 2", "by the value: it read nil, so it came before 2"},
		{"of a key that is found", "", []string{`[["append","x",1],["append","y",2]]`, `[["r","x",[1]],["r","y",[7]]]`}, "y = [7]", "y = 2", "by the value: it read [7], so it came before 2"},
		{"of an append that is there", "y", []string{`[["append","y",2]]`, `[["r","y",[2]],["append","x",1]]`}, "y = [2]", "", ""},
		{"of registers", "y", []string{`[["w","y",2]]`, `[["r","y",3]]`}, "y = 3", "", ""},
	} {
		h, a := told(c.texts...)
		a.Key = c.key
		ops := proof(h, a)
		if got := focusOf(ops).equation(); got != c.equation {
			t.Errorf("%s: %s, want %s", c.name, got, c.equation)
		}
		rival, ok := rivalIn(ops)
		if ok != (c.rival != "") || ok && rival.equation() != c.rival {
			t.Errorf("%s: the rival is %s, %v, want %s", c.name, rival.equation(), ok, c.rival)
		}
		if l := lensOf(story{anomaly: a, ops: ops}); (l != nil) != (c.value != "") || l != nil && l.value.long != c.value {
			t.Errorf("%s: %+v, want %s", c.name, l, c.value)
		}
		if text := demand(story{anomaly: a, ops: ops}, rival); ok && text != " From now on 2 is in y." {
			t.Errorf("%s: %q", c.name, text)
		}
	}
}

// The heading is the level that was broken, and the kind of an anomaly is said once.
func TestHeadingsOfIsolation(t *testing.T) {
	_, a := told(`[["append","x",1]]`)
	r := &checker.Result{Verdict: checker.Invalid, Anomalies: []checker.Anomaly{a}, Checks: []checker.Check{{Name: "serializable", Anomalies: []checker.Anomaly{a}}}}
	if got := heading(r); got != "Not serializable" {
		t.Errorf("heading %q", got)
	}
	r.Checks[0].Name = "linearizable"
	if got := heading(r); got != "Not linearizable" {
		t.Errorf("heading %q", got)
	}
	for _, c := range [][4]string{
		{checker.GSingle, "Read skew (G-single): T1 came: so.", "Read skew (G-single)", "T1 came: so."},
		{checker.GNonadjacent, "G-nonadjacent: T1 came.", "G-nonadjacent", "T1 came."},
		{checker.StaleRead, "Stale read: client 1.", "Stale read", "client 1."},
		{checker.StaleRead, "Client 1: it read.", "Stale read", "Client 1: it read."},
	} {
		if kind, rest := titled(checker.Anomaly{Name: c[0]}, c[1]); kind != c[2] || rest != c[3] {
			t.Errorf("%s: %q, %q", c[1], kind, rest)
		}
	}
}
