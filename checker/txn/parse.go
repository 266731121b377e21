package txn

import (
	"bytes"
	"encoding/json"
	"fmt"

	"schism/history"
)

// does is what a step of a transaction does.
type does uint8

const (
	reads does = iota
	appends
	writes
)

// verbs are what Elle and Knossos call the steps.
func verbs(f []byte) (does, bool) {
	switch string(bytes.TrimPrefix(f, []byte(":"))) { // keywords keep their colon
	case "r", "read":
		return reads, true
	case "append":
		return appends, true
	case "w", "write":
		return writes, true
	}
	return 0, false
}

// scanner takes the text of a transaction apart, [["append","x",1],["r","x",[1]]], without making anything. It
// wants the one spelling that history.Canonical gives. Values are skipped, not looked at.
type scanner struct {
	text history.Value
	at   int
	// canonical says that the text is in the one spelling, whatever it looks like: line feeds in strings are escaped.
	canonical bool
}

// part is one step as it stands in the text: the places of its key and its value.
type part struct {
	does           does
	keyFrom, keyTo uint32
	from, to       uint32
}

// open begins; it says whether there is no step at all.
func (s *scanner) open() (empty bool, err error) {
	if len(s.text) < 2 || s.text[0] != '[' {
		return false, s.wrong()
	}
	if string(s.text) == "[]" {
		return true, nil
	}
	s.at = 1
	return false, nil
}

// next gives one step, and says whether it is the last.
func (s *scanner) next() (p part, last bool, err error) {
	if !s.take('[') {
		return p, false, s.wrong()
	}
	from := s.at
	if err := s.skip(); err != nil {
		return p, false, err
	}
	verb, is := s.text[from:s.at], false
	if len(verb) > 2 && verb[0] == '"' {
		p.does, is = verbs(verb[1 : len(verb)-1])
	}
	if !is || !s.take(',') {
		return p, false, s.wrong()
	}
	p.keyFrom = uint32(s.at)
	if err := s.skip(); err != nil {
		return p, false, err
	}
	p.keyTo = uint32(s.at)
	if !s.take(',') {
		return p, false, s.wrong()
	}
	p.from = uint32(s.at)
	if err := s.skip(); err != nil {
		return p, false, err
	}
	p.to = uint32(s.at)
	switch {
	case !s.take(']'):
		return p, false, s.wrong()
	case s.take(','):
		return p, false, nil
	case s.take(']') && s.at == len(s.text):
		return p, true, nil
	}
	return p, false, s.wrong()
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// skip goes behind one value of any kind.
func (s *scanner) skip() error {
	depth, from := 0, s.at
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			if err := s.skipString(); err != nil {
				return err
			}
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth == 0 {
				return s.ended(from)
			}
			depth--
		case c == ',' && depth == 0:
			return s.ended(from)
		case c <= ' ':
			return s.wrong()
		}
	}
	return s.wrong()
}

func (s *scanner) ended(from int) error {
	if s.at == from {
		return s.wrong()
	}
	return nil
}

// skipString goes to the closing quote. What is escaped may have several spellings.
func (s *scanner) skipString() error {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '"':
			return nil
		case '\\':
			if !s.canonical {
				return s.wrong()
			}
			s.at++
		}
	}
	return s.wrong()
}

func (s *scanner) wrong() error {
	return fmt.Errorf("%.100s is no transaction", s.text)
}

// parts are the steps of a text, behind those that are there already.
func parts(all []part, text history.Value, canonical bool) ([]part, error) {
	s := scanner{text: text, canonical: canonical}
	empty, err := s.open()
	for last := empty; err == nil && !last; {
		var p part
		p, last, err = s.next()
		all = append(all, p)
	}
	return all, err
}

// spelled are the steps of a text in any spelling, and the text that their places are of.
func spelled(all []part, text history.Value) ([]part, history.Value, error) {
	old := len(all)
	all, err := parts(all, text, false)
	if err != nil {
		text = history.Canonical(text)
		all, err = parts(all[:old], text, true)
	}
	return all, text, err
}

// elements calls yield with the place of each element of a list in the one spelling, in order. Nil is the empty list.
func elements(list history.Value, yield func(from, to int)) error {
	if history.IsNil(list) || string(list) == "[]" {
		return nil
	}
	s := scanner{text: list, at: 1, canonical: true}
	if list[0] != '[' {
		return fmt.Errorf("%.100s is no list", list)
	}
	for {
		from := s.at
		if err := s.skip(); err != nil {
			return fmt.Errorf("%.100s is no list", list)
		}
		yield(from, s.at)
		if !s.take(',') {
			return nil
		}
	}
}

// keyName is a key as it is called: what stands in quotes, or the text of a number.
func keyName(text history.Value) string {
	var name string
	if text[0] == '"' && json.Unmarshal(text, &name) == nil {
		return name
	}
	return string(text)
}
