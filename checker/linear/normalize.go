package linear

import (
	"fmt"
	"math"
	"sort"

	"schism/checker/search"
	"schism/history"
)

// kind is what an operation says about a register.
type kind uint8

const (
	read     kind = iota // the value was from
	write                // the value became to
	cas                  // the value was from and became to, in one step
	mismatch             // a failed cas that tells what it found: the value was from, and not to
	notFrom              // a failed cas that does not tell what it found: the value was not from
)

// never is the return of an operation whose outcome is not known: it may take effect at any time
// after its call, even after the run.
const never = math.MaxInt64

// none stands for 'no such operation'.
const none = -1

// initial is the id of nil, which every key holds before its first write.
const initial = 0

// op is one operation on one key, without what a register does not care about. Values are small
// numbers that stand for the texts of the history.
type op struct {
	call, ret int64 // indexes of the events, not times: clocks are coarse, and indexes never tie
	from, to  int32
	at        int32 // index in history.Operations
	kind      kind
}

// unknown says whether the operation may never have happened.
func (o *op) unknown() bool { return o.ret == never }

// shows is the value that the operation saw in the register, if it saw one.
func (o *op) shows() (value int32, ok bool) {
	return o.from, o.kind == read || o.kind == cas || o.kind == mismatch
}

// writes says whether the operation changes the value.
func (o *op) writes() bool { return o.kind == write || o.kind == cas }

// key is everything that a history says about one key.
type key struct {
	name   string
	ops    []op             // in the order of their calls
	values int              // ids in use: 0 to values-1
	failed map[int32]int32  // value → the failed write of it, as index in history.Operations
	ids    map[string]int32 // the canonical text of each value → its number
	total  int              // operations in the history, the left out included

	unique bool   // no value was perhaps written twice, nor nil at all
	exact  bool   // no result says only what the value was not
	broken string // why the key cannot be judged at all; empty if it can
	doubt  int64  // the event before which it is all that: unique, exact, and not broken
}

// split sorts the operations of a history by key, each as the register's model sees it. The keys
// are in the order of their first operations.
//
// Left out are failed writes, which changed nothing, and reads without an answer, which tell
// nothing. A failed cas that found something else stays, as the read that it is.
func split(h *history.History) []*key {
	var all []*splitter
	byName := make(map[string]*splitter)
	for at := range h.Operations {
		name := h.Operations[at].Key
		s := byName[name]
		if s == nil {
			s = newSplitter(name)
			byName[name] = s
			all = append(all, s)
		}
		s.at = append(s.at, int32(at))
	}
	search.Each(&search.Pool{}, all, func(s *splitter) { s.split(h) })
	keys := make([]*key, len(all))
	for i, s := range all {
		keys[i] = s.key
	}
	return keys
}

type splitter struct {
	*key
	at      []int32 // its operations, as indexes in history.Operations
	written []uint8 // by value: how often it was perhaps written, 2 for more
}

func newSplitter(name string) *splitter {
	return &splitter{
		key: &key{
			name: name, unique: true, exact: true, doubt: never,
			failed: make(map[int32]int32), ids: map[string]int32{"null": initial},
		},
		written: []uint8{initial: 1}, // nil is there from the start: a write of it is a second one
	}
}

func (s *splitter) split(h *history.History) {
	s.ops = make([]op, 0, len(s.at))
	if len(s.at) > 100 {
		s.ids = make(map[string]int32, len(s.at)/2) // as many writes as reads
		s.ids["null"] = initial
	}
	for _, at := range s.at {
		s.add(&h.Operations[at], at)
	}
	s.finish()
}

func (s *splitter) add(o *history.Operation, at int32) {
	s.total++
	n := op{call: o.Call, ret: o.Return, at: at}
	if o.Outcome == history.Info {
		n.ret = never
	}
	switch o.F {
	case history.Read:
		if o.Outcome != history.OK {
			return
		}
		n.kind, n.from = read, s.id(o.Output)
	case history.Write:
		n.kind, n.to = write, s.id(o.Input)
	case history.CAS:
		from, to, err := history.SplitPair(o.Input)
		if err != nil {
			s.broken = fmt.Sprintf("the cas invoked by event %d: %v", o.Call, err)
			s.doubt = min(s.doubt, o.Call)
			return
		}
		n.kind, n.from, n.to = cas, s.id(from), s.id(to)
	default:
		s.broken = fmt.Sprintf("event %d invokes %q: a register knows only read, write and cas", o.Call, o.F)
		s.doubt = min(s.doubt, o.Call)
		return
	}
	if o.Outcome == history.Fail {
		s.fail(o, n)
		return
	}
	if n.writes() {
		if s.written[n.to] > 0 {
			s.doubt = min(s.doubt, o.Call)
		}
		s.written[n.to] = min(s.written[n.to]+1, 2)
	}
	s.ops = append(s.ops, n)
}

// fail keeps what a failed operation proves: a value that must never be seen, and what a cas found.
func (s *splitter) fail(o *history.Operation, n op) {
	if _, known := s.failed[n.to]; !known {
		s.failed[n.to] = n.at
	}
	if o.F != history.CAS || o.Error != history.Mismatch {
		return
	}
	if len(o.Found()) > 0 {
		n.kind, n.from, n.to = mismatch, s.id(o.Found()), n.from
	} else {
		n.kind, s.exact, s.doubt = notFrom, false, min(s.doubt, o.Return)
	}
	s.ops = append(s.ops, n)
}

// id is the number of a value. Equal values have equal canonical texts.
func (s *splitter) id(v history.Value) int32 {
	if len(v) == 0 {
		return initial
	}
	v = history.Canonical(v)
	id, known := s.ids[string(v)]
	if !known {
		id = int32(len(s.written))
		s.ids[string(v)] = id
		s.written = append(s.written, 0)
	}
	return id
}

func (s *splitter) finish() {
	s.values = len(s.written)
	for _, times := range s.written {
		if times > 1 {
			s.unique = false
		}
	}
}

// beginning is what the first n operations had told by the event now, the call of the next one: all of
// their writes, and whatever else had been answered.
func (k *key) beginning(n int) (ats []int32, now int64) {
	now = never
	if n < len(k.ops) {
		now = k.ops[n].call
	}
	return k.known(n, now), now
}

// known are, of the first n operations, the writes and whatever else had been answered before the event now.
func (k *key) known(n int, now int64) []int32 {
	ats := make([]int32, 0, n)
	for i := range k.ops[:n] {
		if o := &k.ops[i]; o.writes() || o.ret < now {
			ats = append(ats, int32(i))
		}
	}
	return ats
}

// undoubted is the beginning of the key that zones can judge. What is wrong there, nothing that follows can undo.
func (k *key) undoubted() *key {
	n := sort.Search(len(k.ops), func(i int) bool { return k.ops[i].call >= k.doubt })
	sub := k.only(k.known(n, k.doubt), k.doubt)
	sub.unique, sub.exact, sub.doubt = true, true, never
	sub.failed, sub.ids, sub.total = k.failed, k.ids, k.total
	return sub
}

// only is the key with some of its operations, as it was known by the event now: what had not
// returned by then may or may not have taken effect.
func (k *key) only(ats []int32, now int64) *key {
	sub := &key{name: k.name, values: k.values, unique: k.unique, exact: k.exact, ops: make([]op, len(ats))}
	for i, at := range ats {
		sub.ops[i] = k.ops[at]
		if sub.ops[i].ret >= now {
			sub.ops[i].ret = never
		}
	}
	return sub
}
