package objects

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"schism/checker"
	"schism/history"
)

// What operations do to a text.
const (
	kvGet int8 = iota
	kvPut
	kvAppend
)

// KV judges every key as a text that is empty at first, with get (history.Get), put (history.Put) and
// append (history.Append), which adds to its end: the store of MIT's 6.824 and of Porcupine's logs. It is
// decided by Porcupine. An unknown put or append that no get shows anything of is left out: no get can
// lie between it and the next put, so that nobody knows whether it happened.
func KV(l checker.Limits) checker.Checker {
	return Checker{Limits: l, object: object{
		noun: "text", take: takeKV, refute: refuteText, name: (*key).outdated,
		observed: func(_ *key, unknown *op, among []op) bool {
			return slices.ContainsFunc(among, func(o op) bool { return o.does == kvGet && strings.Contains(o.text, unknown.text) })
		},
		start: func(*key) any { return "" },
		state: func(_ *key, state any) string { return checker.ShowValue(history.Encode(state)) },
		step: func(_ *key, state any, o *op) (any, bool) {
			switch held := state.(string); o.does {
			case kvGet:
				return held, held == o.text
			case kvAppend:
				return held + o.text, true
			}
			return o.text, true
		},
		say: func(k *key, o *op) string {
			shown := checker.ShowValue(history.Encode(o.text))
			switch o.does {
			case kvGet:
				return fmt.Sprintf("read %s = %s", checker.ShowKey(k.name), shown)
			case kvAppend:
				return fmt.Sprintf("appended %s to %s", shown, checker.ShowKey(k.name))
			}
			return fmt.Sprintf("wrote %s = %s", checker.ShowKey(k.name), shown)
		},
	}}
}

func takeKV(k *key, from *history.Operation, o *op) (bool, error) {
	value := from.Input
	switch from.F {
	case history.Get:
		o.does, value = kvGet, from.Output
		if from.Outcome != history.OK {
			return false, nil
		}
	case history.Put:
		o.does, o.changes = kvPut, true
	case history.Append:
		o.does, o.changes = kvAppend, true
	default:
		return false, fmt.Errorf("a store knows only get, put and append, not %q", from.F)
	}
	o.value = k.id(value)
	if history.IsNil(value) {
		return true, nil
	}
	if err := json.Unmarshal(value, &o.text); err != nil {
		return false, fmt.Errorf("%s is no text", checker.ShowValue(value))
	}
	// A text says all that there is to see; an access says it as registers do, for words.
	switch o.does {
	case kvGet:
		o.txn = []access{{value: o.value}}
	case kvPut:
		o.txn = []access{{writes: true, value: o.value}}
	}
	return true, nil
}
