package linear

import (
	"slices"
	"time"

	"schism/checker"
	"schism/checker/search"
	"schism/history"
)

const (
	// explainTime is what explanations may take when the time of the check is over.
	explainTime = time.Second
	// shrinkTime bounds the search for a short proof on one key. A longer proof is not a wrong one.
	shrinkTime = 2 * time.Second
	// proveTime bounds one question to Porcupine about a proof of a few operations.
	proveTime = 100 * time.Millisecond
)

// finding is one anomaly of one key, not yet in words.
type finding struct {
	name  string
	key   *key
	ops   []int32 // the proof, in the order of the calls
	focus int32
	with  int32 // the operation that the focus contradicts most of all; none if there is no single one
	kind  conflictKind
	// stale is set where the focus saw something older than an acknowledged write (with).
	stale *stale
	keys  int // on how many keys the anomaly was found
}

// explainer turns what was judged invalid into anomalies that a person understands.
type explainer struct {
	h      *history.History
	finals finals
	all    []*judgement
	guard  *search.Guard
	end    time.Time
	counts map[string]int // figures: how many operations were stale, and the like
}

func newExplainer(h *history.History, all []*judgement, g *search.Guard, end time.Time) *explainer {
	return &explainer{h: h, finals: finalsOf(h), all: all, guard: g, end: end, counts: make(map[string]int)}
}

// anomalies are at most one of a name on a key, in the order of the keys. A key that was judged
// invalid and for which no proof can be given is a contradiction between two checks: it becomes
// unknown.
func (x *explainer) anomalies() []checker.Anomaly {
	var found []*finding
	for i, j := range x.all {
		if j.Verdict != checker.Invalid {
			continue
		}
		of := x.explain(j, time.Until(x.end)/time.Duration(len(x.all)-i))
		if len(of) == 0 {
			j.Verdict = checker.Unknown
			j.Why = "the key was judged invalid, but no operations were found that prove it alone: please report this history"
		}
		found = append(found, of...)
	}
	onKeys := make(map[string]int)
	for _, f := range found {
		onKeys[f.name]++
	}
	anomalies := make([]checker.Anomaly, len(found))
	for i, f := range found {
		f.keys = onKeys[f.name]
		anomalies[i] = x.words(f)
	}
	return anomalies
}

// explain gives the anomalies of one key that have a name of their own; if there are none, whatever
// proves that the key is invalid.
func (x *explainer) explain(j *judgement, limit time.Duration) []*finding {
	limit = min(limit, shrinkTime)
	p := newProver(j.key, x.guard)
	var proved []*finding
	for _, f := range append(x.dirty(j), x.stale(j)...) {
		if p.short(f, limit/4) {
			proved = append(proved, f)
		}
	}
	if len(proved) > 0 {
		return proved
	}
	if j.reason != nil {
		if f := j.finding(j.reason); p.short(f, limit/4) {
			return []*finding{f}
		}
	}
	return x.search(j, p, limit/2)
}

// short says whether a finding's operations prove it, and leaves out what it can do without.
func (p *prover) short(f *finding, limit time.Duration) bool {
	if !p.proves(f.ops, never, max(limit, proveTime)) {
		return false
	}
	f.ops = p.shrink(f.ops, never, limit, f.focus, f.with)
	return true
}

// search looks for a proof among all operations of a key. If there is no time for a short one, it is
// the whole beginning, if that is what Porcupine has judged already; the zones' word alone is none.
func (x *explainer) search(j *judgement, p *prover, limit time.Duration) []*finding {
	ats, now := j.key.beginning(p.shortest(j.Bad, limit/2))
	ats = p.shrink(ats, now, limit/2)
	if !p.proves(ats, now, max(limit, proveTime)) {
		if j.values != nil {
			return nil
		}
		ats, _ = j.key.beginning(j.Bad)
	}
	return []*finding{{name: checker.NonLinearizable, key: j.key, ops: ats, focus: lastReturn(j.key, ats), with: none}}
}

// lastReturn is the operation whose answer completed the contradiction.
func lastReturn(k *key, ats []int32) int32 {
	last := int32(none)
	for _, at := range ats {
		if o := &k.ops[at]; !o.unknown() && (last == none || o.ret > k.ops[last].ret) {
			last = at
		}
	}
	return last
}

// dirty finds the first operation that saw a value which nobody wrote, or whose write failed.
func (x *explainer) dirty(j *judgement) []*finding {
	k := j.key
	written := k.firstAsked()
	first := int32(none)
	for i := range k.ops {
		o := &k.ops[i]
		if v, ok := o.shows(); ok && v != initial && !o.unknown() && written[v] == none {
			x.counts["dirty_reads"]++
			if first == none {
				first = int32(i)
			}
		}
	}
	if first == none {
		return nil
	}
	return []*finding{{name: checker.DirtyRead, key: k, ops: k.withEchoes(first), focus: first, with: none, kind: unwritten}}
}

// stale finds the clearest stale read and the clearest lost write.
func (x *explainer) stale(j *judgement) []*finding {
	var reads, losses []stale
	for _, s := range j.key.staleness(j.values, x.finals) {
		x.counts["stale_reads"]++
		switch ownCAS := j.key.ops[s.read].kind == cas; {
		case s.vanished, s.overwritten && ownCAS:
			losses = append(losses, s)
		case !s.overwritten:
			reads = append(reads, s)
		}
	}
	var found []*finding
	for _, of := range []struct {
		name string
		all  []stale
	}{{checker.LostWrite, losses}, {checker.StaleRead, reads}} {
		if len(of.all) > 0 {
			s := x.clearest(j.key, of.all)
			found = append(found, &finding{
				name: of.name, key: j.key, ops: j.proofOf(s), focus: s.read, with: s.write, stale: &s,
			})
		}
	}
	return found
}

// clearest picks what a person understands at once: no evidence beyond the two writes and the read if
// possible; of these the clearest by time.
func (x *explainer) clearest(k *key, all []stale) stale {
	if plain := slices.DeleteFunc(slices.Clone(all), func(s stale) bool { return !s.plain }); len(plain) > 0 {
		all = plain
	}
	return checker.Clearest(all, func(s stale) time.Duration { return x.gap(k, s) })
}

// gap is how long the value had been outdated when it was asked for.
func (x *explainer) gap(k *key, s stale) time.Duration {
	return x.op(k, s.read).CallTime - x.op(k, s.write).ReturnTime
}

func (x *explainer) op(k *key, at int32) *history.Operation {
	return &x.h.Operations[k.ops[at].at]
}

// proofOf is the read, the newer write, and what shows that the value read is older.
func (j *judgement) proofOf(s stale) []int32 {
	v, _ := j.key.ops[s.read].shows()
	if j.values == nil {
		ops := []int32{s.read, s.write}
		for i := range j.key.ops {
			if o := &j.key.ops[i]; o.writes() && o.to == v {
				ops = append(ops, int32(i))
			}
		}
		return sorted(ops)
	}
	if s.plain {
		ops := j.values.close(s.read, j.values.writer[v])
		return sorted(append(ops, s.write))
	}
	return j.values.close(s.read, s.write, j.values.firstOp[v])
}
