package schism

import (
	"bytes"
	"strconv"

	"schism/history"
)

// longLists is a long run of the workload append, or of another one whose reads show a list.
type longLists struct {
	*longRun
	lists []bytes.Buffer // by key: its tokens, a comma behind each
	asked int
	f     string
}

func newLongLists(keys int, f string) *longLists {
	l := &longLists{longRun: newLongRun(keys), lists: make([]bytes.Buffer, keys), f: f}
	l.ask, l.holds = l.askList, l.list
	return l
}

// askList goes through the keys, and appends and reads by turns.
func (l *longLists) askList(n int) step {
	s := step{f: l.f, in: strconv.Itoa(n), key: l.asked / 2 % l.keys}
	l.asked++
	if l.asked%2 == 1 {
		l.lists[s.key].WriteString(s.in + ",")
		s.out = s.in
		return s
	}
	s.f, s.in, s.out = history.Read, "null", l.list(s.key)
	return s
}

func (l *longLists) list(key int) string {
	return "[" + string(bytes.TrimSuffix(l.lists[key].Bytes(), []byte(","))) + "]"
}
