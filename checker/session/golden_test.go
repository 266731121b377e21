package session

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"schism/checker"
)

func TestGolden(t *testing.T) {
	for _, tc := range []struct {
		name    string
		lists   bool
		history string
		want    string // name: message; empty: valid
		ops     string
	}{
		{name: "read your writes, kept", history: `
			c1 write 1
			c1 write 2
			c1 read 2`},
		{name: "read your writes, broken", history: `
			c1 write 1
			c1 write 2
			c1 read 1`,
			want: "read-your-writes: Read your writes: client 1 read x = 1 from n1 at 2.000 s, although its own write of 2 had been acknowledged by n1 995 ms earlier.",
			ops:  "[0 10 20]"},
		{name: "another client may be late", history: `
			c1 write 1
			c1 write 2
			c2 read 1
			c2 read 2`},
		{name: "nil after a write of its own", history: `
			c1 write 1
			c1 read null`,
			want: "read-your-writes: Read your writes: client 1 read x = nil from n1 at 1.000 s, although its own write of 1 had been acknowledged by n1 995 ms earlier.",
			ops:  "[0 10]"},
		{name: "monotonic reads, broken", history: `
			c1 write 1
			c1 write 2
			c2 read 2
			c2 read 1`,
			want: "monotonic-reads: Monotonic reads: client 2 read x = 1 from n1 at 3.000 s, although it had itself read 2 from n1, 995 ms earlier.",
			ops:  "[0 10 20 30]"},
		{name: "two writers, whose order nobody knows", history: `
			c1 write 1
			c2 write 2
			c3 read 2
			c3 read 1`},
		{name: "two writers, and readers that disagree", history: `
			c1 write 1
			c2 write 2
			c3 read 2
			c3 read 1
			c4 read 1
			c4 read 2`,
			want: "monotonic-reads: Monotonic reads: client 4 read x = 2 from n1 at 5.000 s, although it had itself read 1 from n1, 995 ms earlier.",
			ops:  "[20 30 40 50]"},
		{name: "a write follows what its session read", history: `
			c1 write 1
			c2 read 1
			c2 write 2
			c3 read 2
			c3 read 1`,
			want: "monotonic-reads: Monotonic reads: client 3 read x = 1 from n1 at 4.000 s, although it had itself read 2 from n1, 995 ms earlier.",
			ops:  "[10 20 30 40]"},
		{name: "a cas orders what it changes", history: `
			c1 write 1
			c2 cas 1 2
			c3 read 2
			c3 read 1`,
			want: "monotonic-reads: Monotonic reads: client 3 read x = 1 from n1 at 3.000 s, although it had itself read 2 from n1, 995 ms earlier.",
			ops:  "[10 20 30]"},
		{name: "a session ends with what nobody knows", history: `
			c1 write 1
			c1 write 2 info
			c2 read 1
			c2 read 2`},
		{name: "what failed was seen", history: `
			c1 write 1 fail
			c2 read 1`,
			want: "dirty-read: Dirty read: client 2 read x = 1 from n1 at 1.000 s, although no write that may have taken effect had asked for that by then.",
			ops:  "[10]"},
		{name: "what nobody has asked for yet was seen", history: `
			c2 read 1
			c1 write 1`,
			want: "dirty-read: Dirty read: client 2 read x = 1 from n1 at 0.000 s, although no write that may have taken effect had asked for that by then.",
			ops:  "[0]"},
		{name: "list: all kept, and others late", lists: true, history: `
			c1 append 1
			c1 append 2
			c2 read [1]
			c1 read [1,2]
			c2 append 3
			c3 read null
			c3 read [1,2,3]`},
		{name: "list: read your writes, broken", lists: true, history: `
			c1 append 1
			c1 read []`,
			want: "read-your-writes: Read your writes: client 1 read x = [] from n1 at 1.000 s, although its own write of 1 had been acknowledged by n1 995 ms earlier.",
			ops:  "[0 10]"},
		{name: "list: monotonic reads, broken", lists: true, history: `
			c1 append 1
			c1 append 2
			c2 read [1,2]
			c2 read [1]`,
			want: "monotonic-reads: Monotonic reads: client 2 read x = [1] from n1 at 3.000 s, although it had itself read 2 in it from n1, 995 ms earlier.",
			ops:  "[20 30]"},
		{name: "list: monotonic writes, broken", lists: true, history: `
			c1 append 1
			c1 append 2
			c2 read [2]`,
			want: "monotonic-writes: Monotonic writes: client 2 read x = [2] from n1 at 2.000 s: in it is what client 1 wrote after 1, and 1 is not before it.",
			ops:  "[0 10 20]"},
		{name: "list: an unknown append is nothing to rely on", lists: true, history: `
			c1 append 1 fail
			c1 append 2
			c2 read [2]`},
		{name: "list: writes follow reads, broken", lists: true, history: `
			c1 append 1
			c2 read [1]
			c2 append 2
			c3 read [2,1]`,
			want: "writes-follow-reads: Writes follow reads: client 3 read x = [2,1] from n1 at 3.000 s: in it is what client 2 wrote after it had read 1, and 1 is not before it.",
			ops:  "[10 20 30]"},
		{name: "list: another client's order is free", lists: true, history: `
			c1 append 1
			c2 append 2
			c3 read [2,1]`},
		{name: "list: what failed was seen", lists: true, history: `
			c1 append 1 fail
			c2 read [1]`,
			want: "dirty-read: Dirty read: client 2 read x = [1] from n1 at 1.000 s, although no write that may have taken effect had asked for that by then.",
			ops:  "[10]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			check := Sessions{Lists: tc.lists}.Check(context.Background(), script(t, tc.history))
			var got, ops []string
			for _, a := range check.Anomalies {
				got = append(got, a.Name+": "+a.Message)
				ops = append(ops, fmt.Sprint(a.Ops))
				if a.Proof == "" {
					t.Error("an anomaly without a proof")
				}
			}
			if strings.Join(got, "\n") != tc.want || strings.Join(ops, " ") != tc.ops {
				t.Errorf("got  %q %v\nwant %q %v", got, ops, tc.want, tc.ops)
			}
			if (check.Verdict == checker.Valid) != (tc.want == "") {
				t.Errorf("verdict %v: %s", check.Verdict, check.Message)
			}
		})
	}
}

// What cannot be judged is unknown, and says why.
func TestUndecided(t *testing.T) {
	for name, tc := range map[string]struct {
		lists         bool
		history, want string
	}{
		"a value twice":      {false, "c1 write 1\nc2 write 1", "event 10 writes 1, which was there before"},
		"nil":                {false, "c1 write null\nc1 read null", "event 0 writes nil, which was there before"},
		"an append twice":    {true, "c1 append 1\nc2 append 1", "event 10 appends 1 a second time"},
		"no list":            {true, "c1 append 1\nc2 read 1", "event 10: 1 is no list"},
		"another operation":  {false, "c1 dequeue 1", `event 0 invokes "dequeue"`},
		"another, on a list": {true, "c1 write 1", `event 0 invokes "write"`},
	} {
		check := Sessions{Lists: tc.lists}.Check(context.Background(), script(t, tc.history))
		if check.Verdict != checker.Unknown || !strings.Contains(check.Keys[0].Message, tc.want) {
			t.Errorf("%s: %v, %+v", name, check.Verdict, check.Keys)
		}
	}
	late, cancel := context.WithCancel(context.Background())
	cancel()
	if check := (Sessions{}).Check(late, script(t, "c1 write 1\nc1 read 1")); check.Verdict != checker.Unknown {
		t.Errorf("without time: %v", check.Verdict)
	}
}
