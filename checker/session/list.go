package session

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"

	"schism/checker"
	"schism/history"
)

// list is a key to which values are appended, no value twice.
type list struct {
	key     *checker.Key
	appends map[string]*token
	longest *view // the longest list that was read; most others are its beginning
	texts   []string
	ends    []int   // by place in the longest: the offset in its text at which that value ends
	calls   []int64 // by place in the longest: the latest event at which a value so far was asked for
	found   []*finding
}

// token is one value of a list.
type token struct {
	op      *history.Operation // who appended it; nil: nobody, or he failed
	before  *token             // what the session had last appended before, acknowledged
	views   []*view            // what the session had read before; of lists that hold one another only the last
	atFirst int                // its place in the longest list; -1: it is not there
}

// view is a list that a session was shown.
type view struct {
	op    *history.Operation
	text  history.Value
	whole int            // it is the first so many values of the longest list; -1: it is not
	at    map[string]int // else: the place of each value
	list  []string
}

// has gives the place of a value.
func (v *view) has(l *list, text string) (int, bool) {
	if v.whole < 0 {
		at, ok := v.at[text]
		return at, ok
	}
	t := l.appends[text]
	return t.atFirst, t.atFirst >= 0 && t.atFirst < v.whole
}

func (v *view) values(l *list) []string {
	if v.whole < 0 {
		return v.list
	}
	return l.texts[:v.whole]
}

// lists decides a list, of which each read tells all that was at one replica at one moment, in its order. For
// every read that returned the list L, in any session, Terry's definitions say just this:
//
//   - monotonic reads: what the session had read before is in L; read your writes: what the session had
//     appended before, acknowledged, is in L
//   - monotonic writes: with a value, what its session had appended before it, acknowledged, is in L, and
//     before it
//   - writes follow reads: with a value, all that its session had read before appending it is in L, before it
//
// Lists that are the beginning of the longest one, which is nearly all, share one look at the order.
func lists(ctx context.Context, k *checker.Key) ([]*finding, string) {
	l := &list{key: k, appends: make(map[string]*token)}
	if broken := l.collect(); broken != "" {
		return nil, broken
	}
	views := l.views()
	if broken := l.align(views); broken != "" {
		return nil, broken
	}
	if !l.sessions(ctx, views) {
		return l.found, "there was no time left to go through all of this key"
	}
	for _, v := range views {
		if v.whole >= 0 && v != l.longest {
			if v.whole > 0 && l.calls[v.whole-1] > v.op.Return {
				l.dirty(v)
			}
			continue
		}
		if ctx.Err() != nil {
			return l.found, "there was no time left to go through all of this key"
		}
		l.order(v)
	}
	return l.found, ""
}

// collect takes down who appended what.
func (l *list) collect() (broken string) {
	for _, o := range l.key.Ops {
		switch {
		case o.F != history.Read && o.F != history.Append:
			return fmt.Sprintf("event %d invokes %q: sessions on lists know append and read", o.Call, o.F)
		case o.F != history.Append || o.Outcome == history.Fail:
			continue
		}
		text := history.Text(o.Input)
		if l.appends[text] != nil {
			return fmt.Sprintf("event %d appends %s a second time: equal values cannot be told apart", o.Call, checker.ShowValue(o.Input))
		}
		l.appends[text] = &token{op: o, atFirst: -1}
	}
	return ""
}

func (l *list) views() []*view {
	var views []*view
	for _, o := range l.key.Ops {
		if o.F == history.Read && o.Outcome == history.OK {
			v := &view{op: o, text: history.Canonical(o.Output), whole: -1}
			if history.IsNil(v.text) {
				v.text = history.Value("[]")
			}
			views = append(views, v)
			if l.longest == nil || len(v.text) > len(l.longest.text) {
				l.longest = v
			}
		}
	}
	return views
}

// align finds the lists that are the beginning of the longest one, and takes the others apart.
func (l *list) align(views []*view) (broken string) {
	if l.longest == nil {
		return ""
	}
	for _, v := range append([]*view{l.longest}, views...) {
		if v.at != nil || v.whole >= 0 {
			continue
		}
		if v != l.longest && l.begins(v) {
			continue
		}
		var parts []json.RawMessage
		if err := json.Unmarshal(v.text, &parts); err != nil {
			return fmt.Sprintf("event %d: %s is no list", v.op.Call, checker.ShowValue(v.op.Output))
		}
		v.at = make(map[string]int, len(parts))
		for i, p := range parts {
			text := string(p)
			v.list = append(v.list, text)
			if _, again := v.at[text]; !again {
				v.at[text] = i
			}
			if l.appends[text] == nil {
				l.appends[text] = &token{atFirst: -1}
			}
		}
		if v == l.longest && len(v.at) == len(v.list) {
			l.chain(v)
		}
	}
	return ""
}

// chain makes v, without repetitions, the list that others may be the beginning of.
func (l *list) chain(v *view) {
	v.whole, l.texts = len(v.list), v.list
	end, latest := 1, int64(-1)
	for i, text := range v.list {
		t := l.appends[text]
		if t.atFirst = i; t.op != nil {
			latest = max(latest, t.op.Call)
		}
		l.calls = append(l.calls, latest)
		end += len(text)
		l.ends = append(l.ends, end)
		end++ // the comma
	}
}

func (l *list) begins(v *view) bool {
	body := v.text[:len(v.text)-1]
	if l.texts == nil || !bytes.HasPrefix(l.longest.text, body) {
		return false
	}
	if len(body) == 1 {
		v.whole = 0
		return true
	}
	at := sort.SearchInts(l.ends, len(body))
	if at == len(l.ends) || l.ends[at] != len(body) {
		return false // it breaks off within a value: [1] and [12]
	}
	v.whole = at + 1
	return true
}

// state is a session on one key.
type state struct {
	views []*view
	own   []string // acknowledged appends
}

// sessions goes through every session in its order. It is false if there was no time for all.
func (l *list) sessions(ctx context.Context, views []*view) bool {
	byOp := make(map[*history.Operation]*view, len(views))
	for _, v := range views {
		byOp[v.op] = v
	}
	at := make(map[history.Process]*state)
	for i, o := range l.key.Ops {
		if i%256 == 0 && ctx.Err() != nil {
			return false
		}
		s := at[o.Process]
		if s == nil {
			s = new(state)
			at[o.Process] = s
		}
		if v := byOp[o]; v != nil {
			l.see(s, v)
		}
		if o.Outcome == history.Info {
			delete(at, o.Process) // the session is over, even if somebody uses its number again
		}
		if o.F == history.Append && o.Outcome != history.Fail {
			text := history.Text(o.Input)
			t := l.appends[text]
			t.views = slices.Clone(s.views)
			if len(s.own) > 0 {
				t.before = l.appends[s.own[len(s.own)-1]]
			}
			if o.Outcome == history.OK {
				s.own = append(s.own, text)
			}
		}
	}
	return true
}

// see judges a read by its own session.
func (l *list) see(s *state, v *view) {
	for _, text := range s.own {
		if _, ok := v.has(l, text); !ok {
			l.report(checker.ReadYourWrites, v, l.appends[text].op, text)
			break
		}
	}
	kept := s.views[:0]
	lost := false
	for _, before := range s.views {
		text, gone := l.lacks(v, before)
		if gone {
			kept = append(kept, before)
			if !lost {
				l.report(checker.MonotonicReads, v, before.op, text)
			}
			lost = true
		}
	}
	s.views = append(kept, v)
}

// lacks is the first value of before that is not in v.
func (l *list) lacks(v, before *view) (text string, lacks bool) {
	if v.whole >= 0 && before.whole >= 0 {
		if before.whole <= v.whole {
			return "", false
		}
		return l.texts[v.whole], true
	}
	for _, text := range before.values(l) {
		if _, ok := v.has(l, text); !ok {
			return text, true
		}
	}
	return "", false
}

// order judges a list by the sessions of those who appended to it.
func (l *list) order(v *view) {
	for at, text := range v.values(l) {
		t := l.appends[text]
		if t.op == nil || t.op.Call > v.op.Return {
			l.dirty(v)
		}
		if first, _ := v.has(l, text); first != at {
			continue // it stands there twice; the first place counts
		}
		if t.before != nil {
			before := history.Text(t.before.op.Input)
			if place, ok := v.has(l, before); !ok || place > at {
				l.report(checker.MonotonicWrites, v, t.before.op, before, t.op)
			}
		}
		for _, read := range t.views {
			if text, late := l.after(v, read, at); late {
				l.report(checker.WritesFollowReads, v, read.op, text, t.op)
				break
			}
		}
	}
}

// after is the first value of read that is not in v before the place at.
func (l *list) after(v, read *view, at int) (text string, late bool) {
	if v.whole >= 0 && read.whole >= 0 {
		if read.whole <= at {
			return "", false
		}
		return l.texts[at], true
	}
	for _, text := range read.values(l) {
		if place, ok := v.has(l, text); !ok || place >= at {
			return text, true
		}
	}
	return "", false
}

func (l *list) dirty(v *view) {
	l.found = append(l.found, &finding{name: checker.DirtyRead, focus: v.op, saw: checker.ShowValue(v.text)})
}

func (l *list) report(name string, v *view, before *history.Operation, what string, proof ...*history.Operation) {
	f := &finding{name: name, focus: v.op, before: before, saw: checker.ShowValue(v.text), what: checker.ShowValue(history.Value(what)), list: true, proof: proof}
	if name == checker.MonotonicReads {
		f.what += " in it"
	}
	l.found = append(l.found, f)
}
