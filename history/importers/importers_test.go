package importers

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"schism/history"
)

func model(t testing.TB, name string) Model {
	t.Helper()
	at := slices.IndexFunc(Models(), func(m Model) bool { return m.Name == name })
	if at < 0 {
		t.Fatalf("there is no model %q", name)
	}
	return Models()[at]
}

// transcript shows all that an import tells, one operation a line.
func transcript(i *Import) string {
	var b strings.Builder
	h := i.History
	fmt.Fprintf(&b, "%s, %s: %d events, %d of the nemesis, %d other lines, untimed %v, until %v\n",
		i.Format, i.Model, h.Events, i.Nemesis, i.Others, i.Untimed, h.End)
	for _, o := range h.Operations {
		fmt.Fprintf(&b, "%d-%d line %d: %v %s %s %s -> %s %s", o.Call, o.Return, i.Line(o.Call), o.Process, o.F, o.Key,
			history.Text(o.Input), o.Outcome, history.Text(o.Output))
		for _, more := range []string{o.Node, o.Error} {
			if more != "" {
				fmt.Fprintf(&b, " | %s", more)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Each file of testdata is read as its neighbour *.want says, in the format that it is detected as.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.want")
	if err != nil || len(files) < 7 {
		t.Fatalf("found %d golden files: %v", len(files), err)
	}
	for _, want := range files {
		file := strings.TrimSuffix(want, ".want")
		t.Run(filepath.Base(file), func(t *testing.T) {
			name := "cas-register"
			for _, other := range []string{"append", "strings"} {
				if strings.Contains(file, other) {
					name = map[string]string{"append": "append", "strings": "kv"}[other]
				}
			}
			in, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Read(bytes.NewReader(in), "", model(t, name))
			if err != nil {
				t.Fatal(err)
			}
			text := transcript(got)
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(want, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			expected, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if text != string(expected) {
				t.Errorf("read:\n%s\nwant:\n%s", text, expected)
			}
			// A format that is named reads the same as one that is detected.
			again, err := Read(bytes.NewReader(in), got.Format, model(t, name))
			if err != nil || transcript(again) != text {
				t.Errorf("as %s by name: %v", got.Format, err)
			}
		})
	}
}

// No file is claimed by two formats.
func TestDetectIsExclusive(t *testing.T) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../../docs/format/valid.jsonl", "importers.go")
	for _, file := range files {
		head, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := 1
		if strings.HasSuffix(file, ".want") || strings.HasSuffix(file, ".go") {
			want = 0
		}
		var claims []string
		for _, f := range Formats() {
			if f.Detect(head) {
				claims = append(claims, f.Name)
			}
		}
		if len(claims) != want {
			t.Errorf("%s is claimed by %v, want %d formats", file, claims, want)
		}
	}
}

func TestOurOwnFormat(t *testing.T) {
	in, err := os.ReadFile("../../docs/format/valid.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(in), "", Model{}) // the header names the model
	if err != nil {
		t.Fatal(err)
	}
	if got.Format != "schism" || got.Model != "cas-register" || len(got.History.Operations) != 5 || len(got.History.Faults) != 1 {
		t.Errorf("read %s of %s with %d operations and %d faults", got.Format, got.Model, len(got.History.Operations), len(got.History.Faults))
	}
	if line := got.Line(got.History.Operations[0].Call); line != 3 {
		t.Errorf("the first operation stands in line %d, want 3", line)
	}
	_, err = Read(bytes.NewReader(in), "", model(t, "register"))
	if want := `line 14: "cas" is no operation of the model register, which knows read, write; models that know it: cas-register`; err == nil || err.Error() != want {
		t.Errorf("as a register: %v, want %s", err, want)
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	const (
		write = "{:process 0, :type :invoke, :f :write, :value 1}\n"
		wrote = "{:process 0, :type :ok, :f :write, :value 1}\n"
		read  = "{:process 0, :type :invoke, :f :read, :value nil}\n"
		log   = "INFO  jepsen.util - 0\t:invoke\t:write\t1\n"
		head  = `{"schism":1}` + "\n"
		ours  = head + `{"index":0,"time":0,"process":0,"type":"invoke","f":"write","value":1}`
	)
	for name, c := range map[string]struct{ format, text, want string }{
		"unknown operation":  {"jepsen-edn", write + "{:process 1, :type :invoke, :f :enqueue, :value 1}", `line 2: "enqueue" is no operation of the model cas-register, which knows read, write, cas`},
		"unknown elsewhere":  {"jepsen-edn", "{:process 1, :type :invoke, :f :append, :value 1}", `line 1: "append" is no operation of the model cas-register, which knows read, write, cas; models that know it: append, set, set-full, kv`},
		"unbalanced":         {"jepsen-edn", write + "\n{:process 0, :type :ok\n", "line 3: what begins here, "},
		"wrong bracket":      {"jepsen-edn", write + "{:process [0}", "line 2: a '}' that closes nothing"},
		"vector not closed":  {"jepsen-edn", "\n[" + write, "line 2: what begins here, "},
		"after the vector":   {"jepsen-edn", "[" + write + "]\n" + wrote, `line 3: after the end of the history stands "{:process 0, :type :ok`},
		"open string":        {"jepsen-edn", write + "{:process \"0", `line 2: what begins here, "\"0", has no end`},
		"not a map":          {"jepsen-edn", write + "17", "line 2: 17 stands where an event should"},
		"no process":         {"jepsen-edn", "{:type :ok}", "line 1: an event without :process"},
		"no type":            {"jepsen-edn", "{:process 0}", "line 1: an event without :type"},
		"no operation":       {"jepsen-edn", "{:process 0, :type :ok}", "line 1: an event without :f"},
		"odd type":           {"jepsen-edn", "{:process 0, :type :maybe}", "line 1: the type :maybe: want :invoke, :ok, :fail or :info"},
		"odd process":        {"jepsen-edn", "{:process -4, :type :ok}", "line 1: the process -4 is neither a number from 0 on nor :nemesis"},
		"twice":              {"jepsen-edn", "{:process 0, \n:process 1}", "line 2: :process stands twice in one event"},
		"two completions":    {"jepsen-edn", write + wrote + wrote, "line 3: event 2: process 0 completes write (ok) that it never invoked"},
		"no invocation":      {"jepsen-edn", write + "{:process 1, :type :ok, :f :write, :value 1}", "line 2: event 1: process 1 completes write (ok) that it never invoked"},
		"two invocations":    {"jepsen-edn", write + read, "line 2: event 1: process 0 invokes read while its write (event 0) is still open"},
		"another completed":  {"jepsen-edn", write + "{:process 0, :type :ok, :f :read, :value 1}", "line 2: event 1 completes read register, but process 0 invoked write register (event 0)"},
		"another value":      {"jepsen-edn", write + "{:process 0, :type :ok, :f :write, :value 2}", "line 2: process 0 was answered that its write of 1 was one of 2"},
		"time goes back":     {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :time 9}\n{:process 0, :type :ok, :f :read, :value nil, :time 8}", "line 2: event 1: completed at 8ns, before its invocation at 9ns"},
		"time now and then":  {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :time 9}\n{:process 0, :type :ok, :f :read}", "line 2: an event without :time, although line 1 has one"},
		"no time":            {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :time 1.5}", "line 1: :time: 1.5 is no whole number from 0 on"},
		"index goes back":    {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :index 9}\n{:process 0, :type :ok, :f :read, :index 9}", "line 2: :index 9 after :index 9: events are out of order"},
		"read of a value":    {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :value 3}", "line 1: a read is asked with nil or with [key nil], not with 3"},
		"cas of a value":     {"jepsen-edn", "{:process 0, :type :invoke, :f :cas, :value 3}", "line 1: a cas is asked with [from to] or with [key [from to]]"},
		"write of nothing":   {"jepsen-edn", "{:process 0, :type :invoke, :f :write}", "line 1: a write without :value"},
		"tuple or pair":      {"jepsen-edn", "{:process 0, :type :invoke, :f :write, :value [1 2]}", "line 1: is this write of a key and a value, or of one value that is a pair?"},
		"tuples or pairs":    {"jepsen-edn", "{:process 0, :type :invoke, :f :write, :value [1 2]}\n{:process 1, :type :invoke, :f :cas, :value [[1 2] [3 4]]}", "line 2: is this cas of a key and a value, or of one value that is a pair?"},
		"key, or value":      {"jepsen-edn", "{:process 1, :type :invoke, :f :cas, :value [1 [3 4]]}", "line 1: is this cas of a key and a value, or of one value that is a pair?"},
		"tuple and not":      {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :value [1 nil]}\n{:process 1, :type :invoke, :f :write, :value 2}", "line 2: this write names no key, but that in line 1 has [key value] for its value"},
		"answer no tuple":    {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :value [1 nil]}\n{:process 0, :type :ok, :f :read, :value 2}", "line 2: the answer of read 1 is no [key value]: 2"},
		"answer other key":   {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :value [1 nil]}\n{:process 0, :type :ok, :f :read, :value [2 2]}", "line 2: event 1 completes read 2, but process 0 invoked read 1 (event 0)"},
		"keys of one name":   {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :value [1 nil]}\n{:process 1, :type :invoke, :f :read, :value [\"1\" nil]}", `line 2: the keys 1 and "1" are different ones that schism would give one name`},
		"keyword and string": {"jepsen-edn", "{:process 0, :type :invoke, :f :write, :value :a}\n" + read[:10] + "1" + read[11:] + "{:process 1, :type :ok, :f :read, :value [1 \":a\"]}", `line 3: ":a" is not the :a of line 1: one is a keyword, the other a string, and schism would write both alike`},
		"string and keyword": {"jepsen-edn", "{:process 0, :type :invoke, :f :write, :value \"\\u003aa\"}\n{:process 1, :type :invoke, :f :write, :value :a}", `line 2: :a is not the "\u003aa" of line 1: `},
		"keys of one text":   {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :value [:a nil]}\n{:process 1, :type :invoke, :f :read, :value [\":a\" nil]}", `line 2: ":a" is not the :a of line 1: `},
		"set for a value":    {"jepsen-edn", read + "{:process 0, :type :ok, :f :read, :value #{1 2}}", "line 2: a value that is a set: schism compares "},
		"odd number":         {"jepsen-edn", read + "{:process 0, :type :ok, :f :read, :value 1/2}", "line 2: a value that is 1/2: no whole or floating number"},
		"too deep":           {"jepsen-edn", read + "{:process 0, :type :ok, :f :read, :value " + strings.Repeat("[", 1e6), "line 2: more than 100 forms stand in one another"},
		"too deep, skipped":  {"jepsen-edn", strings.Repeat("#_", 1e6), "line 1: more than 100 forms stand in one another"},
		"too deep, tagged":   {"jepsen-edn", strings.Repeat("#a ", 1e6), "line 1: more than 100 forms stand in one another"},
		"ten megabytes":      {"jepsen-edn", read + "{:process " + strings.Repeat("9", 10<<20) + ", :type :ok}", "line 2: the process 9999999999999999999999999999999999999999 is neither"},
		"no key":             {"porcupine-kv", read, "line 1: an event without :key"},
		"log: cut off":       {"jepsen-log", log + "INFO  jepsen.util - 0\t:ok\t:wri", "line 2: what begins here, "},
		"log: damaged":       {"jepsen-log", log + "INFO  jepsen.ut", `line 2: "INFO  jepsen.ut" is no line of a log of Jepsen`},
		"no answer":          {"jepsen-edn", read + "{:process 0, :type :ok, :f :read}", "line 2: a read is :ok without :value"},
		"no key, once":       {"jepsen-edn", "{:process 0, :type :invoke, :f :read, :value [1 nil]}\n{:process 0, :type :ok, :f :read, :value nil}", "line 2: a read is :ok with nil, and not with [key value]"},
		"log: more":          {"jepsen-log", log + "INFO  jepsen.util - 0\t:ok\t:write\t1\t2", `line 2: after the value stands "2"`},
		"log: no process":    {"jepsen-log", log + "INFO  jepsen.util - 99999999999999999999 :ok :write 1", "line 2: the process 99999999999999999999 is neither"},
		"log: no type":       {"jepsen-log", log + "INFO  jepsen.util - 0 :okay :write 1", "line 2: the type :okay"},
		"log: ten megabyte":  {"jepsen-log", log + strings.Repeat("x", 10<<20), `line 2: "xxx`},
		"empty":              {"", "", "the file is empty"},
		"first: twice":       {"", "; a history\n{:process 0, :type :invoke, :f :write, :value 1, :value 2}\n" + wrote, "line 2: :value stands twice in one event"},
		"first: no end":      {"", "\n[{:type :invoke, :process 0", "line 2: what begins here, "},
		"first: no type":     {"", "#jepsen.history.Op{:index 0, :process 0, :f :read}", "line 1: an event without :type"},
		"first: metadata":    {"", "^{:a 1} " + write + wrote, "line 1: ^ stands where an event should"},
		"first: of others":   {"", "{:name \"x\"}", "this is no history in a format that schism knows"},
		"something else":     {"", "PK\x03\x04", "this is no history in a format that schism knows (schism, jepsen-edn, jepsen-log, porcupine-kv)"},
		"no such format":     {"knossos", write, `there is no format "knossos": want schism, jepsen-edn, jepsen-log, porcupine-kv`},
		"ours: a gap":        {"", ours + "\n" + strings.Replace(ours, `"index":0`, `"index":2`, 1)[len(head):] + "\n", "history: line 3: event 2 stands where event 1 belongs"},
		"ours: two at once":  {"", ours + "\n" + strings.Replace(ours, `"index":0`, `"index":1`, 1)[len(head):] + "\n", "history: line 3: event 1: process 0 invokes write while its write (event 0) is still open"},
		"not ours":           {"schism", write, "history: line 1 is not a header"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.text), c.format, model(t, "cas-register"))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %.300v\nwant %s…", err, c.want)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("an error of %d bytes: nobody reads that", len(err.Error()))
			}
		})
	}
}

func TestAModelIsWanted(t *testing.T) {
	for _, format := range []string{"jepsen-edn", "jepsen-log", "porcupine-kv"} {
		if _, err := Read(strings.NewReader("{}"), format, Model{}); err != errNoModel {
			t.Errorf("%s without a model: %v", format, err)
		}
	}
	if _, err := Read(strings.NewReader(`{"schism":1}`+"\n"), "", Model{}); err == nil || !strings.Contains(err.Error(), "--model") {
		t.Errorf("schism's own without a model: %v, want an error that says to name it", err)
	}
}

// What fails in Jepsen had no effect, and says no more, whatever its error is called.
func TestAFailedCASIsNoEvidence(t *testing.T) {
	in := `{:process 0, :type :invoke, :f :cas, :value [0 1]}
{:process 0, :type :fail, :f :cas, :value [0 1], :error "mismatch"}`
	got, err := Read(strings.NewReader(in), "", model(t, "cas-register"))
	if err != nil {
		t.Fatal(err)
	}
	if op := got.History.Operations[0]; op.Error == history.Mismatch || op.Outcome != history.Fail {
		t.Errorf("read as %s with error %q, which is evidence", op.Outcome, op.Error)
	}
}

// Keywords alone, and strings alone that look like some, are told apart by nothing and need not be.
func TestKeywordsOrStrings(t *testing.T) {
	for _, value := range []string{":a", `":a"`} {
		in := "{:process 0, :type :invoke, :f :write, :value " + value + "}\n{:process 0, :type :ok, :f :write, :value " + value + `}
{:process 1, :type :invoke, :f :write, :value "a"}`
		got, err := Read(strings.NewReader(in), "", model(t, "cas-register"))
		if err != nil || string(got.History.Operations[0].Input) != `":a"` {
			t.Errorf("a write of %s: %+v, %v", value, got, err)
		}
	}
}

// A cas to a pair is of a key if the reads are, and of the one register if anything shows that there is one.
func TestACASToAPair(t *testing.T) {
	const cas = "{:process 0, :type :invoke, :f :cas, :value [1 [3 4]]}\n"
	for before, want := range map[string]string{
		"{:process 1, :type :invoke, :f :read, :value nil}\n":      "register [1,[3,4]]",
		"{:process 1, :type :invoke, :f :write, :value 1}\n":       "register [1,[3,4]]",
		"{:process 1, :type :invoke, :f :cas, :value [[1 2] 3]}\n": "register [1,[3,4]]",
		"{:process 1, :type :invoke, :f :read, :value [2 nil]}\n":  "1 [3,4]",
	} {
		for _, in := range []string{before + cas, cas + before} {
			got, err := Read(strings.NewReader(in), "", model(t, "cas-register"))
			if err != nil {
				t.Errorf("%s: %v", in, err)
				continue
			}
			for _, op := range got.History.Operations {
				if is := op.Key + " " + string(op.Input); op.Process == 0 && is != want {
					t.Errorf("%s: read as %s, want %s", in, is, want)
				}
			}
		}
	}
}
