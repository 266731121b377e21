package objects

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"schism/checker"
	"schism/history"
)

// SetFull judges every key as a set that only grows, by the weaker promise of Jepsen's set-full: an
// element that was acknowledged, or seen, is to be in every read from some time on. Reads may be old for
// a while, which is measured; an element that the last reads of all do not show is lost. An element that
// no read can have shown any more is only counted.
type SetFull struct{}

// Name is the checker's name in results.
func (SetFull) Name() string { return "set-full" }

// Check is Unknown if no read of a key was called after an add of it was acknowledged, and Vacuous if no element
// of any key was ever to be seen.
func (c SetFull) Check(_ context.Context, h *history.History) checker.Check {
	set := Set(checker.Limits{}).(Checker)
	x := explainer{h: h}
	check := checker.Check{Name: c.Name(), Figures: map[string]float64{"elements": 0, "stale_elements": 0, "lost_elements": 0, "never_read": 0}}
	for _, k := range set.normalize(h) {
		j := newJudgement(k)
		x.all = append(x.all, j)
		if j.Why = k.broken; k.broken != "" {
			continue
		}
		j.Verdict = checker.Valid
		if j.found = k.setFull(check.Figures); len(j.found) > 0 {
			j.Verdict = checker.Invalid
		} else if k.unread() {
			j.Verdict, j.Why = checker.Unknown, "no read was called after an add had been acknowledged, so that nothing was promised to be seen"
		}
	}
	check.Anomalies = x.anomalies()
	figures := check.Figures
	set.sum(&check, h, x.all)
	for name, n := range figures {
		check.Figures[name] = n
	}
	switch seen := figures["elements"] - figures["never_read"]; {
	case check.Verdict == checker.Valid && seen == 0:
		check.Verdict, check.Message = checker.Vacuous, "No element was acknowledged or seen, so that no read had to show any."
	case check.Verdict == checker.Valid:
		check.Message = fmt.Sprintf("All of %.0f acknowledged elements were in the last reads; %.0f were missing for a while, the longest for %.3f s.",
			seen, figures["stale_elements"], figures["stale_seconds"])
	}
	return check
}

func (k *key) unread() bool {
	first := int64(never)
	for i := range k.ops {
		if o := &k.ops[i]; o.does == setAdd {
			first = min(first, o.ret)
		}
	}
	return first != never && !slices.ContainsFunc(k.ops, func(o op) bool { return o.does == setRead && o.call > first })
}

// life is what reads say of one element.
type life struct {
	add     int32 // none if nobody may have added it
	known   *op   // what proved first that it is there
	present *op   // of the reads that show it, the one that was called last
	absent  *op   // of those that do not and were called when it was known
}

// setFull gives what is wrong with a set, at most one finding of a name.
func (k *key) setFull(figures map[string]float64) []*finding {
	lives := make([]life, len(k.texts))
	for v := range lives {
		lives[v].add = none
	}
	for i := range k.ops {
		if o := &k.ops[i]; o.does == setAdd {
			l := &lives[o.value]
			if l.add = int32(i); !o.unknown() && (l.known == nil || o.ret < l.known.ret) {
				l.known = o
			}
		}
	}
	found := k.impossible(lives)
	if len(found) > 0 {
		return found
	}
	k.live(lives)
	var lost *life
	for v := range lives {
		l := &lives[v]
		if l.known == nil {
			continue
		}
		figures["elements"]++
		switch {
		case l.absent == nil && l.present == nil:
			figures["never_read"]++
		case l.absent == nil:
		case l.present == nil || l.present.call < l.absent.call:
			if !k.heldAtTheEnd(int32(v)) {
				figures["lost_elements"]++
				if lost == nil {
					lost = l
				}
			}
		default:
			figures["stale_elements"]++
			stale := k.source(l.absent).CallTime - k.source(l.known).ReturnTime
			figures["stale_seconds"] = max(figures["stale_seconds"], math.Round(stale.Seconds()*1e3)/1e3)
		}
	}
	if lost != nil {
		found = append(found, k.lostForGood(lost))
	}
	return found
}

// impossible finds the first read with an element that is there twice or that nobody added, and notes
// who saw what.
func (k *key) impossible(lives []life) []*finding {
	for i := range k.ops {
		o := &k.ops[i]
		if twice, is := k.again[int32(i)]; is {
			return []*finding{k.shownTwice(k.source(o), k.did(o), twice)}
		}
		for _, v := range o.list {
			l := &lives[v]
			if l.add == none {
				return []*finding{k.neverAdded(k.source(o), k.did(o), v)}
			}
			if l.known == nil || o.ret < l.known.ret {
				l.known = o
			}
			l.present = o // they come in the order of their calls
		}
	}
	return nil
}

// live notes of each element the last read that does not show it though it was known. Only the reads
// behind its last sight count as a loss, but any counts for how stale reads were.
//
// It goes through the reads from the last one back, so that an element is done with at the first read that does
// not show it: all reads together cost what they show, and every element once more.
func (k *key) live(lives []life) {
	shown := make([]int, len(lives)) // by which read, counted from 1
	var rest []int32                 // known elements that all reads so far have shown
	for v := range lives {
		if lives[v].known != nil {
			rest = append(rest, int32(v))
		}
	}
	for i := len(k.ops) - 1; i >= 0 && len(rest) > 0; i-- {
		o := &k.ops[i]
		if o.does != setRead {
			continue
		}
		for _, v := range o.list {
			shown[v] = i + 1
		}
		rest = slices.DeleteFunc(rest, func(v int32) bool {
			l := &lives[v]
			switch {
			case shown[v] == i+1:
				return false
			case l.known.ret < o.call:
				l.absent = o
			}
			return true // else no earlier read was called when it was known
		})
	}
}

func (k *key) heldAtTheEnd(v int32) bool {
	return slices.ContainsFunc(k.ending.states, func(s checker.NodeState) bool {
		list, _, err := k.elements(s.State[k.name])
		return err == nil && slices.Contains(list, v)
	})
}

func (k *key) lostForGood(l *life) *finding {
	f := &finding{name: checker.LostWrite, key: k, focus: k.source(l.absent)}
	add := k.source(&k.ops[l.add])
	f.ops = []*history.Operation{add, k.source(l.known), f.focus}
	fate := acked(add)
	if l.known.does == setRead {
		fate = fmt.Sprintf("%s was seen by client %v at %s", checker.ShowWrite(add), f.ops[1].Process, checker.ShowTime(f.ops[1].ReturnTime))
	}
	span := f.focus.CallTime - max(f.ops[1].ReturnTime, time.Duration(0))
	f.message = fmt.Sprintf("Lost write: %s, but %s %s, and no read that was called after that showed it", fate, checker.ShowGap(span, "later"), k.did(l.absent))
	f.proof = "an element that was acknowledged or seen is to be in every read from some time on."
	return f
}
