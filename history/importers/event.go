package importers

import (
	"bytes"
	"fmt"

	"schism/history"
)

// event is one event as another tool wrote it.
type event struct {
	at      int // offset of its first byte
	kind    history.Kind
	process history.Process
	f       string
	key     *form // nil: the file has no field for keys
	value   *form // nil: it has none
	time    int64 // -1: the file does not tell
	index   int64 // -1: the file does not tell
	node    string
	err     string
}

// fields are the fields of an event's map that are read. All others are left alone.
type fields struct {
	kind, process, f, key, value, time, index, node, err *form
}

// eventOf takes an event from its map, and keeps nothing of that.
func eventOf(m form) (event, error) {
	var fs fields
	if m.kind != mapping {
		return event{}, failAt(m.at, "%s stands where an event should: want a map with :type, :process and :f", m.what())
	}
	for i := 0; i+1 < len(m.items); i += 2 {
		at := fs.field(&m.items[i])
		if at == nil {
			continue
		}
		if *at != nil {
			return event{}, failAt(m.items[i].at, "%s stands twice in one event", m.items[i].text)
		}
		*at = &m.items[i+1]
	}
	fs.key, fs.value = fs.key.own(), fs.value.own()
	return fs.event(m.at)
}

func (fs *fields) field(key *form) **form {
	if key.kind != keyword {
		return nil
	}
	switch string(key.text) {
	case ":type":
		return &fs.kind
	case ":process":
		return &fs.process
	case ":f":
		return &fs.f
	case ":key":
		return &fs.key
	case ":value":
		return &fs.value
	case ":time":
		return &fs.time
	case ":index":
		return &fs.index
	case ":node":
		return &fs.node
	case ":error":
		return &fs.err
	}
	return nil
}

func (fs *fields) event(at int) (event, error) {
	e := event{at: at, key: fs.key, value: fs.value, time: -1, index: -1}
	var err error
	if e.process, err = process(fs.process, at); err != nil || !e.process.IsClient() {
		return e, err
	}
	if e.kind, err = kind(fs.kind, at); err != nil {
		return e, err
	}
	if e.f, err = function(fs.f, at); err != nil {
		return e, err
	}
	if !fs.time.isNil() {
		if e.time, err = fs.time.whole(); err != nil {
			return e, fmt.Errorf(":time: %w", err)
		}
	}
	if !fs.index.isNil() {
		if e.index, err = fs.index.whole(); err != nil {
			return e, fmt.Errorf(":index: %w", err)
		}
	}
	if fs.node != nil && fs.node.kind == str {
		if e.node, err = fs.node.string(); err != nil {
			return e, err
		}
	}
	e.err = e.reason(fs.err)
	return e, nil
}

func process(f *form, at int) (history.Process, error) {
	if f == nil {
		return 0, failAt(at, "an event without :process")
	}
	if f.kind == keyword && string(f.text) == ":nemesis" {
		return history.Nemesis, nil
	}
	n, err := f.whole()
	if err != nil {
		return 0, failAt(f.at, "the process %.40s is neither a number from 0 on nor :nemesis", f.what())
	}
	return history.Process(n), nil
}

func kind(f *form, at int) (history.Kind, error) {
	if f == nil {
		return "", failAt(at, "an event without :type")
	}
	if f.kind == keyword {
		switch k := history.Kind(f.text[1:]); k {
		case history.Invoke, history.OK, history.Fail, history.Info:
			return k, nil
		}
	}
	return "", failAt(f.at, "the type %.40s: want :invoke, :ok, :fail or :info", f.what())
}

func function(f *form, at int) (string, error) {
	if f == nil {
		return "", failAt(at, "an event without :f")
	}
	if f.kind != keyword {
		return "", failAt(f.at, "the operation %.40s: want a keyword such as :read", f.what())
	}
	return string(f.text[1:]), nil
}

// reason is why the event is fail or info, in words. Older versions of Jepsen put it where the value was.
func (e *event) reason(err *form) string {
	if e.kind != history.Fail && e.kind != history.Info {
		return ""
	}
	if err.isNil() && e.value != nil && e.value.kind == keyword {
		err = e.value
	}
	if err.isNil() {
		return ""
	}
	if err.kind == str {
		if text, bad := err.string(); bad == nil {
			return told(text)
		}
	}
	if v, bad := err.value(); bad == nil && err.kind != keyword {
		return told(string(v))
	}
	return told(err.what())
}

// told keeps the words of another tool apart from history.Mismatch, which is evidence: there, fail says
// no more than that the operation had no effect.
func told(text string) string {
	if text == history.Mismatch {
		return "said to be a mismatch"
	}
	return text
}

// events takes all events of a text in EDN: one map after the other, or all in one vector.
func events(text []byte) ([]event, error) {
	r := &ednReader{text: text}
	opened, end, err := r.enter()
	if err != nil {
		return nil, err
	}
	var all []event
	for {
		ok, err := r.more(0)
		switch {
		case err != nil:
			return nil, err
		case !ok && opened >= 0:
			return nil, r.unfinished(opened)
		case !ok:
			return all, nil
		case opened >= 0 && text[r.pos] == end:
			r.pos++
			return all, r.nothingLeft()
		}
		from := r.pos
		m, err := r.form(1, from)
		switch {
		case err != nil:
			return nil, err
		case r.pos-from > maxEvent:
			return nil, failAt(from, "what begins here is longer than %d bytes", maxEvent)
		}
		r.spare = m.items[:0]
		e, err := eventOf(m)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
}

// enter goes into the vector that holds all events, if they stand in one. Opened is where that begins,
// else -1.
func (r *ednReader) enter() (opened int, end byte, err error) {
	ok, err := r.more(0)
	if err != nil || !ok {
		return -1, 0, err
	}
	switch r.text[r.pos] {
	case '[':
		end = ']'
	case '(':
		end = ')'
	default:
		return -1, 0, nil
	}
	r.pos++
	return r.pos - 1, end, nil
}

func (r *ednReader) nothingLeft() error {
	ok, err := r.more(0)
	if ok {
		return failAt(r.pos, "after the end of the history stands %.40q", firstLine(r.text[r.pos:]))
	}
	return err
}

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return line
}
