package txn

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"schism/history"
)

// understood is what the scanner makes of a transaction, as text.
func understood(text history.Value) (string, error) {
	all, canonical, err := spelled(nil, text)
	if err != nil {
		return "", err
	}
	var words []string
	for _, p := range all {
		words = append(words, fmt.Sprint(p.does, " ", keyName(canonical[p.keyFrom:p.keyTo]), " ", string(canonical[p.from:p.to])))
	}
	return strings.Join(words, "; "), nil
}

// byTheBook is the same by encoding/json.
func byTheBook(text history.Value) (string, error) {
	var steps [][]json.RawMessage
	if err := json.Unmarshal(text, &steps); err != nil {
		return "", err
	}
	if steps == nil {
		return "", fmt.Errorf("nil is no transaction")
	}
	var words []string
	for _, s := range steps {
		var f string
		if len(s) != 3 || json.Unmarshal(s[0], &f) != nil {
			return "", fmt.Errorf("no step: %s", s)
		}
		known := map[string]does{"r": reads, "read": reads, "append": appends, "w": writes, "write": writes}
		d, is := known[strings.TrimPrefix(f, ":")]
		if !is {
			return "", fmt.Errorf("no step: %s", s)
		}
		name := history.Text(s[1])
		if s[1][0] == '"' && json.Unmarshal(s[1], &name) != nil {
			return "", fmt.Errorf("no key: %s", s[1])
		}
		words = append(words, fmt.Sprint(d, " ", name, " ", history.Text(s[2])))
	}
	return strings.Join(words, "; "), nil
}

var spellings = []string{
	`[]`, ` [ ] `, `[["r","x",null]]`, `[["r",1,[1,2]],["append",1,3]]`, `[ ["w", "x" , 1] ]`, `[[":append","é\n",{"a":[1,"]"]}]]`,
	`[["r","x",["a,b","c\"d","e\\"]]]`, `[["append","\u0078","\u003c"]]`, `[["read","x",[[1,2],[3]]],["write","y","["]]`,
	`null`, `[`, `]`, `[]]`, `[[]]`, `[["r","x"]]`, `[["r","x",1,2]]`, `[["cas","x",1]]`, `[[r,"x",1]]`, `[["r","x",]]`, `[["r",,1]]`, `[["r","x",1]`, `[["r","x",1]]x`,
	`[["r","x",1],]`, `[["r","x",[1]]`, `{"r":1}`, `"r"`, `[["r","x","\`, `[["r","x","`, `[["r","x","\"]]`, `1`, ``, `[["r","x",1]["r","x",1]]`,
}

func TestTransactionsAreReadAsJSON(t *testing.T) {
	for _, text := range spellings {
		agreeOn(t, text)
	}
}

func agreeOn(t *testing.T, text string) {
	t.Helper()
	want, wrong := byTheBook(history.Value(text))
	got, err := understood(history.Value(text))
	if (err != nil) != (wrong != nil) || got != want {
		t.Errorf("%q: %q, %v; by the book %q, %v", text, got, err, want, wrong)
	}
}

func FuzzTransactionsAreReadAsJSON(f *testing.F) {
	for _, text := range spellings {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if json.Valid([]byte(text)) { // nothing else comes out of a reader of histories
			agreeOn(t, text)
			return
		}
		understood(history.Value(text)) // must come to an end, all the same
	})
}

func TestElements(t *testing.T) {
	for text, want := range map[string][]string{
		``: nil, `null`: nil, `[]`: nil, `[1]`: {"1"}, `[1,"a,]",[2,3],{"b":[4]}]`: {"1", `"a,]"`, "[2,3]", `{"b":[4]}`},
	} {
		var got []string
		if err := elements(history.Value(text), func(from, to int) { got = append(got, text[from:to]) }); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{`5`, `{"a":1}`, `"x"`, `[1`, `[`, `[1,`} {
		if err := elements(history.Value(text), func(int, int) {}); err == nil {
			t.Errorf("%s is a list", text)
		}
	}
}
