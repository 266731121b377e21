package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

// readPlainly is a reader that nobody needs to think about: a line, encoding/json, the next line. It
// returns all events before the first error.
func readPlainly(text string) (events []Event, err error) {
	in := bufio.NewReader(strings.NewReader(text))
	for n := 1; ; n++ {
		line, err := in.ReadString('\n')
		switch {
		case err == io.EOF && line == "":
			return events, nil
		case err == io.EOF:
			return events, ErrTorn
		}
		if n == 1 {
			var h Header
			var fields map[string]json.RawMessage
			if err := json.Unmarshal([]byte(line), &h); err != nil || h.Schism == 0 || h.Schism > Format || json.Unmarshal([]byte(line), &fields) != nil {
				return nil, errors.New("no header")
			}
			for name := range fields {
				for _, known := range headerFields {
					if name != known && strings.EqualFold(name, known) {
						return nil, errors.New("a field in another case")
					}
				}
			}
			continue
		}
		e, err := byJSON([]byte(line))
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
}

// drain reads with one of the two ways that Reader has.
func drain(text string, block int, ahead bool) (events []Event, err error) {
	r, err := newReader(drops{strings.NewReader(text)}, block)
	if err != nil {
		return nil, err
	}
	if ahead {
		for e, err := range r.ahead() {
			if err != nil {
				return events, err
			}
			events = append(events, *e)
		}
		return events, nil
	}
	for {
		e, err := r.Next()
		if err == io.EOF {
			return events, nil
		}
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
}

// drops gives a few bytes a call, as a pipe does.
type drops struct{ in io.Reader }

func (d drops) Read(b []byte) (int, error) { return d.in.Read(b[:min(len(b), 7)]) }

// FuzzReader compares both ways of the Reader, on blocks of any size, with readPlainly: the same events, and
// an error where there is one.
func FuzzReader(f *testing.F) {
	const head = `{"schism":1}` + "\n"
	const line = `{"index":0,"time":0,"process":0,"type":"invoke","f":"read","value":null}` + "\n"
	f.Add("", uint8(0))
	f.Add(head, uint8(0))
	f.Add(head+line, uint8(7))
	f.Add(head+line+line+line[:20], uint8(90))
	f.Add(head+line+"\n"+line, uint8(1))
	f.Add(head+`{"index":-1}`+"\n", uint8(30))
	f.Add(line, uint8(30))
	f.Add(`{"schism":1,"Model":"register"}`+"\n"+line, uint8(30))
	f.Fuzz(func(t *testing.T, text string, block uint8) {
		want, wrong := readPlainly(text)
		for _, ahead := range []bool{false, true} {
			got, err := drain(text, int(block), ahead)
			if wrong == nil && text == "" {
				wrong = errors.New("empty")
			}
			if (err == nil) != (wrong == nil) || errors.Is(err, ErrTorn) != errors.Is(wrong, ErrTorn) {
				t.Fatalf("ahead %v: error %v, want %v", ahead, err, wrong)
			}
			if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("ahead %v: got %+v, want %+v", ahead, got, want)
			}
		}
		h, err := Collect(strings.NewReader(text))
		if (h == nil) == (err == nil) {
			t.Fatalf("history %v and error %v", h, err)
		}
	})
}

// An error names its line, wherever the blocks were cut, and what a line may be long has an end.
func TestErrorsNameTheirLine(t *testing.T) {
	const head = `{"schism":1}` + "\n"
	const line = `{"index":0,"time":0,"process":0,"type":"invoke","f":"read","value":null}` + "\n"
	long := strings.Repeat("x", maxLine)
	for name, c := range map[string]struct{ text, want string }{
		"no event":          {head + strings.Repeat(line, 100) + `{"index":0,"time":0,"process":0,"f":"read"}` + "\n" + line, `line 102: an event without "type"`},
		"another case":      {head + line + `{"index":1,"time":0,"process":0,"type":"ok","f":"read","value":1,"Value":2}` + "\n", `line 3: the field "Value" differs from "value" only by its case`},
		"only another case": {head + `{"index":0,"time":0,"process":0,"type":"invoke","f":"write","Value":2}` + "\n", `line 2: the field "Value" differs from "value" only by its case`},
		"a key's case":      {head + `{"index":0,"time":0,"process":0,"type":"invoke","f":"read","key":"x","\u212aey":"y","value":null}` + "\n", `line 2: the field "Key" differs from "key" only by its case`},
		"a header's case":   {`{"schism":1,"model":"register","Model":"set"}` + "\n" + line, `line 1: the field "Model" differs from "model" only by its case`},
		"no JSON":           {head + line + "\x00\xff\n", "line 3: invalid character"},
		"deep":              {head + line + strings.Repeat(`{"value":`, 20_000) + "\n", "line 3: "},
		"a long line":       {head + line + long + "\n", "line 3 is longer than 16777216 bytes"},
		"a long line, open": {head + line + long, "line 3 is longer than 16777216 bytes"},
		"torn":              {head + line + line[:9], "line 3: torn tail: 9 bytes without an end of line"},
		"a huge number":     {head + `{"index":99999999999999999999,"time":0,"process":0,"type":"ok","f":"read","value":null}` + "\n", "line 2: json: cannot unmarshal number"},
	} {
		for _, block := range []int{1, 100, 1000, blockOfLines} {
			for _, ahead := range []bool{false, true} {
				if len(c.text) > 1<<20 && block < blockOfLines {
					continue // so many small steps take their time
				}
				if _, err := drain(c.text, block, ahead); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s, blocks of %d, ahead %v: error %v, want one with %q", name, block, ahead, err, c.want)
				}
			}
		}
	}
}
