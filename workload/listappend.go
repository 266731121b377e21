package workload

import (
	"fmt"
	"math/rand/v2"

	"schism/history"
)

// ListAppend asks for transactions that read and append to some lists at one moment, in Elle's way: a list that is read
// shows all that was ever appended to it, in order, so that what depends on what can be told. No element is appended
// twice in a run, failed appends included.
//
// Some lists are in use at a time. One that was appended to often enough makes place for a new one: lists stay short, and
// what a read costs does not grow with the run.
type ListAppend struct {
	unlearned
	names   []string // of all lists so far, those in use too
	inUse   []int    // by place: which of them
	appends []int    // by place: asked for so far
	values  fresh
}

// What a transaction is made of.
const (
	mostParts   = 4  // reads and appends in a transaction
	listAppends = 32 // to a list before another takes its place
)

// NewListAppend makes the generator. Elements start at 1.
func NewListAppend(o Options) Generator {
	g := &ListAppend{names: keyNames(o.Keys), inUse: make([]int, o.Keys), appends: make([]int, o.Keys)}
	for i := range g.inUse {
		g.inUse[i] = i
	}
	return g
}

// Next draws one to four parts, each a read of a list or an append to it. Two may be of one list: a transaction has to
// see what it did itself.
func (g *ListAppend) Next(r *rand.Rand) Op {
	all := make([]history.Access, 1+r.IntN(mostParts))
	for i := range all {
		place := r.IntN(len(g.inUse))
		all[i].Register = g.names[g.inUse[place]]
		if r.IntN(2) == 0 {
			all[i].Kind, all[i].Value = history.Appends, g.values.value()
			g.appended(place)
		}
	}
	return Op{F: history.Txn, Value: history.JoinTxn(all)}
}

// appended counts an append, and puts a new list in the place of one that had its share.
func (g *ListAppend) appended(place int) {
	if g.appends[place]++; g.appends[place] < listAppends {
		return
	}
	g.inUse[place], g.appends[place] = len(g.names), 0
	g.names = append(g.names, fmt.Sprintf("k%d", len(g.names)+1))
}

// Kinds has one word.
func (g *ListAppend) Kinds() []string { return []string{history.Txn} }

// Keys are those of all lists so far.
func (g *ListAppend) Keys() []string { return g.names }
