package checker

import (
	"strings"
	"testing"

	"schism/history"
)

// Both polarities: two leaders of one term that both acknowledge, and everything that is less than that.
func TestOneLeader(t *testing.T) {
	const (
		first  = "n1 leader 5; 1 n1 write 10; 1 ok; n1 leader 5"
		second = "n2 leader 5; 2 n2 write 20; 2 ok; n2 leader 5"
	)
	for _, c := range []struct {
		name, script string
		verdict      Verdict
		message      string
	}{
		{"both acknowledge in one term", first + ";" + second, Invalid,
			"Split brain: n2 acknowledged client 2's write x = 20 at 0.006 s as leader of term 5, although n1 acknowledged client 1's write x = 10 at 0.002 s as leader of the same term."},
		{"at the same time", "n1 leader 5; n2 leader 5; 1 n1 write 10; 2 n2 write 20; 1 ok; 2 ok; n1 leader 5; n2 leader 5", Invalid, "Split brain: n2"},
		{"one leader", first + "; n2 follower 5", Valid, ""},
		{"two terms", first + ";" + strings.ReplaceAll(second, "leader 5", "leader 6"), Valid, ""},
		{"the second acknowledges nothing", first + "; n2 leader 5; 2 n2 write 20; 2 info; n2 leader 5", Valid, ""},
		{"the second only reads", first + ";" + strings.Replace(second, "write", "read", 1), Valid, ""},
		{"the second was not heard again", first + ";" + strings.TrimSuffix(second, "; n2 leader 5"), Valid, ""},
		{"the second was something else in between", first + "; n2 leader 5; 2 n2 write 20; n2 follower 5; 2 ok; n2 leader 5", Valid, ""},
		{"the write was asked for before", first + "; 2 n2 write 20; n2 leader 5; 2 ok; n2 leader 5", Valid, ""},
		{"nobody leads", "n1 follower 5; 1 n1 write 10; 1 ok", Unknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := OneLeader{}.Check(t.Context(), claimsScript(t, c.script))
			if check.Verdict != c.verdict || check.Message == "" {
				t.Errorf("%v, want %v: %s", check.Verdict, c.verdict, check.Message)
			}
			if c.verdict != Invalid {
				return
			}
			if a := check.Anomalies; len(a) != 1 || !strings.HasPrefix(a[0].Message, c.message) || len(a[0].Ops) != 2 || len(a[0].Events) != 4 {
				t.Errorf("found %+v", a)
			}
		})
	}
}

// claimsScript reads what nodes say of themselves ("n1 leader 5") and what clients do ("1 n1 write 10",
// "1 ok"), a millisecond apart.
func claimsScript(t *testing.T, script string) *history.History {
	t.Helper()
	h, pair, open := &history.History{}, history.NewPairer(), make(map[string]history.Event)
	for i, line := range strings.Split(script, ";") {
		e := history.Event{Process: history.Observer, Kind: history.Info, F: history.RoleChange}
		w := strings.Fields(line)
		switch {
		case len(w) == 3:
			e.Node, e.Value = w[0], history.Value(`{"role":"`+w[1]+`","term":`+w[2]+`}`)
		case len(w) == 4:
			e = history.Event{Process: history.Process(w[0][0] - '0'), Kind: history.Invoke, Node: w[1], F: w[2], Key: "x", Value: history.Value(w[3])}
			open[w[0]] = e
		default:
			e = open[w[0]]
			e.Kind = history.Kind(w[1])
		}
		e.Index, e.Time = int64(i), int64(i)*1e6
		op, done, err := pair.Add(e)
		if err != nil {
			t.Fatal(err)
		}
		if done {
			h.Operations = append(h.Operations, op)
		}
		if e.Process == history.Observer {
			h.Roles = append(h.Roles, e)
		}
	}
	return h
}
