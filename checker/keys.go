package checker

import (
	"fmt"
	"slices"
	"strings"

	"schism/history"
)

// Key is what a history says about one key.
type Key struct {
	Name string
	Ops  []*history.Operation // in the order of their calls
}

// Keys sorts the operations of a history by key, in the order of the keys' names.
func Keys(h *history.History) []*Key {
	byName := make(map[string]*Key)
	var keys []*Key
	for i := range h.Operations {
		o := &h.Operations[i]
		k := byName[o.Key]
		if k == nil {
			k = &Key{Name: o.Key}
			byName[o.Key] = k
			keys = append(keys, k)
		}
		k.Ops = append(k.Ops, o)
	}
	slices.SortFunc(keys, func(a, b *Key) int { return strings.Compare(a.Name, b.Name) })
	return keys
}

// Written is what an operation on a register wants to write. A cas from a value to itself changes nothing,
// like a read. The error is for an operation that is none of read, write and cas.
func Written(o *history.Operation) (v history.Value, writes bool, err error) {
	switch o.F {
	case history.Read:
		return nil, false, nil
	case history.Write:
		return o.Input, true, nil
	case history.CAS:
		from, to, err := history.SplitPair(o.Input)
		return to, history.Text(from) != history.Text(to), err
	}
	return nil, false, fmt.Errorf("event %d invokes %q: a register knows read, write and cas", o.Call, o.F)
}

// Shown is the value that an operation on a register was told of.
func Shown(o *history.Operation) (v history.Value, shown bool) {
	switch {
	case o.F == history.Read && o.Outcome == history.OK:
		return o.Output, true
	case o.F == history.CAS && o.Outcome == history.OK:
		from, _, _ := history.SplitPair(o.Input)
		return from, true
	case o.F == history.CAS && o.Error == history.Mismatch && len(o.Found()) > 0:
		return o.Found(), true
	}
	return nil, false
}

// ShowKeys lists names of keys, so many that a person may still read them.
func ShowKeys(keys []string) string {
	const most = 8
	if len(keys) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(keys[:most], ", "), len(keys)-most)
	}
	return strings.Join(keys, ", ")
}
