package importers

import (
	"bytes"
	"errors"
	"fmt"

	"schism/history"
)

// assembler makes a history of the events of another tool.
type assembler struct {
	m      Model
	keying keying
	h      *history.History
	pair   *history.Pairer
	open   map[history.Process]call
	keys   map[string]history.Value // each key, and how it was spelled
	alike  map[string]*form         // of each keyword, and each string that is like one, the first
	text   []byte                   // the file: what the offsets of forms are in
	last   int64                    // the last :index
}

// call is an invocation without a completion so far.
type call struct {
	key   string
	value history.Value
	op    Op
}

// assemble pairs events up. Text is what their offsets are in; every error names its line.
func assemble(text []byte, events []event, m Model) (*Import, error) {
	a := &assembler{
		m: m, last: -1,
		h: &history.History{
			Header: history.Header{Schism: history.Format, Model: m.Name},
		},
		pair: history.NewPairer(), open: make(map[history.Process]call), keys: make(map[string]history.Value),
		alike: make(map[string]*form), text: text,
	}
	var err error
	if _, queue := m.op(history.Dequeue); queue == nil {
		if events, err = undrained(events); err != nil {
			return nil, inLine(text, err)
		}
	}
	imported := &Import{History: a.h, lines: linesOf(text, events)}
	if imported.Untimed, err = untimed(text, events); err != nil {
		return nil, inLine(text, err)
	}
	if a.keying, err = keyingOf(text, events, m); err != nil {
		return nil, inLine(text, err)
	}
	for i := range events {
		e := &events[i]
		if !e.process.IsClient() {
			imported.Nemesis++
		}
		if err := a.add(e, int64(i)); err != nil {
			var at *positioned
			if !errors.As(err, &at) {
				err = &positioned{at: e.at, err: err}
			}
			return nil, inLine(text, err)
		}
	}
	a.h.Operations = a.pair.Operations()
	return imported, nil
}

// inLine puts the number of the line before an error that has a place in the text.
func inLine(text []byte, err error) error {
	var p *positioned
	if !errors.As(err, &p) {
		return err
	}
	return fmt.Errorf("line %d: %w", lineOf(text, p.at), err)
}

// lineOf is the number of the line with the byte at an offset, from 1 on.
func lineOf(text []byte, at int) int {
	return 1 + bytes.Count(text[:min(at, len(text))], []byte("\n"))
}

// linesOf is the line of each event.
func linesOf(text []byte, events []event) []int {
	lines := make([]int, len(events))
	line, from := 1, 0
	for i := range events {
		line += bytes.Count(text[from:events[i].at], []byte("\n"))
		from, lines[i] = events[i].at, line
	}
	return lines
}

// untimed says whether no event tells its time. That only some do is an error: what is to be taken for
// the time of the others?
func untimed(text []byte, events []event) (bool, error) {
	var with, without *event
	for i := range events {
		e := &events[i]
		switch {
		case !e.process.IsClient():
			continue
		case e.time < 0 && without == nil:
			without = e
		case e.time >= 0 && with == nil:
			with = e
		}
		if with != nil && without != nil {
			return false, failAt(without.at, "an event without :time, although line %d has one", lineOf(text, with.at))
		}
	}
	return with == nil, nil
}

func (a *assembler) add(e *event, index int64) error {
	if e.index >= 0 && e.index <= a.last {
		return fmt.Errorf(":index %d after :index %d: events are out of order", e.index, a.last)
	}
	a.last = max(a.last, e.index)
	ours := history.Event{
		Index: index, Time: max(e.time, 0), Process: e.process, Kind: e.kind, F: e.f, Node: e.node, Error: e.err,
	}
	if e.process.IsClient() {
		fill := a.complete
		if e.kind == history.Invoke {
			fill = a.invoke
		}
		if err := fill(e, &ours); err != nil {
			return err
		}
	}
	if _, _, err := a.pair.Add(ours); err != nil {
		return err
	}
	a.h.Events++
	a.h.End = max(a.h.End, ours.At())
	return nil
}

// invoke fills in what an invocation asks for.
func (a *assembler) invoke(e *event, ours *history.Event) error {
	op, err := a.m.op(e.f)
	if err != nil {
		return err
	}
	c := call{key: a.m.Object, op: op}
	value := e.value
	if a.keying != single {
		var key *form
		key, value = a.split(e)
		if c.key, err = a.keyName(key); err != nil {
			return err
		}
	}
	if value.isNil() {
		c.value = history.Nil
	} else if c.value, err = a.value(op, value); err != nil {
		return err
	}
	if op.Value == Transacts {
		if err := a.m.transaction(op, c.value); err != nil {
			return err
		}
	}
	ours.Key, ours.Value = c.key, c.value
	if _, busy := a.open[e.process]; !busy { // else the pairer will tell
		a.open[e.process] = c
	}
	return nil
}

// complete fills in what came back. Only the answer of what was ok is looked at: others carry whatever
// the client had at hand.
func (a *assembler) complete(e *event, ours *history.Event) error {
	c, ok := a.open[e.process]
	if !ok {
		return nil // the pairer will tell
	}
	delete(a.open, e.process)
	ours.Key, ours.Value = c.key, c.value
	if e.kind != history.OK {
		return nil
	}
	value := e.value
	if a.keying == tuples && !value.isNil() || a.keying == named && e.key != nil {
		var key *form
		if key, value = a.split(e); key == nil {
			return fmt.Errorf("the answer of %s %s is no [key value]: %s", e.f, c.key, e.value.what())
		}
		var err error
		if ours.Key, err = a.keyName(key); err != nil { // if it is another one, the pairer will tell
			return err
		}
	}
	answer := history.Nil
	if !value.isNil() {
		var err error
		if answer, err = a.value(c.op, value); err != nil {
			return err
		}
	}
	if err := a.lacking(e, c.op); err != nil {
		return err
	}
	switch {
	case c.op.Value.shown(), c.op.Value == Transacts:
		ours.Value = answer
	case !history.IsNil(answer) && !bytes.Equal(answer, c.value):
		return fmt.Errorf("process %v was answered that its %s of %s was one of %s", e.process, e.f, c.value, answer)
	}
	return nil
}

// lacking says that an answer which is all that its operation tells was left out. Were it taken for nil, which is an
// answer too, any history might be valid.
func (a *assembler) lacking(e *event, op Op) error {
	switch {
	case !op.Value.shown():
		return nil
	case e.value == nil:
		return fmt.Errorf("a %s is :ok without :value", e.f)
	case a.keying == tuples && e.value.isNil():
		return fmt.Errorf("a %s is :ok with nil, and not with [key value] like the others", e.f)
	}
	return nil
}

// split takes key and value of an event apart. The key is nil if there is none.
func (a *assembler) split(e *event) (key, value *form) {
	switch {
	case a.keying == named:
		return e.key, e.value
	case e.value.isPair():
		return &e.value.items[0], &e.value.items[1]
	}
	return nil, e.value
}

// keyName is the name of a key: its text, without the quotes of a string.
func (a *assembler) keyName(key *form) (string, error) {
	v, err := a.plain(key)
	if err != nil {
		return "", err
	}
	name := string(v)
	switch key.kind {
	case keyword:
		name = string(key.text)
	case str:
		if name, err = key.string(); err != nil {
			return "", err
		}
	}
	if before, known := a.keys[name]; known && !bytes.Equal(before, v) {
		return "", failAt(key.at, "the keys %s and %s are different ones that schism would give one name", before, v)
	}
	a.keys[name] = v
	return name, nil
}
