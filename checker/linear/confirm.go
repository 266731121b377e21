package linear

import (
	"context"
	"fmt"
	"time"

	"schism/checker"
	"schism/checker/search"
)

// A second opinion is asked for on keys of at most this many operations, for at most this long: the
// zones' answer stands without it.
const (
	confirmOps  = 5000
	confirmTime = 250 * time.Millisecond
)

// confirm compares the zones' verdict with Porcupine's. The two must never differ; if they do, one of
// them is wrong, and nobody can say which: the key is unknown, and says so.
func (j *judgement) confirm(ctx context.Context, g *search.Guard) {
	limit := min(confirmTime, search.UntilEnd(ctx))
	if len(j.key.ops) > confirmOps || limit <= 0 {
		return
	}
	if linearizable, ok, _ := g.Ask(ctx, j.Model, forPorcupine(j.key.tighten()), limit); ok {
		j.compare(linearizable)
	}
}

func (j *judgement) compare(linearizable bool) {
	porcupine := checker.Invalid
	if linearizable {
		porcupine = checker.Valid
	}
	if j.second = porcupine == j.Verdict; !j.second {
		j.Why = fmt.Sprintf("the zones check says %v and Porcupine says %v: one of them is wrong, please report this history", j.Verdict, porcupine)
		j.Verdict = checker.Unknown
	}
}
