package txn

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

// tiny is a history of lines such as
//
//	1 append x 1, r y          client 1 begins a transaction
//	1 ok y=[1]                 and is answered, with what its reads were shown; or fail, info
//
// an event a millisecond. A key that is read twice is answered twice.
func tiny(t *testing.T, text string) *history.History {
	t.Helper()
	h := &history.History{}
	open := map[string]int{}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		client, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		at, answered := open[client]
		if !answered {
			var p int64
			fmt.Sscan(client, &p)
			open[client] = len(h.Operations)
			h.Operations = append(h.Operations, history.Operation{Process: history.Process(p), F: history.Txn, Input: asked(t, rest), Outcome: history.Info,
				Call: int64(i), Return: -1, CallTime: ms(i)})
			continue
		}
		o := &h.Operations[at]
		kind, shown, _ := strings.Cut(rest, " ")
		o.Outcome, o.Return, o.ReturnTime = history.Kind(kind), int64(i), ms(i)
		if kind == "ok" {
			o.Output = told(t, o.Input, strings.Fields(shown))
		}
		delete(open, client)
	}
	return h
}

func asked(t *testing.T, text string) history.Value {
	t.Helper()
	var steps []string
	for _, s := range strings.Split(text, ", ") {
		switch w := strings.Fields(s); len(w) {
		case 2:
			steps = append(steps, fmt.Sprintf(`["%s","%s",null]`, w[0], w[1]))
		case 3:
			steps = append(steps, fmt.Sprintf(`["%s","%s",%s]`, w[0], w[1], w[2]))
		default:
			t.Fatalf("what is %q?", s)
		}
	}
	return history.Value("[" + strings.Join(steps, ",") + "]")
}

func told(t *testing.T, asked history.Value, shown []string) history.Value {
	t.Helper()
	text := string(asked)
	for _, s := range shown {
		key, value, _ := strings.Cut(s, "=")
		read := fmt.Sprintf(`["r","%s",null]`, key)
		if !strings.Contains(text, read) {
			t.Fatalf("nobody reads %s in %s", key, asked)
		}
		text = strings.Replace(text, read, fmt.Sprintf(`["r","%s",%s ]`, key, value), 1) // a space, so as not to be found again
	}
	return history.Value(text)
}

// golden is a tiny history and what is right about it.
type golden struct {
	name, history string
	// holds are the levels that the history satisfies, by initials: RU RC RR SI S SSI SS XSI X (X is strict).
	holds string
	finds string // the names at strict serializability, or those at the level behind @
}

var initials = map[string]Isolation{
	"RU": ReadUncommitted, "RC": ReadCommitted, "RR": RepeatableRead, "SI": SnapshotIsolation, "S": Serializable,
	"SSI": StrongSessionSnapshot, "SS": StrongSessionSerializable, "XSI": StrongSnapshot, "X": StrictSerializable,
}

const every = "RU RC RR SI S SSI SS XSI X"

func (g golden) check(t *testing.T, judge func(Isolation) checker.Checker) {
	t.Helper()
	h := tiny(t, g.history)
	for _, l := range Isolations() {
		want := checker.Invalid
		for _, initial := range strings.Fields(g.holds) {
			if initials[initial] == l.Isolation {
				want = checker.Valid
			}
		}
		got := judge(l.Isolation).Check(t.Context(), h)
		if got.Verdict != want {
			t.Errorf("%s: %v, want %v: %s %+v", l.Isolation, got.Verdict, want, got.Message, got.Anomalies)
		}
	}
	names, at, _ := strings.Cut(g.finds, "@")
	got := judge(initials[at]).Check(t.Context(), h)
	var found []string
	for _, a := range got.Anomalies {
		found = append(found, a.Name)
		t.Logf("%s\n%s", a.Message, a.Proof)
	}
	slices.Sort(found)
	if strings.Join(found, " ") != names {
		t.Errorf("found %v, want %s", found, names)
	}
}

func TestGoldenLists(t *testing.T) {
	for _, g := range goldenLists {
		t.Run(g.name, func(t *testing.T) {
			g.check(t, func(i Isolation) checker.Checker { return ListAppend{Isolation: i} })
		})
	}
}

func TestGoldenRegisters(t *testing.T) {
	for _, g := range goldenRegisters {
		t.Run(g.name, func(t *testing.T) {
			g.check(t, func(i Isolation) checker.Checker { return RWRegister{Isolation: i} })
		})
	}
}

func ms(i int) time.Duration { return time.Duration(i) * time.Millisecond }
