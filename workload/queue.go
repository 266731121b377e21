package workload

import (
	"math/rand/v2"

	"schism/history"
)

// Queue asks for enqueues and dequeues, on a few keys. No value is enqueued twice in a run, failed enqueues
// included: that is what makes the check near-linear.
type Queue struct {
	keyed
	unlearned
	values fresh
}

// NewQueue makes the generator. Values start at 1.
func NewQueue(o Options) Generator {
	return &Queue{keyed: newKeyed(o, history.Enqueue, history.Dequeue)}
}

// Next picks a key, then an operation by its share.
func (g *Queue) Next(r *rand.Rand) Op {
	key, f := g.draw(r)
	if f == history.Dequeue {
		return takeOut(key)
	}
	return Op{F: f, Key: key, Value: g.values.value()}
}

func takeOut(key string) Op { return Op{F: history.Dequeue, Key: key} }
