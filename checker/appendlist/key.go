package appendlist

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"schism/checker"
	"schism/history"
)

// key is everything that a history says about the list of one key. Tokens are small numbers that stand
// for the texts of the history.
type key struct {
	name   string
	total  int    // operations in the history
	broken string // why no more than the beginning of the key can be judged; empty if it all can

	// whole has all operations of a key on which a token recurs: of these only what needs no order is said. nil: none
	// recurs, or an operation is none of a list.
	whole *key

	tokens []token
	ids    map[string]int32 // the canonical text of each token → its number

	reads  []*view // ok reads, in the order of their calls
	finals []*view // the last state of each node
	nodes  int     // of the cluster

	// before says of a token that nobody appends in the history whether somebody may have in what came before it;
	// nil: nothing came before.
	before func(text string) bool

	longest  *view // the read that all others should begin; nil without reads
	repeated int   // tokens that some view shows twice
}

// token is one element of a list.
type token struct {
	text   string
	append *history.Operation // who may have appended it; nil: nobody
	failed *history.Operation // who asked and was refused; nil: nobody
	sights
	held   bool // by some node at the end
	before bool // it was asked for before the history: nothing is to be said of it
}

const none = -1

// view is a list that somebody was shown.
type view struct {
	op    *history.Operation
	text  history.Value // canonical
	lists bool          // it is a list, or nil
	shown []int32       // as it stands
	// list is shown without repetitions: where each token is for the first time is where it belongs. Tokens that
	// were asked for before the history are left out.
	list  []int32
	clean int  // the first so many of shown have none of them twice
	chain bool // list is the beginning of the longest read's
}

// split sorts the operations of a history by key, in the order of the keys' names.
func split(h *history.History) []*key {
	byName := make(map[string]*key)
	var keys []*key
	for i := range h.Operations {
		o := &h.Operations[i]
		k := byName[o.Key]
		if k == nil {
			k = &key{name: o.Key, ids: make(map[string]int32)}
			byName[o.Key] = k
			keys = append(keys, k)
		}
		k.add(o)
	}
	takeWhole(h, byName)
	slices.SortFunc(keys, func(a, b *key) int { return strings.Compare(a.name, b.name) })
	states, err := checker.FinalStates(h)
	if err != nil {
		states = nil // the checker of final reads reports that
	}
	for _, k := range keys {
		k.nodes = len(h.Header.Nodes)
		if k.broken != "" {
			continue // they come from after the beginning
		}
		for _, s := range checker.LastStates(states) {
			k.finals = append(k.finals, &view{op: s.Op, text: history.Canonical(s.State[k.name])})
		}
	}
	return keys
}

// takeWhole fills in all operations of the keys on which a token recurs.
func takeWhole(h *history.History, byName map[string]*key) {
	for i := range h.Operations {
		o := &h.Operations[i]
		k := byName[o.Key]
		switch w := k.whole; {
		case w == nil:
		case o.F == history.Read && o.Outcome == history.OK:
			w.reads = append(w.reads, &view{op: o, text: history.Canonical(o.Output)})
		case o.F == history.Append && o.Outcome == history.Fail:
			w.tokens[w.id(string(history.Canonical(o.Input)))].failed = o
		case o.F == history.Append:
			w.tokens[w.id(string(history.Canonical(o.Input)))].append = o
		case o.F != history.Read:
			k.whole = nil
		}
	}
}

func (k *key) add(o *history.Operation) {
	k.total++
	switch {
	case k.broken != "":
	case o.F == history.Append:
		k.addAppend(o)
	case o.F != history.Read:
		k.endBefore(o, fmt.Sprintf("event %d invokes %q: a list knows only append and read", o.Call, o.F))
	case o.Outcome == history.OK:
		k.reads = append(k.reads, &view{op: o, text: history.Canonical(o.Output)})
	}
}

func (k *key) addAppend(o *history.Operation) {
	t := &k.tokens[k.id(string(history.Canonical(o.Input)))]
	switch {
	case o.Outcome == history.Fail:
		t.failed = o
	case t.append != nil:
		k.whole = &key{name: k.name, ids: make(map[string]int32)}
		k.endBefore(o, fmt.Sprintf("the token %s was appended by two operations (events %d and %d): lists whose tokens are not unique are not judged",
			checker.ShowValue(o.Input), t.append.Call, o.Call))
	default:
		t.append = o
	}
}

// endBefore leaves of the key what was known when o was called: what is wrong by then, nothing that follows can undo.
// An append that was acknowledged later proves nothing by then either.
func (k *key) endBefore(o *history.Operation, why string) {
	k.broken = why
	if k.total > 1 {
		k.broken += fmt.Sprintf("; its first %d operations are linearizable", k.total-1)
	}
	k.reads = slices.DeleteFunc(k.reads, func(v *view) bool { return v.op.Return > o.Call })
}

// id is the number of a token. Equal tokens have equal canonical texts.
func (k *key) id(text string) int32 {
	id, known := k.ids[text]
	if !known {
		id = int32(len(k.tokens))
		k.ids[text] = id
		k.tokens = append(k.tokens, token{text: text, sights: unseen()})
	}
	return id
}

// parse reads a list. Nil is the empty one.
func (k *key) parse(v *view) {
	var elements []json.RawMessage
	v.lists = json.Unmarshal(v.text, &elements) == nil
	v.shown = make([]int32, len(elements))
	for i, e := range elements {
		v.shown[i] = k.id(string(e))
		t := &k.tokens[v.shown[i]]
		t.before = t.append == nil && t.failed == nil && k.before != nil && k.before(t.text)
	}
	v.list, v.clean = k.once(v.shown)
}

// once leaves out what has been there before, in the list or in time. The first clean tokens have nothing twice.
func (k *key) once(shown []int32) (list []int32, clean int) {
	seen := make([]bool, len(k.tokens))
	list, clean = make([]int32, 0, len(shown)), len(shown)
	for i, t := range shown {
		switch {
		case k.tokens[t].before:
		case seen[t]:
			clean = min(clean, i)
		default:
			seen[t] = true
			list = append(list, t)
		}
	}
	return list, clean
}

// beginning finds at once that a view shows the beginning of a longer one that is parsed: by its text,
// without a look at the tokens. That is what makes a thousand reads of a growing list cheap.
type beginning struct {
	of   *view
	ends map[int]int // offset behind an element of the text → elements up to there
	once []int       // elements → how many of the view's list are among them
}

func newBeginning(of *view, tokens []token) *beginning {
	b := &beginning{of: of, ends: map[int]int{1: 0}, once: []int{0}}
	at, different := 0, 0
	for i, t := range of.shown {
		at += 1 + len(tokens[t].text)
		b.ends[at] = i + 1
		if different < len(of.list) && of.list[different] == t {
			different++
		}
		b.once = append(b.once, different)
	}
	return b
}

func (b *beginning) take(v *view) bool {
	text, open := bytes.CutSuffix(v.text, []byte("]"))
	n, whole := b.ends[len(text)]
	switch {
	case history.IsNil(v.text) || string(v.text) == "[]":
		n = 0
	case !open || !whole || !bytes.HasPrefix(b.of.text, text):
		return false
	}
	v.lists, v.shown, v.list, v.clean = true, b.of.shown[:n], b.of.list[:b.once[n]], min(n, b.of.clean)
	return true
}
