package objects

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/anishathalye/porcupine"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// BenchmarkCounter is a counter of which half of the operations are reads.
func BenchmarkCounter(b *testing.B) {
	course(Counter, func(s played) checkertest.Object { return &countedObject{played: s} }).Curve(b)
}

// BenchmarkSet is a set that is read so seldom that all lists together are as long as the history.
func BenchmarkSet(b *testing.B) {
	course(Set, func(s played) checkertest.Object { return &grownSet{played: s} }).Curve(b)
}

// BenchmarkQueue is a queue of which half of the operations are dequeues.
func BenchmarkQueue(b *testing.B) {
	course(Queue, func(s played) checkertest.Object { return &queuedObject{played: s} }).Curve(b)
}

// BenchmarkMultiRegister is a group of three registers that transactions of one to three steps read and write.
func BenchmarkMultiRegister(b *testing.B) {
	c := course(MultiRegister, func(s played) checkertest.Object {
		return &groupedObject{played: s, held: map[string]history.Value{}}
	})
	c.Most = 1_000_000
	c.Curve(b)
}

func course(check func(checker.Limits) checker.Checker, object func(played) checkertest.Object) checkertest.Course {
	return checkertest.Course{
		Checker: check(checker.Limits{Once: true}),
		Make: func(n, clients, unknown int) *history.History {
			s := checkertest.Shape{Operations: n, Clients: clients, Unknown: 2 * float64(unknown) / float64(n)}
			r := rand.New(rand.NewPCG(3, uint64(n)))
			return &history.History{Operations: s.Play(r, object(played{s, r}))}
		},
		Ask: func(h *history.History) (porcupine.Model, []porcupine.Operation) {
			k := check(checker.Limits{}).(Checker).normalize(h)[0]
			return k.model(), forPorcupine(k.tighten(k.ops))
		},
	}
}

// played is what the objects here have in common: they never lie, and only changes go unanswered.
type played struct {
	checkertest.Shape
	*rand.Rand
}

func (p played) half(change, other history.Operation) history.Operation {
	if p.IntN(2) == 0 {
		return change
	}
	return other
}

type countedObject struct {
	played
	sum int64
}

func (c *countedObject) Ask(history.Process) history.Operation {
	return c.half(ask(history.Add, "1"), ask(history.Read, ""))
}

func (c *countedObject) TakeEffect(o *history.Operation) {
	if o.F == history.Read {
		o.Outcome, o.Output = history.OK, history.Int(c.sum)
	} else if c.Outcome(c.Rand, o) {
		c.sum++
	}
}

type grownSet struct {
	played
	asked int
	held  []byte // the elements, a comma behind each
	size  int
}

func (c *grownSet) Ask(history.Process) history.Operation {
	if c.IntN(c.size+5) < 4 {
		return ask(history.Read, "")
	}
	c.asked++
	return ask(history.Add, strconv.Itoa(c.asked))
}

func (c *grownSet) TakeEffect(o *history.Operation) {
	switch {
	case o.F == history.Read && c.size == 0:
		o.Outcome, o.Output = history.OK, history.Nil
	case o.F == history.Read:
		list := append([]byte("["), c.held...)
		list[len(list)-1] = ']'
		o.Outcome, o.Output = history.OK, list
	case c.Outcome(c.Rand, o):
		c.held = append(append(c.held, o.Input...), ',')
		c.size++
	}
}

type queuedObject struct {
	played
	asked int
	held  []history.Value
}

func (c *queuedObject) Ask(history.Process) history.Operation {
	c.asked++
	return c.half(ask(history.Enqueue, strconv.Itoa(c.asked)), ask(history.Dequeue, ""))
}

func (c *queuedObject) TakeEffect(o *history.Operation) {
	switch {
	case o.F == history.Dequeue && len(c.held) == 0:
		o.Outcome, o.Output = history.OK, history.Nil
	case o.F == history.Dequeue:
		o.Outcome, o.Output = history.OK, c.held[0]
		c.held = c.held[1:]
	case c.Outcome(c.Rand, o):
		c.held = append(c.held, o.Input)
	}
}

type groupedObject struct {
	played
	asked int
	held  map[string]history.Value
}

func (g *groupedObject) Ask(history.Process) history.Operation {
	all := make([]history.Access, 1+g.IntN(3))
	for i, register := range g.Perm(3)[:len(all)] {
		all[i].Register = "xyz"[register : register+1]
		if g.IntN(2) == 0 {
			g.asked++
			all[i].Kind, all[i].Value = history.Writes, history.Int(int64(g.asked))
		}
	}
	return ask(history.Txn, string(history.JoinTxn(all)))
}

func (g *groupedObject) TakeEffect(o *history.Operation) {
	all, _ := history.SplitTxn(o.Input)
	changes := slices.ContainsFunc(all, func(a history.Access) bool { return a.Kind == history.Writes })
	if o.Outcome = history.OK; changes && !g.Outcome(g.Rand, o) {
		return
	}
	for i, a := range all {
		switch {
		case a.Kind == history.Writes:
			g.held[a.Register] = a.Value
		case g.held[a.Register] != nil:
			all[i].Value = g.held[a.Register]
		}
	}
	if o.Outcome == history.OK {
		o.Output = history.JoinTxn(all)
	}
}
