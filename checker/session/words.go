package session

import (
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// titles are the names of anomalies as a sentence begins with them.
func title(name string) string {
	switch name {
	case checker.ReadYourWrites:
		return "Read your writes"
	case checker.MonotonicReads:
		return "Monotonic reads"
	case checker.MonotonicWrites:
		return "Monotonic writes"
	case checker.WritesFollowReads:
		return "Writes follow reads"
	}
	return "Dirty read"
}

// message is the finding in one sentence.
func (f *finding) message(key string) string {
	text := fmt.Sprintf("%s: client %v read %s = %s%s at %s", title(f.name), f.focus.Process, checker.ShowKey(key), f.saw,
		checker.ShowPlace("from", f.focus), checker.ShowTime(f.focus.CallTime))
	if f.focus.F == history.CAS {
		text = fmt.Sprintf("%s: client %v's cas found %s = %s%s at %s", title(f.name), f.focus.Process, checker.ShowKey(key), f.saw,
			checker.ShowPlace("at", f.focus), checker.ShowTime(f.focus.CallTime))
	}
	switch f.name {
	case checker.DirtyRead:
		return text + ", although no write that may have taken effect had asked for that by then."
	case checker.ReadYourWrites:
		return fmt.Sprintf("%s, although its own write of %s had been acknowledged%s %s.", text, f.what,
			checker.ShowPlace("by", f.before), earlier(f.before, f.focus))
	case checker.MonotonicReads:
		return fmt.Sprintf("%s, although it had itself read %s%s, %s.", text, f.what, checker.ShowPlace("from", f.before), earlier(f.before, f.focus))
	case checker.MonotonicWrites:
		return fmt.Sprintf("%s: in it is what client %v wrote after %s, and %s is not before it.", text, f.before.Process, f.what, f.what)
	}
	return fmt.Sprintf("%s: in it is what client %v wrote after it had read %s, and %s is not before it.", text, f.before.Process, f.what, f.what)
}

func earlier(before, after *history.Operation) string {
	return checker.ShowGap(after.CallTime-before.ReturnTime, "earlier")
}

// reason is why no order of the versions explains it.
func (f *finding) reason(key string) string {
	switch f.name {
	case checker.DirtyRead:
		return "A value can only be seen after somebody has asked to write it."
	case checker.ReadYourWrites, checker.MonotonicReads:
		switch {
		case f.list:
			return fmt.Sprintf("%s only grows: what a session has seen in it, or appended to it, is in all that it sees later.", checker.ShowKey(key))
		case f.since == "":
			return fmt.Sprintf("%s holds %s only before it is written for the first time: a session that has seen %s never sees it again.", checker.ShowKey(key), f.saw, f.what)
		}
		return fmt.Sprintf("%s is older than %s: %s.", f.saw, f.what, f.since)
	case checker.MonotonicWrites:
		return "A session's writes take effect everywhere in the order in which it made them, none without those before it."
	}
	return "What a session had read before it wrote is everywhere where that write is, and before it."
}

// because tells the steps from an older version to a newer one.
func because(path []edge) string {
	const most = 4
	var steps []string
	for i, e := range path {
		if i == most {
			steps = append(steps, fmt.Sprintf("%d more such steps", len(path)-most))
			break
		}
		steps = append(steps, e.by.text())
	}
	return checker.ShowList(slices.Compact(steps))
}

func (w *witness) text() string {
	if w.before == w.after {
		return checker.ShowWrite(w.after)
	}
	return fmt.Sprintf("client %v %s, then %s", w.before.Process, did(w.before), did(w.after))
}

func did(o *history.Operation) string {
	if v, writes, _ := checker.Written(o); writes && (o.F == history.Write || o.Outcome != history.Fail) {
		return "wrote " + checker.ShowValue(v)
	}
	v, _ := checker.Shown(o)
	return "read " + checker.ShowValue(v)
}
