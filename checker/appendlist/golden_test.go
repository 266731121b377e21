package appendlist

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"schism/checker"
	"schism/history"
)

func TestGolden(t *testing.T) {
	for _, tc := range []struct {
		name, history string
		finals        string // of x on n1, n2, n3, with spaces between; empty: no final reads
		want          string // name: message; empty: valid
		ops           string
	}{
		{
			name: "stale read",
			history: `
				1.000 c3 n4 append x 12
				1.010 c3 ok
				18.490 c3 n4 append x 19
				18.501 c3 ok
				20.381 c7 n1 read x
				20.382 c7 ok [12]
				21.000 c8 n4 read x
				21.001 c8 ok [12,19]`,
			want: "stale-read: Stale read: client 7 read x = [12] from n1 at 20.381 s, although client 3's append of 19 to x had been acknowledged by n4 1.88 s earlier.",
			ops:  "[2 4]",
		},
		{
			name: "stale read by the order of the events, though not by the clocks",
			history: `
				5.000 c3 n4 append x 12
				6.000 c3 ok
				1.000 c7 n1 read x
				2.000 c7 ok null
				7.000 c7 n1 read x
				7.001 c7 ok [12]`,
			want: "stale-read: Stale read: client 7 read x = [] from n1 at 1.000 s, although client 3's append of 12 to x had been acknowledged by n4 earlier.",
			ops:  "[0 2]",
		},
		{
			name: "concurrent with the read",
			history: `
				1.000 c3 n4 append x 12
				1.010 c3 ok
				2.000 c7 n1 read x
				2.001 c3 n4 append x 19
				2.002 c3 ok
				2.003 c7 ok [12]`,
		},
		{
			name: "stale after somebody saw it",
			history: `
				1.000 c3 n4 append x 1
				2.000 c7 n2 read x
				2.001 c7 ok [1]
				2.500 c8 n1 read x
				2.501 c8 ok null
				3.000 c7 n2 read x
				3.001 c7 ok [1]
				4.000 c3 info`,
			want: "stale-read: Stale read: client 8 read x = [] from n1 at 2.500 s, although client 7 had read 1 in it at n2 499 ms earlier.",
			ops:  "[0 1 3]",
		},
		{
			name: "an unknown append comes late",
			history: `
				1.000 c3 n4 append x 1
				2.000 c3 info
				3.000 c7 n2 read x
				3.001 c7 ok []
				9.000 c7 n2 read x
				9.001 c7 ok [1]`,
		},
		{
			name: "an unknown append never comes",
			history: `
				1.000 c3 n4 append x 1
				2.000 c3 info
				3.000 c7 n2 read x
				3.001 c7 ok null`,
			finals: "null null null",
		},
		{
			name: "duplicate",
			history: `
				1.000 c3 n4 append x 17
				1.010 c4 n4 append x 18
				1.020 c4 ok
				1.200 c3 ok 2
				2.000 c7 n1 read x
				2.001 c7 ok [17,18,17]
				2.100 c4 n1 append x 19
				2.101 c4 ok
				2.200 c7 n1 read x
				2.201 c7 ok [17,18,17,19]`,
			want: "duplicate-apply: Duplicate apply: client 7 read x = [17,18,17] from n1 at 2.000 s, with 17 at places 1 and 3, although client 3's append of 17 to x was one operation (2 attempts), acknowledged by n4 at 1.200 s.",
			ops:  "[0 4]",
		},
		{
			name: "duplicate of an append that was never answered, at the end alone",
			history: `
				1.000 c3 n4 append x 17
				1.010 c4 n4 append x 18
				1.020 c4 ok
				1.200 c3 info 3`,
			finals: "[17,18] [17,18] [17,18,17]",
			want:   "duplicate-apply: Duplicate apply: at the end n3 held x = [17,18,17], with 17 at places 1 and 3, although client 3's append of 17 to x was one operation (3 attempts), called at 1.000 s and never answered.",
			ops:    "[0 1000]",
		},
		{
			name: "two appends of the same client are no duplicate",
			history: `
				1.000 c3 n4 append x 17
				1.010 c3 ok 2
				1.020 c3 n4 append x 18
				1.030 c3 ok
				2.000 c7 n1 read x
				2.001 c7 ok [17,18]`,
			finals: "[17,18] [17,18] [17,18]",
		},
		{
			name: "dirty read of a refused append",
			history: `
				1.000 c3 n4 append x 17
				1.010 c3 fail
				2.000 c7 n1 read x
				2.001 c7 ok [17]`,
			want: "dirty-read: Dirty read: client 7 read x = [17] from n1 at 2.000 s, with 17 in it, although client 3's append of 17 to x had been refused by n4: what fails must never be seen.",
			ops:  "[0 2]",
		},
		{
			name: "dirty read of what nobody appended",
			history: `
				2.000 c7 n1 read x
				2.001 c7 ok ["a"]`,
			want: `dirty-read: Dirty read: client 7 read x = ["a"] from n1 at 2.000 s, with "a" in it, although nobody ever asked to append that.`,
			ops:  "[0]",
		},
		{
			name: "no list at all",
			history: `
				2.000 c7 n1 read x
				2.001 c7 ok 5`,
			want: "dirty-read: Dirty read: client 7 read x = 5 from n1 at 2.000 s, which is no list.",
			ops:  "[0]",
		},
		{
			name: "a refused append is never seen",
			history: `
				1.000 c3 n4 append x 17
				1.010 c3 fail
				2.000 c7 n1 read x
				2.001 c7 ok []`,
			finals: "null null null",
		},
		{
			name: "lost, by the list that went on without it",
			history: `
				1.000 c3 n4 append x 1
				1.010 c3 ok
				2.000 c3 n4 append x 2
				2.010 c3 ok
				3.000 c4 n1 append x 3
				3.010 c4 ok
				4.000 c7 n1 read x
				4.001 c7 ok [1,3]`,
			want: "lost-write: Lost write: client 3's append of 2 to x was acknowledged by n4 at 2.010 s, but 1.99 s later client 7 read x = [1,3] from n1 at 4.000 s, a list that had gone on to 3.",
			ops:  "[2 6]",
		},
		{
			name: "lost, by the last reads and the nodes",
			history: `
				1.000 c3 n4 append x 1
				1.010 c3 ok
				2.000 c3 n4 append x 2
				2.010 c3 ok
				4.000 c7 n1 read x
				4.001 c7 ok [1]`,
			finals: "[1] [1] [1]",
			want:   "lost-write: Lost write: client 3's append of 2 to x was acknowledged by n4 at 2.010 s, but 1.99 s later client 7 read x = [1] from n1 at 4.000 s, no later read showed 2, and no node held it at the end.",
			ops:    "[2 4]",
		},
		{
			name: "lost at the end alone",
			history: `
				1.000 c3 n4 append x 1
				1.010 c3 ok
				1.500 c7 n1 read x
				1.501 c7 ok [1]`,
			finals: "null null null",
			want:   "lost-write: Lost write: client 3's append of 1 to x was acknowledged by n4 at 1.010 s, but at the end none of the 3 nodes that answered held it.",
			ops:    "[0 1000]",
		},
		{
			name: "a node that is behind at the end has lost nothing",
			history: `
				1.000 c3 n4 append x 1
				1.010 c3 ok`,
			finals: "null [1] null",
		},
		{
			name: "one node of three cannot tell a loss",
			history: `
				1.000 c3 n4 append x 1
				1.010 c3 ok`,
			finals: "null",
		},
		{
			name: "went on without it while the append was under way",
			history: `
				1.000 c3 n4 append x 1
				1.005 c7 n1 read x
				1.010 c3 ok
				1.020 c4 n4 append x 2
				1.030 c4 ok
				1.040 c7 ok [2]`,
			want: "lost-write: Lost write: client 3's append of 1 to x was acknowledged by n4 at 1.010 s, but client 7 read x = [2] from n1 at 1.005 s, a list that had gone on to 2.",
			ops:  "[0 1 3]",
		},
		{
			name: "reordered",
			history: `
				1.000 c3 n4 append x 1
				1.010 c3 ok
				1.500 c3 n4 append x 2
				1.510 c3 ok
				2.000 c7 n1 read x
				2.001 c7 ok [2,1]`,
			want: "reordered: Reordered: client 7 read x = [2,1] from n1 at 2.000 s, with 2 before 1, although client 3's append of 1 to x was acknowledged by n4 at 1.010 s, 490 ms before client 3's append of 2 to x began.",
			ops:  "[0 2 4]",
		},
		{
			name: "two orders of appends under way at once",
			history: `
				1.000 c3 n4 append x 1
				1.000 c4 n4 append x 2
				1.100 c7 n1 read x
				1.100 c8 n2 read x
				1.110 c7 ok [1,2]
				1.110 c8 ok [2]
				1.200 c3 ok
				1.200 c4 ok`,
			want: "reordered: Reordered: client 8 read x = [2] from n2 at 1.100 s, although client 7 read x = [1,2] from n1 at 1.100 s: neither is the beginning of the other.",
			ops:  "[2 3]",
		},
		{
			name: "appends under way at once may stand either way",
			history: `
				1.000 c3 n4 append x 1
				1.000 c4 n4 append x 2
				1.100 c7 n1 read x
				1.100 c8 n2 read x
				1.110 c7 ok [2,1]
				1.110 c8 ok [2]
				1.200 c3 ok
				1.200 c4 ok`,
		},
		{
			name: "read before it was asked for",
			history: `
				1.000 c7 n1 read x
				1.001 c7 ok [1]
				2.000 c3 n4 append x 1
				2.010 c3 ok`,
			want: "non-linearizable: Not linearizable: client 7 was shown 1 in x by n1 and was done 999 ms before client 3's append of 1 to x began.",
			ops:  "[0 2]",
		},
		{
			name: "a long list is shown by its end",
			history: `
				1.000 c3 n4 append x 1
				1.010 c3 info
				1.000 c4 n4 append x 2
				1.010 c4 ok
				3.000 c7 n1 read x
				3.001 c7 ok [2,1,1,1,1,1,1,1,1,1,1]`,
			want: "duplicate-apply: Duplicate apply: client 7 read x = […,1,1,1,1,1,1,1,1] (11 tokens) from n1 at 3.000 s, with 1 at places 2 and 3, although client 3's append of 1 to x was one operation, called at 1.000 s and never answered.",
			ops:  "[0 4]",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := script(t, tc.history)
			for i, x := range strings.Fields(tc.finals) {
				h.FinalReads = append(h.FinalReads, final(fmt.Sprintf("n%d", i+1), x))
			}
			check := Lists{}.Check(t.Context(), h)
			if tc.want == "" {
				if check.Verdict != checker.Valid || len(check.Anomalies) > 0 {
					t.Errorf("%v %+v, want valid", check.Verdict, check.Anomalies)
				}
				return
			}
			if check.Verdict != checker.Invalid || len(check.Anomalies) != 1 {
				t.Fatalf("%v %+v, want one anomaly", check.Verdict, check.Anomalies)
			}
			a := check.Anomalies[0]
			if got := a.Name + ": " + a.Message; got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if got := fmt.Sprint(a.Ops); got != tc.ops {
				t.Errorf("operations %s, want %s", got, tc.ops)
			}
			if a.Extent != "on 1 key of 1" {
				t.Errorf("found %q", a.Extent)
			}
		})
	}
}

func TestWhatCannotBeJudged(t *testing.T) {
	for name, c := range map[string]struct{ history, says string }{
		"a token appended twice": {`
			1.000 c3 n4 append x 1
			1.010 c3 ok
			2.000 c3 n4 append x 1
			2.010 c3 ok`, "the token 1 was appended by two operations (events 0 and 2)"},
		"another operation": {`
			1.000 c3 n4 write x 1
			1.010 c3 ok`, `event 0 invokes "write"`},
	} {
		check := Lists{}.Check(t.Context(), script(t, c.history))
		if check.Verdict != checker.Unknown || !strings.Contains(check.Keys[0].Message, c.says) {
			t.Errorf("%s: %v %+v", name, check.Verdict, check.Keys)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	h := script(t, "1.000 c3 n4 append x 1\n1.010 c3 ok")
	if check := (Lists{}).Check(over, h); check.Verdict != checker.Unknown {
		t.Errorf("with no time: %v", check.Verdict)
	}
	if check := (Lists{}).Check(t.Context(), &history.History{}); check.Verdict != checker.Valid {
		t.Errorf("an empty history: %v", check.Verdict)
	}
}

// Where a token recurs, what nobody ever appended is told all the same, and nothing else.
func TestWhereATokenRecurs(t *testing.T) {
	const twice = `
		1.000 c3 n4 append x 1
		1.010 c3 ok
		2.000 c3 n4 append x 1
		2.010 c3 ok
		2.020 c3 n4 append x 3
		2.030 c3 fail
		2.040 c8 n1 read x
		2.050 c8 info`
	for name, c := range map[string]struct{ history, want string }{
		"nobody": {twice + `
			3.000 c7 n1 read x
			3.010 c7 ok [1,1]
			4.000 c7 n1 read x
			4.010 c7 ok [1,9]`, "dirty-read: Dirty read: client 7 read x = [1,9] from n1 at 4.000 s, with 9 in it, although nobody ever asked to append that."},
		"somebody, after the other": {twice + `
			3.000 c7 n1 append x 9
			3.010 c7 ok
			4.000 c7 n1 read x
			4.010 c7 ok [1,9]`, ""},
		"somebody, before the other": {`
			0.500 c7 n1 append x 9
			0.600 c7 info` + twice + `
			4.000 c9 n1 read x
			4.010 c9 ok [9,1]`, ""},
		"only one that was refused": {twice + `
			4.000 c7 n1 read x
			4.010 c7 ok [3]`, "dirty-read: Dirty read: client 7 read x = [3] from n1 at 4.000 s, with 3 in it, although client 3's append of 3 to x had been refused by n4: what fails must never be seen."},
		"nobody, but the key is no list": {twice + `
			3.000 c7 n1 write x 1
			3.010 c7 ok
			4.000 c7 n1 read x
			4.010 c7 ok [9]`, ""},
		"what was certain before": {`
			0.500 c7 n1 append x 4
			0.600 c7 ok
			0.700 c7 n1 read x
			0.800 c7 ok []` + twice, "stale-read: Stale read: client 7 read x = [] from n1 at 0.700 s, although client 7's append of 4 to x had been acknowledged by n1 100 ms earlier."},
	} {
		check := Lists{}.Check(t.Context(), script(t, c.history))
		got, want := "", checker.Unknown
		for _, a := range check.Anomalies {
			got, want = got+a.Name+": "+a.Message, checker.Invalid
		}
		if got != c.want || check.Verdict != want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", name, check.Verdict, got, c.want)
		}
	}
}

// What is certain while a list grows is certain at the end, though a token is appended again after that. Without it
// the key stays undecided, whatever is shown later.
func TestWhatWasCertainStaysSo(t *testing.T) {
	for shown, want := range map[string]checker.Verdict{"[]": checker.Invalid, "[1]": checker.Unknown} {
		check := Lists{}.Check(t.Context(), script(t, `
			1.000 c3 n4 append x 1
			1.010 c3 ok
			1.020 c7 n1 read x
			1.030 c8 n1 read x
			1.040 c7 ok `+shown+`
			2.000 c3 n4 append x 1
			2.010 c3 ok
			2.020 c8 ok [1,1]
			2.030 c7 n1 read x
			2.040 c7 ok []`))
		if check.Verdict != want {
			t.Errorf("after a read of %s: %v: %+v", shown, check.Verdict, check.Anomalies)
		}
		if says := "; its first 3 operations are linearizable"; want == checker.Unknown && !strings.HasSuffix(check.Keys[0].Message, says) {
			t.Errorf("%q does not say %q", check.Keys[0].Message, says)
		}
		if want == checker.Invalid && (len(check.Anomalies) != 1 || check.Anomalies[0].Name != checker.StaleRead) {
			t.Errorf("%+v", check.Anomalies)
		}
	}
}

// A token that failed once and was appended later is the later operation's.
func TestARefusedTokenMayBeAskedAgain(t *testing.T) {
	h := script(t, `
		1.000 c3 n4 append x 1
		1.010 c3 fail
		2.000 c3 n4 append x 1
		2.010 c3 ok
		3.000 c7 n1 read x
		3.010 c7 ok [1]`)
	if check := (Lists{}).Check(t.Context(), h); check.Verdict != checker.Valid {
		t.Errorf("%v %+v", check.Verdict, check.Anomalies)
	}
}
