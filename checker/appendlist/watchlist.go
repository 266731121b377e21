package appendlist

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"slices"
	"sort"

	"schism/checker"
	"schism/history"
)

// watchedList is what there is to know of a key whose history so far is linearizable.
//
// A read is over: these are all the reasons why it cannot be.
//
//   - it does not show the beginning of the longest list so far, nor that list and more;
//   - of the more it shows, a token is there already, or has failed, or nobody has asked for it yet;
//   - it shows less than everybody must be shown who is called after some event (see step), or not a token that
//     was acknowledged before it was called;
//   - it shows a token behind one that was asked for when the first was acknowledged, or one that was asked for when
//     another was acknowledged that nobody has been shown.
//
// And an append cannot fail whose token was shown. To acknowledge one is always right: all that is known of the list
// was asked for before.
type watchedList struct {
	all     *Watch
	tokens  map[string]*watchedToken // that may be in the list, and that nobody was shown
	due     []*watchedToken          // the acknowledged among them, the oldest first, and some that were shown since
	longest longest
	steps   []step // both at and size grow
	latest  int64  // the last call among the appends of what is in the longest list
}

// watchedToken is a token that somebody asked to append.
type watchedToken struct {
	text  string
	call  int64
	acked int64 // the event; never until then
	shown bool
	noted bool // Watch.appended has it
}

// step says that who is called after an event must be shown at least so much of the longest list, in bytes: its
// last token was acknowledged by that event, or somebody had been shown it.
type step struct {
	at   int64
	size int
}

func newWatchedList(w *Watch) *watchedList {
	return &watchedList{all: w, tokens: make(map[string]*watchedToken), latest: none}
}

// Call notes what may take effect from now on: the token of an append, none of a read.
func (k *watchedList) Call(e *history.Event) (*watchedToken, checker.Sight) {
	switch e.F {
	case history.Read:
		return nil, checker.Fine
	case history.Append:
	default:
		return nil, checker.Unwatched
	}
	t := &watchedToken{text: history.Text(e.Value), call: e.Index, acked: never}
	if _, known := k.tokens[t.text]; known || k.all.appended.Has(t.text) {
		return nil, checker.Unwatched
	}
	k.all.asked.Add(t.text)
	t.noted = k.all.appended.Add(t.text)
	k.tokens[t.text] = t
	return t, checker.Fine
}

// Complete takes the end of an operation.
func (k *watchedList) Complete(call int64, t *watchedToken, e *history.Event) checker.Sight {
	fits := true
	switch {
	case e.Kind == history.Fail && t != nil:
		delete(k.tokens, t.text)
		k.all.appended.Remove(t.text)
		fits = !t.shown
	case e.Kind != history.OK:
	case t == nil:
		fits = k.read(e.Value, call, e.Index)
	case !t.shown:
		t.acked = e.Index
		k.due = append(k.due, t)
	}
	if !fits {
		return checker.Broken
	}
	return checker.Fine
}

// read takes a read that was called at call and is over now.
func (k *watchedList) read(v history.Value, call, now int64) bool {
	list, is := inside(v)
	if !is || len(list) < k.must(call) {
		return false
	}
	more, fits := k.longest.compare(list)
	if !fits || len(more) > 0 && !k.grow(more, now) {
		return false
	}
	for len(k.due) > 0 && k.due[0].shown {
		k.due = k.due[1:]
	}
	return len(k.due) == 0 || k.due[0].acked > max(call, k.latest)
}

// must is how much of the longest list an operation must be shown that was called at call.
func (k *watchedList) must(call int64) int {
	if at := k.before(call); at > 0 {
		return k.steps[at-1].size
	}
	return k.longest.hashed
}

// before is how many steps there are before an event.
func (k *watchedList) before(event int64) int {
	return sort.Search(len(k.steps), func(i int) bool { return k.steps[i].at >= event })
}

// grow takes the tokens that are shown for the first time, as a text.
func (k *watchedList) grow(more []byte, now int64) bool {
	all, are := elements(more)
	if !are {
		return false
	}
	for _, text := range all {
		t := k.tokens[string(text)]
		if t == nil || t.acked < k.latest {
			return false
		}
		k.latest = max(k.latest, t.call)
		k.longest.add(text)
		k.step(min(t.acked, now))
		k.show(t)
	}
	return true
}

// step notes since when the longest list was there as it is now.
func (k *watchedList) step(at int64) {
	k.steps = append(k.steps[:k.before(at)], step{at, k.longest.size()})
}

// show leaves a mark only where Watch.appended cannot.
func (k *watchedList) show(t *watchedToken) {
	t.shown = true
	if t.noted {
		delete(k.tokens, t.text)
	} else {
		k.tokens[t.text] = nil
	}
}

// Sweep forgets what everybody must be shown who is not called yet, or whose operation is open.
func (k *watchedList) Sweep(now int64) int {
	k.longest.hash(k.must(now))
	k.steps = slices.Delete(k.steps, 0, k.before(now))
	return checker.LeastSweep
}

// longest is the text inside the brackets of the longest list that was shown.
type longest struct {
	head   maphash.Hash
	hashed int // bytes
	rest   []byte
}

func (l *longest) size() int { return l.hashed + len(l.rest) }

// compare says whether a list, not shorter than what is hashed, is the beginning of the longest one, or that and
// more.
func (l *longest) compare(list []byte) (more []byte, fits bool) {
	if maphash.Bytes(l.head.Seed(), list[:l.hashed]) != l.head.Sum64() {
		return nil, false
	}
	list = list[l.hashed:]
	n := min(len(list), len(l.rest))
	switch same := bytes.Equal(list[:n], l.rest[:n]); {
	case len(list) == len(l.rest):
		return nil, same
	case len(list) < len(l.rest):
		return nil, same && (l.hashed+n == 0 || l.rest[n] == ',')
	case l.size() == 0:
		return list, true
	default:
		return list[n+1:], same && list[n] == ','
	}
}

func (l *longest) add(token []byte) {
	if l.size() > 0 {
		l.rest = append(l.rest, ',')
	}
	l.rest = append(l.rest, token...)
}

// hash keeps of the first bytes no more than a hash.
func (l *longest) hash(size int) {
	n := size - l.hashed
	l.head.Write(l.rest[:n])
	l.rest = slices.Delete(l.rest, 0, n)
	l.hashed = size
}

// inside is the text between the brackets of a list. Nil is the empty one.
func inside(v history.Value) (list []byte, is bool) {
	if v = history.Canonical(v); history.IsNil(v) {
		return nil, true
	}
	if len(v) < 2 || v[0] != '[' {
		return nil, false
	}
	return v[1 : len(v)-1], true
}

// elements takes a list without its brackets apart, mostly of whole numbers.
func elements(list []byte) (all [][]byte, are bool) {
	if !bytes.ContainsAny(list, `"[{`) {
		return bytes.Split(list, []byte(",")), true
	}
	var parts []json.RawMessage
	if json.Unmarshal(slices.Concat([]byte("["), list, []byte("]")), &parts) != nil {
		return nil, false
	}
	for _, p := range parts {
		all = append(all, p)
	}
	return all, true
}
