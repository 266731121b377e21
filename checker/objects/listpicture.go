package objects

import (
	"encoding/json"
	"fmt"
	"io"

	"schism/checker"
	"schism/history"
)

// What operations do to a list.
const (
	listRead int8 = iota
	listAppend
)

// ListPicture draws an anomaly of a list, with append and read, as Checker.Picture does of other objects. Lists
// are judged by a package of their own, which needs no search.
func ListPicture(w io.Writer, h *history.History, a checker.Anomaly) error {
	return Checker{object: object{
		noun: "list", take: takeList, state: inList,
		start: func(*key) any { return "" },
		step: func(_ *key, state any, o *op) (any, bool) {
			held := state.(string)
			if o.does == listAppend {
				return held + pack([]int32{o.value}), true
			}
			return held, held == o.text
		},
		say: func(k *key, o *op) string {
			if o.does == listAppend {
				return fmt.Sprintf("appended %s to %s", k.show(o.value), checker.ShowKey(k.name))
			}
			return fmt.Sprintf("read %s = %s", checker.ShowKey(k.name), inList(k, o.text))
		},
	}}.Picture(w, h, a)
}

func takeList(k *key, from *history.Operation, o *op) (bool, error) {
	switch from.F {
	case history.Append:
		o.does, o.changes, o.value = listAppend, true, k.id(from.Input)
		return true, nil
	case history.Read:
		var all []json.RawMessage
		if from.Outcome != history.OK || !history.IsNil(from.Output) && json.Unmarshal(from.Output, &all) != nil {
			return false, nil
		}
		for _, element := range all {
			o.list = append(o.list, k.id(history.Value(element)))
		}
		o.text = pack(o.list)
		return true, nil
	}
	return false, fmt.Errorf("a list knows only append and read, not %q", from.F)
}
