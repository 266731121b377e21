package nemesis

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Faults that meet at one node: each bites as if it were alone, and is over when it is.
func TestFaultsThatMeetAtANode(t *testing.T) {
	for name, c := range map[string]struct{ entry, want string }{
		"a kill where a crash is awaited": {
			`{at: 0s, failpoint: {name: append.after-fsync, at: n2, action: crash}, meanwhile: [{kill: n2, for: 1s}]}`,
			"kill true: 1 of 1 processes gone",
		},
		"a clock that ends while its node is down": {
			"{at: 0s, for: 1s, clock: {at: [n1, n2], rate: 0.5}}, {at: 500ms, for: 2s, kill: n1}",
			"clock true: the clock of n2 runs at 0.9",
		},
		"a clock that ends while its only node is down": {
			"{at: 0s, for: 1s, clock: {at: n1, rate: 0.5}}, {at: 500ms, for: 2s, kill: n1}",
			"clock true: 0 of 1 nodes run",
		},
		"a clock that ends while its node starts": {
			"{at: 0s, for: 1s, clock: {at: n1, rate: 0.5}}, {at: 500ms, for: 450ms, kill: n1}",
			"clock true: the clock of n1 runs at 0.9",
		},
		"a wall clock that ends while its node is down": {
			"{at: 0s, for: 1s, wall-clock: {at: [n1, n2], forward: 20s}}, {at: 500ms, for: 2s, kill: n1}",
			"wall-clock true: the wall clock of n2 is set by -3ms",
		},
		"timers that run again while their node starts": {
			"{at: 0s, for: 1s, hold-elections: n1}, {at: 500ms, for: 450ms, kill: n1}",
			"hold-elections true: 1 of 1 timers run",
		},
		"a trap that is disarmed while its node starts": {
			"{at: 0s, for: 1s, failpoint: {name: append.after-fsync, at: n1, action: hold}}, {at: 500ms, for: 450ms, kill: n1}",
			"failpoint true: n1 disarmed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPuppets()
				p.boot = 200 * time.Millisecond
				time.Sleep(p.boot)
				p.began = time.Now()
				got := strings.Join(proofs(pull(t, p, 0, c.entry)), "\n")
				if !strings.Contains(got, c.want) {
					t.Errorf("\ngot\n%s\nwant %q in it", got, c.want)
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
