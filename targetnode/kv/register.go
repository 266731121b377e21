package kv

import (
	"bytes"
	"encoding/json"
)

// Mismatch is the refusal of a cas that found another value than it expected.
const Mismatch = "mismatch"

func applyGet(s *Store, c *Command) Result {
	return Result{Value: orNull(s.values[c.Key])}
}

func applyPut(s *Store, c *Command) Result {
	s.values[c.Key] = c.Value
	return Result{}
}

// applyDelete leaves the key as if it had never been written.
func applyDelete(s *Store, c *Command) Result {
	delete(s.values, c.Key)
	return Result{}
}

// applyCAS returns what it found when it does not match: for a checker that is as good as a read.
func applyCAS(s *Store, c *Command) Result {
	found := orNull(s.values[c.Key])
	if !bytes.Equal(found, c.From) {
		return Result{Refused: Mismatch, Value: found}
	}
	s.values[c.Key] = c.To
	return Result{}
}

// orNull is how a key that was never written reads.
func orNull(v json.RawMessage) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	return v
}
