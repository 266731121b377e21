package staleness

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// op is one operation on x, called and answered at these seconds.
func op(p history.Process, f, value string, call, ret int) history.Operation {
	o := history.Operation{
		Process: p, Node: "n1", Key: "x", F: f, Outcome: history.OK, Call: int64(2 * call), Return: int64(2*ret + 1),
		CallTime: time.Duration(call) * time.Second, ReturnTime: time.Duration(ret) * time.Second,
	}
	if f == history.Read {
		o.Output = history.Value(value)
	} else {
		o.Input = history.Value(value)
	}
	return o
}

// at is an operation of a client whose clock goes wrong.
func at(call time.Duration, o history.Operation) history.Operation {
	o.CallTime = call
	return o
}

// on is an operation on another key.
func on(key string, o history.Operation) history.Operation {
	o.Key = key
	return o
}

func TestGolden(t *testing.T) {
	w, r, a := history.Write, history.Read, history.Append
	for _, tc := range []struct {
		name   string
		lists  bool
		limits Limits
		ops    []history.Operation
		want   string
		wrong  string // the anomaly; empty: valid
	}{
		{name: "fresh", ops: []history.Operation{op(1, w, "1", 0, 1), op(2, r, "1", 2, 3)}, want: "No read was stale."},
		{name: "nil at first", ops: []history.Operation{op(2, r, "null", 0, 1), op(1, w, "1", 2, 3)}, want: "No read was stale."},
		{name: "what is concurrent is no lag", ops: []history.Operation{op(1, w, "1", 0, 1), op(2, w, "2", 2, 6), op(3, r, "1", 5, 7)}, want: "No read was stale."},
		{name: "late by the order of the events, though not by the clocks", ops: []history.Operation{op(1, w, "1", 0, 1), at(0, op(2, r, "null", 7, 8))},
			want: "Reads were at most 0 µs stale and one version old; 1 of 1 were stale."},
		{name: "late", ops: []history.Operation{op(1, w, "1", 0, 1), op(1, w, "2", 2, 3), op(1, w, "3", 4, 5), op(2, r, "1", 7, 8), op(2, r, "2", 9, 9)},
			want: "Reads were at most 4 s stale and 2 versions old; 2 of 2 were stale."},
		{name: "nil, late", ops: []history.Operation{op(1, w, "1", 0, 1), op(2, r, "null", 7, 8)},
			want: "Reads were at most 6 s stale and one version old; 1 of 1 were stale."},
		{name: "within the limit", limits: Limits{Time: 6 * time.Second, Versions: 1}, ops: []history.Operation{op(1, w, "1", 0, 1), op(2, r, "null", 7, 8)},
			want: "Reads were at most 6 s stale and one version old; 1 of 1 were stale. The limit is 6 s and one version."},
		{name: "beyond the limit in time", limits: Limits{Time: 5 * time.Second}, ops: []history.Operation{op(1, w, "1", 0, 1), op(2, r, "null", 7, 8)},
			want:  "Reads were at most 6 s stale and one version old; 1 of 1 were stale. The limit is 5 s.",
			wrong: "Stale read: what client 2 read of x from n1 at 7.000 s was 6 s and one version old, although the limit is 5 s."},
		{name: "beyond the limit in versions", limits: Limits{Versions: 1}, ops: []history.Operation{op(1, w, "1", 0, 1), op(1, w, "2", 2, 3), op(2, r, "null", 7, 8)},
			want:  "Reads were at most 6 s stale and 2 versions old; 1 of 1 were stale. The limit is one version.",
			wrong: "Stale read: what client 2 read of x from n1 at 7.000 s was 6 s and 2 versions old, although the limit is one version."},
		{name: "list", lists: true, ops: []history.Operation{op(1, a, "1", 0, 1), op(1, a, "12", 2, 3), op(2, r, "[1]", 5, 6), op(2, r, "[1,12]", 7, 8)},
			want: "Reads were at most 2 s stale and one version old; 1 of 2 were stale."},
		{name: "list, empty, and lost", lists: true, ops: []history.Operation{op(1, a, "1", 0, 1), op(1, a, "2", 2, 3), op(2, r, "null", 5, 6)},
			want: "Reads were at most 4 s stale and 2 versions old; 1 of 1 were stale."},
		{name: "list in another order", lists: true, ops: []history.Operation{op(1, a, "1", 0, 1), op(1, a, "2", 2, 3), op(2, r, "[1,2]", 5, 6), op(2, r, "[2,1]", 7, 8)},
			want: "No read was stale."},
		{name: "of several keys the worst counts", ops: []history.Operation{
			op(1, w, "1", 0, 1), op(1, w, "2", 2, 3), op(2, r, "null", 4, 4), on("y", op(1, w, "1", 5, 6)), on("y", op(2, r, "null", 11, 12)),
		}, want: "Reads were at most 5 s stale and 2 versions old; 2 of 2 were stale."},
	} {
		check := Checker{Limits: tc.limits, Lists: tc.lists}.Check(context.Background(), &history.History{Operations: tc.ops})
		wrong := ""
		for _, f := range check.Anomalies {
			wrong += f.Message
		}
		if check.Message != tc.want || wrong != tc.wrong || (check.Verdict == checker.Valid) != (tc.wrong == "") {
			t.Errorf("%s: %v, %q, %q\nwant %q, %q", tc.name, check.Verdict, check.Message, wrong, tc.want, tc.wrong)
		}
	}
}

// What cannot be measured is unknown, and says why.
func TestUndecided(t *testing.T) {
	for want, ops := range map[string][]history.Operation{
		"versions with one value cannot be told apart": {op(1, history.Write, "1", 0, 1), op(1, history.Write, "1", 2, 3)},
		`event 0 invokes "dequeue"`:                    {op(1, "dequeue", "1", 0, 1)},
	} {
		check := Checker{}.Check(context.Background(), &history.History{Operations: ops})
		if check.Verdict != checker.Unknown || !strings.Contains(check.Keys[0].Message, want) || !strings.HasSuffix(check.Message, "1 of 1 keys could not be measured.") {
			t.Errorf("%v, %+v", check.Verdict, check)
		}
	}
	late, cancel := context.WithCancel(context.Background())
	cancel()
	h := &history.History{Operations: []history.Operation{op(1, history.Write, "1", 0, 1), op(2, history.Read, "1", 2, 3)}}
	if check := (Checker{}).Check(late, h); check.Verdict != checker.Unknown {
		t.Errorf("without time: %v", check.Verdict)
	}
}

// brute says of every read how late it certainly was, by asking every write.
func brute(h *history.History) (stale int, most time.Duration, versions int) {
	for i := range h.Operations {
		r := &h.Operations[i]
		value, isRead := checkertest.Told(r)
		if !isRead {
			continue
		}
		since, written := int64(1<<40), history.IsNil(value)
		for j := range h.Operations {
			o := &h.Operations[j]
			wrote, writes := checkertest.Wants(o)
			written = written || writes && o.Outcome != history.Fail && string(wrote) == string(value)
			if v, saw := checkertest.Told(o); saw && string(v) == string(value) || writes && o.Outcome == history.OK && string(wrote) == string(value) {
				since = min(since, o.Return)
			}
		}
		if !written {
			continue // what nobody wrote is of no age
		}
		if history.IsNil(value) {
			since = -1
		}
		missed, lag := 0, time.Duration(0)
		for j := range h.Operations {
			o := &h.Operations[j]
			if _, writes := checkertest.Wants(o); writes && o.Outcome == history.OK && o.Return < r.Call && o.Call > since {
				missed++
				lag = max(lag, r.CallTime-o.ReturnTime)
			}
		}
		if missed > 0 {
			stale++
		}
		most, versions = max(most, lag), max(versions, missed)
	}
	return stale, most, versions
}

// bruteLists says the same of lists: what the longest one holds behind all that a read shows, or not at all, is
// newer.
func bruteLists(h *history.History) (stale int, most time.Duration, versions int) {
	shows := func(o *history.Operation) []string {
		if o.F != history.Read || o.Outcome != history.OK {
			return nil
		}
		return strings.FieldsFunc(string(o.Output), func(c rune) bool { return strings.ContainsRune("[],", c) })
	}
	var order []string
	for i := range h.Operations {
		if all := shows(&h.Operations[i]); len(strings.Join(all, ",")) > len(strings.Join(order, ",")) {
			order = all
		}
	}
	place := func(v string) int {
		if at := slices.Index(order, v); at >= 0 {
			return at
		}
		return len(order)
	}
	for i := range h.Operations {
		r := &h.Operations[i]
		if r.F != history.Read || r.Outcome != history.OK {
			continue
		}
		last, missed, lag := -1, 0, time.Duration(0)
		for _, v := range shows(r) {
			last = max(last, place(v))
		}
		for j := range h.Operations {
			if o := &h.Operations[j]; o.F == history.Append && o.Outcome == history.OK && o.Return < r.Call && place(string(o.Input)) > last {
				missed++
				lag = max(lag, r.CallTime-o.ReturnTime)
			}
		}
		if missed > 0 {
			stale++
		}
		most, versions = max(most, lag), max(versions, missed)
	}
	return stale, most, versions
}

// randomHistory has clients that overlap, and readers that see any value there has been.
func randomHistory(r *rand.Rand, lists bool) *history.History {
	h := new(history.History)
	events := make([]int64, 24) // all different, so that none ties
	for i := range events {
		events[i] = int64(i)
	}
	r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	values := 0
	value := func(n int) history.Value {
		if n == 0 {
			return history.Nil
		}
		return history.Int(int64(n))
	}
	for n := range len(events) / 2 {
		call, ret := min(events[2*n], events[2*n+1]), max(events[2*n], events[2*n+1])
		o := history.Operation{Process: history.Process(n), Key: "x", Outcome: history.OK, Call: call, Return: ret,
			CallTime: time.Duration(call) * time.Second, ReturnTime: time.Duration(ret) * time.Second}
		switch c := r.IntN(6); {
		case c < 3 && lists:
			o.F, o.Output = history.Read, randomList(r, values)
		case c < 3:
			o.F, o.Output = history.Read, value(r.IntN(values+1))
		case lists:
			o.F, o.Input = history.Append, history.Value(element(values))
			values++
		case c == 3:
			from := r.IntN(values + 1)
			to := from // which changes nothing
			if r.IntN(4) > 0 {
				values++
				to = values
			}
			o.F, o.Input = history.CAS, history.Pair(value(from), value(to))
			if r.IntN(3) == 0 {
				o.Outcome, o.Error, o.Rare = history.Fail, history.Mismatch, &history.Rare{Found: value(r.IntN(values + 1))}
			}
		default:
			values++
			o.F, o.Input = history.Write, value(values)
		}
		if o.F != history.Read && o.F != history.CAS && r.IntN(5) == 0 {
			o.Outcome = []history.Kind{history.Info, history.Fail}[r.IntN(2)]
		}
		h.Operations = append(h.Operations, o)
	}
	slices.SortFunc(h.Operations, func(a, b history.Operation) int { return int(a.Call - b.Call) })
	return h
}

// element is the text of a list's value: each begins like the next.
func element(n int) string { return "123456789123"[:n+1] }

// randomList is most often what there was at some time.
func randomList(r *rand.Rand, values int) history.Value {
	var all []string
	for n := range r.IntN(values + 1) {
		if r.IntN(12) > 0 {
			all = append(all, element(n))
		}
	}
	if len(all) > 1 && r.IntN(8) == 0 {
		all[0], all[1] = all[1], all[0]
	}
	return history.Value("[" + strings.Join(all, ",") + "]")
}

func TestAgreesWithBruteForce(t *testing.T) {
	histories := checkertest.Rounds(20_000)
	fresh := [2]int{}
	for seed := range uint64(histories) {
		kind, lists, brute := 0, false, brute
		if seed%2 == 1 {
			kind, lists, brute = 1, true, bruteLists
		}
		h := randomHistory(rand.New(rand.NewPCG(seed, checkertest.Seed())), lists)
		check := Checker{Lists: lists}.Check(context.Background(), h)
		stale, most, versions := brute(h)
		got := fmt.Sprint(check.Figures["stale_reads"], check.Figures["most_stale_seconds"], check.Figures["most_versions"])
		if stale == 0 {
			fresh[kind]++
			got = fmt.Sprint(check.Figures["stale_reads"], 0, 0)
		}
		if want := fmt.Sprint(stale, most.Seconds(), versions); got != want || check.Verdict != checker.Valid {
			t.Fatalf("seed %d: %s, want %s\n%+v", seed, got, want, h.Operations)
		}
	}
	t.Logf("%d histories of each kind; without a stale read: %v", histories/2, fresh)
	for _, n := range fresh {
		if n < histories/40 || n > histories/2-histories/40 {
			t.Errorf("of %d histories of each kind %v have no stale read: too little of one kind", histories/2, fresh)
		}
	}
}
