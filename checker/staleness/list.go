package staleness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"sort"

	"schism/checker"
	"schism/history"
)

// behind is the place of values that the longest list does not hold.
const behind = math.MaxInt64

// lists lays out a list.
func lists(k *checker.Key) (*line, string) {
	appended := make(map[string]bool)
	var all, reads []*history.Operation
	long := longest{text: []byte("[]")}
	for _, o := range k.Ops {
		switch {
		case o.F != history.Append && o.F != history.Read:
			return nil, fmt.Sprintf("event %d invokes %q: the staleness of lists is measured for append and read", o.Call, o.F)
		case o.Outcome != history.OK:
		case o.F == history.Append:
			text := history.Text(o.Input)
			if appended[text] {
				return nil, fmt.Sprintf("event %d appends %s a second time: equal values cannot be told apart", o.Call, checker.ShowValue(o.Input))
			}
			appended[text] = true
			all = append(all, o)
		default:
			reads = append(reads, o)
			if text := listText(o); len(text) > len(long.text) {
				long.text = text
			}
		}
	}
	if err := long.read(); err != nil {
		return nil, err.Error()
	}
	l := new(line)
	for _, o := range all {
		l.writes = append(l.writes, write{long.place(history.Text(o.Input)), o})
	}
	for _, o := range reads {
		upTo, err := long.upTo(listText(o))
		if err != nil {
			return nil, fmt.Sprintf("event %d: %v", o.Call, err)
		}
		l.reads = append(l.reads, sight{upTo, o})
	}
	return l, ""
}

// listText is a list in its one spelling: nil is the empty one.
func listText(o *history.Operation) []byte {
	if history.IsNil(o.Output) {
		return []byte("[]")
	}
	return history.Canonical(o.Output)
}

// longest is the longest list that was read. Nearly all others are its beginning, and are not taken apart.
type longest struct {
	text   []byte
	places map[string]int64
	ends   []int // by place: the offset in the text at which the value ends
}

func (l *longest) read() error {
	parts, err := elements(l.text)
	if err != nil {
		return err
	}
	l.places = make(map[string]int64, len(parts))
	end := 1
	for i, p := range parts {
		if _, again := l.places[string(p)]; !again {
			l.places[string(p)] = int64(i)
		}
		end += len(p)
		l.ends = append(l.ends, end)
		end++ // the comma
	}
	return nil
}

func elements(text []byte) (parts []json.RawMessage, err error) {
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, fmt.Errorf("%s is no list", checker.ShowValue(text))
	}
	return parts, nil
}

func (l *longest) place(text string) int64 {
	if at, ok := l.places[text]; ok {
		return at
	}
	return behind
}

// upTo is the last place of which a list shows the value; -1 if it is empty.
func (l *longest) upTo(list []byte) (int64, error) {
	if len(list) > 0 {
		body := list[:len(list)-1]
		if at := sort.SearchInts(l.ends, len(body)); len(body) > 1 && bytes.HasPrefix(l.text, body) && at < len(l.ends) && l.ends[at] == len(body) {
			return int64(at), nil
		}
	}
	parts, err := elements(list)
	last := int64(-1)
	for _, p := range parts {
		last = max(last, l.place(string(p)))
	}
	return last, err
}
