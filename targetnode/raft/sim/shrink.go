package sim

// shrinkRuns bounds how many schedules a search for a shorter one plays.
const shrinkRuns = 3000

// Shrink looks for a schedule that violates the same invariant with less happening in it. A schedule
// without a violation, or with one of liveness, which is a matter of everything, is returned as it is.
func (sc Schedule) Shrink() (Schedule, Result) {
	first := sc.quietly().Run()
	if first.Violation == nil || first.Violation.Invariant == Liveness {
		return sc.quietly(), first
	}
	return sc.ShrinkWhile(func(r *Result) bool {
		return r.Violation != nil && r.Violation.Invariant == first.Violation.Invariant
	})
}

func (sc Schedule) quietly() Schedule {
	sc.Transcript = nil
	return sc
}

// ShrinkWhile looks for a schedule that fails with less happening in it, where this one does: it ends it
// earlier, and leaves out faults, lost messages and clients' requests, many at a time and then one by one,
// for as long as it fails and takes no longer (delta debugging, Zeller and Hildebrandt 2002).
func (sc Schedule) ShrinkWhile(fails func(*Result) bool) (Schedule, Result) {
	sc = sc.quietly().ended(fails)
	best, happened := sc.noting()
	budget := shrinkRuns
	for size := (len(happened) + 1) / 2; size > 0 && budget > 0; {
		shorter := false
		for at := 0; at < len(happened) && budget > 0; budget-- {
			trial := sc
			trial.without = with(sc.without, happened[at:min(at+size, len(happened))])
			r, now := trial.noting()
			if len(now) < len(happened) && r.Stats.Steps <= best.Stats.Steps && fails(&r) {
				sc, best, happened, shorter = trial, r, now, true
				continue // what stands at this place now was behind it
			}
			at += size
		}
		if !shorter || size > 1 {
			size /= 2
		}
	}
	return sc, best
}

// ended is the schedule with as few steps as it needs to fail.
func (sc Schedule) ended(fails func(*Result) bool) Schedule {
	for less := sc.Steps / 2; less > 0; less /= 2 {
		trial := sc
		trial.Steps -= less
		if r := trial.Run(); fails(&r) {
			sc = trial
		}
	}
	return sc
}

// noting runs the schedule and tells what disturbed its cluster.
func (sc Schedule) noting() (Result, []disturbance) {
	var happened []disturbance
	sc.note = &happened
	return sc.Run(), happened
}

func with(known map[disturbance]bool, more []disturbance) map[disturbance]bool {
	all := make(map[disturbance]bool, len(known)+len(more))
	for d := range known {
		all[d] = true
	}
	for _, d := range more {
		all[d] = true
	}
	return all
}
