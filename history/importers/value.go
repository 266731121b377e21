package importers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"schism/history"
)

// value is a form as a value of a history. Checkers compare the texts of values, so forms that are equal
// in Clojure become equal texts, and others different ones: a keyword keeps its colon, a list is a vector,
// 1N is 1, and 1.0 is not. What JSON has no one spelling for is an error.
func (f *form) value() (history.Value, error) {
	switch f.kind {
	case keyword:
		return quote(string(f.text)), nil
	case str:
		text, err := f.string()
		if err != nil {
			return nil, err
		}
		return quote(text), nil
	case vector:
		return f.list()
	case scalar:
		switch {
		case f.isNil():
			return history.Nil, nil
		case string(f.text) == "true" || string(f.text) == "false":
			return history.Value(f.text), nil
		case !symbolic(f.text) && f.text[0] != '\\':
			return number(f)
		}
	}
	return nil, failAt(f.at, "a value that is %s: schism compares nil, true, false, numbers, strings, keywords, and vectors of them", f.what())
}

func (f *form) what() string {
	switch f.kind {
	case mapping:
		return "a map"
	case set:
		return "a set"
	case vector:
		return "a vector"
	case tagged:
		return fmt.Sprintf("tagged #%s", f.items[0].text)
	}
	return fmt.Sprintf("%.40s", f.text)
}

func (f *form) list() (history.Value, error) {
	all := history.Value{'['}
	for i := range f.items {
		v, err := f.items[i].value()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			all = append(all, ',')
		}
		all = append(all, v...)
	}
	return append(all, ']'), nil
}

// string is the text of a str form.
func (f *form) string() (string, error) {
	if !utf8.Valid(f.text) {
		return "", failAt(f.at, "a string that is no UTF-8: %.40q", f.text)
	}
	if bytes.IndexByte(f.text, '\\') < 0 {
		return string(f.text[1 : len(f.text)-1]), nil
	}
	// The escapes are those of JSON, which wants line ends and the like escaped too.
	var plain bytes.Buffer
	for i, c := range f.text {
		switch {
		case c >= ' ':
			plain.WriteByte(c)
		case f.text[i-1] == '\\':
			return "", failAt(f.at, "the string %.40q has a backslash before what needs none", f.text)
		default:
			fmt.Fprintf(&plain, `\u%04x`, c)
		}
	}
	var text string
	if err := json.Unmarshal(plain.Bytes(), &text); err != nil {
		return "", failAt(f.at, "the string %.40s: %w", f.text, err)
	}
	// Halves of a surrogate pair are all decoded to the same mark, and would become equal.
	if bad := string(utf8.RuneError); strings.Count(text, bad) != strings.Count(string(f.text), bad) {
		return "", failAt(f.at, "the string %.40s has half a character in it", f.text)
	}
	return text, nil
}

func quote(text string) history.Value {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it is people who read it
	if err := enc.Encode(text); err != nil {
		panic(fmt.Sprintf("importers: quote %q: %v", text, err)) // a string can always be encoded
	}
	return history.Canonical(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

var (
	integer  = regexp.MustCompile(`^[+-]?(0|[1-9][0-9]*)N?$`)
	floating = regexp.MustCompile(`^[+-]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]+)?$`)
)

// plainInteger says whether a token is an integer as JSON spells it: nearly all are.
func plainInteger(token []byte) bool {
	digits := token
	if len(digits) > 1 && digits[0] == '-' && digits[1] != '0' {
		digits = digits[1:]
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(digits) == 1 || len(digits) > 1 && digits[0] != '0'
}

// number is the one spelling that equal numbers have.
func number(f *form) (history.Value, error) {
	switch {
	case plainInteger(f.text):
		return history.Value(f.text), nil
	case integer.Match(f.text):
		digits := strings.TrimSuffix(strings.TrimPrefix(string(f.text), "+"), "N")
		if digits == "-0" {
			digits = "0"
		}
		return history.Value(digits), nil
	case !floating.Match(f.text):
		return nil, failAt(f.at, "a value that is %.40s: no whole or floating number", f.text)
	}
	n, err := strconv.ParseFloat(string(f.text), 64)
	if errors.Is(err, strconv.ErrRange) {
		return nil, failAt(f.at, "the number %.40s is too large to be compared", f.text)
	}
	if err != nil {
		return nil, failAt(f.at, "the number %.40s: %w", f.text, err)
	}
	text := strconv.FormatFloat(n+0, 'g', -1, 64) // + 0: -0.0 equals 0.0
	if !strings.ContainsAny(text, ".e") {
		text += ".0" // 1.0 does not equal 1
	}
	return history.Value(text), nil
}

// whole is a form that must be a whole number from 0 on, such as an index.
func (f *form) whole() (int64, error) {
	n, err := strconv.ParseInt(string(f.text), 10, 64)
	if f.kind != scalar || err != nil || n < 0 {
		return 0, failAt(f.at, "%.40s is no whole number from 0 on", f.what())
	}
	return n, nil
}
