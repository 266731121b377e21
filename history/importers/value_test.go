package importers

import (
	"strings"
	"testing"
)

// Equal forms become equal texts, and different ones different texts.
func TestValues(t *testing.T) {
	for in, want := range map[string]string{
		"nil": "null", "true": "true", "false": "false",
		"0": "0", "-0": "0", "+7": "7", "7N": "7", "-12": "-12", "123456789012345678901234567890": "123456789012345678901234567890",
		"1.0": "1.0", "1.50": "1.5", "1e3": "1000.0", "-0.0": "0.0", "2.": "2.0", "1e30": "1e+30",
		`"a"`: `"a"`, `"<é>"`: `"<é>"`, "\"a\nb\"": `"a\u000ab"`, `"\t\"\u0041"`: `"\u0009\"A"`, ":a": `":a"`, ":a/b": `":a/b"`,
		"[1, 2 [nil]]": "[1,2,[null]]", "(1 2)": "[1,2]", "[]": "[]", "[1 #_ 2 3 ; four\n 5]": "[1,3,5]",
	} {
		r := &ednReader{text: []byte(in)}
		f, err := r.form(1, 0)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if v, err := f.value(); err != nil || string(v) != want {
			t.Errorf("%s is %s (%v), want %s", in, v, err, want)
		}
	}
}

func TestNoValues(t *testing.T) {
	for in, want := range map[string]string{
		"{:a 1}": "a map", "#{1}": "a set", `#inst "2026"`: "tagged #inst", "abc": "abc", `\a`: `\a`, "1/2": "1/2", "1.5M": "1.5M",
		"007": "007", "1e999": "too large", "\"\xff\"": "no UTF-8", `"\ud800"`: "half a character", `"\q"`: "string", "\"\\\n\"": "backslash",
		"[1 [{}]]": "a map",
	} {
		r := &ednReader{text: []byte(in)}
		f, err := r.form(1, 0)
		if err == nil {
			_, err = f.value()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one about %q", in, err, want)
		}
	}
}
