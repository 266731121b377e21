package linear

import (
	"slices"

	"schism/checker"
	"schism/history"
)

// version is a value that may have been there, by the one operation that wrote it.
type version struct {
	text  string
	call  int64                   // of its writer; -1 for nil
	seen  int64                   // the first event by which it had certainly been there; never until then
	cas   bool                    // it was written by a cas
	from  string                  // by which this value was taken away
	block *checker.Zone[*version] // where it belongs, once it has certainly been there
	next  *version                // what certainly took its place, by cas
	noted bool                    // Watch.written has it
}

// watchedKey is what there is to know of a key whose history so far is linearizable.
//
// A completion makes at most one value certain (and with it the ones that a chain of unknown cas made it
// from), and raises the s of its block to the call of the operation. All conflicts of zones come down to these:
//
//   - the value is not known: nobody had asked to write it, or it is forgotten because it may not be seen;
//   - a cas took it away, and what the cas wrote had been seen before this operation was called;
//   - two cas took the same value away, or cas form a ring;
//   - another block must come before and after this one: f(A) < s(B) and f(B) < s(A);
//   - a failed operation's value was seen, or a failed cas found what it says that it did not find.
//
// That a read ended before its write began needs no look: at its end nobody had asked to write the value.
type watchedKey struct {
	all      *Watch
	versions map[string]*version
	zones    *checker.ZoneSet[*version] // of blocks, each with the end of its chain
	passed   []*version                 // those with a next, by the seen of that
}

func newWatchedKey(w *Watch) *watchedKey {
	k := &watchedKey{all: w, versions: make(map[string]*version), zones: checker.NewZoneSet[*version]()}
	root := &version{text: "null", call: -1, seen: -1}
	k.begin(root)
	k.versions[root.text] = root
	return k
}

// begin makes a block of a value that no cas wrote.
func (k *watchedKey) begin(v *version) {
	v.block = k.zones.Begin(v.seen, v.call, v)
}

// Call notes what may be there from now on.
func (k *watchedKey) Call(e *history.Event) (pendingOp, checker.Sight) {
	p := pendingOp{f: e.F}
	var from, to history.Value
	switch e.F {
	case history.Read:
		return p, checker.Fine
	case history.Write:
		to = e.Value
	case history.CAS:
		var err error
		if from, to, err = history.SplitPair(e.Value); err != nil {
			return p, checker.Unwatched
		}
	default:
		return p, checker.Unwatched
	}
	v := &version{call: e.Index, seen: never, cas: e.F == history.CAS, text: history.Text(to)}
	if v.cas {
		v.from = history.Text(from)
	}
	if _, known := k.versions[v.text]; known || k.all.written.Has(v.text) {
		return p, checker.Unwatched
	}
	k.all.asked.Add(v.text)
	v.noted, p.to = k.all.written.Add(v.text), v
	k.versions[v.text] = v
	return p, checker.Fine
}

// Complete takes the end of an operation.
func (k *watchedKey) Complete(call int64, p pendingOp, e *history.Event) checker.Sight {
	fits := true
	switch {
	case e.Kind == history.Fail && p.to != nil:
		return k.fail(call, p, e)
	case e.Kind != history.OK:
	case p.to != nil:
		fits = k.certain(p.to, e.Index) && k.zones.Fits(p.to.block)
	default:
		fits = k.see(history.Text(e.Value), call, e.Index)
	}
	if !fits {
		return checker.Broken
	}
	return checker.Fine
}

// fail takes the end of an operation that wrote nothing. A cas tells what it found instead of its from.
func (k *watchedKey) fail(call int64, p pendingOp, e *history.Event) checker.Sight {
	delete(k.versions, p.to.text)
	k.all.written.Remove(p.to.text)
	fits := p.to.seen == never
	if p.f == history.CAS && e.Error == history.Mismatch {
		if len(e.Found) == 0 {
			return checker.Unwatched
		}
		found := history.Text(e.Found)
		fits = fits && found != p.to.from && k.see(found, call, e.Index)
	}
	if !fits {
		return checker.Broken
	}
	return checker.Fine
}

// see takes an operation that was called at call and is shown a value now.
func (k *watchedKey) see(text string, call, now int64) bool {
	v := k.versions[text]
	if v == nil || !k.certain(v, now) || v.block.Dead {
		return false
	}
	if v.next != nil && v.next.seen < call {
		return false
	}
	k.raise(v.block, call)
	return k.zones.Fits(v.block)
}

// certain notes that a value has been there, and the values that it was made from. It is false if it cannot
// have been.
func (k *watchedKey) certain(v *version, now int64) bool {
	if v.seen != never {
		return v.block != nil // else this is a ring of cas
	}
	v.seen = now
	if !v.cas {
		k.begin(v)
		return true
	}
	p := k.versions[v.from]
	if p == nil || !k.certain(p, now) || p.next != nil || p.block.Dead {
		return false
	}
	p.next, v.block = v, p.block
	v.block.Of = v
	k.passed = append(k.passed, p)
	k.raise(v.block, v.call)
	return true
}

func (k *watchedKey) raise(z *checker.Zone[*version], call int64) {
	if call > z.S {
		k.zones.Raise(z, call)
	}
}

// Sweep forgets what nothing can see any more.
//
// Every operation that is open, or to come, is called at now or later, and whoever sees a value raises the s of its
// block to that: the values of a dead block may not be seen. The same goes for a value that was taken away, if what
// came then was seen before now.
func (k *watchedKey) Sweep(now int64) int {
	passed := 0
	for passed < len(k.passed) && k.passed[passed].next.seen < now {
		k.forget(k.passed[passed])
		passed++
	}
	k.passed = slices.Delete(k.passed, 0, passed)
	k.zones.Sweep(now, k.forget)
	return max(checker.LeastSweep, (k.zones.Len()+len(k.passed))/2)
}

// forget leaves a mark only where Watch.written cannot.
func (k *watchedKey) forget(v *version) {
	if v.noted {
		delete(k.versions, v.text)
	} else {
		k.versions[v.text] = nil
	}
}
