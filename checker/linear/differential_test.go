package linear

import (
	"fmt"
	"testing"
	"time"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/checker/search"
	"schism/history"
)

func kinds() []checkertest.Kind {
	names := []string{checker.StaleRead, checker.LostWrite, checker.DirtyRead, checker.Reordered, checker.NonLinearizable}
	return []checkertest.Kind{
		{Name: "register", Definition: definition, Object: newRegister(false), Judge: judge, Histories: 2_500, Quick: 60},
		{Name: "cas-register", Definition: definition, Object: newRegister(true), Judge: judge, Histories: 7_500, Quick: 50, Anomalies: names},
	}
}

// TestEveryWayAgrees runs the zones, Porcupine with and without tightening, and the brute-force twin over
// random small histories. Where one is linearizable, nothing in it may have a bad name.
func TestEveryWayAgrees(t *testing.T) { checkertest.Agree(t, kinds()) }

func FuzzEveryWayAgrees(f *testing.F) { checkertest.Fuzz(f, kinds()) }

func judge(h *history.History) (checkertest.Judgement, error) {
	k := split(h)[0]
	j := newJudgement(k)
	j.Verdict = checker.Invalid
	got := map[string]bool{"porcupine": mustSearch(k.ops), "porcupine, tightened": mustSearch(k.tighten())}
	if k.refute() != nil {
		got["refuted"] = false
	}
	quick := k.unique && k.exact
	if quick {
		j.byZones()
		got["zones"] = j.Verdict == checker.Valid
	}
	return checkertest.Judgement{Linearizable: got, Quick: quick, Explain: func(valid bool) ([]checker.Anomaly, error) {
		x := newExplainer(h, []*judgement{j}, search.Unguarded(), time.Now().Add(time.Minute))
		if valid {
			return nil, x.nothingWrong(j)
		}
		for j.reason == nil && j.Bad > 1 && !mustSearch(k.only(k.beginning(j.Bad-1)).tighten()) {
			j.Bad-- // as the pool would have found it
		}
		return x.anomalies(), nil
	}}, nil
}

// nothingWrong sees that a linearizable key has no beginning that is not, and nothing with a bad name.
func (x *explainer) nothingWrong(j *judgement) error {
	for n := range j.key.ops {
		if !mustSearch(j.key.only(j.key.beginning(n)).tighten()) {
			return fmt.Errorf("linearizable, but its first %d operations are not", n)
		}
	}
	if found := append(x.dirty(j), x.stale(j)...); len(found) > 0 {
		return fmt.Errorf("linearizable, and yet a %s by event %d", found[0].name, x.op(j.key, found[0].focus).Call)
	}
	return nil
}

func mustSearch(ops []op) bool { return checkertest.Ask(model(), forPorcupine(ops)) }
