package importers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"schism/history"
)

// Whatever a file holds, in whichever format: the answer is an error, or a history that keeps the rules.
func FuzzDetected(f *testing.F)    { fuzzFormat(f, "") }
func FuzzSchism(f *testing.F)      { fuzzFormat(f, "schism") }
func FuzzJepsenEDN(f *testing.F)   { fuzzFormat(f, "jepsen-edn") }
func FuzzJepsenLog(f *testing.F)   { fuzzFormat(f, "jepsen-log") }
func FuzzPorcupineKV(f *testing.F) { fuzzFormat(f, "porcupine-kv") }

func fuzzFormat(f *testing.F, format string) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "../../docs/format/valid.jsonl") {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if detected, err := choose(bufio.NewReaderSize(bytes.NewReader(text), headSize), ""); format != "" && (err != nil || detected.Name != format) {
			continue
		}
		for model := range Models() {
			f.Add(text, uint8(model))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, model uint8) {
		m := Models()[int(model)%len(Models())]
		got, err := Read(bytes.NewReader(text), format, m)
		if err != nil {
			// It tells what is wrong, and does not repeat the file.
			if len(err.Error()) > 700 {
				t.Errorf("an error of %d bytes: %.200s", len(err.Error()), err)
			}
			return
		}
		keepsTheRules(t, got, m)
		again, err := Read(bytes.NewReader(text), got.Format, m)
		if err != nil || transcript(again) != transcript(got) {
			t.Errorf("read twice, differently: %v", err)
		}
	})
}

func keepsTheRules(t *testing.T, i *Import, m Model) {
	t.Helper()
	used := make(map[int64]bool)
	for _, o := range i.History.Operations {
		if !o.Process.IsClient() || !slices.ContainsFunc(m.Ops, func(known Op) bool { return known.F == o.F }) {
			t.Errorf("operation of nobody's, or unknown: %+v", o)
		}
		for _, index := range []int64{o.Call, o.Return} {
			if index < 0 {
				continue
			}
			if index >= i.History.Events || used[index] {
				t.Errorf("event %d is out of bounds or stands twice, of %d", index, i.History.Events)
			}
			used[index] = true
			if i.Line(index) < 1 {
				t.Errorf("event %d in line %d", index, i.Line(index))
			}
		}
		if o.Return >= 0 && (o.Return <= o.Call || o.ReturnTime < o.CallTime) || o.Return < 0 && o.Outcome != history.Info {
			t.Errorf("ends before it begins: %+v", o)
		}
		for _, v := range []history.Value{o.Input, o.Output, o.Found()} {
			if len(v) > 0 && !json.Valid(v) {
				t.Errorf("value %q is no JSON", v)
			}
		}
		if i.Format != "schism" && (o.Error == history.Mismatch || o.Found() != nil) {
			t.Errorf("evidence that the file does not give: %+v", o)
		}
	}
}

// FuzzEDN reads any text as forms: the answer is an error with a place in the text, or forms whose values,
// where they have some, are JSON in its one spelling.
func FuzzEDN(f *testing.F) {
	for _, seed := range []string{
		`[1 -2 3.5e3 7N 1/2] {:a "b\n" #_ :c #{x y}} #inst "2026" (nil true \a)`, "#_#_ 1 2 3", "; c\n[[[", `"\ud83d\ude00"`, "#a{", "-", "+1", ":", "\\",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := &ednReader{text: text}
		for {
			ok, err := r.more(0)
			var m form
			before := r.pos
			if ok && err == nil {
				m, err = r.form(1, r.pos)
			}
			if err != nil {
				placed(t, text, err)
				return
			}
			if !ok {
				return
			}
			if r.pos <= before {
				t.Fatalf("no progress at %d", before)
			}
			v, err := m.value()
			if err != nil {
				placed(t, text, err)
				continue
			}
			if !json.Valid(v) || history.Text(v) != string(v) {
				t.Errorf("%q became %q, which is not JSON's one spelling", text[before:r.pos], v)
			}
		}
	})
}

func placed(t *testing.T, text []byte, err error) {
	t.Helper()
	var p *positioned
	if !errors.As(err, &p) || p.at < 0 || p.at > len(text) {
		t.Errorf("an error without a place in the text: %v", err)
	}
}
