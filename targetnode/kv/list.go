package kv

import (
	"bytes"
	"encoding/json"
)

// Refusals of an append and a pop.
const (
	NotAList = "not a list" // the key holds something else
	ListFull = "the list is full"
)

// applyAppend adds one element to the list that the key holds; a key that was never written holds the
// empty one.
func applyAppend(s *Store, c *Command) Result {
	found := s.values[c.Key]
	switch {
	case found == nil:
		found = json.RawMessage("[]")
	case found[0] != '[':
		return Result{Refused: NotAList, Value: found}
	case len(found)+len(c.Value)+1 > MaxValueBytes:
		return Result{Refused: ListFull}
	}
	// Both are compact, so that the brackets are the first byte and the last.
	list := make(json.RawMessage, 0, len(found)+len(c.Value)+1)
	list = append(list, found[:len(found)-1]...)
	if len(list) > 1 {
		list = append(list, ',')
	}
	list = append(list, c.Value...)
	s.values[c.Key] = append(list, ']')
	return Result{}
}

// applyPop takes the first element out of the list that the key holds, and answers with it; null of a
// list that is empty or was never written.
func applyPop(s *Store, c *Command) Result {
	found := s.values[c.Key]
	switch {
	case found == nil || string(found) == "[]":
		return Result{Value: orNull(nil)}
	case found[0] != '[':
		return Result{Refused: NotAList, Value: found}
	}
	d := json.NewDecoder(bytes.NewReader(found))
	var first json.RawMessage
	_, _ = d.Token()      // the bracket: what Prepare let in is JSON
	_ = d.Decode(&first)  // and this a value of it
	at := d.InputOffset() // of the comma behind it, or of the last bracket
	rest := json.RawMessage{'['}
	if found[at] == ',' {
		at++
	}
	s.values[c.Key] = append(rest, found[at:]...)
	return Result{Value: first}
}
