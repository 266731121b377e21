package liveness

import (
	"strings"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

// What is allowed of one kind of operation, or of one node, is not had from others.
func TestService(t *testing.T) {
	writes := Limits{Unavailable: time.Second, Service: []Service{{F: history.Write, Unavailable: time.Second}}}
	at := func(node string) Limits { return Limits{Service: []Service{{At: node, Unavailable: time.Second}}} }
	waits := "1.0 c2 n1 call\n3.0 c2 info\n3.1 c3 n1 call\n3.2 c3 ok\n"
	everywhere := inTurn(busy(0.5, 4, "n1"), strings.ReplaceAll(busy(0.5, 4, "n2"), "c1", "c4"), strings.ReplaceAll(busy(0.5, 4, "n3"), "c1", "c5"),
		strings.ReplaceAll(busy(0.5, 4, "n4"), "c1", "c6"), strings.ReplaceAll(busy(0.5, 4, "n5"), "c1", "c7"))
	for _, c := range []struct {
		name, text string
		limits     Limits
		verdict    checker.Verdict
		found      []string
	}{
		{"reads go on while no write succeeds", settled + inTurn(busyWith("read", 0.5, 4, "n2"), waits), writes, checker.Invalid, []string{
			"Unavailable: no write succeeded from 1.000 s to 3.000 s, for 2 s, although clients asked nodes that reached a majority for a write 1 time; the scenario allows 1 s.",
		}},
		{"writes go on", settled + inTurn(busyWith("read", 0.5, 4, "n2"), strings.ReplaceAll(busy(0.52, 4, "n1"), "c1", "c2")), writes, checker.Valid, nil},
		{"the same, and nobody limits writes", settled + inTurn(busyWith("read", 0.5, 4, "n2"), waits), Limits{Unavailable: time.Second}, checker.Valid, nil},
		{"nobody writes", settled + busyWith("read", 0.5, 4, "n2"), writes, checker.Unknown, nil},
		{"one node serves nobody, others do", settled + inTurn(busy(0.5, 4, "n2"), waits), at("n1"), checker.Invalid, []string{
			"Unavailable: no operation succeeded at n1 from 1.000 s to 3.000 s, for 2 s, although clients asked n1 1 time; the scenario allows 1 s.",
		}},
		{"the same, of another node", settled + inTurn(busy(0.5, 4, "n2"), waits), at("n2"), checker.Valid, nil},
		{"each node by itself", settled + everywhere, at(Each), checker.Valid, nil},
		{"each, and one client waits where others are served", settled + inTurn(everywhere, strings.ReplaceAll(waits, "n1", "n3")), at(Each), checker.Valid, nil},
		{"each, and nobody asks one of them", settled + inTurn(busy(0.5, 4, "n1"), strings.ReplaceAll(busy(0.5, 4, "n2"), "c1", "c4")), at(Each), checker.Unknown, nil},
		{"a node waits while it is cut off", settled + inTurn("0.6 c4 n1 call\n0.7 c4 ok\n0.9 cut n1\n"+waits[:strings.Index(waits, "3.1")]+"2.9 heal", busy(0.5, 4, "n2")), at("n1"), checker.Valid, nil},
		{"a node waits, and is cut off meanwhile", settled + "1.0 c2 n1 call\n1.5 cut n1\n3.0 c2 info\n3.1 heal\n3.2 c3 n1 call\n3.3 c3 ok\n", at("n1"), checker.Valid, nil},
		{"a node that lost one link only", settled + inTurn("0.9 link n1 n2\n"+waits+"3.5 heal", busy(0.5, 4, "n2")), at("n1"), checker.Invalid, []string{"Unavailable: no operation succeeded at n1"}},
		{"beside a stall", settled + inTurn(busyWith("read", 0.5, 4, "n2"), waits, "2.9 stall 1.5"), writes, checker.Unknown, nil},
		// What nobody asked for nobody can miss: a failure, a long rest, and a success at once.
		{"given up, and later served at once", settled + "1.0 c2 n1 call\n1.1 c2 fail\n5.0 c2 n1 call\n5.1 c2 ok\n", Limits{Unavailable: time.Second}, checker.Valid, nil},
		{"given up, and later not served at once", settled + "1.0 c2 n1 call\n1.1 c2 fail\n5.0 c2 n1 call\n5.1 c2 fail\n5.2 c2 n1 call\n5.3 c2 ok\n", Limits{Unavailable: time.Second}, checker.Invalid,
			[]string{"Unavailable: no operation succeeded from 1.000 s to 5.100 s"}},
		{"given up after a long wait", settled + "1.0 c2 n1 call\n2.5 c2 fail\n5.0 c2 n1 call\n5.1 c2 ok\n", Limits{Unavailable: time.Second}, checker.Invalid,
			[]string{"Unavailable: no operation succeeded from 1.000 s to 2.500 s, for 1.5 s, although clients asked nodes that reached a majority 1 time"}},
		{"served late after a rest", settled + "1.0 c2 n1 call\n1.1 c2 fail\n5.0 c2 n1 call\n6.5 c2 ok\n", Limits{Unavailable: time.Second}, checker.Invalid,
			[]string{"Unavailable: no operation succeeded from 5.000 s to 6.500 s, for 1.5 s"}},
	} {
		t.Run(c.name, func(t *testing.T) { judge(t, c.text, c.limits, c.verdict, c.found) })
	}
}
