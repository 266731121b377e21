package checker

import (
	"testing"
	"time"

	"schism/history"
)

func yes() *bool { b := true; return &b }
func no() *bool  { b := false; return &b }

func TestFaultsBit(t *testing.T) {
	h := &history.History{Faults: []history.FaultLife{
		{
			F: "partition", Text: "partition [[leader, one], [rest]]", End: 9, Bit: yes(), Gone: yes(),
			Events: []history.Fault{
				{Phase: history.FaultActive, What: "n1 n2 | n3 n4 n5"},
				{Phase: history.FaultProof, Bit: yes(), Proof: "12 of 12 links silent"},
			},
		},
		{F: "kill", Text: "kill leader", Active: -1, End: -1, Bit: no()},
		{F: "kill", Text: "kill leader", Active: -1, End: -1, Bit: no()},
		{F: "kill", Text: "kill one", Active: -1, End: -1, Bit: no()},
		{F: "pause", Text: "pause one", Active: -1, End: -1},
		{F: "kill", Text: "kill all", Active: 5, End: -1, Bit: yes()},
	}}
	got := FaultsBit(h)
	want := []Worth{
		{What: "partition n1 n2 | n3 n4 n5 had its effect", Holds: true, Seen: "12 of 12 links silent"},
		{What: "partition n1 n2 | n3 n4 n5 was undone", Holds: true, Seen: "measured"},
		{What: "pause one had its effect", Seen: "nobody measured it"},
		{What: "kill all had its effect", Holds: true, Seen: "measured"},
		{What: "kill all was undone", Seen: "nobody measured it"},
		{What: "kill leader had its effect", Seen: "2 times: measured, and not so"},
		{What: "kill one had its effect", Seen: "measured, and not so"},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
}

func TestFaultsAt(t *testing.T) {
	h := &history.History{Faults: []history.FaultLife{
		{F: "kill", Text: "kill n1", Start: 10 * time.Second, Healed: 20 * time.Second},
		{F: "pause", Text: "pause n2", Start: 15 * time.Second, Healed: -1},
	}}
	for _, tc := range []struct {
		call, ret time.Duration
		want      int
	}{
		{5 * time.Second, 9 * time.Second, 0},
		{5 * time.Second, 11 * time.Second, 1},
		{12 * time.Second, 0, 1}, // never answered
		{16 * time.Second, 17 * time.Second, 2},
		{21 * time.Second, 22 * time.Second, 1},
	} {
		if got := FaultsAt(h, &history.Operation{CallTime: tc.call, ReturnTime: tc.ret}); len(got) != tc.want {
			t.Errorf("from %v to %v: %v, want %d", tc.call, tc.ret, got, tc.want)
		}
	}
}

func TestKindsSucceeded(t *testing.T) {
	h := finals([]history.Operation{wrote("1", history.OK), wrote("2", history.Info), swapped("1", "3", history.Fail)})
	got := KindsSucceeded(h, []string{history.Write, history.CAS, history.Read})
	for i, want := range []Worth{
		{What: "at least one write succeeded", Holds: true, Seen: "1 of 2"},
		{What: "at least one cas succeeded", Seen: "0 of 1"},
		{What: "at least one read succeeded", Seen: "0 of 0"},
	} {
		if got[i] != want {
			t.Errorf("got %+v, want %+v", got[i], want)
		}
	}
	s := StatsOf(h)
	if s.Operations != 3 || s.OK != 1 || s.Fail != 1 || s.Info != 1 || s.ByF[history.Write] != (Sum{OK: 1, Info: 1}) {
		t.Errorf("got %+v", s)
	}
}

func TestShowSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1880 * time.Millisecond: "1.88 s", 12345 * time.Millisecond: "12.3 s", 340 * time.Millisecond: "340 ms",
		1234 * time.Microsecond: "1.23 ms", 210 * time.Microsecond: "210 µs", 1500 * time.Nanosecond: "1.5 µs",
		123456 * time.Millisecond: "123 s", 20 * time.Second: "20 s", 0: "0 µs",
	} {
		if got := ShowSpan(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

// An operation that was refused first and then succeeded counts; one that never did does not.
func TestRetriedIsRequired(t *testing.T) {
	h := &history.History{Operations: []history.Operation{
		{Outcome: history.OK}, {Outcome: history.OK, Rare: &history.Rare{Attempts: 2}},
		{Outcome: history.Info, Rare: &history.Rare{Attempts: 9}}, {Outcome: history.OK, Rare: &history.Rare{Attempts: 3}},
	}}
	for want, holds := range map[int]bool{2: true, 3: false} {
		if w := (Require{Retried: want}).Worth(h); len(w) != 1 || w[0].Holds != holds || w[0].Seen != "2" {
			t.Errorf("%d are required: %+v", want, w)
		}
	}
}
