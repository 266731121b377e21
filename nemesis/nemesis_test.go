package nemesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

// world is a cluster in memory. Its defects are those that a nemesis must notice.
type world struct {
	mu     sync.Mutex
	cut    map[Link]bool
	down   map[string]bool
	frozen map[string]bool
	kills  []string // in order, with the time since it began
	began  time.Time

	noCut, noHeal, noKill, hang bool
	noPause, noResume           bool
	slow                        time.Duration // from a node's start to its being back
	dead                        string        // this one never comes back
}

func newWorld() *world {
	return &world{cut: make(map[Link]bool), down: make(map[string]bool), frozen: make(map[string]bool), began: time.Now()}
}

func (w *world) SetCuts(ctx context.Context, cut []Link) error {
	if w.hang && len(cut) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.noHeal && len(cut) == 0 || w.noCut && len(cut) > 0 {
		return nil
	}
	clear(w.cut)
	for _, l := range cut {
		w.cut[l] = true
	}
	return nil
}

func (w *world) Probe(_ context.Context, links []Link, _ time.Duration) (map[Link]bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	answered := make(map[Link]bool)
	for _, l := range links {
		answered[l] = !w.cut[l]
	}
	return answered, nil
}

func (w *world) KillNode(_ context.Context, node string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down[node], w.frozen[node] = !w.noKill, false
	w.kills = append(w.kills, fmt.Sprintf("%s at %v", node, time.Since(w.began)))
	return nil
}

func (w *world) StartNode(_ context.Context, node string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down[node] = false
	return nil
}

func (w *world) Running(_ context.Context, node string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.down[node], nil
}

func (w *world) PauseNode(_ context.Context, node string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down[node] {
		return errors.New("it is not running")
	}
	w.frozen[node] = !w.noPause
	return nil
}

func (w *world) ResumeNode(_ context.Context, node string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen[node] = w.noResume
	return nil
}

func (w *world) Paused(_ context.Context, node string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.frozen[node], nil
}

func (w *world) Back(ctx context.Context, node string) error {
	if node == w.dead {
		<-ctx.Done()
		return errors.New("waited for it to answer")
	}
	time.Sleep(w.slow)
	return nil
}

// tape is a history in memory.
type tape struct {
	mu     sync.Mutex
	events []history.Event
	err    error
}

func (t *tape) Record(e history.Event) (history.Event, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.Index = int64(len(t.events))
	t.events = append(t.events, e)
	return e, t.err
}

// lives is every fault's phases with what was measured.
func (t *tape) lives() map[int][]string {
	lives := make(map[int][]string)
	for _, e := range t.events {
		f, ok := history.FaultOf(e)
		if !ok {
			continue
		}
		text := string(f.Phase)
		if f.Bit != nil {
			text += fmt.Sprintf("=%v", *f.Bit)
		}
		lives[f.ID] = append(lives[f.ID], text)
	}
	return lives
}

func play(t *testing.T, w *world, length time.Duration, schedule string) *tape {
	t.Helper()
	return playUnder(t, fixedLeader("n2"), w, length, schedule)
}

func playUnder(t *testing.T, leaders Leadership, w *world, length time.Duration, schedule string) *tape {
	t.Helper()
	s, err := parse(t, schedule)
	if err != nil {
		t.Fatal(err)
	}
	rec := &tape{}
	n := &Nemesis{
		Schedule: s, Seed: 1, Length: 10 * time.Second, Leaders: leaders, Recorder: rec,
		Env: &Env{Nodes: five, Network: w, Processes: w, Pauser: w, Health: w},
	}
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	if err := n.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestLifeOfAFault(t *testing.T) {
	full := []string{"start", "active", "proof=true", "proof=true", "end", "healed=true"}
	inVain := []string{"start", "active", "proof=false", "proof=false", "end", "healed=true"}
	stays := []string{"start", "active", "proof=true", "proof=true", "end", "healed=false"}
	const isolate = "nemesis: [{at: 1s, for: 1s, partition: leader}]"
	for name, c := range map[string]struct {
		spoil    func(*world)
		schedule string
		length   time.Duration
		want     []string
	}{
		"a partition":            {schedule: "nemesis: [{at: 1s, for: 2s, partition: [leader, rest]}]", want: full},
		"halves":                 {schedule: "nemesis: [{at: 1s, for: 2s, partition: halves}]", want: full},
		"a ring":                 {schedule: "nemesis: [{at: 1s, for: 2s, partition: ring}]", want: full},
		"a bridge":               {schedule: "nemesis: [{at: 1s, for: 2s, partition: bridge}]", want: full},
		"single links":           {schedule: "nemesis: [{at: 1s, for: 2s, cut: [leader->n1, n3<->n4]}]", want: full},
		"a kill":                 {schedule: "nemesis: [{at: 1s, for: 2s, kill: leader}]", want: full},
		"a pause":                {schedule: "nemesis: [{at: 1s, for: 2s, pause: minority}]", want: full},
		"one way":                {schedule: "nemesis: [{at: 1s, for: 2s, one-way: {from: leader, to: rest}}]", want: full},
		"a restart":              {schedule: "nemesis: [{at: 1s, restart: leader}]", want: []string{"start", "active", "proof=true", "end", "healed=true"}},
		"a rolling restart":      {schedule: "nemesis: [{at: 1s, rolling-restart: all}]", want: full},
		"cut short by the run":   {schedule: "nemesis: [{at: 1s, for: 8s, kill: leader}]", length: 2 * time.Second, want: full},
		"never reached":          {schedule: "nemesis: [{at: 5s, for: 1s, kill: leader}]", length: 2 * time.Second, want: []string{"start", "proof=false"}},
		"no node to choose":      {schedule: "nemesis: [{at: 1s, for: 1s, cut: leader->n2}]", want: []string{"start", "proof=false"}},
		"cuts that do nothing":   {spoil: func(w *world) { w.noCut = true }, schedule: isolate, want: inVain},
		"a ring that is none":    {spoil: func(w *world) { w.noCut = true }, schedule: "nemesis: [{at: 1s, for: 1s, partition: ring}]", want: inVain},
		"kills that do nothing":  {spoil: func(w *world) { w.noKill = true }, schedule: "nemesis: [{at: 1s, for: 1s, kill: all}]", want: inVain},
		"pauses that do nothing": {spoil: func(w *world) { w.noPause = true }, schedule: "nemesis: [{at: 1s, for: 1s, pause: all}]", want: inVain},
		"rolling in vain":        {spoil: func(w *world) { w.noKill = true }, schedule: "nemesis: [{at: 1s, rolling-restart: all}]", want: inVain},
		"a heal without effect":  {spoil: func(w *world) { w.noHeal = true }, schedule: isolate, want: stays},
		"a heal that hangs":      {spoil: func(w *world) { w.hang = true }, schedule: isolate, want: stays},
		"it stays frozen":        {spoil: func(w *world) { w.noResume = true }, schedule: "nemesis: [{at: 1s, for: 1s, pause: n1}]", want: stays},
		"links silent before":    {spoil: func(w *world) { w.cut[Link{"n2", "n1"}] = true }, schedule: isolate, want: []string{"start", "proof=false", "active", "proof=true", "proof=true", "end", "healed=true"}},
		"frozen before":          {spoil: func(w *world) { w.frozen["n1"] = true }, schedule: "nemesis: [{at: 1s, for: 1s, pause: n1}]", want: []string{"start", "proof=false", "active", "proof=true", "proof=true", "end", "healed=true"}},
		"down when it is paused": {spoil: func(w *world) { w.down["n1"] = true }, schedule: "nemesis: [{at: 1s, for: 1s, pause: n1}]", want: []string{"start", "proof=false", "proof=false", "end", "healed=false"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				if c.spoil != nil {
					c.spoil(w)
				}
				length := c.length
				if length == 0 {
					length = 10 * time.Second
				}
				lives := play(t, w, length, c.schedule).lives()
				if len(lives) != 1 || !slices.Equal(lives[1], c.want) {
					t.Errorf("got  %v\nwant %v", lives, c.want)
				}
			})
		})
	}
}

// A link that two faults hold stays cut until both are over.
func TestOverlappingCutsHealApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		done := make(chan *tape)
		go func() {
			done <- play(t, w, 10*time.Second, `nemesis:
  - {at: 1s, for: 2s, partition: [n1, rest]}
  - {at: 2s, for: 4s, partition: [[n1, n2], rest]}`)
		}()
		shared, first, second := Link{"n1", "n3"}, Link{"n1", "n2"}, Link{"n2", "n3"}
		for _, at := range []struct {
			time  time.Duration
			links map[Link]bool
		}{
			{1500 * time.Millisecond, map[Link]bool{shared: true, first: true, second: false}},
			{1000 * time.Millisecond, map[Link]bool{shared: true, first: true, second: true}},
			{2000 * time.Millisecond, map[Link]bool{shared: true, first: false, second: true}},
			{3000 * time.Millisecond, map[Link]bool{shared: false, first: false, second: false}},
		} {
			time.Sleep(at.time)
			synctest.Wait()
			w.mu.Lock()
			for link, cut := range at.links {
				if w.cut[link] != cut {
					t.Errorf("%v later: link %v cut: %v", at.time, link, w.cut[link])
				}
			}
			w.mu.Unlock()
		}
		for id, life := range (<-done).lives() {
			if life[len(life)-1] != "healed=true" {
				t.Errorf("fault %d: %v", id, life)
			}
		}
	})
}

// A node that two kills hold starts again only after both.
func TestOverlappingKills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		done := make(chan *tape)
		go func() {
			done <- play(t, w, 10*time.Second, `nemesis:
  - {at: 1s, for: 4s, kill: n1}
  - {at: 2s, for: 1s, kill: [n1, n3]}`)
		}()
		time.Sleep(4 * time.Second)
		synctest.Wait()
		w.mu.Lock()
		if !w.down["n1"] || w.down["n3"] {
			t.Errorf("after the second kill n1 must stay down and n3 be up: %v", w.down)
		}
		w.mu.Unlock()
		lives := (<-done).lives()
		if w.down["n1"] {
			t.Error("n1 is down after the last kill")
		}
		// The second one could not be told from the first at n1: that is said, not hidden.
		if !slices.Contains(lives[2], "proof=false") {
			t.Errorf("the second kill: %v", lives[2])
		}
	})
}

func TestAHistoryThatFailsEndsTheNemesis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := parse(t, "nemesis: [{at: 1s, for: 2s, partition: [leader, rest]}]")
		if err != nil {
			t.Fatal(err)
		}
		full := errors.New("disk full")
		n := &Nemesis{Schedule: s, Leaders: fixedLeader("n1"), Recorder: &tape{err: full}, Env: &Env{Nodes: five, Network: newWorld(), Processes: newWorld()}}
		if err := n.Run(t.Context()); !errors.Is(err, full) {
			t.Errorf("got %v, want %v", err, full)
		}
	})
}
