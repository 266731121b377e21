package linear

import (
	"math/rand/v2"

	"schism/checker/checkertest"
	"schism/history"
)

// definition is a register.
var definition = checkertest.Definition{Start: "null", Step: func(value string, o *history.Operation) (string, bool) {
	switch o.F {
	case history.Read:
		return value, o.Outcome != history.OK || string(o.Output) == value
	case history.Write:
		return string(o.Input), true
	}
	from, to, _ := history.SplitPair(o.Input)
	switch {
	case o.Outcome == history.Fail && o.Found() != nil:
		return value, string(o.Found()) == value && string(from) != value
	case o.Outcome == history.Fail:
		return value, string(from) != value
	default:
		return string(to), string(from) == value
	}
}}

// register lies when its clients ask what it holds.
type register struct {
	checkertest.Shape
	*rand.Rand
	cas     bool // it is asked to compare and set, too
	current string
	known   []string // every value so far
}

func newRegister(cas bool) func(*rand.Rand, checkertest.Shape) checkertest.Object {
	return func(r *rand.Rand, s checkertest.Shape) checkertest.Object {
		return &register{Shape: s, Rand: r, cas: cas, current: "null", known: []string{"null"}}
	}
}

// play is a history of one that knows cas.
func play(r *rand.Rand, s checkertest.Shape) []history.Operation {
	return s.Play(r, newRegister(true)(r, s))
}

func (s *register) Ask(history.Process) history.Operation {
	o := history.Operation{Key: "x", F: history.Read}
	switch c := s.IntN(4); {
	case c == 0:
		o.F, o.Input = history.Write, history.Value(s.value())
	case c == 1 && s.cas:
		from := s.current
		if s.IntN(3) == 0 {
			from = s.anyKnown()
		}
		o.F, o.Input = history.CAS, history.Pair(history.Value(from), history.Value(s.value()))
	}
	return o
}

func (s *register) value() string {
	n := len(s.known)
	if s.Values > 0 {
		n = 1 + s.IntN(s.Values)
	}
	v := string(history.Int(int64(n)))
	s.known = append(s.known, v)
	return v
}

func (s *register) anyKnown() string { return s.known[s.IntN(len(s.known))] }

func (s *register) TakeEffect(o *history.Operation) {
	if !s.Outcome(s.Rand, o) {
		return
	}
	seen := s.current
	if s.Float64() < s.Lies {
		seen = s.anyKnown()
	}
	switch o.F {
	case history.Read:
		o.Output = history.Value(seen)
	case history.Write:
		s.current = string(o.Input)
	case history.CAS:
		s.compareAndSet(o, seen)
	}
}

func (s *register) compareAndSet(o *history.Operation, seen string) {
	from, to, _ := history.SplitPair(o.Input)
	switch {
	case string(from) == seen:
		s.current = string(to)
	case o.Outcome == history.OK:
		o.Outcome, o.Error = history.Fail, history.Mismatch
		if s.Float64() >= s.Vague {
			o.Rare = &history.Rare{Found: history.Value(seen)}
		}
	}
}
