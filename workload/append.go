package workload

import (
	"math/rand/v2"

	"schism/history"
)

// Append asks for appends to lists and reads of them, on a few keys. No token is appended twice in a run,
// failed appends included: a list then tells which appends took effect, in which order, and how often.
// The workload set asks the same, of systems that promise no order.
type Append struct {
	keyed
	unlearned
	tokens fresh
}

// NewAppend makes the generator. Tokens start at 1.
func NewAppend(o Options) Generator {
	return &Append{keyed: newKeyed(o, history.Read, history.Append)}
}

// Next picks a key, then an operation by its share.
func (g *Append) Next(r *rand.Rand) Op {
	key, f := g.draw(r)
	if f == history.Read {
		return readKey(key)
	}
	return Op{F: f, Key: key, Value: g.tokens.value()}
}
