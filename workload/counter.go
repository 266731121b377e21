package workload

import (
	"math/rand/v2"

	"schism/history"
)

// Counter asks for adds of 1 and reads, on a few keys. That every add is one of 1 is what makes the check
// near-linear.
type Counter struct {
	keyed
	unlearned
}

// NewCounter makes the generator.
func NewCounter(o Options) Generator {
	return &Counter{keyed: newKeyed(o, history.Read, history.Add)}
}

// Next picks a key, then an operation by its share.
func (g *Counter) Next(r *rand.Rand) Op {
	key, f := g.draw(r)
	if f == history.Read {
		return readKey(key)
	}
	return Op{F: f, Key: key, Value: history.Int(1)}
}
