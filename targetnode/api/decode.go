package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"schism/targetnode/kv"
)

// decodeCommand reads the body of an operation strictly: one object, every field known, given once and
// of its type, nothing behind it. encoding/json would let a second "key" win and take "KEY" for it, and its
// tokens cost more than all the rest of an operation. The values refer to the body.
func decodeCommand(body []byte) (kv.Command, error) {
	var c kv.Command
	if !utf8.Valid(body) {
		return c, errors.New("the body is not UTF-8")
	}
	s := &scanner{text: body}
	if !s.take('{') {
		return c, errors.New(`the body is not a JSON object like {"op":"get","key":"x"}`)
	}
	if err := decodeFields(s, &c, true); err != nil {
		return c, err
	}
	if s.peek() != 0 || s.at < len(body) {
		return c, errors.New("something follows the JSON object")
	}
	return c, c.Prepare()
}

// decodeFields reads the rest of an object whose brace was read; only a whole command may have parts.
func decodeFields(s *scanner, c *kv.Command, whole bool) error {
	return s.list('}', func() error {
		name, err := s.word()
		if err != nil {
			return err
		}
		if err := s.want(':'); err != nil {
			return err
		}
		if whole && name == "ops" {
			return decodeOps(s, &c.Ops)
		}
		return decodeField(s, c, name)
	})
}

// decodeOps reads the parts of a transaction: an array of objects like commands.
func decodeOps(s *scanner, to *[]kv.Command) error {
	if *to != nil {
		return errors.New("ops is given twice")
	}
	*to = []kv.Command{}
	if !s.take('[') {
		return errors.New("ops is not an array")
	}
	return s.list(']', func() error {
		var part kv.Command
		if !s.take('{') {
			return errors.New("ops holds something that is not an object")
		}
		if err := decodeFields(s, &part, false); err != nil {
			return fmt.Errorf("op %d: %w", len(*to)+1, err)
		}
		*to = append(*to, part)
		return nil
	})
}

func decodeField(s *scanner, c *kv.Command, name string) error {
	switch name {
	case "op":
		return decodeString(s, name, &c.Op)
	case "key":
		return decodeString(s, name, &c.Key)
	case "value":
		return decodeValue(s, name, &c.Value)
	case "from":
		return decodeValue(s, name, &c.From)
	case "to":
		return decodeValue(s, name, &c.To)
	case "client":
		return decodeCount(s, name, &c.Client)
	case "seq":
		return decodeCount(s, name, &c.Seq)
	}
	return fmt.Errorf("unknown field %q; there are op, key, value, from, to, client, seq, and ops of a txn", name)
}

// decodeCount reads a whole number from 1 on, digit by digit: as a float64 it would be another one
// beyond 2^53.
func decodeCount(s *scanner, name string, to *uint64) error {
	if *to != 0 {
		return fmt.Errorf("%s is given twice", name)
	}
	text, err := s.value()
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || text[0] == '0' { // 0, or 01, which is no JSON
		return fmt.Errorf("%s is no whole number from 1 on", name)
	}
	*to = n
	return nil
}

func decodeString(s *scanner, name string, to *string) error {
	if *to != "" {
		return fmt.Errorf("%s is given twice", name)
	}
	if c := s.peek(); c != '"' {
		if s.at == len(s.text) {
			return errCutShort
		}
		return fmt.Errorf("%s is not a string", name)
	}
	word, err := s.word()
	if err == nil && word == "" {
		err = fmt.Errorf("%s is empty", name)
	}
	*to = word
	return err
}

// decodeValue leaves it to Prepare whether the value is JSON.
func decodeValue(s *scanner, name string, to *json.RawMessage) (err error) {
	if *to != nil {
		return fmt.Errorf("%s is given twice", name)
	}
	*to, err = s.value()
	return err
}
