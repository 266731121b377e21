package nemesis

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

// proofs is what was measured of all faults, in order and in words.
func (t *tape) proofs() []string {
	var all []string
	for _, e := range t.events {
		if f, ok := history.FaultOf(e); ok && f.Phase == history.FaultProof {
			all = append(all, fmt.Sprintf("%v: %s", *f.Bit, f.Proof))
		}
	}
	return all
}

// Each node is back before the next one goes, the leader last, spread over the time that was given.
func TestRollingRestartGoesInTurn(t *testing.T) {
	for name, c := range map[string]struct {
		schedule string
		slow     time.Duration
		want     []string
	}{
		"as fast as they come back": {
			"{at: 1s, rolling-restart: [followers, leader]}", 300 * time.Millisecond,
			[]string{"n1 at 1s", "n3 at 1.3s", "n4 at 1.6s", "n5 at 1.9s", "n2 at 2.2s"},
		},
		"spread": {
			"{at: 1s, for: 5s, rolling-restart: all}", 300 * time.Millisecond,
			[]string{"n1 at 1s", "n2 at 2s", "n3 at 3s", "n4 at 4s", "n5 at 5s"},
		},
		"slower than it was spread": {
			"{at: 1s, for: 1s, rolling-restart: [n1, n2, n3]}", 500 * time.Millisecond,
			[]string{"n1 at 1s", "n2 at 1.5s", "n3 at 2s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.slow = c.slow
				rec := play(t, w, 10*time.Second, "nemesis: ["+c.schedule+"]")
				if !slices.Equal(w.kills, c.want) {
					t.Errorf("killed %v, want %v", w.kills, c.want)
				}
				n := len(c.want)
				want := []string{"true: 1 of 1 processes gone", fmt.Sprintf("true: at its end: %d of %d nodes went down and came back, each within %v", n, n, c.slow)}
				if got := rec.proofs(); !slices.Equal(got, want) {
					t.Errorf("proofs\n got %q\nwant %q", got, want)
				}
			})
		})
	}
}

// A course that breaks off is no rolling restart, and leaves no node down.
func TestRollingRestartBrokenOff(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(*world)
		length time.Duration
		other  string
		want   string
	}{
		"a node does not come back": {spoil: func(w *world) { w.dead = "n3" }, want: "2 of 5 nodes went down and came back: n3 did not come back: waited for it to answer"},
		"the run ends":              {spoil: func(w *world) { w.slow = time.Second }, length: 3500 * time.Millisecond, want: "3 of 5 nodes went down and came back: the run ended after n3"},
		"another fault holds one":   {other: ", {at: 1s, for: 4s, kill: n3}", want: "2 of 5 nodes went down and came back: n3 down already"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.slow = 100 * time.Millisecond
				if c.spoil != nil {
					c.spoil(w)
				}
				length := max(c.length, 0)
				if length == 0 {
					length = 10 * time.Second
				}
				proofs := play(t, w, length, "nemesis: [{at: 1s, rolling-restart: all}"+c.other+"]").proofs()
				if !slices.ContainsFunc(proofs, func(p string) bool { return strings.HasPrefix(p, "false: ") && strings.HasSuffix(p, c.want) }) {
					t.Errorf("no proof says %q: %q", c.want, proofs)
				}
				for node, down := range w.down {
					if down {
						t.Errorf("%s is down after the run", node)
					}
				}
			})
		})
	}
}

// A pause outlives neither a kill nor the run, and two pauses of one node end apart.
func TestOverlappingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		done := make(chan *tape)
		go func() {
			done <- play(t, w, 10*time.Second, `nemesis:
  - {at: 1s, for: 2s, pause: [n1, n2]}
  - {at: 2s, for: 3s, pause: [n2, n3]}
  - {at: 6s, for: 2s, pause: n4}
  - {at: 7s, for: 2s, kill: n4}`)
		}()
		for _, at := range []struct {
			time   time.Duration
			frozen []string
		}{
			{1500 * time.Millisecond, []string{"n1", "n2"}},
			{2500 * time.Millisecond, []string{"n1", "n2", "n3"}},
			{4 * time.Second, []string{"n2", "n3"}},
			{5500 * time.Millisecond, nil},
			{6500 * time.Millisecond, []string{"n4"}},
			{7500 * time.Millisecond, nil}, // killed
		} {
			time.Sleep(at.time - time.Since(w.began))
			synctest.Wait()
			w.mu.Lock()
			var frozen []string
			for _, node := range five {
				if w.frozen[node] {
					frozen = append(frozen, node)
				}
			}
			w.mu.Unlock()
			if !slices.Equal(frozen, at.frozen) {
				t.Errorf("%v after the start: %v are frozen, want %v", at.time, frozen, at.frozen)
			}
		}
		rec := <-done
		if w.down["n4"] {
			t.Error("n4 is down after the run")
		}
		for id, life := range rec.lives() {
			if life[len(life)-1] != "healed=true" {
				t.Errorf("fault %d: %v", id, life)
			}
		}
		if !slices.Contains(rec.proofs(), "false: at its end: n4 not paused") {
			t.Errorf("the kill ended the pause of n4, and nobody says so: %q", rec.proofs())
		}
	})
}

func TestARuntimeThatCannotPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := parse(t, "nemesis: [{at: 1s, for: 1s, pause: leader}, {at: 3s, for: 1s, kill: n1}]")
		if err != nil {
			t.Fatal(err)
		}
		w, rec := newWorld(), &tape{}
		env := &Env{Nodes: five, Network: w, Processes: w}
		if err := s.Supported(env); err == nil || err.Error() != "pause: leader: this runtime cannot pause nodes" {
			t.Errorf("before the run: %v", err)
		}
		n := &Nemesis{Schedule: s, Length: 10 * time.Second, Leaders: fixedLeader("n1"), Recorder: rec, Env: env}
		if err := n.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := rec.proofs()[0]; got != "false: it did not strike: this runtime cannot pause nodes" {
			t.Errorf("in the history: %s", got)
		}
	})
}
