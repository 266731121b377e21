package report

import (
	"encoding/json"
	"slices"
	"strings"

	"schism/checker"
	"schism/checker/txn"
	"schism/history"
)

// ofIsolation says whether an anomaly is one between transactions.
func ofIsolation(anomaly string) bool {
	return slices.Contains([]string{
		checker.G0, checker.G1a, checker.G1b, checker.G1c, checker.GSingle, checker.GNonadjacent, checker.G2Item,
		checker.LostUpdate, checker.Internal, checker.IncompatibleOrder,
	}, anomaly)
}

// brokenLevel is the level of isolation that an anomaly breaks; empty if it breaks none.
func brokenLevel(r *checker.Result, a checker.Anomaly) string {
	for _, c := range r.Checks {
		found := slices.ContainsFunc(c.Anomalies, func(b checker.Anomaly) bool { return a.Name == b.Name && a.Key == b.Key })
		if found && slices.Contains(txn.IsolationNames(), c.Name) {
			return c.Name
		}
	}
	return ""
}

// titled cuts the kind of an anomaly off its sentence, if it has one there: "Read skew (G-single)".
func titled(a checker.Anomaly, message string) (kind, rest string) {
	kind = upper(kindWords(a.Name))
	before, behind, cut := strings.Cut(message, ": ")
	switch {
	case cut && strings.EqualFold(before, kind):
		return kind, behind
	case cut && strings.HasSuffix(before, "("+a.Name+")"):
		return before, behind
	}
	return kind, message
}

// misses says whether another transaction, which had ended before, appended to the list of the story what this one
// does not show.
func (o proofOp) misses(other proofOp) bool {
	if other.F != history.Txn || other.Outcome != history.OK || other.Return < 0 || other.Return > o.Call {
		return false
	}
	return slices.ContainsFunc(other.accesses(), func(a history.Access) bool {
		return a.Kind == history.Appends && a.Register == o.key && o.lacks(a)
	})
}

// lacks says whether a transaction read a list without what was appended to it.
func (o proofOp) lacks(appended history.Access) bool {
	return slices.ContainsFunc(o.accesses(), func(a history.Access) bool {
		if a.Kind != history.Reads || a.Register != appended.Register || o.Outcome != history.OK {
			return false
		}
		var list []json.RawMessage
		if !history.IsNil(a.Value) && json.Unmarshal(a.Value, &list) != nil {
			return false // it is no list
		}
		return !slices.ContainsFunc(list, func(v json.RawMessage) bool { return history.Text(v) == history.Text(appended.Value) })
	})
}
