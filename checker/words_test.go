package checker

import (
	"testing"
	"time"

	"schism/history"
)

func TestShowUndecided(t *testing.T) {
	for want, keys := range map[string][]KeyCheck{
		"The key x could not be decided. Why: it is no list.": {{Key: "x", Message: "it is no list"}},
		"The key x could not be decided.":                     {{Key: "x"}},
		"2 of 3 keys could not be decided: x, z. Why: of x, it is no list. The others are fine.": {
			{Key: "x", Message: "it is no list."}, {Key: "y", Verdict: Valid}, {Key: "z", Message: "no time"},
		},
		"1 of 2 keys could not be decided: x. Why: no time. The others are fine.": {{Key: "x", Message: "no time"}, {Key: "y", Verdict: Valid}},
	} {
		if got := ShowUndecided(keys, "The others are fine"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestShowTxn(t *testing.T) {
	for _, c := range []struct {
		text     string
		answered bool
		want     string
	}{
		{`[["r","x",null],["w","y",2]]`, false, "read x, write y = 2"},
		{`[["r","x",1],["w","y",2]]`, true, "read x = 1, write y = 2"},
		{`[["append","x",1],["r","x",[1]],["r","",null]]`, true, `append 1 to x, read x = [1], read "" = nil`},
		{`5`, true, "5"},
		{`[["r","x",[1001,1002,1003,1004,1005,1006,1007,1008,1009]]]`, true, "read x = […,1003,1004,1005,1006,1007,1008,1009]"},
		{`[["w","x",[1001,1002,1003,1004,1005,1006,1007,1008,1009]]]`, true, "write x = [1001,1002,1003,1004,1005,1006,1007,1008…"},
	} {
		if got := ShowTxn(history.Value(c.text), c.answered); got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}

func TestShowGap(t *testing.T) {
	for d, want := range map[time.Duration]string{2 * time.Second: "2 s later", 0: "0 µs later", -time.Nanosecond: "later", -5 * time.Second: "later"} {
		if got := ShowGap(d, "later"); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestClearest(t *testing.T) {
	for _, c := range []struct {
		wide []time.Duration
		want int
	}{
		{[]time.Duration{1, 5, 10, 9}, 1},
		{[]time.Duration{0, 0}, 0},
		{[]time.Duration{-3}, 0},
		{[]time.Duration{-9, -4, -5}, 1},
		{[]time.Duration{-9, 1, 0}, 1},
	} {
		all := make([]int, len(c.wide))
		for i := range all {
			all[i] = i
		}
		if got := Clearest(all, func(i int) time.Duration { return c.wide[i] }); got != c.want {
			t.Errorf("%d: number %d, want %d", c.wide, got, c.want)
		}
	}
}
