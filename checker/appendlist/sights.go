package appendlist

import (
	"math"
	"slices"

	"schism/history"
)

// never is an event that does not come.
const never = math.MaxInt64

// sights are the reads that showed a token.
type sights struct {
	first *history.Operation // the one that returned first; nil if there is none
	last  int64              // the call of the one that was called last; -1 if there is none
}

func unseen() sights { return sights{last: none} }

func (s *sights) see(o sights) {
	if o.first != nil && (s.first == nil || o.first.Return < s.first.Return) {
		s.first = o.first
	}
	s.last = max(s.last, o.last)
}

// align reads every list, compares it with the longest one, and gathers who saw which token.
func (k *key) align() {
	k.parseAll()
	for _, v := range k.finals {
		for _, t := range v.list {
			k.tokens[t].held = true
		}
	}
	for _, v := range k.reads {
		if v.lists && (k.longest == nil || len(v.list) > len(k.longest.list)) {
			k.longest = v
		}
	}
	if k.longest == nil {
		return
	}
	byLength := make([]sights, len(k.longest.list)+1)
	for i := range byLength {
		byLength[i] = unseen()
	}
	for _, v := range k.reads {
		seen := sights{first: v.op, last: v.op.Call}
		if v.chain = v.lists && k.begins(v); v.chain {
			byLength[len(v.list)].see(seen)
			continue
		}
		for _, t := range v.list {
			k.tokens[t].see(seen)
		}
	}
	all := unseen()
	for n := len(byLength) - 1; n > 0; n-- {
		all.see(byLength[n])
		k.tokens[k.longest.list[n-1]].see(all)
	}
}

func (k *key) parseAll() {
	views := slices.Concat(k.reads, k.finals)
	if len(views) == 0 {
		return
	}
	longest := slices.MaxFunc(views, func(a, b *view) int { return len(a.text) - len(b.text) })
	k.parse(longest)
	short := newBeginning(longest, k.tokens)
	for _, v := range views {
		if v != longest && !short.take(v) {
			k.parse(v)
		}
	}
}

func (k *key) begins(v *view) bool {
	n := len(v.list)
	return n <= len(k.longest.list) && (n == 0 || &v.list[0] == &k.longest.list[0] || slices.Equal(v.list, k.longest.list[:n]))
}

// certain is the event by which the token was certainly in the list: its append had been acknowledged,
// or somebody had seen it.
func (t *token) certain() int64 {
	at := int64(never)
	if t.append == nil {
		return at // it is a finding of its own, and proves nothing about others
	}
	if t.append.Outcome == history.OK {
		at = t.append.Return
	}
	if t.first != nil && t.first.Return > t.append.Call {
		at = min(at, t.first.Return)
	}
	return at
}

// witness is the operation that shows that the token was certainly there before an event: its append
// if possible, which needs no more explanation.
func (t *token) witness(before int64) *history.Operation {
	if t.append.Outcome == history.OK && t.append.Return < before {
		return t.append
	}
	return t.first
}

// latest is the token of a list whose append was called last; none of a list without one.
func (k *key) latest(list []int32) int32 {
	last := int32(none)
	for _, t := range list {
		last = k.later(last, t)
	}
	return last
}

func (k *key) later(a, b int32) int32 {
	if k.called(b) > k.called(a) {
		return b
	}
	return a
}

// called is the event at which a token was asked to be appended; -1 for none, and for one that nobody
// may have appended.
func (k *key) called(t int32) int64 {
	if t == none || k.tokens[t].append == nil {
		return -1
	}
	return k.tokens[t].append.Call
}
