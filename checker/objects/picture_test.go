package objects

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"schism/checker"
	"schism/history"
)

// Every object can be drawn, with what was done and what it was by then.
func TestPictures(t *testing.T) {
	type artist func(io.Writer, *history.History, checker.Anomaly) error
	of := func(c checker.Checker) artist { return c.(Checker).Picture }
	none := checker.Limits{}
	for name, c := range map[string]struct {
		draw    artist
		history string
		key     string
		want    []string
	}{
		"counter": {of(Counter(none)), "0 1 add 1\n2 3 read - 0", "x", []string{"added 1 to x", "read x = 0"}},
		"set":     {of(Set(none)), "0 1 add 7\n2 3 read - []", "x", []string{"added 7 to x", "read x = {}", "[7]"}},
		"queue":   {of(Queue(none)), "0 1 enqueue 7\n2 3 dequeue - null\n4 - dequeue", "x", []string{"enqueued 7 on x", "found x empty", "[7]", "dequeue from x (no answer)"}},
		"mutex":   {of(Mutex(none)), "0 1 acquire 7\n2 3 acquire 8", "x", []string{"acquired x as 7", "acquired x as 8", "held as 7"}},
		"kv":      {of(KV(none)), "0 1 put \"a\"\n2 3 get - \"b\"", "x", []string{`wrote x = \"a\"`, `read x = \"b\"`}},
		"multi":   {of(MultiRegister(none)), "0 1 txn [[\"w\",\"x\",1],[\"r\",\"y\",null]] [[\"w\",\"x\",1],[\"r\",\"y\",4]]\n2 3 txn [[\"r\",\"x\",null],[\"w\",\"x\",3]] [[\"r\",\"x\",3],[\"w\",\"x\",3]]", "x, y", []string{"wrote x = 1 and read y = 4 in one transaction", "x = 1, y = nil"}},
		"list":    {ListPicture, "0 1 append 7\n2 3 read - [8]", "x", []string{"appended 7 to x", "read x = [8]", "[7]"}},
	} {
		h := &history.History{Operations: script(t, c.history)}
		if name == "multi" { // its transactions are of no key
			for i := range h.Operations {
				h.Operations[i].Key = ""
			}
		}
		a := checker.Anomaly{Name: checker.StaleRead, Key: c.key, Focus: 2, Message: "the message of it", Proof: "the proof of it"}
		for _, o := range h.Operations {
			a.Ops = append(a.Ops, o.Call)
		}
		var page bytes.Buffer
		if err := c.draw(&page, h, a); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, want := range append(c.want, checker.StaleRead, "the message of it", "the proof of it") {
			if !strings.Contains(page.String(), want) {
				t.Errorf("%s: the picture does not show %q", name, want)
			}
		}
		a.Focus = 77
		if err := c.draw(new(bytes.Buffer), h, a); err == nil || !strings.Contains(err.Error(), "no picture of stale-read") {
			t.Errorf("%s: a picture without the focus: %v", name, err)
		}
	}
}
