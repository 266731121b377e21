package linear

import (
	"fmt"
	"testing"
	"time"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

var script = checkertest.Script

func final(node string, applied uint64, state map[string]history.Value) history.Operation {
	return history.Operation{
		Process: 99, Node: node, F: history.FinalRead, Outcome: history.OK, Call: 1000, Return: 1001,
		CallTime: time.Minute, ReturnTime: time.Minute,
		Output: history.Encode(history.FinalState{Applied: applied, State: state}),
	}
}

func TestGolden(t *testing.T) {
	for _, tc := range []struct {
		name, history string
		final         string // of x on every node; empty: no final reads
		want          string // name: message; empty: valid
		ops           string
	}{
		{
			name: "stale read",
			history: `
				1.000 c3 n4 write x 12
				1.010 c3 ok
				18.490 c3 n4 write x 19
				18.501 c3 ok
				20.381 c7 n1 read x
				20.382 c7 ok 12`,
			want: "stale-read: Stale read: client 7 read x = 12 from n1 at 20.381 s, although client 3's write x = 19 had been acknowledged by n4 1.88 s earlier.",
			ops:  "[0 2 4]",
		},
		{
			name: "concurrent with the read",
			history: `
				1.000 c3 n4 write x 12
				1.010 c3 ok
				2.000 c7 n1 read x
				2.001 c3 n4 write x 19
				2.002 c3 ok
				2.003 c7 ok 12`,
		},
		{
			name: "stale read by the order of the events, though not by the clocks",
			history: `
				5.000 c3 n4 write x 12
				6.000 c3 ok
				1.000 c7 n1 read x
				2.000 c7 ok null`,
			want: "stale-read: Stale read: client 7 read x = nil from n1 at 1.000 s, although client 3's write x = 12 had been acknowledged by n4 earlier.",
			ops:  "[0 2]",
		},
		{
			name: "a cas from what nobody wrote to the same",
			history: `
				1.000 c3 n4 cas x 1 1
				1.010 c3 ok`,
			want: "dirty-read: Dirty read: client 3's cas changed x from 1 to 1 at n4 at 1.000 s, although nobody else ever asked to write that value.",
			ops:  "[0]",
		},
		{
			name: "a read of what only a cas from the same can have written",
			history: `
				1.000 c3 n4 cas x 1 1
				1.010 c3 info
				2.000 c4 n4 read x
				2.010 c4 ok 1`,
			want: "dirty-read: Dirty read: client 4 read x = 1 from n4 at 2.000 s, although nobody but a cas from the same value ever asked to write that value.",
			ops:  "[0 2]",
		},
		{
			name: "two cas from what nobody wrote to the same",
			history: `
				1.000 c3 n4 cas x "1" "1"
				1.005 c4 n4 cas x "1" "1"
				1.010 c3 ok
				1.020 c4 ok`,
			want: `dirty-read: Dirty read: client 3's cas changed x from "1" to "1" at n4 at 1.000 s, although nobody but a cas from the same value ever asked to write that value.`,
			ops:  "[0 1]",
		},
		{
			name: "a value before it is asked for, beside a write of nil",
			history: `
				1.000 c3 n4 read x
				1.010 c3 ok 0
				2.000 c4 n4 write x 0
				2.010 c4 ok
				3.000 c4 n4 write x null
				3.010 c4 ok`,
			want: "non-linearizable: Not linearizable: client 3 read x = 0 from n4 at 1.000 s and ended 990 ms before client 4's write x = 0 began, without which it could not be.",
			ops:  "[0 2]",
		},
		{
			name: "a value that nobody wrote, beside values that recur",
			history: `
				1.000 c3 n4 write x 1
				1.010 c3 info
				1.000 c4 n4 write x 1
				1.010 c4 info
				3.000 c5 n4 read x
				3.010 c5 ok 7`,
			want: "dirty-read: Dirty read: client 5 read x = 7 from n4 at 3.000 s, although nobody ever asked to write that value.",
			ops:  "[4]",
		},
		{
			name: "a value that was refused, beside values that recur",
			history: `
				1.000 c3 n4 write x 1
				1.010 c3 info
				1.000 c4 n4 write x 1
				1.010 c4 info
				2.000 c6 n4 write x 7
				2.010 c6 fail
				3.000 c5 n4 read x
				3.010 c5 ok 7`,
			want: "dirty-read: Dirty read: client 5 read x = 7 from n4 at 3.000 s, although client 6's write x = 7 had been refused by n4: what fails must never be seen.",
			ops:  "[4 6]",
		},
		{
			name: "a cas that failed because of what it wanted, beside values that recur",
			history: `
				1.000 c3 n4 write x 1
				1.010 c3 ok
				1.000 c4 n4 write x 1
				1.010 c4 ok
				3.000 c5 n4 cas x 1 2
				3.010 c5 mismatch 1`,
			want: "non-linearizable: Not linearizable: client 5's cas of x failed because it was not 1, and found 1.",
			ops:  "[4]",
		},
		{
			name: "stale read of nil",
			history: `
				1.000 c3 n4 write x 12
				1.010 c3 ok
				2.000 c7 n1 read x
				2.003 c7 ok null`,
			want: "stale-read: Stale read: client 7 read x = nil from n1 at 2.000 s, although client 3's write x = 12 had been acknowledged by n4 990 ms earlier.",
			ops:  "[0 2]",
		},
		{
			name: "an unknown write may come late",
			history: `
				1.000 c3 n4 write x 12
				1.010 c3 info
				2.000 c4 n4 write x 13
				2.010 c4 ok
				3.000 c7 n1 read x
				3.003 c7 ok 12`,
		},
		{
			name: "an unknown write that was seen before cannot",
			history: `
				1.000 c3 n4 write x 12
				1.010 c3 info
				1.100 c7 n1 read x
				1.103 c7 ok 12
				2.000 c4 n4 write x 13
				2.010 c4 ok
				3.000 c7 n1 read x
				3.003 c7 ok 12`,
			want: "stale-read: Stale read: client 7 read x = 12 from n1 at 3.000 s, although client 4's write x = 13 had been acknowledged by n4 990 ms earlier.",
			ops:  "[0 2 4 6]",
		},
		{
			name: "lost write: never seen again, and gone at the end",
			history: `
				1.000 c3 n4 write x 12
				1.010 c3 ok
				2.000 c4 n4 write x 13
				2.010 c4 ok
				3.000 c7 n1 read x
				3.003 c7 ok 12`,
			final: "12",
			want:  "lost-write: Lost write: client 4's write x = 13 was acknowledged by n4 at 2.010 s, but 990 ms later client 7 read x = 12 from n1 at 3.000 s, no later read showed it, and no node held it at the end.",
			ops:   "[0 2 4]",
		},
		{
			name: "not lost: it was there at the end",
			history: `
				1.000 c3 n4 write x 12
				1.010 c3 ok
				2.000 c4 n4 write x 13
				2.010 c4 ok
				3.000 c7 n1 read x
				3.003 c7 ok 12`,
			final: "13",
			want:  "stale-read: Stale read: client 7 read x = 12 from n1 at 3.000 s, although client 4's write x = 13 had been acknowledged by n4 990 ms earlier.",
			ops:   "[0 2 4]",
		},
		{
			name: "lost write: a cas took effect on the value before it",
			history: `
				1.000 c3 n4 write x 12
				1.010 c3 ok
				2.000 c4 n4 write x 13
				2.010 c4 ok
				3.000 c7 n1 cas x 12 14
				3.003 c7 ok`,
			want: "lost-write: Lost write: client 4's write x = 13 was acknowledged by n4 at 2.010 s, but 990 ms later client 7's cas changed x from 12 to 14 at n1 at 3.000 s.",
			ops:  "[0 2 4]",
		},
		{
			name: "dirty read of a failed write",
			history: `
				1.000 c3 n4 write x 12
				1.010 c3 fail
				3.000 c7 n1 read x
				3.003 c7 ok 12`,
			want: "dirty-read: Dirty read: client 7 read x = 12 from n1 at 3.000 s, although client 3's write x = 12 had been refused by n4: what fails must never be seen.",
			ops:  "[0 2]",
		},
		{
			name: "dirty read of what nobody wrote, through a failed cas",
			history: `
				3.000 c7 n1 cas x 1 2
				3.003 c7 mismatch 44`,
			want: "dirty-read: Dirty read: client 7's cas found x = 44 at n1 at 3.000 s, although nobody ever asked to write that value.",
			ops:  "[0]",
		},
		{
			name: "unknown cas observed only through another unknown cas",
			history: `
				1.000 c1 n1 cas x null 1
				1.001 c1 info
				1.002 c2 n1 cas x 1 2
				1.003 c2 info
				3.000 c7 n1 read x
				3.003 c7 ok 2`,
		},
		{
			name: "reordered: no acknowledged write proves it",
			history: `
				1.000 c1 n1 write x 1
				1.001 c1 info
				1.002 c2 n1 write x 2
				1.003 c2 info
				2.000 c7 n1 read x
				2.001 c7 ok 1
				2.002 c8 n2 read x
				2.003 c8 ok 2
				3.000 c7 n1 read x
				3.003 c7 ok 1`,
			want: "reordered: Reordered reads: client 7 read x = 1 from n1 at 3.000 s, although client 8 had seen the newer x = 2 at n2, 997 ms earlier.",
			ops:  "[0 2 4 6 8]",
		},
		{
			name: "reordered along a chain of unknown cas",
			history: `
				1.000 c1 n1 write x 1
				1.100 c2 n1 cas x 1 2
				1.101 c2 info
				1.200 c3 n1 cas x 2 3
				1.201 c3 info
				2.000 c4 n2 read x
				2.001 c4 ok 3
				2.002 c1 ok
				3.000 c5 n1 read x
				3.003 c5 ok 1`,
			want: "reordered: Reordered reads: client 5 read x = 1 from n1 at 3.000 s, although client 4 had seen the newer x = 3 at n2, 999 ms earlier.",
			ops:  "[0 1 3 5 8]",
		},
		{
			name: "stale read, proved by the chain of cas alone",
			history: `
				1.000 c1 n1 write x 1
				1.050 c2 n1 cas x 1 2
				1.060 c3 n1 cas x 2 3
				1.070 c3 ok
				1.080 c1 ok
				1.090 c2 ok
				3.000 c5 n1 read x
				3.003 c5 ok 1`,
			want: "stale-read: Stale read: client 5 read x = 1 from n1 at 3.000 s, although client 3's cas of x from 2 to 3 had been acknowledged by n1 1.93 s earlier.",
			ops:  "[0 1 2 6]",
		},
		{
			name: "read from the future",
			history: `
				1.000 c1 n1 read x
				1.001 c1 ok 5
				1.002 c2 n1 write x 5
				1.003 c2 ok`,
			want: "non-linearizable: Not linearizable: client 1 read x = 5 from n1 at 1.000 s and ended 1 ms before client 2's write x = 5 began, without which it could not be.",
			ops:  "[0 2]",
		},
		{
			name: "two cas took the same value",
			history: `
				1.000 c1 n1 cas x null 1
				1.001 c2 n1 cas x null 2
				1.002 c2 ok
				1.003 c1 ok`,
			want: "non-linearizable: Not linearizable: client 1's cas of x from nil to 1 and client 2's cas of x from nil to 2 both took effect, although x was nil only once.",
			ops:  "[0 1]",
		},
		{
			name: "a cas that contradicts itself",
			history: `
				1.000 c1 n1 cas x null 1
				1.001 c1 mismatch null`,
			want: "non-linearizable: Not linearizable: client 1's cas of x failed because it was not nil, and found nil.",
			ops:  "[0]",
		},
		{
			name: "values written more than once: stale read",
			history: `
				1.000 c1 n1 write x 1
				1.001 c1 ok
				1.002 c1 n1 write x 2
				1.003 c1 ok
				1.004 c1 n1 write x 1
				1.005 c1 ok
				1.006 c1 n1 write x 2
				1.007 c1 ok
				2.000 c2 n2 read x
				2.001 c2 ok 1`,
			want: "stale-read: Stale read: client 2 read x = 1 from n2 at 2.000 s, although client 1's write x = 2 had been acknowledged by n1 993 ms earlier.",
			ops:  "[0 4 6 8]",
		},
		{
			name: "a failed cas that does not tell what it found",
			history: `
				1.000 c1 n1 write x 1
				1.001 c1 ok
				1.002 c2 n1 cas x 1 2
				1.003 c2 mismatch`,
			want: "non-linearizable: Not linearizable: client 2's cas of x from 1 to 2 at n1 failed at 1.002 s because x was not 1, although in no order of the operations was it anything else.",
			ops:  "[0 2]",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := script(t, tc.history)
			h.Header.Nodes = []string{"n1", "n2", "n3"}
			if tc.final != "" {
				for _, node := range h.Header.Nodes {
					h.FinalReads = append(h.FinalReads, final(node, 7, map[string]history.Value{"x": history.Value(tc.final)}))
				}
			}
			c := Register{}.Check(t.Context(), h)
			if tc.want == "" {
				if c.Verdict != checker.Valid {
					t.Fatalf("verdict %v, want valid: %+v", c.Verdict, c)
				}
				return
			}
			if c.Verdict != checker.Invalid || len(c.Anomalies) != 1 {
				t.Fatalf("verdict %v with %d anomalies, want invalid with one: %+v", c.Verdict, len(c.Anomalies), c)
			}
			a := c.Anomalies[0]
			if got := a.Name + ": " + a.Message; got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if got := fmt.Sprint(a.Ops); got != tc.ops {
				t.Errorf("proof %s, want %s", got, tc.ops)
			}
			t.Log(a.Proof)
		})
	}
}
