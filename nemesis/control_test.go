package nemesis

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

func TestFaultsFromWithin(t *testing.T) {
	for name, c := range map[string]struct {
		world   func(p *puppets)
		holders int
		entry   string
		want    []string
	}{
		"a failpoint that is passed": {
			nil, 1, "{at: 0s, failpoint: {name: append.after-fsync, at: leader, action: hold}, meanwhile: [{ask: {f: append, key: x, at: n1}}]}",
			[]string{"failpoint true: at its end: n1 announced once", "failpoint true: n1 disarmed"},
		},
		"one that is not": {
			nil, 1, "{at: 0s, failpoint: {name: append.after-fsync, at: n2, action: hold}, meanwhile: [{ask: {f: append, key: x, at: n1}}]}",
			[]string{"failpoint false: at its end: append.after-fsync was not passed at n2", "failpoint true: n2 disarmed"},
		},
		"one that says nothing": {
			func(p *puppets) { p.deaf = true }, 1,
			"{at: 0s, failpoint: {name: append.after-fsync, at: n1, action: hold}, meanwhile: [{ask: {f: append, key: x, at: n1}}]}",
			[]string{"failpoint false: at its end: append.after-fsync was not passed at n1", "failpoint true: n1 disarmed"},
		},
		"one that is armed already": {
			func(p *puppets) { p.armed["n1append.after-fsync"] = Trap{} }, 1,
			"{at: 0s, failpoint: {name: append.after-fsync, at: n1, action: hold}, meanwhile: [{ask: {f: append, key: x, at: n1}}]}",
			[]string{
				"failpoint false: not provable: append.after-fsync is armed at n1 already",
				"failpoint true: at its end: n1 announced once", "failpoint true: n1 disarmed",
			},
		},
		"a crash before its arming is answered": {
			func(p *puppets) { p.hasty = true }, 0, "{at: 0s, for: 100ms, failpoint: {name: apply.after, at: n1, action: crash}}",
			[]string{"failpoint true: at its end: n1 announced once", "failpoint true: n1 disarmed"},
		},
		"an arming that is not answered": {
			func(p *puppets) { p.deaf = true; _ = p.world.KillNode(context.Background(), "n1") }, 0,
			"{at: 0s, for: 100ms, failpoint: {name: apply.after, at: n1, action: crash}}",
			[]string{
				"failpoint false: not provable: n1: connection refused",
				"failpoint false: could not be applied: n1: connection refused", "failpoint true: n1 disarmed",
			},
		},
		"a crash, counted": {
			nil, 3, `{at: 0s, failpoint: {name: append.after-fsync, at: n1, action: crash}, meanwhile: [
				{ask: {f: append, key: x, at: n1, name: e}}, {until: 3 hold e, within: 1s}, {kill: n2}]}`,
			[]string{
				"kill true: 1 of 1 processes gone", "kill true: 1 of 1 processes run again",
				"failpoint true: at its end: n1 announced once", "failpoint true: n1 disarmed",
			},
		},
		"another number of holders": {
			nil, 2, "{at: 0s, sequence: [{ask: {f: append, key: x, at: n1, name: e}}, {until: 3 hold e, within: 1s}]}",
			[]string{"until false: it did not strike: not so within 1s: held by 2 nodes: n1 n2"},
		},
		"what fired too seldom": {
			nil, 1, `{at: 0s, failpoint: {name: append.after-fsync, at: n1, action: hold}, meanwhile: [
				{ask: {f: append, key: x, at: n1}}, {until: fired append.after-fsync, within: 1s}, {until: fired append.after-fsync at n1 2 times, within: 1s}]}`,
			[]string{
				"until false: it did not strike: not so within 1s: it fired 1 times",
				"failpoint true: at its end: n1 announced once", "failpoint true: n1 disarmed",
			},
		},
		"a transfer": {nil, 0, "{at: 0s, transfer: n3}", []string{"transfer true: n3 leads in term 2", "transfer true: nothing to undo"}},
		"a transfer to the leader": {
			nil, 0, "{at: 0s, transfer: n1}", []string{"transfer true: n1 leads in term 1", "transfer true: nothing to undo"},
		},
		"an election": {nil, 0, "{at: 0s, elect: n4}", []string{"elect true: n4 leads in term 2", "elect true: nothing to undo"}},
		"an election of the leader": {
			nil, 0, "{at: 0s, elect: n1}",
			[]string{"elect false: not provable: n1 leads already", "elect true: n1 leads in term 1", "elect true: nothing to undo"},
		},
		"an election that is lost": {
			func(p *puppets) { p.noVotes = true }, 0, "{at: 0s, elect: n4}",
			[]string{"elect false: could not be applied: n4 does not lead after 15s", "elect true: n4 does not lead"},
		},
		"campaigns in vain": {
			func(p *puppets) { p.noVotes = true }, 0, "{at: 0s, campaign-in-vain: [n3, n4]}",
			[]string{"campaign-in-vain true: 2 of 2 campaigned, and none won", "campaign-in-vain true: nothing to undo"},
		},
		"a campaign that is won": {
			func(p *puppets) { p.rigged = true }, 0, "{at: 0s, campaign-in-vain: [n3, n4]}",
			[]string{"campaign-in-vain false: n3, n4 won", "campaign-in-vain true: nothing to undo"},
		},
		"timers": {
			nil, 0, "{at: 0s, for: 1s, hold-elections: [n2, n3]}",
			[]string{"hold-elections true: 2 of 2 timers held", "hold-elections true: at its end: 2 of 2 timers held", "hold-elections true: 2 of 2 timers run"},
		},
		"timers, in the middle of an election": {
			func(p *puppets) { p.leader = "" }, 0, "{at: 0s, hold-elections: all, meanwhile: [{transfer: n1}]}",
			[]string{
				"hold-elections true: 5 of 5 timers held", "transfer true: n1 leads in term 3", "transfer true: nothing to undo",
				"hold-elections true: at its end: 5 of 5 timers held", "hold-elections true: 5 of 5 timers run",
			},
		},
		"timers, behind the back of a leader of the past": {
			func(p *puppets) { p.term["n4"] = 2 }, 0, "{at: 0s, for: 1s, hold-elections: all}",
			[]string{"hold-elections false: could not be applied: nobody leads after 15s", "hold-elections true: 5 of 5 timers run"},
		},
		"some timers, where nobody leads": {
			func(p *puppets) { p.leader = "" }, 0, "{at: 0s, for: 1s, hold-elections: [n2, n3]}",
			[]string{"hold-elections true: 2 of 2 timers held", "hold-elections true: at its end: 2 of 2 timers held", "hold-elections true: 2 of 2 timers run"},
		},
		"a handover that is lost, while timers stand": {
			func(p *puppets) { p.splits = true }, 0, "{at: 0s, hold-elections: all, meanwhile: [{transfer: n3}]}",
			[]string{
				"hold-elections true: 5 of 5 timers held", "transfer true: n3 leads in term 3", "transfer true: nothing to undo",
				"hold-elections true: at its end: 5 of 5 timers held", "hold-elections true: 5 of 5 timers run",
			},
		},
		"a slow clock": {
			nil, 0, "{at: 0s, for: 1s, clock: {at: n1, rate: 0.5}}",
			[]string{"clock true: the clock of n1 runs at 0.4", "clock true: at its end: the clock of n1 runs at 0.4", "clock true: the clock of n1 runs at 0.9"},
		},
		"a clock that is stubborn": {
			func(p *puppets) { p.stubborn = true }, 0, "{at: 0s, clock: {at: n1, rate: 0.5}}",
			[]string{"clock false: the clock of n1 runs at 0.9", "clock true: the clock of n1 runs at 0.9"},
		},
		"a wall clock": {
			nil, 0, "{at: 0s, for: 1s, wall-clock: {at: [n1, n2], back: 20s}}",
			[]string{
				"wall-clock true: the wall clock of n1 is set by -20.003s to -19.997s, the wall clock of n2",
				"wall-clock true: at its end: the wall clock of n1 is set by -20.003s to -19.997s", "wall-clock true: the wall clock of n1 is set by -3ms to 3ms",
			},
		},
		"a wall clock that is stubborn": {
			func(p *puppets) { p.stubborn = true }, 0, "{at: 0s, wall-clock: {at: n1, forward: 20s}}",
			[]string{"wall-clock false: the wall clock of n1 is set by -3ms to 3ms", "wall-clock true: the wall clock of n1 is set by -3ms to 3ms"},
		},
		"a clock that is off already": {
			func(p *puppets) { p.rate["n1"] = 0.5 }, 0, "{at: 0s, clock: {at: n1, rate: 0.5}}",
			[]string{
				"clock false: not provable: n1: its clock is off already, at 0.4", "clock true: the clock of n1 runs at 0.4", "clock true: the clock of n1 runs at 0.9",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPuppets()
				if c.world != nil {
					c.world(p)
				}
				got := proofs(pull(t, p, c.holders, c.entry))
				same := slices.EqualFunc(got, c.want, func(got, want string) bool { return strings.HasPrefix(got, want) })
				if !same {
					t.Errorf("\ngot  %q\nwant %q", got, c.want)
				}
				for _, node := range five {
					if up, _ := p.Running(t.Context(), node); !up {
						t.Errorf("%s is down at the end", node)
					}
				}
			})
		})
	}
}

// The count says who they are, those that are down included.
func TestHoldersAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := pull(t, newPuppets(), 3, `{at: 0s, failpoint: {name: append.after-fsync, at: n1, action: crash}, meanwhile: [
			{ask: {f: append, key: x, at: n1, name: e}}, {until: 3 hold e, within: 1s}]}`)
		for _, e := range rec.events {
			if e.F == history.HoldersCounted {
				if want := `{"name":"e","nodes":["n1","n2","n3"]}`; string(e.Value) != want {
					t.Errorf("counted %s, want %s", e.Value, want)
				}
				return
			}
		}
		t.Error("nobody counted")
	})
}

// A node that goes down while its timer is held comes back with it held, also if it has forgotten; one whose
// hold ended while it was down comes back without.
func TestTimersAreHeldAgain(t *testing.T) {
	const held, twice = "{at: 0s, hold-elections: [n2, n3], meanwhile: [{kill: [n2, n4], for: 1s}]}",
		"{at: 0s, for: 1s, hold-elections: [n2, n3]}, {at: 500ms, for: 1s, kill: n2}"
	for name, c := range map[string]struct {
		forgets  bool
		schedule string
		want     []string
	}{
		"it remembers":        {false, held, []string{"hold n2 false", "hold n2 true", "hold n3 false", "hold n3 true"}},
		"it forgets":          {true, held, []string{"hold n2 false", "hold n2 true", "hold n2 true", "hold n3 false", "hold n3 true"}},
		"the hold ends first": {false, twice, []string{"hold n2 false", "hold n2 true", "hold n3 false", "hold n3 true"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPuppets()
				p.forgets = c.forgets
				pull(t, p, 0, c.schedule)
				slices.Sort(p.calls)
				if !slices.Equal(p.calls, c.want) {
					t.Errorf("\ngot  %q\nwant %q", p.calls, c.want)
				}
				for _, node := range []string{"n2", "n3", "n4"} {
					if p.held[node] {
						t.Errorf("the timer of %s is held at the end", node)
					}
				}
			})
		})
	}
}

// Two faults hold one timer, and a kill and a crash one node: it is free when the last lets go.
func TestOverlappingFaultsFromWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPuppets()
		pull(t, p, 0, "{at: 0s, hold-elections: [n2, n3], meanwhile: [{hold-elections: [n3, n4], for: 1s}, {wait: 1s}]}")
		want := []string{"hold n2 false", "hold n2 true", "hold n3 false", "hold n3 true", "hold n4 false", "hold n4 true"}
		slices.Sort(p.calls)
		if !slices.Equal(p.calls, want) {
			t.Errorf("\ngot  %q\nwant %q", p.calls, want)
		}
	})
}

// Each announcement of a crash excuses one end of that node.
func TestCrashesAreExcusedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(Board)
		go func() {
			time.Sleep(100 * time.Millisecond)
			b.Post(history.Announcement{Node: "n1", Action: ActionHold})
			b.Post(history.Announcement{Node: "n1", Action: ActionCrash})
		}()
		if !b.Crashed("n1", time.Second) {
			t.Error("the announcement came in time")
		}
		if b.Crashed("n1", time.Second) || b.Crashed("n2", time.Second) {
			t.Error("nobody announced this end")
		}
	})
}

func TestATargetWithoutAControlPort(t *testing.T) {
	s, err := parse(t, "nemesis: [{at: 0s, transfer: n1}, {at: 0s, for: 1s, clock: {at: n1, rate: 0.5}}]")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Supported(&Env{Nodes: five}); err == nil || strings.Count(err.Error(), "control: true") != 2 {
		t.Errorf("two faults cannot be brought about, and %v", err)
	}
}
