package checker

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"schism/history"
)

// FaultsBit says of each fault of a history whether it demonstrably had its effect, and whether it is
// demonstrably gone. What nobody measured did not happen: a run undoes every fault that it brought about.
func FaultsBit(h *history.History) []Worth {
	var all, missed []Worth
	for i := range h.Faults {
		f := &h.Faults[i]
		if f.Missed() {
			missed = append(missed, Worth{What: FaultText(f) + " had its effect", Seen: measured(f.Bit, history.FaultProof, f)})
			continue
		}
		all = append(all, Worth{What: FaultText(f) + " had its effect", Holds: f.Bit != nil && *f.Bit, Seen: measured(f.Bit, history.FaultProof, f)})
		if f.End >= 0 || f.Active >= 0 {
			all = append(all, Worth{What: FaultText(f) + " was undone", Holds: f.Gone != nil && *f.Gone, Seen: measured(f.Gone, history.FaultHealed, f)})
		}
	}
	return append(all, toldOnce(missed)...)
}

// toldOnce tells what is the same once: a run that ends early has not struck with all of its faults that were
// still to come.
func toldOnce(all []Worth) []Worth {
	times := make(map[Worth]int)
	var once []Worth
	for _, w := range all {
		if times[w]++; times[w] == 1 {
			once = append(once, w)
		}
	}
	for i, w := range once {
		if n := times[w]; n > 1 {
			once[i].Seen = fmt.Sprintf("%d times: %s", n, w.Seen)
		}
	}
	return once
}

// measured is what was seen of a fault in one phase, in words.
func measured(bit *bool, phase history.Phase, f *history.FaultLife) string {
	var words []string
	for _, e := range f.Events {
		if e.Phase == phase && e.Proof != "" {
			words = append(words, e.Proof)
		}
	}
	switch {
	case len(words) > 0:
		return strings.Join(words, "; ")
	case bit == nil:
		return "nobody measured it"
	case *bit:
		return "measured"
	}
	return "measured, and not so"
}

// FaultText names a fault as it struck: "partition n1 n2 | n3 n4 n5".
func FaultText(f *history.FaultLife) string {
	switch r := f.Resolved(); {
	case r.What == "":
		return f.Text
	case strings.HasPrefix(r.What, f.F):
		return r.What
	default:
		return f.F + " " + r.What
	}
}

// FaultsAt names the faults that were on at some time during an operation, in the order in which they
// struck: each from its start on, until it is proved to be gone.
func FaultsAt(h *history.History, op *history.Operation) []string {
	var on []string
	end := max(op.CallTime, op.ReturnTime) // an operation without completion has no time of return
	for i := range h.Faults {
		if f := &h.Faults[i]; f.ActiveBetween(op.CallTime, end) {
			on = append(on, FaultText(f))
		}
	}
	return on
}

// KindsSucceeded says of each kind of operation (its f) whether one at least was answered with ok: a
// kind that never was is a promise that was never tested.
func KindsSucceeded(h *history.History, kinds []string) []Worth {
	sums := StatsOf(h).ByF
	all := make([]Worth, 0, len(kinds))
	for _, f := range kinds {
		s := sums[f]
		all = append(all, Worth{
			What: fmt.Sprintf("at least one %s succeeded", f), Holds: s.OK > 0,
			Seen: fmt.Sprintf("%d of %d", s.OK, s.OK+s.Fail+s.Info),
		})
	}
	return all
}

// StatsOf counts the operations of a history. Final reads are no operations of clients, and not
// counted.
func StatsOf(h *history.History) Stats {
	byF := make(map[string]*Sum)
	for i := range h.Operations {
		o := &h.Operations[i]
		s := byF[o.F]
		if s == nil {
			s = new(Sum)
			byF[o.F] = s
		}
		switch o.Outcome {
		case history.OK:
			s.OK++
		case history.Fail:
			s.Fail++
		default:
			s.Info++
		}
	}
	all := Stats{Operations: len(h.Operations), ByF: make(map[string]Sum, len(byF)), Seconds: h.End.Seconds()}
	for _, f := range slices.Sorted(maps.Keys(byF)) {
		s := *byF[f]
		all.ByF[f] = s
		all.OK, all.Fail, all.Info = all.OK+s.OK, all.Fail+s.Fail, all.Info+s.Info
	}
	return all
}
