package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// scanner takes a JSON text apart from left to right, without a copy where none is needed. It judges what it
// takes apart itself, structure and strings; of a value it finds the end and leaves the rest to who reads it:
// a text whose structure is right and whose values are JSON is JSON.
type scanner struct {
	text []byte
	at   int
}

var errCutShort = errors.New("the JSON object is cut short")

// peek is the next byte that is no white space; 0 at the end of the text.
func (s *scanner) peek() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take goes beyond the next byte if it is c.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// want is take where nothing else can stand.
func (s *scanner) want(c byte) error {
	if s.take(c) {
		return nil
	}
	return s.unexpected(fmt.Sprintf("%q", c))
}

// unexpected says what stands here in the place of what is wanted.
func (s *scanner) unexpected(wanted string) error {
	if s.peek() == 0 && s.at == len(s.text) {
		return errCutShort
	}
	found, _ := utf8.DecodeRune(s.text[s.at:])
	return fmt.Errorf("the body is not JSON: %q at byte %d, where %s belongs", found, s.at+1, wanted)
}

// list takes what stands between brackets, apart by commas; the first bracket is taken already.
func (s *scanner) list(end byte, element func() error) error {
	if s.take(end) {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if s.take(end) {
			return nil
		}
		if err := s.want(','); err != nil {
			return err
		}
	}
}

// quoted takes a string, quotes and all.
func (s *scanner) quoted() (text []byte, plain bool, err error) {
	if err := s.want('"'); err != nil {
		return nil, false, err
	}
	begin := s.at - 1
	for plain = true; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			plain = false
			s.at++ // whatever it is, it does not end the string
		case '"':
			s.at++
			return s.text[begin:s.at:s.at], plain, nil
		}
	}
	return nil, false, errCutShort
}

// word takes a string and gives what it says.
func (s *scanner) word() (string, error) {
	text, plain, err := s.quoted()
	if err != nil {
		return "", err
	}
	inside := text[1 : len(text)-1]
	for _, c := range inside {
		plain = plain && c >= ' '
	}
	if plain {
		return string(inside), nil
	}
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return "", fmt.Errorf("the body is not JSON: %w", err)
	}
	return word, nil
}

// value takes a value of any kind. It is JSON only if whoever reads it says so.
func (s *scanner) value() (json.RawMessage, error) {
	if s.peek() == '"' {
		text, _, err := s.quoted()
		return text, err
	}
	begin, depth := s.at, 0
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case '"':
			if _, _, err := s.quoted(); err != nil {
				return nil, err
			}
			continue
		case '{', '[':
			depth++
		case '}', ']', ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return s.found(begin)
			}
			if c == '}' || c == ']' {
				depth--
			}
		}
		s.at++
	}
	return nil, errCutShort
}

func (s *scanner) found(begin int) (json.RawMessage, error) {
	if s.at == begin {
		return nil, s.unexpected("a value")
	}
	return s.text[begin:s.at:s.at], nil
}
