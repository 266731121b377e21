package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func record(t *testing.T, events ...Event) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r, err := Create(path, Header{Scenario: "test", Nodes: []string{"n1"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if _, err := r.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func invoke(p Process, f, key string, v Value) Event {
	return Event{Process: p, Kind: Invoke, F: f, Key: key, Value: v}
}

func complete(p Process, kind Kind, f, key string, v Value) Event {
	e := Event{Process: p, Kind: kind, F: f, Key: key, Value: v}
	if kind != OK {
		e.Error = "because"
	}
	return e
}

// The fields on disk are a contract with people's scripts.
func TestFieldsOnDisk(t *testing.T) {
	e := Event{Index: 7, Time: 1234567, Process: 3, Kind: Invoke, F: "write", Node: "n1", Key: "x", Value: Int(5)}
	line, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"index":7,"time":1234567,"process":3,"type":"invoke","f":"write","node":"n1","key":"x","value":5}`
	if string(line) != want {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	for p, want := range map[Process]string{Nemesis: `"nemesis"`, Observer: `"observer"`, 0: "0"} {
		if got, _ := json.Marshal(p); string(got) != want {
			t.Errorf("process %d is written as %s, want %s", int(p), got, want)
		}
	}
}

func TestLoadSortsARun(t *testing.T) {
	bit := true
	path := record(t,
		invoke(0, Write, "x", Int(1)),
		invoke(1, Read, "x", nil),
		complete(1, OK, Read, "x", Int(1)),
		complete(0, OK, Write, "x", Int(1)),
		Event{Process: Nemesis, Kind: Invoke, F: "kill", Value: Encode(Fault{ID: 1, Phase: FaultStart, Text: "kill: all", Nodes: []string{"n1"}})},
		Event{Process: Nemesis, Kind: Info, F: "kill", Value: Encode(Fault{ID: 1, Phase: FaultActive, Text: "kill: all"})},
		Event{Process: Nemesis, Kind: Info, F: "kill", Value: Encode(Fault{ID: 1, Phase: FaultProof, Text: "kill: all", Bit: &bit, Proof: "gone"})},
		Event{Process: Observer, Kind: Info, F: RoleChange, Node: "n1", Value: Encode(Role{Role: "leader", Term: 2})},
		Event{Process: Nemesis, Kind: Info, F: Incident, Error: "the dead man fired"},
		invoke(2, Write, "x", Int(2)),
		invoke(3, FinalRead, "", nil),
		complete(3, OK, FinalRead, "", Encode(FinalState{Applied: 9, State: map[string]Value{"x": Int(1)}})),
	)
	h, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(h.Operations); n != 3 {
		t.Fatalf("%d operations, want 3", n)
	}
	if op := h.Operations[0]; op.F != Write || op.Return != 3 || op.Outcome != OK {
		t.Errorf("the first operation is %+v", op)
	}
	if op := h.Operations[1]; string(op.Output) != "1" {
		t.Errorf("the read returned %s", op.Output)
	}
	if op := h.Operations[2]; op.Outcome != Info || op.Return != -1 {
		t.Errorf("an operation without completion is %+v, want info", op)
	}
	if len(h.FinalReads) != 1 || len(h.Roles) != 1 || len(h.Incidents) != 1 || h.Torn != "" {
		t.Errorf("final reads %d, roles %d, incidents %d, torn %q", len(h.FinalReads), len(h.Roles), len(h.Incidents), h.Torn)
	}
	if f := h.Faults[0]; f.Bit == nil || !*f.Bit || f.Healed != -1 || f.Resolved().Nodes[0] != "n1" || !f.ActiveAt(h.End) {
		t.Errorf("the fault is %+v", f)
	}
}

// Of a fault that could not be undone nobody knows when it ended, if it did.
func TestUndoingThatFailed(t *testing.T) {
	for _, gone := range []bool{true, false} {
		path := record(t,
			Event{Process: Nemesis, Kind: Invoke, F: "kill", Value: Encode(Fault{ID: 1, Phase: FaultStart})},
			Event{Process: Nemesis, Kind: Info, F: "kill", Value: Encode(Fault{ID: 1, Phase: FaultActive})},
			Event{Process: Nemesis, Kind: Invoke, F: "kill", Value: Encode(Fault{ID: 1, Phase: FaultEnd})},
			Event{Process: Nemesis, Kind: Fail, F: "kill", Value: Encode(Fault{ID: 1, Phase: FaultHealed, Bit: &gone})},
			invoke(2, Write, "x", Int(2)),
		)
		h, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if f := h.Faults[0]; *f.Gone != gone || (f.Healed >= 0) != gone || f.ActiveAt(h.End+1) == gone {
			t.Errorf("gone %v: the fault is %+v", gone, f)
		}
	}
}

// Equal values have one spelling, different ones have not.
func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "null",
		"null":                      "null",
		" [1, 2] ":                  "[1,2]",
		`"a\u003cb\u00e9"`:          `"a<bé"`,
		`["\u0041", {"\u0062": 1}]`: `["A",{"b":1}]`,
		`"\\\"\/\n\u000A"`:          `"\\\"/\u000a\u000a"`,
		`"\u2028"`:                  "\"\u2028\"",
		`"\ud83d\ude00"`:            `"😀"`,
		`"\ud83d"`:                  `"\ud83d"`, // half a character
		`"\ud83e"`:                  `"\ud83e"`,
		"1.0":                       "1.0",
		"1":                         "1",
	} {
		got := Canonical(Value(in))
		if string(got) != want || Text(Value(in)) != want {
			t.Errorf("%s is spelled %s, want %s", in, got, want)
		}
		if again := Canonical(got); string(again) != string(got) {
			t.Errorf("%s is spelled %s at the second time", got, again)
		}
	}
}

// A fault that struck nobody was never on; one of which nobody knows may have been.
func TestWhenAFaultIsOn(t *testing.T) {
	no := false
	for name, c := range map[string]struct {
		life         FaultLife
		before, late bool // at 1 and at 9
	}{
		"in place, healed":     {FaultLife{Start: 2, Active: 3, End: 5, Healed: 6}, false, false},
		"in place, not healed": {FaultLife{Start: 2, Active: 3, End: 5, Healed: -1}, false, true},
		"in place, no effect":  {FaultLife{Start: 2, Active: 3, End: -1, Healed: -1, Bit: &no}, false, true},
		"struck nobody":        {FaultLife{Start: 2, Active: -1, End: -1, Healed: -1, Bit: &no}, false, false},
		"partly applied":       {FaultLife{Start: 2, Active: -1, End: 5, Healed: -1, Bit: &no}, false, true},
		"torn after its start": {FaultLife{Start: 2, Active: -1, End: -1, Healed: -1}, false, true},
	} {
		if c.life.ActiveAt(1) != c.before || c.life.ActiveAt(9) != c.late {
			t.Errorf("%s: on at 1 %v, at 9 %v; want %v, %v", name, c.life.ActiveAt(1), c.life.ActiveAt(9), c.before, c.late)
		}
	}
	if healed := (FaultLife{Start: 2, Active: 3, End: 5, Healed: 6}); !healed.ActiveAt(4) || !healed.ActiveBetween(1, 9) || healed.ActiveBetween(7, 9) {
		t.Error("a fault from 2 to 6 is on at 4 and between 1 and 9, and not between 7 and 9")
	}
}

// A controller that is killed in mid-write leaves a torn line. Cut anywhere, the history says so and
// gives every whole event.
func TestTornTailAtEveryByte(t *testing.T) {
	path := record(t, invoke(0, Write, "x", Int(1)), complete(0, OK, Write, "x", Int(1)), invoke(0, Read, "x", nil))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header := strings.IndexByte(string(whole), '\n') + 1
	for cut := header; cut <= len(whole); cut++ {
		h, err := Collect(strings.NewReader(string(whole[:cut])))
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		atEnd := whole[cut-1] == '\n'
		if (h.Torn == "") != atEnd {
			t.Errorf("cut at %d: torn %q", cut, h.Torn)
		}
		if want := int64(strings.Count(string(whole[header:cut]), "\n")); h.Events != want {
			t.Errorf("cut at %d: %d events, want %d", cut, h.Events, want)
		}
	}
}

func TestBrokenHistoriesAreRefusedByLine(t *testing.T) {
	const header = `{"schism":1}` + "\n"
	event := func(index, at, process int, kind, f string) string {
		return fmt.Sprintf(`{"index":%d,"time":%d,"process":%d,"type":"%s","f":"%s","key":"x","value":null}`+"\n", index, at, process, kind, f)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":                  {"", "the file is empty"},
		"no header":              {event(0, 0, 0, "invoke", "read"), "line 1 is not a header"},
		"newer":                  {`{"schism":99}` + "\n", "format 99 is newer"},
		"no JSON":                {header + "hello\n", "line 2"},
		"unknown type":           {header + event(0, 0, 0, "perhaps", "read"), `line 2: type "perhaps"`},
		"unknown process":        {header + `{"index":0,"time":0,"process":"x","type":"invoke","f":"read"}` + "\n", "line 2: process"},
		"index goes back":        {header + event(0, 0, 0, "invoke", "read") + event(0, 0, 1, "invoke", "read"), "event 0 stands where event 1 belongs"},
		"an event is lost":       {header + event(0, 0, 0, "invoke", "read") + event(2, 0, 1, "invoke", "read"), "event 2 stands where event 1 belongs"},
		"time goes back":         {header + event(0, 5, 0, "invoke", "read") + event(1, 4, 0, "ok", "read"), "before its invocation"},
		"two at once":            {header + event(0, 0, 0, "invoke", "read") + event(1, 0, 0, "invoke", "read"), "still open"},
		"completed twice":        {header + event(0, 0, 0, "invoke", "read") + event(1, 0, 0, "ok", "read") + event(2, 0, 0, "ok", "read"), "never invoked"},
		"completes another":      {header + event(0, 0, 0, "invoke", "read") + event(1, 0, 0, "ok", "write"), "but process 0 invoked read"},
		"a line without an end?": {header + strings.Repeat("x", maxLine+2) + "\n", "longer than"},
	} {
		if _, err := Collect(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, c.want)
		}
	}
}

func TestRecorderKeepsOneOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r, err := Create(path, Header{})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for p := range Process(16) {
		group.Go(func() {
			for range 200 {
				a, _ := r.Record(invoke(p, Read, "x", nil))
				b, _ := r.Record(complete(p, OK, Read, "x", Nil))
				if b.Index <= a.Index || b.Time < a.Time {
					t.Errorf("process %v: completion %d at %d after invocation %d at %d", p, b.Index, b.Time, a.Index, a.Time)
				}
			}
		})
	}
	group.Wait()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	h, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Operations) != 16*200 {
		t.Errorf("%d operations, want %d", len(h.Operations), 16*200)
	}
}

// The first failure sticks: a history with a hole in it is no history.
func TestRecorderFailureSticks(t *testing.T) {
	r, err := Create(filepath.Join(t.TempDir(), "history.jsonl"), Header{})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.file.Close(); err != nil { // as a disk that is gone
		t.Fatal(err)
	}
	_, first := r.Record(invoke(0, Read, "x", nil))
	_, second := r.Record(invoke(1, Read, "x", nil))
	if first == nil || second == nil {
		t.Fatalf("errors %v, %v: both records must fail", first, second)
	}
	if err := r.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Close told %v, not the failure", err)
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	path := record(t, invoke(0, Read, "x", nil))
	if _, err := Create(path, Header{}); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v", err)
	}
}

func TestRunDirs(t *testing.T) {
	root := t.TempDir()
	var last RunDir
	for i := range 3 {
		dir, err := NewRunDir(root, "demo", time.Unix(int64(i), 0))
		if err != nil {
			t.Fatal(err)
		}
		last = dir
	}
	latest, err := filepath.EvalSymlinks(filepath.Join(root, "demo", "latest"))
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := filepath.EvalSymlinks(string(last)); latest != want {
		t.Errorf("latest is %s, want %s", latest, want)
	}
	if _, err := MakeRunDir(filepath.Join(root, "demo")); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a directory with something in it: %v", err)
	}
}

func TestRunsThatStartAtOnceHaveDirectoriesOfTheirOwn(t *testing.T) {
	root, now := t.TempDir(), time.Unix(7, 0)
	var dirs [8]RunDir
	var all sync.WaitGroup
	for i := range dirs {
		all.Go(func() {
			var err error
			if dirs[i], err = NewRunDir(root, "demo", now); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	slices.Sort(dirs[:])
	if len(slices.Compact(dirs[:])) != len(dirs) {
		t.Errorf("two runs share one of %v", dirs)
	}
}

func BenchmarkRecord(b *testing.B) {
	r, err := Create(filepath.Join(b.TempDir(), "history.jsonl"), Header{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := r.Record(invoke(0, Write, "x", Int(1))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	line := `{"index":7,"time":1234567,"process":3,"type":"invoke","f":"write","node":"n1","key":"x","value":5}` + "\n"
	text := `{"schism":1}` + "\n" + strings.Repeat(line, 10_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r, err := NewReader(strings.NewReader(text))
		for err == nil {
			_, err = r.Next()
		}
		if err != io.EOF {
			b.Fatal(err)
		}
	}
}
