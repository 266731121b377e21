package appendlist

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// definition is a list; its state is its tokens, a comma behind each.
var definition = checkertest.Definition{Step: func(list string, o *history.Operation) (string, bool) {
	if o.F == history.Append {
		return list + string(o.Input) + ",", true
	}
	return list, o.Outcome != history.OK || "["+strings.TrimSuffix(list, ",")+"]" == strings.Replace(string(o.Output), "null", "[]", 1)
}}

// liar is a list that applies appends twice, forgets them, applies what it refused, and shows what is not
// there.
type liar struct {
	checkertest.Shape
	*rand.Rand
	token int64
	list  []string
	past  [][]string // every list so far
}

func newLiar(r *rand.Rand, s checkertest.Shape) checkertest.Object {
	s.Lies = []float64{0.02, 0.1, 0.25}[r.IntN(3)] // of a list, a few lies are enough
	return &liar{Shape: s, Rand: r}
}

func (s *liar) Ask(history.Process) history.Operation {
	o := history.Operation{Key: "x", F: history.Read}
	if s.IntN(2) == 0 {
		s.token++
		o.F, o.Input = history.Append, history.Int(s.token)
	}
	return o
}

func (s *liar) TakeEffect(o *history.Operation) {
	happens := s.Outcome(s.Rand, o)
	lies := s.Float64() < s.Lies
	if o.F == history.Read {
		if o.Outcome == history.OK {
			o.Output = encode(s.list)
			if lies {
				o.Output = encode(s.lie())
			}
		}
		return
	}
	if !happens && !(lies && o.Outcome == history.Fail) {
		return
	}
	s.past = append(s.past, slices.Clone(s.list))
	switch {
	case lies && s.IntN(2) == 0: // it is acknowledged, and does nothing
	case lies:
		s.list = append(s.list, string(o.Input), string(o.Input))
	default:
		s.list = append(s.list, string(o.Input))
	}
}

// lie is a list that is not what it should be, most often by little.
func (s *liar) lie() []string {
	list := slices.Clone(s.list)
	if len(list) == 0 {
		return []string{"77"}
	}
	i := s.IntN(len(list))
	switch s.IntN(5) {
	case 0:
		return slices.Delete(list, i, i+1)
	case 1:
		return append(list, list[i])
	case 2:
		j := s.IntN(len(list))
		list[i], list[j] = list[j], list[i]
		return list
	case 3:
		return append(list, string(history.Int(s.token+int64(s.IntN(2))))) // under way, there already, or not asked for yet
	}
	return s.past[s.IntN(len(s.past))]
}

func encode(list []string) history.Value {
	if len(list) == 0 {
		return history.Nil
	}
	return history.Value("[" + strings.Join(list, ",") + "]")
}

func kinds() []checkertest.Kind {
	return []checkertest.Kind{{
		Name: "append", Definition: definition, Object: newLiar, Judge: judge, Histories: 2_500, Quick: 100, Anytime: true, Unknown: 5,
		Anomalies: []string{checker.DirtyRead, checker.DuplicateApply, checker.LostWrite, checker.NonLinearizable, checker.Reordered, checker.StaleRead},
	}}
}

// TestEveryWayAgrees runs the check of lists, Porcupine and the brute-force twin over random small histories.
func TestEveryWayAgrees(t *testing.T) { checkertest.Agree(t, kinds()) }

func FuzzEveryWayAgrees(f *testing.F) { checkertest.Fuzz(f, kinds()) }

func judge(h *history.History) (checkertest.Judgement, error) {
	check := Lists{}.Check(context.Background(), h)
	if check.Verdict == checker.Unknown {
		return checkertest.Judgement{}, errors.New(check.Message)
	}
	ways := map[string]bool{"near-linear": check.Verdict == checker.Valid, "porcupine": definition.Porcupine(h.Operations)}
	return checkertest.Judgement{Linearizable: ways, Quick: true, Explain: func(bool) ([]checker.Anomaly, error) {
		for _, a := range check.Anomalies {
			if len(a.Ops) > 6 {
				return nil, errors.New("a proof of more than 6 operations: " + a.Message)
			}
		}
		return check.Anomalies, nil
	}}, nil
}
