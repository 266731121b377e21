package history

import (
	"slices"
	"testing"
)

func TestTransactionsThereAndBack(t *testing.T) {
	all := []Access{{Register: "x"}, {Writes: true, Register: "y", Value: Int(2)}, {Register: "x", Value: Value(`"<"`)}}
	text := JoinTxn(all)
	if want := `[["r","x",null],["w","y",2],["r","x","<"]]`; string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
	again, err := SplitTxn(text)
	if err != nil || len(again) != 3 || !IsNil(again[0].Value) || !again[1].Writes || again[1].Register != "y" || string(again[1].Value) != "2" {
		t.Errorf("%+v, %v", again, err)
	}
	// Knossos's words, keywords and registers that are numbers.
	if got, err := SplitTxn(Value(`[[":read",0,1],["write","0",2]]`)); err != nil ||
		!slices.EqualFunc(got, []Access{{false, "0", Int(1)}, {true, "0", Int(2)}}, func(a, b Access) bool {
			return a.Writes == b.Writes && a.Register == b.Register && string(a.Value) == string(b.Value)
		}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{`5`, `[["x","y",1]]`, `[["r","x"]]`, `[[5,"x",1]]`, `[[]]`, `["r","x",1]`, ``} {
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
		{Txn, `[["r","x",null],["r","y",null]]`, false}, {Txn, `[["r","x",null],["w","y",1]]`, true}, {Txn, "nonsense", true}, {"jump", "", true},
	} {
		if got := Changes(c.f, Value(c.input)); got != c.want {
			t.Errorf("%s %s: %v", c.f, c.input, got)
		}
	}
}
