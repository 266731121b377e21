package objects

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/checker/search"
	"schism/history"
)

// TestEveryWayAgrees runs the near-linear check, Porcupine with and without tightening, and the
// brute-force twin over random small histories of each kind.
func TestEveryWayAgrees(t *testing.T) { checkertest.Agree(t, kinds()) }

func FuzzEveryWayAgrees(f *testing.F) { checkertest.Fuzz(f, kinds()) }

func kinds() (all []checkertest.Kind) {
	for _, w := range twins() {
		all = append(all, checkertest.Kind{
			Name: w.name, Quick: w.quick, Histories: 500, Judge: w.judge, Unknown: w.unknown,
			Definition: checkertest.Definition{Start: w.start, Step: w.step},
			Object: func(r *rand.Rand, s checkertest.Shape) checkertest.Object {
				return &generator{twin: w, Rand: r, Shape: s, state: w.start, holds: make(map[history.Process]string)}
			},
		})
	}
	return all
}

// judge asks Porcupine of every key, and the near-linear check if all of them fit it.
func (w twin) judge(h *history.History) (checkertest.Judgement, error) {
	c := w.check(checker.Limits{}).(Checker)
	var judged []*judgement
	plain, tightened, quick, near, refuted, chosen, asked := true, true, true, true, false, true, 0
	settled := checker.Valid
	for _, k := range c.normalize(h) {
		if k.broken != "" {
			return checkertest.Judgement{}, errors.New(k.broken)
		}
		j := newJudgement(k)
		j.Verdict = checker.Invalid
		if mustAsk(k, k.ops) {
			j.Verdict = checker.Valid
		}
		plain = plain && j.Verdict == checker.Valid
		tightened = tightened && mustAsk(k, k.tighten(k.ops))
		if c.object.fits != nil && c.object.fits(k) {
			j.found = c.object.decide(k)
			near = near && len(j.found) == 0
		} else {
			alone := newJudgement(k)
			refuted = alone.refuted(context.Background(), c) || refuted
			switch is := j.settled(context.Background(), c); {
			case !is:
				j.found, quick, settled = alone.found, false, checker.Compose(settled, checker.Unknown)
			case len(j.found) > 0:
				settled = checker.Invalid
			}
			chosen = chosen && !refuted && j.chosen()
			asked++
		}
		judged = append(judged, j)
	}
	got := map[string]bool{"porcupine": plain, "porcupine, tightened": tightened}
	if asked == 0 {
		got["near-linear"] = near
	}
	if asked > 0 && settled != checker.Unknown {
		got["settled"] = settled == checker.Valid
	}
	if refuted {
		got["refuted"] = false
	}
	if asked > 0 && chosen && near {
		got["chosen"] = true
	}
	return checkertest.Judgement{Linearizable: got, Quick: quick, Explain: func(bool) ([]checker.Anomaly, error) {
		x := explainer{h: h, all: judged, guard: search.Unguarded(), end: time.Now().Add(time.Minute)}
		return x.anomalies(), nil
	}}, nil
}

func mustAsk(k *key, ops []op) bool { return checkertest.Ask(k.model(), forPorcupine(ops)) }
