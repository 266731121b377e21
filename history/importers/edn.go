package importers

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The extensible data notation, as far as histories need it: https://github.com/edn-format/edn. It is
// read by hand because the libraries for Go do not tell the line of what they read.

// maxDepth bounds how deep forms may stand in one another. The deepest of Jepsen's own is about 10.
const maxDepth = 100

// formKind is what a form is.
type formKind uint8

const (
	scalar  formKind = iota // nil, true, false, a number, a symbol, a character
	keyword                 // :ok
	str                     // "a \"text\"", as written, with its quotes
	vector                  // [1 2], and (1 2): equal in Clojure
	mapping                 // {:a 1}: keys and values in turn
	set                     // #{1 2}
	tagged                  // #inst "2026": the tag and what it tags
)

// form is one value in EDN. Text and items are parts of what was read, and must not be changed.
type form struct {
	kind  formKind
	at    int    // offset of the first byte
	text  []byte // of scalar, keyword and str
	items []form // of the others
}

// isNil says whether f is nil or was not there.
func (f *form) isNil() bool { return f == nil || f.kind == scalar && string(f.text) == "nil" }

// own is a copy of f alone, so that what it stood in can go.
func (f *form) own() *form {
	if f == nil {
		return nil
	}
	alone := *f
	return &alone
}

// ednReader takes forms from a text.
type ednReader struct {
	text  []byte
	pos   int
	spare []form // for the items of the next map that stands in nothing else
}

// positioned is an error at a place in the text.
type positioned struct {
	at  int
	err error
}

func (p *positioned) Error() string { return p.err.Error() }
func (p *positioned) Unwrap() error { return p.err }

// failAt is an error about the byte at an offset.
func failAt(at int, format string, args ...any) error {
	return &positioned{at: at, err: fmt.Errorf(format, args...)}
}

// more skips what is no form, and says whether something is left. What is skipped may be a form, #_ [1 2],
// and stands no less deep than others.
func (r *ednReader) more(depth int) (bool, error) {
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ',' || c == '\f' || c == '\v':
			r.pos++
		case c == ';':
			end := bytes.IndexByte(r.text[r.pos:], '\n')
			if end < 0 {
				r.pos = len(r.text)
				return false, nil
			}
			r.pos += end + 1
		case c == '#' && r.pos+1 < len(r.text) && r.text[r.pos+1] == '_':
			at := r.pos
			r.pos += 2
			if _, err := r.form(depth+1, at); err != nil {
				return false, err
			}
		default:
			return true, nil
		}
	}
	return false, nil
}

// form takes the next form. It belongs to what begins at the offset owner, which is named if there is none.
func (r *ednReader) form(depth, owner int) (form, error) {
	if depth > maxDepth {
		return form{}, failAt(r.pos, "more than %d forms stand in one another: this is no event", maxDepth)
	}
	ok, err := r.more(depth)
	if err != nil {
		return form{}, err
	}
	if !ok {
		return form{}, r.unfinished(owner)
	}
	at := r.pos
	switch c := r.text[at]; c {
	case '[':
		return r.collection(vector, 1, ']', depth)
	case '(':
		return r.collection(vector, 1, ')', depth)
	case '{':
		return r.mapping(depth)
	case '"':
		return r.string()
	case '#':
		if bytes.HasPrefix(r.text[at:], []byte("#{")) {
			return r.collection(set, 2, '}', depth)
		}
		return r.tagged(depth)
	case ']', ')', '}':
		return form{}, failAt(at, "a %q that closes nothing", c)
	}
	return r.token()
}

func (r *ednReader) unfinished(owner int) error {
	return failAt(owner, "what begins here, %.40q, has no end", r.text[owner:])
}

func (r *ednReader) collection(kind formKind, opening int, end byte, depth int) (form, error) {
	f := form{kind: kind, at: r.pos}
	switch {
	case depth == 1 && kind == mapping:
		f.items, r.spare = r.spare, nil
	case kind == vector:
		f.items = make([]form, 0, 2) // most are pairs
	}
	r.pos += opening
	for {
		ok, err := r.more(depth)
		if err != nil {
			return f, err
		}
		if !ok {
			return f, r.unfinished(f.at)
		}
		if r.text[r.pos] == end {
			r.pos++
			return f, nil
		}
		item, err := r.form(depth+1, f.at)
		if err != nil {
			return f, err
		}
		f.items = append(f.items, item)
	}
}

func (r *ednReader) mapping(depth int) (form, error) {
	f, err := r.collection(mapping, 1, '}', depth)
	if err != nil {
		return f, err
	}
	if len(f.items)%2 != 0 {
		return f, failAt(f.at, "a map with a key that has no value")
	}
	return f, nil
}

// tagged takes #tag form. A map with the tag of a record, as Jepsen's events may be, is that map.
func (r *ednReader) tagged(depth int) (form, error) {
	at := r.pos
	r.pos++
	tag, err := r.token()
	if err != nil {
		return tag, err
	}
	if tag.kind != scalar || !symbolic(tag.text) {
		return tag, failAt(at, "#%s is no tag", tag.text)
	}
	value, err := r.form(depth+1, at)
	if err != nil || value.kind == mapping && bytes.IndexByte(tag.text, '.') >= 0 {
		return value, err
	}
	return form{kind: tagged, at: at, items: []form{tag, value}}, nil
}

func (r *ednReader) string() (form, error) {
	at := r.pos
	for i := at + 1; i < len(r.text); i++ {
		switch r.text[i] {
		case '\\':
			i++
		case '"':
			r.pos = i + 1
			return form{kind: str, at: at, text: r.text[at:r.pos:r.pos]}, nil
		}
	}
	return form{}, r.unfinished(at)
}

// token takes a number, a keyword, a symbol or a character. Whether a number is one matters only where it
// is a value: see form.value.
func (r *ednReader) token() (form, error) {
	at, end := r.pos, r.pos
	if end < len(r.text) && r.text[end] == '\\' { // the character itself may be anything: \( \space
		_, size := utf8.DecodeRune(r.text[end+1:])
		end += 1 + size
	}
	for end < len(r.text) && !delimits(r.text[end]) {
		end++
	}
	r.pos = end
	f := form{at: at, text: r.text[at:end:end]}
	switch {
	case len(f.text) == 0 || string(f.text) == ":" || !utf8.Valid(f.text):
		return f, failAt(at, "%.20q is nothing that EDN knows", r.text[at:min(len(r.text), max(end, at+1))])
	case f.text[0] == ':':
		f.kind = keyword
	}
	return f, nil
}

func delimits(c byte) bool {
	return c <= ' ' || strings.IndexByte(",;\"[](){}\\", c) >= 0
}

// symbolic says whether a token is a symbol (nil, true and false included) and not a number.
func symbolic(token []byte) bool {
	if len(token) == 0 {
		return false
	}
	c := token[0]
	if (c == '-' || c == '+') && len(token) > 1 {
		c = token[1]
	}
	return c < '0' || c > '9'
}
