package liveness

import (
	"fmt"
	"strings"

	"schism/checker"
)

// disruption finds more changes of leader than allowed. One that no fault explains, right after a stall of
// the machine, does not count against the system: followers that hear nothing must elect another.
func disruption(k *course) (*checker.Anomaly, string) {
	changes := k.changes()
	if k.limits.LeaderChanges == nil || len(changes) <= *k.limits.LeaderChanges {
		return nil, k.unseen(k.limits.LeaderChanges)
	}
	limit, doubtful := *k.limits.LeaderChanges, k.doubtful()
	if len(changes)-doubtful <= limit {
		return nil, fmt.Sprintf("Seen: %s; allowed: %s. But %d of those seen no fault explains, and the machine or a node had stood still for %s or longer right before, so that nobody can tell whose doing it was.",
			times(len(changes), "change of leader", "changes of leader"), allowed(limit), doubtful, checker.ShowSpan(k.limits.Stall))
	}
	first := changes[0]
	a := &checker.Anomaly{
		Name: checker.Disruption, Ops: []int64{}, Focus: -1, Faults: k.faultsIn(interval{first.before.from, first.after.from}),
		Message: fmt.Sprintf("Disruption: %s, although the scenario allows %s.", k.changeWords(changes), times(limit, "change of leader", "changes of leader")),
		Proof:   "the nodes told these leaders and terms of themselves, and the scenario states the limit.",
	}
	for _, c := range changes {
		a.Events = append(a.Events, c.after.event)
	}
	return a, ""
}

func allowed(limit int) string {
	if limit == 0 {
		return "none"
	}
	return fmt.Sprint(limit)
}

// changeWords is "n3 took over from n1 at 20.4 s in term 72".
func (k *course) changeWords(all []change) string {
	const most = 3
	var words []string
	for i, c := range all {
		if i == most {
			words = append(words, fmt.Sprintf("%d more changes followed", len(all)-i))
			break
		}
		did := fmt.Sprintf("%s took over from %s", c.after.node, c.before.node)
		if c.after.node == c.before.node {
			did = c.after.node + " was elected again"
		}
		words = append(words, fmt.Sprintf("%s at %s in term %d, after term %d", did, checker.ShowTime(c.after.from), c.after.term, c.before.term))
	}
	return strings.Join(words, "; ") + k.standingWords(all[0])
}

// standingWords tells that the old leader could have gone on.
func (k *course) standingWords(c change) string {
	if e := k.reach.at(c.after.from); len(e.cut)+len(e.down) == 0 {
		return "; all nodes could talk to each other when " + c.after.node + " took over"
	} else if e.served[c.before.node] {
		return "; " + c.before.node + " reached a majority when " + c.after.node + " took over"
	}
	return ""
}

// unseen says that a limit on what the observer sees cannot be judged, because it saw nothing.
func (k *course) unseen(limit *int) string {
	if limit != nil && len(k.reigns) == 0 {
		return "Nobody was ever seen to lead, so that limits on leaders and terms cannot be judged."
	}
	return ""
}
