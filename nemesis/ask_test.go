package nemesis

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

// oracle answers what it is told to, after some time, and remembers who asked what and when.
type oracle struct {
	mu     sync.Mutex
	began  time.Time
	takes  time.Duration
	answer func(q Question, at time.Duration) Reply // nil: ok
	heard  []string
}

func (o *oracle) Ask(q Question) (Reply, error) {
	at := time.Since(o.began)
	o.mu.Lock()
	o.heard = append(o.heard, strings.TrimSpace(fmt.Sprintf("%v %d %s %s at %s %s", at, q.Process, q.F, q.Key, q.Node, q.Value)))
	o.mu.Unlock()
	time.Sleep(o.takes)
	if o.answer == nil {
		return Reply{Kind: history.OK}, nil
	}
	return o.answer(q, at), nil
}

// consult plays one entry before the oracle.
func consult(t *testing.T, o *oracle, entry string) (*world, *timedTape) {
	t.Helper()
	w := newWorld()
	o.began = time.Now()
	s, err := parse(t, "nemesis: ["+entry+"]")
	if err != nil {
		t.Fatal(err)
	}
	rec := &timedTape{}
	n := &Nemesis{
		Schedule: s, Seed: 1, Length: 10 * time.Second, Leaders: fixedLeader("n2"), Recorder: rec,
		Env: &Env{Nodes: five, Network: w, Processes: w, Pauser: w, Health: w, Asker: o},
	}
	if err := n.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w, rec
}

func TestAsksInTurnAndBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &oracle{takes: 100 * time.Millisecond}
		_, rec := consult(t, o, `{at: 1s, sequence: [
			{ask: {f: append, key: x, at: leader, name: e, background: true}},
			{ask: {f: append, key: x, at: n1}},
			{ask: {f: write, key: y, at: n3}},
			{kill: n4}]}`)
		want := []string{`1.1s 2 write y at n3 ":2"`, `1s 0 append x at n2 "e"`, `1s 1 append x at n1 ":1"`}
		slices.Sort(o.heard)
		if !slices.Equal(o.heard, want) {
			t.Errorf("\ngot  %q\nwant %q", o.heard, want)
		}
		if at := rec.at[0].Sub(o.began); at != 1200*time.Millisecond {
			t.Errorf("the kill struck at %v, before the operations had their answers", at)
		}
	})
}

// Each round asks as other clients, and writes other values.
func TestAsksOfLaterRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &oracle{}
		consult(t, o, "{every: 2s, times: 2, ask: {f: append, key: x, at: n1, name: e}}")
		if want := []string{`2s 0 append x at n1 "e"`, `4s 1 append x at n1 "e:2"`}; !slices.Equal(o.heard, want) {
			t.Errorf("\ngot  %q\nwant %q", o.heard, want)
		}
	})
}

// What is repeated goes on as long as the steps beside it, and no longer.
func TestARepeatedReadEndsWithItsSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &oracle{takes: 80 * time.Millisecond}
		consult(t, o, `{at: 0s, sequence: [
			{partition: [n1, rest], meanwhile: [{ask: {f: read, key: x, at: n1, repeat: true, expect: ok}}, {wait: 950ms}]},
			{wait: 2s}]}`)
		if n := len(o.heard); n != 10 {
			t.Errorf("%d reads in a second, want one in 100 ms: %q", n, o.heard)
		}
	})
}

func TestAnAnswerThatWasNotExpected(t *testing.T) {
	info := func(Question, time.Duration) Reply { return Reply{Kind: history.Info, Error: "no answer in time"} }
	for name, c := range map[string]struct {
		answer func(Question, time.Duration) Reply
		entry  string
		want   []string
	}{
		"as expected": {info, "{at: 1s, sequence: [{ask: {f: append, key: x, at: n1, expect: info}}, {kill: n1, for: 1s}]}", []string{"1s kill n1"}},
		"another": {
			info, "{at: 1s, sequence: [{ask: {f: append, key: x, at: n1, expect: ok}}, {kill: n1, for: 1s}]}",
			[]string{
				"1s ask: {f: append, key: x, at: n1, expect: ok}: it did not go as arranged: the answer was to be ok, and was info no answer in time",
				"1s kill: n1: it did not strike: ask: {f: append, key: x, at: n1, expect: ok}: the answer was to be ok, and was info no answer in time",
			},
		},
		"in the background": {
			info, "{at: 1s, sequence: [{ask: {f: append, key: x, at: n1, expect: ok, background: true}}, {kill: n1, for: 1s}]}",
			[]string{
				"1s ask: {f: append, key: x, at: n1, expect: ok, background: true}: it did not go as arranged: the answer was to be ok, and was info no answer in time",
				"1s kill n1",
			},
		},
		"repeated, once at least": {
			func(_ Question, at time.Duration) Reply {
				if at < 1500*time.Millisecond {
					return Reply{Kind: history.OK}
				}
				return Reply{Kind: history.Fail, Error: "421"}
			},
			"{at: 1s, kill: n2, meanwhile: [{ask: {f: read, key: x, at: n1, expect: ok, repeat: true}}, {wait: 1s}]}",
			[]string{"1s kill n2"},
		},
		"repeated, never": {
			info, "{at: 1s, kill: n2, meanwhile: [{ask: {f: read, key: x, at: n1, expect: ok, repeat: true}}, {wait: 1s}]}",
			[]string{
				"1s kill n2",
				"2s ask: {f: read, key: x, at: n1, expect: ok, repeat: true}: it did not go as arranged: the answer was to be ok, and was info no answer in time",
			},
		},
		"inside a fault": {
			info, "{at: 1s, sequence: [{kill: n2, meanwhile: [{ask: {f: append, key: x, at: n1, expect: ok}}, {kill: n3}]}, {kill: n4}]}",
			[]string{
				"1s kill n2",
				"1s ask: {f: append, key: x, at: n1, expect: ok}: it did not go as arranged: the answer was to be ok, and was info no answer in time",
				"1s kill: n3: it did not strike: ask: {f: append, key: x, at: n1, expect: ok}: the answer was to be ok, and was info no answer in time",
				"1s kill: n4: it did not strike: ask: {f: append, key: x, at: n1, expect: ok}: the answer was to be ok, and was info no answer in time",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, rec := consult(t, &oracle{answer: c.answer}, c.entry)
				got := strikes(w, rec)
				slices.Sort(got)
				slices.Sort(c.want)
				if !slices.Equal(got, c.want) {
					t.Errorf("\ngot  %q\nwant %q", got, c.want)
				}
			})
		})
	}
}

// A fault lasts as long as the steps that happen meanwhile, and is measured again after them. One that
// cannot strike takes them with it: each is told of.
func TestMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, rec := consult(t, &oracle{}, "{at: 1s, sequence: [{partition: [[n1, n2], rest], meanwhile: [{kill: n3, for: 1s}, {wait: 500ms}, {kill: n4, for: 1s}]}, {restart: n5}]}")
		want := []string{"1s partition n1 n2 | n3 n4 n5", "1s kill n3", "2.5s kill n4", "3.5s restart n5"}
		if got := strikes(w, rec); !slices.Equal(got, want) {
			t.Errorf("\ngot  %q\nwant %q", got, want)
		}
		if got := rec.lives()[1]; !slices.Equal(got, []string{"start", "active", "proof=true", "proof=true", "end", "healed=true"}) {
			t.Errorf("the partition's life: %q", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w, rec := consult(t, &oracle{}, "{at: 1s, sequence: [{kill: [leader, n2], meanwhile: [{kill: n3}, {kill: n4}]}, {restart: n5}]}")
		got := strikes(w, rec)
		if len(got) != 4 || !strings.Contains(got[0], "n2 leads") && !strings.Contains(got[0], "chosen already") ||
			!strings.Contains(got[1], "did not strike") || !strings.Contains(got[3], "did not strike") {
			t.Errorf("%q", got)
		}
	})
}
