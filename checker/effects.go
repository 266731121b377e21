package checker

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"schism/history"
)

// Times is how often an operation may have taken effect.
type Times string

// What a scenario can expect of an append that it asks for itself.
const (
	Absent      Times = "absent"
	Once        Times = "once"
	Twice       Times = "twice"
	Either      Times = "either" // absent or once
	OnceOrTwice Times = "once-or-twice"
)

// TimesNames are all of them.
func TimesNames() []string {
	return []string{string(Absent), string(Once), string(Twice), string(Either), string(OnceOrTwice)}
}

// UnmarshalText reads one of the words.
func (t *Times) UnmarshalText(b []byte) error {
	if !slices.Contains(TimesNames(), string(b)) {
		return fmt.Errorf("%q is no number of effects: they are %s", b, strings.Join(TimesNames(), ", "))
	}
	*t = Times(b)
	return nil
}

func (t Times) allows(n int) bool {
	switch t {
	case Absent:
		return n == 0
	case Once:
		return n == 1
	case Twice:
		return n == 2
	case Either:
		return n == 0 || n == 1
	case OnceOrTwice:
		return n == 1 || n == 2
	}
	return false
}

// Effect is how often the value of one append stands in the lists that the nodes held at the end.
type Effect struct {
	Name    string         `json:"name"` // of the operation in the scenario
	Key     string         `json:"key,omitempty"`
	Want    Times          `json:"want"`
	Seen    map[string]int `json:"seen,omitempty"` // by node, of those that answered
	Holds   bool           `json:"holds"`
	Message string         `json:"message"` // in one sentence
}

// effects counts what the scenario expects, in the order of the names.
func (e Expect) effects(h *history.History) []Effect {
	var all []Effect
	for _, name := range sortedKeys(e.Effects) {
		all = append(all, effectOf(h, name, e.Effects[name]))
	}
	return all
}

func effectOf(h *history.History, name string, want Times) Effect {
	e := Effect{Name: name, Want: want}
	op := named(h, name)
	if op == nil {
		e.Message = fmt.Sprintf("%s was never asked.", name)
		return e
	}
	e.Key = op.Key
	states, err := FinalStates(h)
	if err != nil || 2*len(LastStates(states)) <= len(nodesOf(h)) {
		e.Message = fmt.Sprintf("No majority of the nodes told at the end what they held, so that the effects of %s cannot be counted.", name)
		return e
	}
	e.Seen = make(map[string]int)
	by := make(map[int][]string)
	for _, s := range LastStates(states) {
		n, err := occurrences(s.State[op.Key], op.Input)
		if err != nil {
			e.Message = fmt.Sprintf("What %s held of %s at the end is no list: %v.", s.Node, ShowKey(op.Key), err)
			return e
		}
		e.Seen[s.Node] = n
		by[n] = append(by[n], s.Node)
	}
	var words []string
	e.Holds = len(by) == 1
	for n, nodes := range by {
		e.Holds = e.Holds && want.allows(n)
		words = append(words, fmt.Sprintf("%s at %s", effectWords(n), ShowList(nodes)))
	}
	slices.Sort(words)
	e.Message = fmt.Sprintf("The append of %s to %s stood in the lists at the end %s; expected: %s.",
		ShowValue(op.Input), ShowKey(op.Key), ShowList(words), want)
	return e
}

func effectWords(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// named is the last operation of that name.
func named(h *history.History, name string) *history.Operation {
	for i := len(h.Operations) - 1; i >= 0; i-- {
		if h.Operations[i].Name() == name {
			return &h.Operations[i]
		}
	}
	return nil
}

func occurrences(list, token history.Value) (n int, err error) {
	var elements []history.Value
	if len(list) > 0 {
		err = json.Unmarshal(list, &elements)
	}
	for _, element := range elements {
		if history.Text(element) == history.Text(token) {
			n++
		}
	}
	return n, err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
