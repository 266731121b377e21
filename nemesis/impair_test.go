package nemesis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lossy is a network in memory whose links can be worse than whole. Its defects are those that a
// nemesis must notice.
type lossy struct {
	w     *world
	mu    sync.Mutex
	state map[Link]Impairment

	cannot            error
	noImpair, noHeal  bool
	already, deafness map[Link]bool // links that lose half by themselves; that lose all when impaired
}

func (n *lossy) CanImpair(Impairment) error { return n.cannot }

func (n *lossy) Impair(_ context.Context, links map[Link]Impairment) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.noImpair && len(links) > 0 || n.noHeal && len(links) == 0 {
		return nil
	}
	n.state = links
	return nil
}

func (n *lossy) Transfer(_ context.Context, links []Link, load Load) (map[Link]int, error) {
	time.Sleep(load.Wait) // not under the lock: who waits for that keeps the bubble's time from passing
	n.mu.Lock()
	defer n.mu.Unlock()
	came := make(map[Link]int)
	for _, l := range links {
		is := n.state[l]
		share := 1 - is.Loss
		if n.already[l] {
			share /= 2
		}
		if n.deafness[l] && is.Loss > 0 || n.w.cut[l] {
			share = 0
		}
		came[l] = int(share * float64(load.Messages))
		if is.Rate > 0 {
			came[l] = min(came[l], int(load.Wait.Seconds()*float64(is.Rate))/load.Size)
		}
	}
	return came, nil
}

func playLossy(t *testing.T, n *lossy, schedule string) *tape {
	t.Helper()
	s, err := parse(t, schedule)
	if err != nil {
		t.Fatal(err)
	}
	n.w = newWorld()
	rec := &tape{}
	run := &Nemesis{
		Schedule: s, Seed: 1, Length: 10 * time.Second, Leaders: fixedLeader("n2"), Recorder: rec,
		Env: &Env{Nodes: five, Network: n.w, Processes: n.w, Impairer: n},
	}
	if err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestLifeOfAnImpairment(t *testing.T) {
	full := []string{"start", "active", "proof=true", "proof=true", "end", "healed=true"}
	inVain := []string{"start", "active", "proof=false", "proof=false", "end", "healed=true"}
	const loss = "nemesis: [{at: 1s, for: 3s, loss: {of: 30%, links: leader<->rest}}]"
	const limit = "nemesis: [{at: 1s, for: 3s, rate-limit: {to: 16KB/s, links: [n1->n2, n3->n2]}}]"
	n1n2 := map[Link]bool{{"n1", "n2"}: true}
	for name, c := range map[string]struct {
		net      *lossy
		schedule string
		want     []string
	}{
		"loss":                   {&lossy{}, loss, full},
		"rate limit":             {&lossy{}, limit, full},
		"loss that does nothing": {&lossy{noImpair: true}, loss, inVain},
		"no limit":               {&lossy{noImpair: true}, limit, inVain},
		"a cut and not a loss":   {&lossy{deafness: n1n2}, loss, inVain},
		"it stays":               {&lossy{noHeal: true}, loss, []string{"start", "active", "proof=true", "proof=true", "end", "healed=false"}},
		"bad before":             {&lossy{already: n1n2}, loss, []string{"start", "proof=false", "active", "proof=true", "proof=true", "end", "healed=false"}},
		"it cannot":              {&lossy{cannot: errors.New("streams lose nothing")}, loss, []string{"start", "proof=false"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lives := playLossy(t, c.net, c.schedule).lives()
				if len(lives) != 1 || !slices.Equal(lives[1], c.want) {
					t.Errorf("got  %v\nwant %v", lives, c.want)
				}
			})
		})
	}
}

func TestProofOfLossTellsWhatCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := playLossy(t, &lossy{}, "nemesis: [{at: 1s, for: 3s, loss: {of: 50%, links: n1->n2}}]")
		want := []string{"true: 1 of 1 links worse: 15 of 30 messages came", "true: at its end: 1 of 1 links worse: 15 of 30 messages came"}
		if got := rec.proofs(); !slices.Equal(got, want) {
			t.Errorf("\ngot  %q\nwant %q", got, want)
		}
	})
}

// A link that two faults make worse is as bad as both of them together, and whole after the last. The
// second one could not be told from the first: that is said.
func TestOverlappingImpairments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := &lossy{}
		done := make(chan *tape)
		began := time.Now()
		go func() {
			done <- playLossy(t, net, `nemesis:
  - {at: 1s, for: 4s, loss: {of: 50%, links: n1->n2}}
  - {at: 3s, for: 4s, loss: {of: 20%, links: [n1->n2, n3->n2]}}
  - {at: 4s, for: 1s, rate-limit: {to: 4KB/s, links: n4->n5}}`)
		}()
		for _, at := range []struct {
			time  time.Duration
			state map[Link]Impairment
		}{
			{2900 * time.Millisecond, map[Link]Impairment{{"n1", "n2"}: {Loss: 0.5}}},
			{4900 * time.Millisecond, map[Link]Impairment{{"n1", "n2"}: {Loss: 0.6}, {"n3", "n2"}: {Loss: 0.2}, {"n4", "n5"}: {Rate: 4096}}},
			{6500 * time.Millisecond, map[Link]Impairment{{"n1", "n2"}: {Loss: 0.2}, {"n3", "n2"}: {Loss: 0.2}}},
			{9500 * time.Millisecond, map[Link]Impairment{}},
		} {
			time.Sleep(at.time - time.Since(began))
			synctest.Wait()
			net.mu.Lock()
			if len(net.state) != len(at.state) {
				t.Errorf("%v after the start: %v, want %v", at.time, net.state, at.state)
			}
			for l, want := range at.state {
				if got := net.state[l]; got.Rate != want.Rate || math.Abs(got.Loss-want.Loss) > 1e-9 {
					t.Errorf("%v after the start: %v is %+v, want %+v", at.time, l, got, want)
				}
			}
			net.mu.Unlock()
		}
		rec := <-done
		for id, life := range rec.lives() {
			if life[len(life)-1] != "healed=true" {
				t.Errorf("fault %d: %v", id, life)
			}
		}
		if !slices.Contains(rec.proofs(), "false: not provable: another fault holds some of the links") {
			t.Errorf("%q", rec.proofs())
		}
	})
}

func TestARuntimeThatCannotImpair(t *testing.T) {
	s, err := parse(t, "nemesis: [{at: 1s, for: 1s, loss: {of: 30%, links: n1->n2}}, {at: 1s, for: 1s, rate-limit: {to: 4KB/s, links: n1->n2}}]")
	if err != nil {
		t.Fatal(err)
	}
	streams := &lossy{cannot: errors.New("streams lose nothing")}
	for want, env := range map[string]*Env{
		"loss: {of: 30%, links: n1->n2}: streams lose nothing\nrate-limit: {to: 4KB/s, links: n1->n2}: streams lose nothing": {Impairer: streams},
		"loss: {of: 30%, links: n1->n2}: " + cannotImpair + "\nrate-limit: {to: 4KB/s, links: n1->n2}: " + cannotImpair:      {},
	} {
		if err := s.Supported(env); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

const cannotImpair = "this runtime cannot make links lose or slow down what they carry"

// So many messages show any loss that a scenario may ask for, and leave some.
func TestEnoughToLose(t *testing.T) {
	for percent := 5; percent <= 90; percent++ {
		share := float64(percent) / 100
		n := float64(enoughToLose(share))
		if none, all := math.Pow(1-share, n), math.Pow(share, n); none > sure || all > sure || n > 500 {
			t.Errorf("%d%%: of %v messages none is lost with %v, all with %v", percent, n, none, all)
		}
	}
	if got := fmt.Sprint(Impairment{Loss: 0.5, Rate: 10}.and(Impairment{Loss: 0.5}), Impairment{Rate: 10}.and(Impairment{Rate: 20})); got != "{0.75 10} {0 10}" {
		t.Errorf("both: %s", got)
	}
}
