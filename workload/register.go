package workload

import (
	"math/rand/v2"

	"schism/history"
)

// Register asks for reads, writes and compare-and-set on a few keys. No value is written twice in a
// run, failed writes included: that is what makes the checks near-linear, and a dirty read certain.
type Register struct {
	keyed
	values  fresh
	current map[string]history.Value // lately seen, so that some cas match
}

// NewRegister makes the generator. Values start at 1.
func NewRegister(o Options) Generator {
	return &Register{keyed: newKeyed(o, history.Read, history.Write, history.CAS), current: make(map[string]history.Value)}
}

// Next picks a key, then an operation by its share.
func (g *Register) Next(r *rand.Rand) Op {
	key, f := g.draw(r)
	switch f {
	case history.Read:
		return readKey(key)
	case history.Write:
		return Op{F: f, Key: key, Value: g.values.value()}
	}
	return Op{F: f, Key: key, Value: history.Pair(g.current[key], g.values.value())}
}

// Done remembers what the key held last, as far as answers tell.
func (g *Register) Done(op Op, a Answer) {
	switch {
	case a.Found != nil:
		g.current[op.Key] = a.Found
	case a.Kind != history.OK:
	case op.F == history.Read:
		g.current[op.Key] = a.Value
	case op.F == history.Write:
		g.current[op.Key] = op.Value
	case op.F == history.CAS:
		if _, to, err := history.SplitPair(op.Value); err == nil {
			g.current[op.Key] = to
		}
	}
}
