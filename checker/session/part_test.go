package session

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// No last part of a history in which every session kept its order is anything else; and all of it, as a part, is what it
// is to the check.
func TestPartsAgree(t *testing.T) {
	parts, proved := 0, 0
	for seed := range uint64(4_000) {
		r := rand.New(rand.NewPCG(seed, 4))
		lists := seed%2 == 1
		h := randomHistory(r, lists)
		c := Sessions{Lists: lists}
		w := c.Watch()
		for _, e := range checkertest.Events(h.Operations) {
			if s := w.Add(&e); s != checker.Fine {
				t.Fatalf("seed %d: event %d: %v", seed, e.Index, s)
			}
		}
		broken := c.Check(context.Background(), h).Verdict == checker.Invalid
		for from := range h.Operations {
			part := &history.History{Operations: slices.Clone(h.Operations[from:])}
			found := w.CheckPart(context.Background(), part).Verdict == checker.Invalid
			if found && !broken || from == 0 && found != broken {
				t.Fatalf("seed %d: broken %v, and the operations from the %d. on are: %v\n%s", seed, broken, from, found, dump(h))
			}
			if parts++; found {
				proved++
			}
		}
	}
	if t.Logf("%d parts, of which %d are broken", parts, proved); proved < 2_000 {
		t.Error("too few are broken")
	}
}

// What saw a value that was asked for before the part is left out, and of a list that value.
func TestPartLeavesOut(t *testing.T) {
	for name, c := range map[string]struct {
		lists   bool
		history string
		from    int
		want    string // names
	}{
		"a read of an older value":          {false, "c1 write 1\nc1 write 2\nc2 read 2\nc2 read 1", 1, ""},
		"nothing":                           {false, "c1 write 1\nc1 write 2\nc2 read 2\nc2 read 1", 0, checker.MonotonicReads},
		"not what nobody asked for":         {false, "c1 write 1\nc2 read 7", 1, checker.DirtyRead},
		"not nil":                           {false, "c1 write 1\nc1 read 1\nc1 write 2\nc1 read null", 2, checker.ReadYourWrites},
		"what a cas changed":                {false, "c1 write 1\nc2 cas 1 2\nc1 read 2\nc1 read 1", 1, ""},
		"not what it changed it into":       {false, "c1 write 1\nc2 cas 1 2\nc2 read null", 1, checker.ReadYourWrites},
		"an older element":                  {true, "c1 append 1\nc2 read [1]\nc2 read []", 1, ""},
		"not an element of the part":        {true, "c1 append 1\nc2 append 2\nc2 read [1,2]\nc2 read [1]", 1, checker.ReadYourWrites + " " + checker.MonotonicReads},
		"not an element nobody asked for":   {true, "c1 append 1\nc2 read [1,7]", 1, checker.DirtyRead},
		"not the order of what is left":     {true, "c1 append 1\nc2 append 2\nc2 append 3\nc1 read [1,3,2]", 1, checker.MonotonicWrites},
		"not an append, if nobody wrote it": {true, "c1 append 1\nc1 append 2\nc1 read [1]", 1, checker.ReadYourWrites},
	} {
		t.Run(name, func(t *testing.T) {
			h := script(t, c.history)
			s := Sessions{Lists: c.lists}
			w := s.Watch()
			for _, e := range checkertest.Events(h.Operations) {
				w.Add(&e)
			}
			h.Operations = h.Operations[c.from:]
			var names []string
			for _, a := range w.CheckPart(t.Context(), h).Anomalies {
				names = append(names, a.Name)
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}
