package workload

import (
	"math/rand/v2"
	"slices"

	"schism/history"
)

// Mutex asks for locks to be acquired and released, a few keys. Whoever acquires one does so under a name of
// its own, which nobody uses again, and which the release bears: that is what makes the check near-linear.
// Any client may release, for the name is all that a lock goes by.
type Mutex struct {
	keyed
	names fresh
	locks map[string]*lock
}

// lock is what answers have told of one key.
type lock struct {
	owners []history.Value // that have it, or may: to be released, in this order
	asked  map[string]bool // owners of whom an answer is awaited
}

// NewMutex makes the generator. Owners are numbered from 1 on.
func NewMutex(o Options) Generator {
	g := &Mutex{keyed: newKeyed(o, history.Acquire, history.Release), locks: make(map[string]*lock)}
	for _, key := range g.keys {
		g.locks[key] = &lock{asked: make(map[string]bool)}
	}
	return g
}

// Next picks a key, then an operation by its share. A lock that nobody is known to hold is acquired, for
// there is nothing to release.
func (g *Mutex) Next(r *rand.Rand) Op {
	key, f := g.draw(r)
	l := g.locks[key]
	owner := history.Value(nil)
	if f == history.Release && len(l.owners) > 0 {
		owner, l.owners = l.owners[0], l.owners[1:]
	} else {
		f, owner = history.Acquire, g.names.value()
	}
	l.asked[string(owner)] = true
	return Op{F: f, Key: key, Value: owner}
}

// Done remembers who has the lock. Who may have it is released as well: nobody else could ever acquire it
// again. An owner whom a refused acquire found is the next to be released, expected or not.
func (g *Mutex) Done(op Op, a Answer) {
	l := g.locks[op.Key]
	if l == nil {
		return // nobody of ours asked
	}
	delete(l.asked, string(op.Value))
	refused := a.Kind == history.Fail
	switch {
	case op.F == history.Acquire && !refused, op.F == history.Release && a.Kind != history.OK && a.Error != history.Mismatch:
		l.owners = append(l.owners, op.Value)
	case op.F == history.Acquire && !history.IsNil(a.Found) && !l.asked[string(a.Found)]:
		others := slices.DeleteFunc(l.owners, func(o history.Value) bool { return string(o) == string(a.Found) })
		l.owners = slices.Insert(others, 0, a.Found)
	}
}
