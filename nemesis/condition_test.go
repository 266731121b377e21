package nemesis

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

// reigns is who leads from when on; "" is nobody.
type reigns struct {
	began time.Time
	since []time.Duration
	who   []string
}

func (r *reigns) at(now time.Duration) string {
	leader := ""
	for i, from := range r.since {
		if now >= from {
			leader = r.who[i]
		}
	}
	return leader
}

func (r *reigns) Leader(ctx context.Context) (string, error) {
	for {
		if leader := r.at(time.Since(r.began)); leader != "" {
			return leader, nil
		}
		if sleep(ctx, 5*time.Millisecond); ctx.Err() != nil {
			return "", ctx.Err()
		}
	}
}

// RegionLeader is n9 for the first 2 s, and then whoever leads.
func (r *reigns) RegionLeader(ctx context.Context) (string, error) {
	if time.Since(r.began) < 2*time.Second {
		return "n9", nil
	}
	return r.Leader(ctx)
}

// strikes is what became of each fault: "1.5s partition n2 | …" or why it did not strike.
func strikes(w *world, rec *timedTape) []string {
	var all []string
	for i, e := range rec.events {
		f, ok := history.FaultOf(e)
		switch {
		case ok && f.Phase == history.FaultStart && f.What != "":
			all = append(all, fmt.Sprintf("%v %s %s", rec.at[i].Sub(w.began).Round(50*time.Millisecond), e.F, f.What))
		case ok && f.Phase == history.FaultProof && !*f.Bit:
			all = append(all, fmt.Sprintf("%v %s: %s", rec.at[i].Sub(w.began).Round(50*time.Millisecond), f.Text, f.Proof))
		}
	}
	return all
}

type timedTape struct {
	tape
	at []time.Time
}

func (t *timedTape) Record(e history.Event) (history.Event, error) {
	e, err := t.tape.Record(e)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = append(t.at, time.Now())
	return e, err
}

func TestConditions(t *testing.T) {
	// n2 leads; n4 from 3 s on, after half a second without a leader.
	since, who := []time.Duration{0, 2500 * time.Millisecond, 3 * time.Second}, []string{"n2", "", "n4"}
	for name, c := range map[string]struct {
		entry string
		want  []string
	}{
		"another leader": {
			"{at: 1s, sequence: [{kill: n1, for: 500ms}, {until: leader != n2, within: 5s}, {kill: leader, for: 1s}]}",
			[]string{"1s kill n1", "3s kill n4"},
		},
		"that leader": {
			"{at: 1s, sequence: [{until: leader == n4, within: 5s}, {kill: leader, for: 1s}]}",
			[]string{"3s kill n4"},
		},
		"any leader": {
			"{at: 2600ms, sequence: [{until: leader, within: 2s}, {kill: leader, for: 1s}]}",
			[]string{"3s kill n4"},
		},
		"it holds already": {
			"{at: 1s, sequence: [{until: leader == n2, within: 5s}, {kill: leader, for: 1s}]}",
			[]string{"1s kill n2"},
		},
		"a change since the sequence began": {
			"{at: 1s, sequence: [{pause: leader, for: 2200ms}, {until: leader changed, within: 1s}, {kill: leader, for: 1s}]}",
			[]string{"1s pause n2", "3.2s kill n4"},
		},
		"no change after that one": {
			"{at: 1s, sequence: [{until: leader changed, within: 4s}, {until: leader changed, within: 1s}, {kill: leader, for: 1s}]}",
			[]string{
				"4s until: leader changed, within 1s: it did not strike: not so within 1s: n4 led last",
				"4s kill: leader: it did not strike: until leader changed: not so within 1s: n4 led last",
			},
		},
		"a partition until there is another leader": {
			"{at: 1s, partition: leader, until: leader changed, within: 5s}",
			[]string{"1s partition n2 | n1 n3 n4 n5"},
		},
		"one that stays in vain": {
			"{at: 4s, partition: leader, until: leader changed, within: 1s}",
			[]string{"4s partition n4 | n1 n2 n3 n5", "5s until: leader changed, within 1s: it did not strike: not so within 1s: n4 led last"},
		},
		"another region leader": {
			"{at: 1s, sequence: [{until: region-leader changed, within: 4s}, {kill: region-leader, for: 1s}]}",
			[]string{"2s kill n2"},
		},
		"that region leader": {
			"{at: 1s, sequence: [{until: region-leader == n4, within: 4s}, {kill: n1, for: 1s}]}",
			[]string{"3s kill n1"},
		},
		"the run ends first": {
			"{at: 7s, sequence: [{until: leader == n1, within: 2s}, {restart: n1}]}",
			[]string{
				"8s until: leader == n1, within 2s: it did not strike: the run ended before it was so: n4 led last",
				"8s restart: n1: it did not strike: until leader == n1: the run ended before it was so: n4 led last",
			},
		},
		"the next round is another try": {
			"{at: 1s, every: 3s, times: 2, sequence: [{until: leader == n4, within: 1s}, {kill: leader, for: 1s}]}",
			[]string{
				"2s until: leader == n4, within 1s: it did not strike: not so within 1s: n2 led last",
				"2s kill: leader: it did not strike: until leader == n4: not so within 1s: n2 led last",
				"4s kill n4",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				s, err := parse(t, "nemesis: ["+c.entry+"]")
				if err != nil {
					t.Fatal(err)
				}
				rec := &timedTape{}
				n := &Nemesis{
					Schedule: s, Seed: 1, Length: 10 * time.Second, Recorder: rec,
					Leaders: &reigns{began: time.Now(), since: since, who: who},
					Env:     &Env{Nodes: five, Network: w, Processes: w, Pauser: w, Health: w},
				}
				ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
				defer cancel()
				if err := n.Run(ctx); err != nil {
					t.Fatal(err)
				}
				if got := strikes(w, rec); !slices.Equal(got, c.want) {
					t.Errorf("\ngot  %q\nwant %q", got, c.want)
				}
			})
		})
	}
}

// The partition is on while the others elect a leader, and no longer.
func TestAFaultLastsUntilItsConditionHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		leaders := &reigns{began: time.Now(), since: []time.Duration{0, 3 * time.Second}, who: []string{"n2", "n5"}}
		done := make(chan *tape)
		go func() {
			done <- playUnder(t, leaders, w, 10*time.Second, "nemesis: [{at: 1s, partition: leader, until: leader changed, within: 8s}]")
		}()
		link := Link{"n2", "n1"}
		for at, want := range []bool{false, true, true, false} {
			time.Sleep(time.Duration(at)*time.Second + 500*time.Millisecond - time.Since(w.began))
			synctest.Wait()
			w.mu.Lock()
			if w.cut[link] != want {
				t.Errorf("%v after the start %v is cut: %v", time.Since(w.began), link, w.cut[link])
			}
			w.mu.Unlock()
		}
		if lives := (<-done).lives(); len(lives) != 1 || !slices.Equal(lives[1], []string{"start", "active", "proof=true", "proof=true", "end", "healed=true"}) {
			t.Errorf("%v", lives)
		}
	})
}
