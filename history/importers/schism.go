package importers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"schism/history"
)

// isSchism looks for the header.
func isSchism(head []byte) bool {
	var header history.Header
	return json.Unmarshal(firstLine(head), &header) == nil && header.Schism > 0
}

// readSchism reads our own format. A model without a name stands for that which the header names.
func readSchism(in io.Reader, m Model) (*Import, error) {
	h, err := history.Collect(in)
	if err != nil {
		return nil, err
	}
	if m.Name == "" {
		at := slices.IndexFunc(Models(), func(m Model) bool { return m.Name == h.Header.Model })
		if at < 0 {
			return nil, fmt.Errorf("line 1: the header names no model that schism knows, but %q: say what the keys are, such as --model cas-register", h.Header.Model)
		}
		m = Models()[at]
	}
	h.Header.Model = m.Name
	imported := &Import{History: h}
	for i := range h.Operations {
		if err := m.fits(&h.Operations[i]); err != nil {
			return nil, fmt.Errorf("line %d: %w", imported.Line(h.Operations[i].Call), err)
		}
	}
	return imported, nil
}

// fits says what is wrong with an operation. A value that was left out is no null: were it taken for one, all
// writes might be of null, and any history valid.
func (m Model) fits(o *history.Operation) error {
	op, err := m.op(o.F)
	if err != nil {
		return err
	}
	asks := op.Value == Takes || op.Value == Changes || op.Value == Transacts || op.Value == Moves
	answers := o.Outcome == history.OK && (op.Value.shown() || op.Value == Transacts)
	switch {
	case asks && len(o.Input) == 0:
		return fmt.Errorf("a %s is asked without \"value\"", o.F)
	case answers && len(o.Output) == 0:
		return fmt.Errorf("a %s is ok (event %d) without \"value\"", o.F, o.Return)
	case o.Outcome == history.OK && !answers && !history.IsNil(o.Output) && history.Text(o.Output) != history.Text(o.Input):
		return fmt.Errorf("process %v was answered (event %d) that its %s of %s was one of %s", o.Process, o.Return, o.F, history.Text(o.Input), history.Text(o.Output))
	}
	if err := op.comparable(o); err != nil {
		return err
	}
	switch {
	case op.Value == Changes:
		_, _, err = history.SplitPair(o.Input)
	case op.Value == Transacts:
		err = m.transaction(op, o.Input)
	case op.Value == Moves:
		_, err = history.SplitTransfer(o.Input)
	case op.Value == Shows && answers:
		if _, err = history.SplitBalances(o.Output); err != nil {
			err = fmt.Errorf("a %s is ok (event %d): %w", o.F, o.Return, err)
		}
	}
	return err
}

// comparable says which value has no one spelling: the fields of an object may stand in any order, and values are
// compared as texts. What banks move and show is taken apart instead.
func (op Op) comparable(o *history.Operation) error {
	if op.Value == Shows || op.Value == Moves {
		return nil
	}
	const compares = "schism compares null, true, false, numbers, strings, and lists of them"
	switch {
	case hasObject(o.Input):
		return fmt.Errorf("%.100s has an object in it: "+compares, o.Input)
	case hasObject(o.Output):
		return fmt.Errorf("a %s is ok (event %d): %.100s has an object in it: "+compares, o.F, o.Return, o.Output)
	case hasObject(o.Found()):
		return fmt.Errorf("a %s found (event %d): %.100s has an object in it: "+compares, o.F, o.Return, o.Found())
	}
	return nil
}

// hasObject says whether an object begins in v outside of its strings.
func hasObject(v history.Value) bool {
	if bytes.IndexByte(v, '{') < 0 { // nearly all
		return false
	}
	text := false
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '"':
			text = !text
		case text && v[i] == '\\':
			i++
		case !text && v[i] == '{':
			return true
		}
	}
	return false
}

// isJepsenEDN and isPorcupineKV look at the first event. One with a mistake in it is claimed too, so that the reader
// tells what is wrong and where.
func isJepsenEDN(head []byte) bool {
	e, ok := firstEvent(head)
	return ok && e.key == nil || !ok && beginsAsEvent(head)
}

func isPorcupineKV(head []byte) bool {
	e, ok := firstEvent(head)
	return ok && e.key != nil
}

func firstEvent(head []byte) (event, bool) {
	r := &ednReader{text: head}
	if _, _, err := r.enter(); err != nil {
		return event{}, false
	}
	m, err := r.form(1, 0)
	if err != nil {
		return event{}, false
	}
	e, err := eventOf(m)
	return e, err == nil
}

// beginsAsEvent says whether the first form is a map, perhaps with metadata or a tag before it, whose first key is a
// field of events.
func beginsAsEvent(head []byte) bool {
	r := &ednReader{text: head}
	if _, _, err := r.enter(); err != nil {
		return false
	}
	for {
		if ok, err := r.more(0); !ok || err != nil {
			return false
		}
		var err error
		switch r.text[r.pos] {
		case '{':
			r.pos++
			key, err := r.form(1, 0)
			return err == nil && new(fields).field(&key) != nil
		case '^':
			r.pos++
			_, err = r.form(1, 0)
		case '#':
			r.pos++
			_, err = r.token()
		default:
			return false
		}
		if err != nil {
			return false
		}
	}
}

func readJepsenEDN(in io.Reader, m Model) (*Import, error) {
	text, all, err := readEDN(in, m)
	if err != nil {
		return nil, err
	}
	return assemble(text, all, m)
}

// readPorcupineKV reads the same maps, each with a :key.
func readPorcupineKV(in io.Reader, m Model) (*Import, error) {
	text, all, err := readEDN(in, m)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if e := &all[i]; e.key == nil && e.process.IsClient() {
			return nil, inLine(text, failAt(e.at, "an event without :key"))
		}
	}
	return assemble(text, all, m)
}

func readEDN(in io.Reader, m Model) ([]byte, []event, error) {
	if m.Name == "" {
		return nil, nil, errNoModel
	}
	text, err := readAll(in)
	if err != nil {
		return nil, nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	all, err := events(text)
	return text, all, inLine(text, err)
}

var errNoModel = errors.New("this format does not tell what the keys are: name the model, such as --model cas-register")
