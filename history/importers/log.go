package importers

import (
	"bytes"
	"fmt"
	"io"
	"regexp"

	"schism/history"
)

// logHead is how a line of a log begins: perhaps a time, a level, perhaps a thread, a logger, and what
// separates it from the message. Jepsen has had two patterns:
//
//	INFO  jepsen.util - 3	:invoke	:read	nil
//	2019-03-01 12:00:00,123{GMT}	INFO	[jepsen worker 3] jepsen.util: 3	:invoke	:read	nil
var logHead = regexp.MustCompile(`^(?:\d[\d-]*[ T][^\s]+\s+)?(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s+(?:\[[^\]]*\]\s+)?([\w.$-]+)(?: -|:)\s+`)

// operation is how the message of an event begins. jepsen.util logs other things too.
var operation = regexp.MustCompile(`^(?:\d+|:nemesis)\s+:`)

const operations = "jepsen.util"

// maxHead bounds the head of a line, in bytes: a longer one is none.
const maxHead = 300

// message is what a line of a log says. Head tells whether it begins as such a line must, ours whether it
// is an event.
func message(line []byte) (at int, head, ours bool) {
	m := logHead.FindSubmatchIndex(line[:min(len(line), maxHead)])
	if m == nil {
		return 0, false, false
	}
	return m[1], true, string(line[m[2]:m[3]]) == operations && operation.Match(line[m[1]:])
}

// isJepsenLog looks for one event in the lines that are there as a whole.
func isJepsenLog(head []byte) bool {
	for line := range bytes.Lines(head) {
		if _, _, ours := message(line); ours {
			return true
		}
	}
	return false
}

// readJepsenLog reads the events among the lines of a log. What other loggers say is counted, together
// with the lines that belong to it and have no head: a stack, say. After an event such a line is an error:
// it may be what is left of one.
func readJepsenLog(in io.Reader, m Model) (*Import, error) {
	if m.Name == "" {
		return nil, errNoModel
	}
	text, err := readAll(in)
	if err != nil {
		return nil, err
	}
	var all []event
	others, foreign := 0, false
	for start := 0; start < len(text); {
		line := firstLine(text[start:])
		at, head, ours := message(line)
		switch {
		case len(line) > maxEvent:
			return nil, inLine(text, failAt(start, "the line is longer than %d bytes", maxEvent))
		case ours:
			e, err := logged(text[:start+len(line)], start+at)
			if err != nil {
				return nil, inLine(text, err)
			}
			all = append(all, e)
		case len(bytes.TrimSpace(line)) == 0:
		case !head && !foreign:
			return nil, inLine(text, failAt(start, "%.60q is no line of a log of Jepsen", line))
		default:
			others++
		}
		if head {
			foreign = !ours
		}
		start += len(line) + 1
	}
	// Nothing tells where a value ends but the end of its line: what stands in a last line without one may be the
	// beginning of another value.
	cut := len(all) > 0 && !bytes.HasSuffix(text, []byte("\n")) && all[len(all)-1].at >= bytes.LastIndexByte(text, '\n')+1
	if cut {
		all = all[:len(all)-1]
	}
	imported, err := assemble(text, all, m)
	if err != nil {
		return nil, err
	}
	imported.Others = others
	if cut {
		imported.History.Torn = fmt.Sprintf("line %d has no end, so that nobody knows whether its value is whole", lineOf(text, len(text)))
	}
	return imported, nil
}

// logged takes the event at the end of a text: process, type, operation, value, and perhaps in any words
// the reason of a failure. What the nemesis says may be anything.
func logged(text []byte, at int) (event, error) {
	if text[at] == ':' {
		return event{at: at, process: history.Nemesis, time: -1, index: -1}, nil
	}
	r := &ednReader{text: text, pos: at}
	var forms [4]form
	for i := range forms {
		var err error
		if forms[i], err = r.form(1, at); err != nil {
			return event{}, err
		}
	}
	e, err := (&fields{process: &forms[0], kind: &forms[1], f: &forms[2], value: &forms[3]}).event(at)
	if rest := bytes.TrimSpace(text[r.pos:]); err == nil && len(rest) > 0 {
		switch e.kind {
		case history.Fail, history.Info:
			e.err = told(string(rest))
		default:
			return e, failAt(r.pos, "after the value stands %.40q", rest)
		}
	}
	return e, err
}
