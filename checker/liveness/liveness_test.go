package liveness

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

// script builds a history of the nodes n1 to n5 from lines such as
//
//	0.0 n1 leader 2        what n1 says of itself from then on
//	0.0 n2 follower 2 n1
//	1.0 c1 n1 call         client 1 writes at n1; with read behind it, reads
//	1.1 c1 ok              or fail, info
//	2.0 cut n5             from all others; heal ends what is on
//	2.0 link n1 n5         these two from each other, both ways
//	2.0 kill n1
//	3.0 heal
//	3.0 refuses n1         to start from its damaged log
//	3.5 stall 0.3 n2       n2, or without a name the controller, stood still up to then
func script(t *testing.T, text string) *history.History {
	t.Helper()
	p := &player{nodes: []string{"n1", "n2", "n3", "n4", "n5"}, open: make(map[string]history.Event)}
	p.line(history.Header{Schism: history.Format, Nodes: p.nodes})
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if w := strings.Fields(line); len(w) > 0 && w[0] != "#" {
			p.step(w)
		}
	}
	h, err := history.Collect(&p.file)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return h
}

type player struct {
	nodes []string
	file  bytes.Buffer
	next  int64
	open  map[string]history.Event
	fault history.Event
	id    int
}

func (p *player) line(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	p.file.Write(append(b, '\n'))
}

func (p *player) add(at time.Duration, e history.Event) {
	e.Index, e.Time = p.next, int64(at)
	if e.Value == nil {
		e.Value = history.Nil
	}
	p.next++
	p.line(e)
}

func (p *player) step(w []string) {
	seconds, _ := strconv.ParseFloat(w[0], 64)
	at := time.Duration(seconds*1e6+0.5) * time.Microsecond
	switch {
	case w[1][0] == 'c' && w[1] != "cut":
		p.client(at, w[1], w[2:])
	case w[1] == "stall":
		span, _ := strconv.ParseFloat(w[2], 64)
		e := history.Event{Process: history.Observer, Kind: history.Info, F: history.StallSeen, Value: history.Encode(history.Stall{For: time.Duration(span * 1e9)})}
		if len(w) > 3 {
			e.Node = w[3]
		}
		p.add(at, e)
	case slices.Contains([]string{"cut", "link", "kill", "heal"}, w[1]):
		p.strike(at, w[1], w[2:])
	case w[1] == "refuses":
		p.add(at, history.Event{Process: history.Nemesis, Kind: history.Info, F: history.Refused, Node: w[2], Value: history.Encode(history.Refusal{Node: w[2], Said: "damaged"})})
	default:
		term, _ := strconv.ParseUint(w[3], 10, 64)
		r := history.Role{Role: w[2], Term: term}
		if len(w) > 4 {
			r.Leader = w[4]
		}
		p.add(at, history.Event{Process: history.Observer, Kind: history.Info, F: history.RoleChange, Node: w[1], Value: history.Encode(r)})
	}
}

func (p *player) client(at time.Duration, who string, w []string) {
	if len(w) > 1 {
		n, _ := strconv.Atoi(who[1:])
		e := history.Event{Process: history.Process(n), Kind: history.Invoke, F: history.Write, Key: "x", Node: w[0], Value: history.Value("1")}
		if len(w) > 2 {
			e.F, e.Value = w[2], nil
		}
		p.open[who] = e
		p.add(at, e)
		return
	}
	e := p.open[who]
	e.Kind = history.Kind(w[0])
	p.add(at, e)
}

func (p *player) strike(at time.Duration, what string, nodes []string) {
	phase := func(e history.Event, phase history.Phase, bit *bool) {
		f, _ := history.FaultOf(e)
		f.Phase, f.Bit = phase, bit
		e.Value = history.Encode(f)
		p.add(at, e)
	}
	yes := true
	if what == "heal" {
		p.fault.Kind = history.Info
		phase(p.fault, history.FaultEnd, nil)
		p.fault.Kind = history.OK
		phase(p.fault, history.FaultHealed, &yes)
		return
	}
	p.id++
	f := history.Fault{ID: p.id, Phase: history.FaultStart, Text: what}
	kind := "kill"
	switch what {
	case "link":
		kind, f.What = "cut", nodes[0]+"<->"+nodes[1]
		f.Cut = [][2]string{{nodes[0], nodes[1]}, {nodes[1], nodes[0]}}
	case "cut":
		kind = "partition"
		rest := slices.DeleteFunc(slices.Clone(p.nodes), func(n string) bool { return slices.Contains(nodes, n) })
		f.Groups, f.What = [][]string{nodes, rest}, strings.Join(nodes, " ")+" | "+strings.Join(rest, " ")
		for _, a := range nodes {
			for _, b := range rest {
				f.Cut = append(f.Cut, [2]string{a, b}, [2]string{b, a})
			}
		}
	default:
		f.Nodes, f.What = nodes, strings.Join(nodes, " ")
	}
	p.fault = history.Event{Process: history.Nemesis, Kind: history.Invoke, F: kind, Value: history.Encode(f)}
	p.add(at, p.fault)
	p.fault.Kind = history.Info
	phase(p.fault, history.FaultActive, nil)
	phase(p.fault, history.FaultProof, &yes)
}

// busy is a client at a node that is served every tenth of a second.
func busy(from, to float64, node string) string { return busyWith("", from, to, node) }

func busyWith(f string, from, to float64, node string) string {
	var b strings.Builder
	for t := from; t < to; t += 0.1 {
		fmt.Fprintf(&b, "%.3f c1 %s call %s\n%.3f c1 ok\n", t, node, f, t+0.05)
	}
	return b.String()
}

// inTurn puts histories into one, in the order of time.
func inTurn(texts ...string) string {
	lines := strings.Split(strings.Join(texts, "\n"), "\n")
	at := func(line string) float64 {
		var t float64
		fmt.Sscan(line, &t)
		return t
	}
	slices.SortStableFunc(lines, func(a, b string) int { return cmp.Compare(at(a), at(b)) })
	return strings.Join(lines, "\n")
}

const settled = `
0.0 n1 leader 2
0.0 n2 follower 2 n1
0.0 n5 follower 2 n1
`

// back is n5 cut off, its term rising, and coming back with it.
const inflated = settled + `
1.0 cut n5
2.0 n5 candidate 3
3.0 n5 candidate 14
4.0 heal
4.1 n1 follower 14
4.6 n3 leader 15
`

// Each history with its limits, and what must be found: both polarities of every finding, and what a
// stall makes undecidable.
func TestGolden(t *testing.T) {
	zero, three := 0, 3
	none := Limits{LeaderChanges: &zero, TermGrowth: &three, Unavailable: time.Second}
	for _, c := range []struct {
		name, text string
		limits     Limits
		verdict    checker.Verdict
		found      []string // the beginnings of the messages
	}{
		{"nothing happens", settled + busy(0.5, 3, "n1"), none, checker.Valid, nil},
		{"an inflated term comes back", inflated, none, checker.Invalid, []string{
			"Disruption: n3 took over from n1 at 4.600 s in term 15, after term 2; all nodes could talk to each other when n3 took over, although the scenario allows no change of leader.",
			"Term inflation: n5 was in term 14 at 3.000 s, while it reached no majority, 12 above the first leader's term 2, although the scenario allows 3.",
		}},
		{"the same, without limits", inflated, Limits{}, checker.Valid, nil},
		{"the same beside a stall: the fault explains it", inflated + "4.7 stall 0.4", none, checker.Invalid, []string{"Disruption", "Term inflation"}},
		{"an inflated term that stays away", settled + "1.0 cut n5\n2.0 n5 candidate 9\n", none, checker.Invalid, []string{
			"Term inflation: n5 was in term 9 at 2.000 s, while it reached no majority, 7 above",
		}},
		{"the same within its limit", settled + busy(0.5, 0.9, "n1") + "1.0 cut n5\n2.0 n5 candidate 5\n", none, checker.Valid, nil},
		{"a change that nothing explains", settled + "3.0 n3 leader 3\n", none, checker.Invalid, []string{"Disruption: n3 took over"}},
		{"the same node again", settled + "3.0 n1 leader 3\n", none, checker.Invalid, []string{"Disruption: n1 was elected again at 3.000 s"}},
		{"a leader that only a follower told of", settled + "3.0 n2 follower 3 n4\n", none, checker.Invalid, []string{"Disruption: n4 took over"}},
		{"a change after a stall", settled + "2.8 stall 0.3\n3.0 n3 leader 3\n", none, checker.Unknown, nil},
		{"a change after a stall of a node", settled + "2.8 stall 0.3 n4\n3.0 n3 leader 3\n", none, checker.Unknown, nil},
		{"a change after a stall that is too short", settled + "2.8 stall 0.2\n3.0 n3 leader 3\n", none, checker.Invalid, []string{"Disruption"}},
		{"a change long after a stall", settled + "2.8 stall 0.3\n9.0 n3 leader 3\n", none, checker.Invalid, []string{"Disruption"}},
		{"a stall that a kill ordered", settled + "1.0 kill n4\n2.0 heal\n2.1 stall 1.1 n4\n2.5 n3 leader 3\n", none, checker.Invalid, []string{"Disruption"}},
		{"the leader is killed", settled + "1.0 kill n1\n1.5 stall 0.4\n1.6 n2 leader 3\n", none, checker.Invalid, []string{"Disruption"}},
		{"one lost link, and a change", settled + "1.0 link n1 n5\n3.0 n3 leader 3\n", none, checker.Invalid, []string{
			"Disruption: n3 took over from n1 at 3.000 s in term 3, after term 2; n1 reached a majority when n3 took over",
		}},
		{"one lost link, and a change after a stall", settled + "1.0 link n1 n5\n2.8 stall 0.3\n3.0 n3 leader 3\n", none, checker.Unknown, nil},
		{"the same, long after the stall", settled + "1.0 link n1 n5\n1.4 stall 0.3\n4.0 n3 leader 3\n", none, checker.Invalid, []string{"Disruption"}},
		{"one lost link, behind which a term rises, and a change after a stall", settled + "1.0 link n1 n5\n2.0 n5 candidate 3\n2.8 stall 0.3\n3.0 n5 leader 4\n", none,
			checker.Invalid, []string{"Disruption: n5 took over from n1"}},
		{"one lost link, behind which a term rises after a stall only", settled + "1.0 link n1 n5\n2.8 stall 0.3\n2.9 n5 candidate 3\n3.0 n5 leader 3\n", none, checker.Unknown, nil},
		{"the same, and it goes on rising by itself", settled + "1.0 link n1 n5\n1.8 stall 0.3\n1.9 n5 candidate 3\n4.4 n5 candidate 4\n5.5 stall 0.3\n5.6 n5 leader 5\n", none,
			checker.Invalid, []string{"Disruption"}},
		{"a term that rises at who lost no link to the leader explains nothing", settled + "1.0 link n1 n5\n2.0 n4 candidate 3\n2.8 stall 0.3\n3.0 n4 leader 4\n", none, checker.Unknown, nil},
		{"one of two changes is the machine's", settled + "1.0 link n1 n5\n2.8 stall 0.3\n3.0 n3 leader 3\n9.0 n2 leader 4\n", none, checker.Invalid, []string{"Disruption: n3 took over"}},
		{"a change that is allowed", settled + "1.0 kill n1\n1.6 n2 leader 3\n", Limits{LeaderChanges: &three}, checker.Valid, nil},
		{"limits on leaders that nobody saw", busy(0, 2, "n1"), none, checker.Unknown, nil},

		{"nobody is served", settled + busy(0.5, 1, "n1") + "1.1 c2 n2 call\n2.6 c2 ok\n", none, checker.Invalid, []string{
			"Unavailable: no operation succeeded from 1.100 s to 2.600 s, for 1.5 s, although clients asked nodes that reached a majority 1 time; the scenario allows 1 s.",
		}},
		{"nobody is served, without an end", settled + "1.0 c2 n2 call\n3.0 c3 n3 call\n3.1 c3 fail\n", none, checker.Invalid, []string{"Unavailable: no operation succeeded from 1.000 s to 3.100 s"}},
		{"nobody asks", settled + "1.0 c1 n1 call\n1.1 c1 ok\n5.0 c1 n1 call\n5.1 c1 ok\n", none, checker.Valid, nil},
		{"nobody is served during a stall", settled + "1.0 c2 n2 call\n2.5 stall 1.2\n2.6 c2 ok\n", none, checker.Unknown, nil},
		{"the minority waits", settled + "1.0 cut n4 n5\n" + strings.Join([]string{"1.1 c2 n5 call", strings.TrimSpace(busy(1.2, 4, "n1")), "4.5 c2 fail"}, "\n"), none, checker.Valid, nil},
		{"the majority waits while the minority is served", settled + "1.0 cut n4 n5\n1.1 c2 n1 call\n" + busy(1.2, 4, "n4") + "4.5 c2 info\n", none, checker.Invalid, []string{"Unavailable"}},
		{"there is no majority", settled + busy(0.5, 0.9, "n1") + "1.0 kill n1 n2 n3\n1.1 c2 n4 call\n4.5 c2 info\n4.6 heal\n", none, checker.Valid, nil},
		{"those who refuse are no majority", settled + busy(0.5, 0.9, "n1") + "1.0 kill n1 n2 n3\n1.1 refuses n1\n1.1 refuses n2\n1.1 refuses n3\n1.2 heal\n1.3 c2 n4 call\n4.5 c2 info\n", none, checker.Valid, nil},
		{"one that refuses leaves one", settled + "1.0 kill n1\n1.1 refuses n1\n1.2 heal\n1.3 c2 n4 call\n4.5 c2 info\n", none, checker.Invalid, []string{"Unavailable: no operation succeeded"}},
		{"nobody asks who could answer", settled + "1.0 kill n1 n2 n3\n1.1 c2 n4 call\n4.5 c2 info\n4.6 heal\n", none, checker.Unknown, nil},
		{"it begins anew with the majority", settled + "1.0 kill n1 n2 n3\n1.1 c2 n4 call\n4.0 heal\n4.1 c3 n5 call\n5.5 c3 info\n5.6 c2 info\n", none, checker.Invalid, []string{"Unavailable: no operation succeeded from 4.100 s to 5.500 s"}},
	} {
		t.Run(c.name, func(t *testing.T) { judge(t, c.text, c.limits, c.verdict, c.found) })
	}
}

func judge(t *testing.T, text string, limits Limits, verdict checker.Verdict, found []string) {
	t.Helper()
	check := Checker{limits}.Check(t.Context(), script(t, text))
	if check.Verdict != verdict || check.Message == "" {
		t.Errorf("%v, want %v: %s", check.Verdict, verdict, check.Message)
	}
	if len(check.Anomalies) != len(found) {
		t.Fatalf("found %+v, want %d", check.Anomalies, len(found))
	}
	for i, a := range check.Anomalies {
		if !strings.HasPrefix(a.Message, found[i]) {
			t.Errorf("found\n%s\nwant\n%s", a.Message, found[i])
		}
		if a.Ops == nil || len(a.Ops)+len(a.Events) == 0 {
			t.Errorf("%s proves nothing: %+v", a.Name, a)
		}
	}
}

// What is measured whatever the limits are.
func TestMeasures(t *testing.T) {
	h := script(t, settled+busy(0.5, 0.95, "n1")+`
1.0 cut n1 n2
1.1 c2 n1 call
1.2 c3 n4 call
1.5 n4 leader 3
1.7 c3 ok
2.0 c2 fail
3.0 heal
3.2 n1 follower 3 n4
3.3 c4 n2 call
3.5 c4 ok
`)
	check := Checker{}.Check(t.Context(), h)
	want := map[string]float64{
		"longest_without_ok_s": 0.5, "leader_changes": 1, "term_growth": 1, "first_term": 2, "highest_term": 3,
		"leaderless_s": 0.5, "longest_leaderless_s": 0.5, "stalls": 0,
	}
	for name, figure := range want {
		if got, ok := check.Figures[name]; !ok || got-figure > 1e-3 || figure-got > 1e-3 {
			t.Errorf("%s is %g, want %g", name, got, figure)
		}
	}
	periods := []checker.Period{
		{What: "partition n1 n2 | n3 n4 n5", Side: "n1 n2, no majority", From: 1, To: 3, Asked: 1, LongestGap: 0.9, FirstOK: -1, LeaderChanges: 1, Leaderless: 0.5},
		{What: "partition n1 n2 | n3 n4 n5", Side: "n3 n4 n5, with a majority", From: 1, To: 3, Asked: 1, OK: 1, LongestGap: 0.5, FirstOK: 0.7, LeaderChanges: 1, Leaderless: 0.5},
		{What: "after partition n1 n2 | n3 n4 n5", Side: "all nodes", From: 3, To: 3.5, Asked: 1, OK: 1, LongestGap: 0.2, FirstOK: 0.5},
	}
	if len(check.Periods) != len(periods) {
		t.Fatalf("%d periods, want %d: %+v", len(check.Periods), len(periods), check.Periods)
	}
	for i, p := range check.Periods {
		if got, want := fmt.Sprintf("%.2v", p), fmt.Sprintf("%.2v", periods[i]); got != want {
			t.Errorf("period %d:\n%s\nwant\n%s", i, got, want)
		}
	}
	if want := "At nodes with a majority clients waited 500 ms at most for a success; 1 change of leader, the term rose from 2 to 3; 500 ms without a leader in all."; check.Message != want {
		t.Errorf("%s\nwant\n%s", check.Message, want)
	}
}
