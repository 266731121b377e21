package objects

import (
	"math/rand/v2"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// What a choice makes valid is valid: TestEveryWayAgrees compares it with Porcupine. Here it must be found for
// every small queue that is linearizable, and for none that is not.
func TestAChoiceIsFoundWhereThereIsOne(t *testing.T) {
	c := Queue(checker.Limits{}).(Checker)
	found, none := 0, 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 17))
		w := queueTwin()
		s := checkertest.RandomShape(r)
		s.Unknown, s.Values, s.Lies = max(s.Unknown, 0.2), 0, []float64{0, 0.1, 0.5}[r.IntN(3)]
		g := &generator{twin: w, Rand: r, Shape: s, state: w.start, holds: make(map[history.Process]string)}
		h := &history.History{Operations: s.Play(r, g)}
		for _, k := range c.normalize(h) {
			if c.object.fits(k) || !enqueuedOnce(k) {
				continue
			}
			valid := mustAsk(k, k.ops)
			if got := newJudgement(k).chosen(); got != valid {
				t.Errorf("seed %d: a choice was found: %t, and the queue is linearizable: %t: %+v", seed, got, valid, k.ops)
			} else if valid {
				found++
			} else {
				none++
			}
		}
	}
	t.Logf("a choice was found for %d queues, and none for %d", found, none)
	if found < 300 || none < 300 {
		t.Errorf("%d and %d are too few to tell anything", found, none)
	}
}

// A search over the dequeues that the death of all nodes left without an answer takes more memory than there is.
func TestAQueueWithManyUnknownDequeuesIsDecided(t *testing.T) {
	c := Queue(checker.Limits{Memory: 256 << 20})
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 18))
		w := queueTwin()
		s := checkertest.Shape{Operations: 2000, Clients: 10, Unknown: 0.05}
		g := &generator{twin: w, Rand: r, Shape: s, state: w.start, holds: make(map[history.Process]string)}
		h := &history.History{Operations: s.Play(r, g)}
		if got := c.Check(t.Context(), h); got.Verdict != checker.Valid {
			t.Errorf("seed %d: %v: %s", seed, got.Verdict, got.Message)
		}
	}
}
