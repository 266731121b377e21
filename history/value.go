package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Nil is the value of a key that was never written.
var Nil = Value("null")

// Int is the value n.
func Int(n int64) Value { return strconv.AppendInt(nil, n, 10) }

// Pair is the value of a cas.
func Pair(from, to Value) Value {
	v := make(Value, 0, len(from)+len(to)+3)
	v = append(v, '[')
	v = append(v, orNull(from)...)
	v = append(v, ',')
	v = append(v, orNull(to)...)
	return append(v, ']')
}

// SplitPair takes the value of a cas apart.
func SplitPair(v Value) (from, to Value, err error) {
	if from, to, ok := splitPlain(v); ok {
		return from, to, nil
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(v, &parts); err != nil || len(parts) != 2 {
		return nil, nil, fmt.Errorf("%s is not the value of a cas: want [from, to]", v)
	}
	return parts[0], parts[1], nil
}

// splitPlain takes nearly all apart, which are of whole numbers and nil, without the cost of JSON.
func splitPlain(v Value) (from, to Value, ok bool) {
	if len(v) < 2 || v[0] != '[' || v[len(v)-1] != ']' {
		return nil, nil, false
	}
	from, to, ok = bytes.Cut(v[1:len(v)-1], []byte(","))
	return from, to, ok && isPlain(from) && isPlain(to)
}

// isPlain says whether v is nil or a whole number as JSON has it, with nothing around it.
func isPlain(v Value) bool {
	if len(v) > 1 && (v[0] == '0' || v[0] == 'n') {
		return string(v) == "null"
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(v) > 0
}

// Encode is v as a Value. It panics on what JSON cannot hold, which is a mistake of the caller's.
func Encode(v any) Value {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("history: value %#v: %v", v, err))
	}
	return b
}

// IsNil says whether v is the value of a key that was never written.
func IsNil(v Value) bool { return len(v) == 0 || bytes.Equal(v, Nil) }

// Text is Canonical(v), to be compared and shown.
func Text(v Value) string { return string(Canonical(v)) }

// Canonical is v in one spelling, so that equal values are equal texts: no white space, "null" for nil, and
// nothing escaped in a string that need not be. Some writers of JSON escape < or é, others do not. Numbers
// are equal if they are spelled alike: 1 is not 1.0. Nearly all values are spelled so; they are not copied.
func Canonical(v Value) Value {
	switch {
	case len(v) == 0:
		return Nil
	case !bytes.ContainsAny(v, " \t\r\n\\"):
		return v
	}
	var b bytes.Buffer
	if err := json.Compact(&b, v); err != nil {
		return v
	}
	if bytes.IndexByte(b.Bytes(), '\\') < 0 {
		return b.Bytes()
	}
	return unescaped(b.Bytes())
}

// unescaped spells every string of a compact value again.
func unescaped(v Value) Value {
	out := make(Value, 0, len(v))
	for len(v) > 0 {
		if v[0] != '"' {
			out, v = append(out, v[0]), v[1:]
			continue
		}
		end := 1
		for v[end] != '"' {
			if v[end] == '\\' {
				end++
			}
			end++
		}
		out, v = append(out, respelled(v[:end+1])...), v[end+1:]
	}
	return out
}

// respelled is one string. Half of a surrogate pair has no other spelling than its own.
func respelled(s Value) Value {
	var text string
	bad := string(utf8.RuneError)
	if json.Unmarshal(s, &text) != nil || strings.Count(text, bad) != strings.Count(string(s), bad) {
		return s
	}
	out := Value{'"'}
	for _, c := range []byte(text) {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ':
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

func orNull(v Value) Value {
	if len(v) == 0 {
		return Nil
	}
	return v
}
