package kv

import "encoding/json"

// transact carries out the parts in order, one entry of the log for all of them. If one is refused the
// state is as it was before the first, and the refusal is the transaction's. The answer is an array of
// the parts' answers, null where one says nothing; of a refused transaction it ends with what the refused
// part found.
func (s *Store) transact(c *Command) Result {
	answers := json.RawMessage{'['}
	undo := make([]undone, 0, len(c.Ops))
	for i := range c.Ops {
		part := &c.Ops[i]
		op, _ := operationNamed(part.Op)
		if !op.readOnly {
			before, there := s.values[part.Key]
			undo = append(undo, undone{part.Key, before, there})
		}
		r := op.apply(s, part)
		if i > 0 {
			answers = append(answers, ',')
		}
		answers = append(answers, orNull(r.Value)...)
		if r.Refused != "" {
			s.takeBack(undo)
			return Result{Refused: r.Refused, Value: append(answers, ']')}
		}
	}
	return Result{Value: append(answers, ']')}
}

// undone is what a key held before a part of a transaction changed it.
type undone struct {
	key   string
	value json.RawMessage
	there bool
}

// takeBack goes from the last change to the first: two may be of one key.
func (s *Store) takeBack(changes []undone) {
	for i := len(changes) - 1; i >= 0; i-- {
		if c := changes[i]; c.there {
			s.values[c.key] = c.value
		} else {
			delete(s.values, c.key)
		}
	}
}
