package schism

import (
	"fmt"
	"regexp"

	"schism/checker"
	"schism/history"
	"schism/history/importers"
)

// retell fits what checkers say to a bare history, which has no report to look the operations up in: it
// shows those of each proof with their lines, and takes away the times of a history that has none.
func retell(in *importers.Import, r *checker.Result) {
	ops := make(map[int64]*history.Operation, len(in.History.Operations))
	for i := range in.History.Operations {
		o := &in.History.Operations[i]
		ops[o.Call] = o
	}
	tell := func(a *checker.Anomaly) {
		if in.Untimed {
			a.Message, a.Proof = withoutTimes(a.Message), withoutTimes(a.Proof)
		}
		a.Shown = shown(in, ops, a.Ops)
	}
	for i := range r.Anomalies {
		tell(&r.Anomalies[i])
	}
	for i := range r.Checks {
		for k := range r.Checks[i].Anomalies {
			tell(&r.Checks[i].Anomalies[k])
		}
	}
}

// Where all times are 0 these are the words for them.
var (
	noTime = regexp.MustCompile(` at 0\.000 s\b`)
	noSpan = regexp.MustCompile(`\b0 µs (earlier|later|before|after)\b`)
)

func withoutTimes(text string) string {
	return noSpan.ReplaceAllString(noTime.ReplaceAllString(text, ""), "$1")
}

// shown is a list of operations: those of a proof are few, or more than anybody reads.
func shown(in *importers.Import, ops map[int64]*history.Operation, calls []int64) (all []string) {
	const most = 24
	for i, call := range calls {
		if i == most {
			return append(all, fmt.Sprintf("and %d more", len(calls)-most))
		}
		if o := ops[call]; o != nil {
			all = append(all, lines(in, o)+": "+did(o))
		}
	}
	return all
}

func lines(in *importers.Import, o *history.Operation) string {
	if o.Return < 0 {
		return fmt.Sprintf("line %d, never answered", in.Line(o.Call))
	}
	return fmt.Sprintf("lines %d and %d", in.Line(o.Call), in.Line(o.Return))
}

// did is what an operation did, in words.
func did(o *history.Operation) string {
	text := checker.ShowWrite(o)
	switch o.F {
	case history.Read, history.Get, history.Dequeue:
		text = fmt.Sprintf("client %v's %s of %s: %s", o.Process, o.F, checker.ShowKey(o.Key), checker.ShowValue(o.Output))
	}
	switch o.Outcome {
	case history.Fail:
		text += ", which failed"
	case history.Info:
		text += ", whose outcome nobody knows"
	}
	return text
}
