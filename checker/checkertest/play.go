package checkertest

import (
	"math/rand/v2"
	"slices"
	"time"

	"schism/history"
)

// Shape says what a random history is made of.
type Shape struct {
	Operations, Clients int
	Values              int     // values are drawn from so many; 0: each is new
	Unknown             float64 // share of operations without an answer
	Fails               float64 // share of those that are refused
	Lies                float64 // share of answers that are not what the object said
	Vague               float64 // share of failed cas that do not tell what they found
}

// RandomShape keeps histories so small that every order of them can be tried, and makes half of them hard: of
// eight operations or more, some of them unknown.
func RandomShape(r *rand.Rand) Shape {
	s := Shape{
		Operations: 6 + r.IntN(9), Clients: 2 + r.IntN(4),
		Unknown: []float64{0, 0.2, 0.3, 0.4}[r.IntN(4)],
		Fails:   []float64{0, 0.1}[r.IntN(2)],
		Lies:    []float64{0.1, 0.5, 0.9}[r.IntN(3)],
	}
	if r.IntN(4) == 0 {
		s.Values = 1 + r.IntN(4)
	}
	if r.IntN(4) == 0 {
		s.Vague = 0.5
	}
	return s
}

// Object is what the clients of a random history use.
type Object interface {
	// Ask is what a client asks for next: its F, its Key and its Input.
	Ask(client history.Process) history.Operation
	// TakeEffect carries it out, and gives it its outcome and its answer.
	TakeEffect(*history.Operation)
}

// Play lets clients use an object. Each operation takes effect at one random moment between its call and
// its return, so that without lies the history is linearizable.
func (s Shape) Play(r *rand.Rand, object Object) []history.Operation {
	all := make([]history.Operation, 0, s.Operations)
	index := int64(0)
	tick := func() int64 {
		index++
		return index - 1
	}
	now := func() time.Duration { return time.Duration(index) * time.Microsecond }
	open := make([]*history.Operation, s.Clients)
	for begun := 0; begun < s.Operations || slices.ContainsFunc(open, func(o *history.Operation) bool { return o != nil }); {
		client := r.IntN(s.Clients)
		switch o := open[client]; {
		case o == nil && begun < s.Operations:
			asked := object.Ask(history.Process(client))
			asked.Process, asked.Call, asked.CallTime = history.Process(client), tick(), now()
			open[client] = &asked
			begun++
		case o != nil && o.Outcome == "":
			object.TakeEffect(o)
		case o != nil:
			o.Return, o.ReturnTime = tick(), now()
			all = append(all, *o)
			open[client] = nil
		}
	}
	slices.SortFunc(all, func(a, b history.Operation) int { return int(a.Call - b.Call) })
	return all
}

// Outcome draws what becomes of an operation, and says whether it happens: half of the unknown ones do.
func (s Shape) Outcome(r *rand.Rand, o *history.Operation) (happens bool) {
	switch o.Outcome = history.OK; {
	case r.Float64() < s.Fails:
		o.Outcome, o.Error = history.Fail, "refused"
		return false
	case r.Float64() < s.Unknown:
		o.Outcome, o.Error = history.Info, "no answer"
		return r.IntN(2) == 0
	}
	return true
}
