package objects

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"

	"schism/checker"
	"schism/history"
)

// What operations do to a counter.
const (
	counterRead int8 = iota
	counterAdd
)

// Counter judges every key as a whole number that starts at 0, with add (history.Add) and read
// (history.Read); a read of nil is one of 0.
//
// Where every add is one of 1, it is decided by earliest deadline first in O(n log n); a counter with
// other amounts by Porcupine.
func Counter(l checker.Limits) checker.Checker {
	return Checker{Limits: l, object: object{
		noun: "counter",
		take: takeCounter,
		eye:  watchCounters,
		fits: func(k *key) bool {
			return !slices.ContainsFunc(k.ops, func(o op) bool { return o.does == counterAdd && o.n != 1 })
		},
		decide: decideCounter,
		name:   (*key).wrongSum,
		end:    endCounter,
		start:  func(*key) any { return int64(0) },
		state:  func(_ *key, state any) string { return fmt.Sprint(state) },
		step: func(_ *key, state any, o *op) (any, bool) {
			sum := state.(int64)
			if o.does == counterAdd {
				return sum + o.n, true
			}
			return sum, sum == o.n
		},
		say: func(k *key, o *op) string {
			if o.does == counterAdd {
				return fmt.Sprintf("added %d to %s", o.n, checker.ShowKey(k.name))
			}
			return fmt.Sprintf("read %s = %d", checker.ShowKey(k.name), o.n)
		},
	}}
}

func takeCounter(k *key, from *history.Operation, o *op) (bool, error) {
	switch from.F {
	case history.Add:
		o.does, o.changes = counterAdd, true
		n, err := wholeNumber(from.Input)
		if o.n = n; err == nil && from.Outcome != history.Fail {
			err = k.count(n)
		}
		return true, err
	case history.Read:
		o.does = counterRead
		if from.Outcome != history.OK || history.IsNil(from.Output) {
			return from.Outcome == history.OK, nil
		}
		n, err := wholeNumber(from.Output)
		o.n = n
		return true, err
	}
	return false, fmt.Errorf("a counter knows only add and read, not %q", from.F)
}

// count sums up what may be added and what may be taken. A counter within these two sums is one in every order of any of
// its adds. Where they leave 64 bits nothing is said of it: whether such a counter stops, fails, or begins anew at the
// other end, no model tells.
func (k *key) count(n int64) error {
	sum := &k.sums[0]
	if n < 0 {
		sum = &k.sums[1]
	}
	if n > 0 && *sum > math.MaxInt64-n || n < 0 && *sum < math.MinInt64-n {
		return fmt.Errorf("with this add of %d all adds together may leave the whole numbers of 64 bits, which is what a counter counts in", n)
	}
	*sum += n
	return nil
}

func wholeNumber(v history.Value) (int64, error) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no whole number of 64 bits, which is what a counter counts in", checker.ShowValue(v))
	}
	return n, nil
}

// decideCounter is the near-linear check of a counter whose adds are all of 1.
//
// Theorem: let the counter be as low as it can at every moment, by letting an add take effect only when
// it must: when it returns, or when a read of a greater sum returns, which takes of the adds that are
// open those that return first. The history is linearizable iff that never lacks an open add, and never
// goes past a read that is still to be called.
//
// A read of v must have a moment after the v-th add and before the next one. So the i-th add has a
// deadline, the first return among reads of i or more, and a release, the last call among reads of less
// than i; both grow with i, so that only how many adds took effect by when matters, not which. This is
// the scheduling of unit jobs, where earliest deadline first is optimal: let t0 be the last moment at
// which a read forced an add whose own return comes later. Every add that was open at t0 returns later
// too, so that whatever was done since was called since and had returned: no other schedule has done less.
//
// Source: the rule of earliest deadlines of Jackson (Scheduling a production line to minimize maximum
// tardiness, 1955), with releases that grow along with the deadlines.
//
// What forces each condition: a read of 1 beside nothing that adds; add [0,1], then a read of 0. Adds done
// at once and not at the latest would refuse add [0,9], read 0 [1,2]. Taken by their calls and not by their
// returns they would refuse add [0,9], add [1,3], read 1 [2,4], read 1 [5,6]. And an unknown add is a
// reserve, taken last: add? [0,∞), read 1 [1,2] is linearizable, and so is a read of 0 instead.
func decideCounter(k *key) []*finding {
	if k.part {
		return decideLows(k)
	}
	c := newSchedule(k)
	for i := range k.ops {
		if wrong := c.before(k.ops[i].call); wrong != nil {
			return []*finding{wrong}
		}
		c.call(int32(i))
	}
	if wrong := c.before(never); wrong != nil {
		return []*finding{wrong}
	}
	return nil
}

// schedule runs the adds of a counter as late as can be.
type schedule struct {
	key     *key
	late    []int64 // sum → the last call among reads of that sum or less; -1 for none
	lateOp  []int32
	running dues   // the operations that were called, and return
	open    dues   // the adds that were called, some of them done
	done    []bool // by operation
	reached int64  // adds that have taken effect
}

func newSchedule(k *key) *schedule {
	c := &schedule{key: k, done: make([]bool, len(k.ops))}
	adds := 0
	for i := range k.ops {
		if k.ops[i].does == counterAdd {
			adds++
		}
	}
	c.late, c.lateOp = make([]int64, adds+1), make([]int32, adds+1)
	for v := range c.late {
		c.late[v], c.lateOp[v] = -1, none
	}
	for i := range k.ops {
		o := &k.ops[i]
		if o.does != counterRead || o.n > int64(adds) || o.n < 0 {
			continue // what no adds can make: found when it returns
		}
		if o.call > c.late[o.n] {
			c.late[o.n], c.lateOp[o.n] = o.call, int32(i)
		}
	}
	for v := 1; v < len(c.late); v++ {
		if c.late[v-1] > c.late[v] {
			c.late[v], c.lateOp[v] = c.late[v-1], c.lateOp[v-1]
		}
	}
	return c
}

// call opens an operation.
func (c *schedule) call(op int32) {
	o := &c.key.ops[op]
	if o.does == counterAdd {
		c.open.push(due{o.ret, op})
	}
	if !o.unknown() {
		c.running.push(due{o.ret, op})
	}
}

// before goes through the returns before an event.
func (c *schedule) before(event int64) *finding {
	for len(c.running) > 0 && c.running[0].ret < event {
		if wrong := c.back(c.running.pop()); wrong != nil {
			return wrong
		}
	}
	return nil
}

// back is a return: of an add, which must have taken effect by now, or of a read, by which so many must.
func (c *schedule) back(d due) *finding {
	o := &c.key.ops[d.op]
	if o.does == counterAdd {
		if c.done[d.op] {
			return nil
		}
		return c.take(d.op, d.ret)
	}
	if o.n < 0 {
		return c.key.belowNothing(o)
	}
	for c.reached < o.n {
		next, any := c.first()
		if !any {
			return c.key.tooMuch(d.op)
		}
		if wrong := c.take(next, d.ret); wrong != nil {
			return wrong
		}
	}
	return nil
}

// first is the open add that returns first.
func (c *schedule) first() (int32, bool) {
	for len(c.open) > 0 {
		if next := c.open.pop(); !c.done[next.op] {
			return next.op, true
		}
	}
	return none, false
}

// take lets an add take effect. Whoever is still to be called cannot read less any more.
func (c *schedule) take(add int32, now int64) *finding {
	if c.late[c.reached] > now {
		return c.key.tooLittle(c.lateOp[c.reached])
	}
	c.done[add] = true
	c.reached++
	return nil
}

// tooMuch is the finding of a read that showed more than had been asked for by the time it returned.
func (k *key) tooMuch(read int32) *finding {
	r := &k.ops[read]
	f := &finding{key: k, focus: k.source(r), ops: []*history.Operation{k.source(r)}}
	asked := int64(0)
	for i := range k.ops {
		if o := &k.ops[i]; o.does == counterAdd && o.call < r.ret {
			asked++
			f.ops = append(f.ops, k.source(o))
		}
	}
	f.name = k.surplus(r.n-asked, r.ret)
	only := "no add"
	if asked > 0 {
		only = "only " + checker.ShowCount(int(asked), "add") + " of 1"
	}
	f.message = fmt.Sprintf("%s: %s, although %s had been asked for by then", k.title(f.name), k.did(r), only)
	if f.name == checker.DirtyRead && k.fails > 0 {
		f.message += fmt.Sprintf(", apart from %d that failed", k.fails)
	}
	f.proof = "a counter shows no more than what was added to it, however the operations are ordered."
	return f
}

// belowNothing is the finding of a read below 0.
func (k *key) belowNothing(read *op) *finding {
	r := k.source(read)
	return &finding{
		name: checker.DirtyRead, key: k, focus: r, ops: []*history.Operation{r},
		message: fmt.Sprintf("Dirty read: %s, although nobody had asked to take anything from it by then", k.did(read)),
		proof:   "a counter from which nothing is taken is never below 0.",
	}
}

// surplus names what makes a counter too great by so much by an event: an add that took effect twice, as one does that
// was sent several times; if none was, adds that were refused, where there are enough of them. Where nobody had asked to
// add anything, nothing can have taken effect twice.
func (k *key) surplus(by, event int64) string {
	if !slices.ContainsFunc(k.ops, func(o op) bool { return o.does == counterAdd && o.call < event }) {
		return checker.DirtyRead
	}
	again := slices.ContainsFunc(k.ops, func(o op) bool { return o.does == counterAdd && k.source(&o).Attempts() > 1 })
	if by > int64(len(k.ops)) || by <= int64(k.fails) && !again {
		return checker.DirtyRead
	}
	return checker.DuplicateApply
}

func (k *key) title(name string) string {
	if name == checker.DirtyRead {
		return "Dirty read"
	}
	return "Duplicate apply"
}

// tooLittle is the finding of a read that showed less than the counter certainly was when it was called.
// What proves it best is an earlier read and the adds that were called after it and acknowledged before
// this one; else only an earlier read that showed more.
func (k *key) tooLittle(read int32) *finding {
	r := &k.ops[read]
	base, adds := k.since(r)
	if adds == nil {
		return k.wentBack(r)
	}
	last := k.source(adds[0])
	f := &finding{name: checker.StaleRead, key: k, focus: k.source(r), ops: []*history.Operation{k.source(r)}}
	for _, o := range adds {
		s := k.source(o)
		f.ops = append(f.ops, s)
		if s.Return < last.Return {
			last = s
		}
	}
	f.message = fmt.Sprintf("Stale read: %s, although %s had been acknowledged", k.did(r), checker.ShowCount(len(adds), "add"))
	if base != nil {
		f.ops = append(f.ops, k.source(base))
		f.message += fmt.Sprintf(" since %s", k.did(base))
	}
	f.message += ": " + hadBeen(last, f.focus)
	f.proof = "a counter that only grows shows every add that was acknowledged before the read began."
	return f
}

// since finds the adds that the read r should have shown and did not: as few as prove it, called after
// some earlier read of no more than r's sum had returned, or after the start (base nil).
func (k *key) since(r *op) (base *op, adds []*op) {
	var before []*op // the adds that were acknowledged before r, the last called first
	for i := range k.ops {
		if o := &k.ops[i]; o.does == counterAdd && o.ret < r.call {
			before = append(before, o)
		}
	}
	slices.SortFunc(before, func(a, b *op) int { return cmp.Compare(b.call, a.call) })
	later := func(than int64) int {
		return sort.Search(len(before), func(i int) bool { return before[i].call < than })
	}
	found := int64(later(-1)) > r.n
	from := int64(0)
	for i := range k.ops {
		o := &k.ops[i]
		if o.does != counterRead || o.ret > r.call || o.n > r.n || found && o.n <= from {
			continue
		}
		if int64(later(o.ret)) > r.n-o.n {
			found, base, from = true, o, o.n
		}
	}
	if !found {
		return nil, nil
	}
	return base, before[:r.n-from+1]
}

// wentBack is the finding of two reads of which the later one showed less.
func (k *key) wentBack(r *op) *finding {
	var more *op
	for i := range k.ops {
		if o := &k.ops[i]; o.does == counterRead && o.ret < r.call && o.n > r.n && (more == nil || o.ret > more.ret) {
			more = o
		}
	}
	f := &finding{name: checker.Reordered, key: k, focus: k.source(r), ops: []*history.Operation{k.source(more), k.source(r)}}
	f.message = fmt.Sprintf("Reordered reads: %s, although %s, %s", k.did(r), k.did(more), checker.ShowGap(f.focus.CallTime-k.source(more).ReturnTime, "earlier"))
	f.proof = "a counter that only grows never shows less than before."
	return f
}
