package strictyaml

import (
	"strings"
	"testing"
	"time"
)

const settable = `name: a
count: 1
in:
  words: [x, y]
share:
`

func TestSetReplacesWhatStandsInTheFile(t *testing.T) {
	var v outer
	d := Decode("f.yaml", []byte(settable), &v,
		"count=7", "span=5s", "in.words.1=z", "in.on=true", "share=0.25", "name=b=c")
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	if v.Count != 7 || v.Span != 5*time.Second || strings.Join(v.In.Words, " ") != "x z" || !v.In.On || v.Share != 0.25 || v.Name != "b=c" {
		t.Errorf("%+v", v)
	}
}

func TestSetMakesWhatIsMissingAround(t *testing.T) {
	var v outer
	if err := Decode("f.yaml", []byte("name: a\n"), &v, "in.words=[p, q]").Err(); err != nil {
		t.Fatal(err)
	}
	if strings.Join(v.In.Words, " ") != "p q" {
		t.Errorf("%+v", v)
	}
}

func TestWhatIsWrongWithASetIsToldAsIfItStoodInAFile(t *testing.T) {
	for set, want := range map[string]string{
		"count=many":           `--set count:1:1: want a whole number, found "many"`,
		"cuont=3":              `--set cuont:1:1: unknown field "cuont" (did you mean count?)`,
		"in.wrods=[x]":         `--set in.wrods:1:1: unknown field "wrods" (did you mean words?)`,
		"in.words=[x, {a: b}]": "--set in.words:1:5: want a text, found fields",
		"in.words.2=z":         `--set in.words.2:1:1: in.words is a list of 2, counted from 0: it has no place "2"`,
		"name.first=x":         `--set name.first:1:1: name holds a single value and no field "first"`,
		"count=":               "--set count:1:1: want a whole number, found nothing",
		"in.words=[x":          "--set in.words:1:1: not YAML",
		"count":                "--set count:1:1: no value is set here (write a path and a value: workload.rate=500/s)",
		"in.words=&a [*a]":     "aliases such as *a are not read here",
	} {
		var v outer
		err := Decode("f.yaml", []byte(settable), &v, set).Err()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got  %v\nwant %s", set, err, want)
		}
	}
}
