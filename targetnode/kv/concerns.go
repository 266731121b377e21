package kv

import "encoding/json"

// Concerns says whether an entry's data is a command on the key, and gives the value that it brings
// there: nil if it brings none.
func Concerns(data []byte, key string) (value json.RawMessage, ok bool) {
	c, err := decodeChange(data)
	if err != nil || c.lease != nil {
		return nil, false
	}
	for _, part := range append(c.command.Ops, c.command) {
		switch {
		case part.Key != key:
		case part.To != nil:
			return part.To, true
		default:
			return part.Value, true
		}
	}
	return nil, false
}
