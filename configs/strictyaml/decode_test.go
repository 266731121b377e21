package strictyaml

import (
	"strings"
	"testing"
	"time"
)

type inner struct {
	Words []string `yaml:"words"`
	On    bool     `yaml:"on"`
}

type outer struct {
	Name  string         `yaml:"name"`
	Count int            `yaml:"count"`
	Seed  uint64         `yaml:"seed"`
	Share float64        `yaml:"share"`
	Span  time.Duration  `yaml:"span"`
	In    inner          `yaml:"in"`
	Most  *int           `yaml:"most"`
	Sizes map[string]int `yaml:"sizes"`
}

func TestDecode(t *testing.T) {
	var v outer
	d := Decode("f.yaml", []byte(`
name: a
count: -3
seed: 18446744073709551615
share: 0.5
span: 1m30s
in: {words: [x, "2"], on: true}
most: 0
sizes: {a: 1, b: 2}
`), &v)
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	if v.Name != "a" || v.Count != -3 || v.Seed != 1<<64-1 || v.Share != 0.5 || v.Span != 90*time.Second ||
		len(v.In.Words) != 2 || v.In.Words[1] != "2" || !v.In.On || v.Most == nil || *v.Most != 0 || len(v.Sizes) != 2 || v.Sizes["b"] != 2 {
		t.Errorf("%+v", v)
	}
	if !d.Has(&v.In.On) || d.Has(&v.In) == false {
		t.Error("the places of what was read are not known")
	}
	d.Errorf("", []any{Entry(&v.Sizes, "b")}, "too big")
	if err := d.Err(); err == nil || !strings.HasPrefix(err.Error(), "f.yaml:9:18: too big") {
		t.Error(err)
	}
}

func TestEverythingWrongIsToldAtOnceInOrder(t *testing.T) {
	var v outer
	err := Decode("f.yaml", []byte(`nam: a
count: many
span: 5 parsecs
in:
  words: x
  on: yes
  off: 1
share:
count: 2
`), &v).Err()
	want := []string{
		`f.yaml:1:1: unknown field "nam" (did you mean name?)`,
		`f.yaml:2:8: want a whole number, found "many"`,
		`f.yaml:3:7: "5 parsecs" is no duration (write 10s, 1m30s or 250ms)`,
		`f.yaml:5:10: want a list, found "x"`,
		`f.yaml:6:7: want true or false, found "yes"`,
		`f.yaml:7:3: unknown field "off"`,
		`f.yaml:8:7: want a number, found nothing`,
		`f.yaml:9:1: count stands twice, first on line 2 (remove one of them)`,
	}
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d errors, want %d:\n%v", len(lines), len(want), err)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("got  %s\nwant %s", lines[i], want[i])
		}
	}
}

func TestHostileFiles(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for _, step := range []string{"b a", "c b", "d c", "e d", "f e", "g f", "h g", "i h"} {
		name, of, _ := strings.Cut(step, " ")
		bomb += name + ": &" + name + " [" + strings.TrimSuffix(strings.Repeat("*"+of+", ", 9), ", ") + "]\n"
	}
	for name, c := range map[string]struct{ text, want string }{
		"an alias bomb":       {bomb, "f.yaml:2:8: aliases such as *a are not read here (write the value out)"},
		"a second document":   {"name: a\n---\nname: b\n", "a second document begins here"},
		"nothing":             {"", "the file is empty"},
		"only a comment":      {"# nothing\n", "the file is empty"},
		"no mapping":          {"- a\n", "want fields, each as `name: value`, found a list"},
		"a tab":               {"name: a\n\tcount: 1\n", "f.yaml:2:1: not YAML"},
		"not closed":          {"name: [a\n", "not YAML"},
		"10^20":               {"count: 100000000000000000000\n", "f.yaml:1:8: 100000000000000000000 is out of range"},
		"a negative seed":     {"seed: -1\n", "f.yaml:1:7: want a whole number"},
		"a negative duration": {"span: -1s\n", "f.yaml:1:7: a duration cannot be negative: -1s"},
		"not a number":        {"share: .nan\n", "want a number"},
		"infinity":            {"share: 1e999\n", "want a number"},
		"too large":           {"name: " + strings.Repeat("x", MaxBytes), "more than the"},
		"deep":                {"in: " + strings.Repeat("[", 20_000), "not YAML"},
		"bytes":               {"name: \xff\xfe\n", "not YAML"},
	} {
		var v outer
		err := Decode("f.yaml", []byte(c.text), &v).Err()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %.300v\nwant %q in it", name, err, c.want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	known := []string{"partition", "kill", "restart"}
	for name, want := range map[string]string{
		"partiton": "did you mean partition?",
		"KILL":     "did you mean kill?",
		"zzzzzz":   "known: kill, partition, restart",
	} {
		if got := DidYouMean(name, known); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("name: a\nin: {words: [x]}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v outer
		_ = Decode("f.yaml", data, &v).Err()
	})
}
