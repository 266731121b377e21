package history

import (
	"slices"
	"testing"
)

func TestTransactionsThereAndBack(t *testing.T) {
	all := []Access{{Register: "x"}, {Kind: Writes, Register: "y", Value: Int(2)}, {Register: "x", Value: Value(`"<"`)}, {Kind: Appends, Register: "é", Value: Value(`"<"`)}}
	text := JoinTxn(all)
	if want := `[["r","x",null],["w","y",2],["r","x","<"],["append","é","<"]]`; string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
	again, err := SplitTxn(text)
	if err != nil || len(again) != 4 || !IsNil(again[0].Value) || again[1].Kind != Writes || again[3].Kind != Appends || again[1].Register != "y" || string(again[1].Value) != "2" {
		t.Errorf("%+v, %v", again, err)
	}
	// Knossos's words, keywords and registers that are numbers.
	if got, err := SplitTxn(Value(`[[":read",0,1],["write","0",2],[":append",0,3]]`)); err != nil ||
		!slices.EqualFunc(got, []Access{{Reads, "0", Int(1)}, {Writes, "0", Int(2)}, {Appends, "0", Int(3)}}, sameAccess) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{`5`, `[["x","y",1]]`, `[["r","x"]]`, `[[5,"x",1]]`, `[[]]`, `["r","x",1]`, ``, `null`, `[null]`, `[["r","x",1]`, `[["append","x"]]`, `[["r","x",1],]`, `[["appends","x",1]]`, `[["r","x",1]]]`, `[["r",null,1]]`, `[["r","x",1],5]`} {
		if got, err := SplitTxn(Value(bad)); err == nil {
			t.Errorf("%s reads as %+v", bad, got)
		}
	}
}

func TestWhatMayChangeAnything(t *testing.T) {
	for _, c := range []struct {
		f, input string
		want     bool
	}{
		{Read, "null", false}, {Get, "", false}, {FinalRead, "", false}, {Write, "1", true}, {Dequeue, "", true}, {Acquire, "1", true},
		{Txn, `[["r","x",null],["r","y",null]]`, false}, {Txn, `[["r","x",null],["w","y",1]]`, true}, {Txn, `[["append","x",1]]`, true}, {Txn, "nonsense", true}, {"jump", "", true},
	} {
		if got := Changes(c.f, Value(c.input)); got != c.want {
			t.Errorf("%s %s: %v", c.f, c.input, got)
		}
	}
}

func sameAccess(a, b Access) bool {
	return a.Kind == b.Kind && a.Register == b.Register && string(a.Value) == string(b.Value)
}

// FuzzSplitTxn compares the two ways to take a transaction apart.
func FuzzSplitTxn(f *testing.F) {
	for _, text := range []string{
		`[]`, `[["r","x",null]]`, `[["append","x",1],["r","x",[1,2]]]`, `[["w","y",-5],["r","",["a",true]]]`, `[["r","x",[["y",1]]]]`,
		`[["r","x",1.5]]`, `[["r",3,01]]`, `[["r","x",1],["x"]]`, `[["r","x",[]],["append","x","["]]`, ` [ ]`, `[["r","x",1],]`, `[,["r","x",1]]`, `null`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		quick, ok := splitPlainTxn(text)
		if !ok {
			return
		}
		slow, err := splitAnyTxn(text)
		if err != nil || !slices.EqualFunc(quick, slow, sameAccess) {
			t.Errorf("%s: %+v, but JSON says %+v, %v", text, quick, slow, err)
		}
	})
}

// The answer to a transaction has what its reads were shown, and all else as it was asked.
func TestAccesses(t *testing.T) {
	const asked = `[["append","x",1],["r","x",null]]`
	for _, c := range []struct {
		outcome     Kind
		output, end string // "" an error; else what the last part is of
	}{
		{OK, `[["append","x",1],["r","x",[1]]]`, `[1]`}, {OK, `[ ["append", "x", 1], [":r", "x", [1]] ]`, `[1]`}, {Info, "", "null"},
		{OK, `[["w","x",1],["r","x",[1]]]`, ""}, {OK, `[["append","x",2],["r","x",[1]]]`, ""}, {OK, `[["append","y",1],["r","x",[1]]]`, ""},
		{OK, `[["append","x",1]]`, ""}, {OK, "null", ""}, {OK, "", ""},
	} {
		op := Operation{F: Txn, Input: Value(asked), Output: Value(c.output), Outcome: c.outcome}
		got, err := op.Accesses()
		if (err != nil) != (c.end == "") || err == nil && Text(got[1].Value) != c.end {
			t.Errorf("%s: %+v, %v", c.output, got, err)
		}
	}
	// Who asks for nothing to be read need be told nothing.
	op := Operation{F: Txn, Input: Value(`[["append","x",1]]`), Outcome: OK}
	if got, err := op.Accesses(); err != nil || len(got) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
