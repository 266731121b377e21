package report

import (
	"fmt"
	"html/template"

	"schism/history"
)

// wholeView is the run on one clock, drawn and in words.
type wholeView struct {
	Wide, Slim template.HTML
	Caption    string
	Faults     []faultRow
	MoreFaults int
}

// faultRow is a fault in words.
type faultRow struct {
	When, Kind, What string
	Proof            []string
	State            string // held, refuted, unproved
}

func (c chronicle) whole(stories []story) wholeView {
	data := newBinned(c.h)
	text := fmt.Sprintf("%s over %s, with %s; each step of the rate is %s long. The tables say the same in numbers.",
		count(len(c.h.Operations), "operation", "operations"), instant(c.h.End), faultCounts(c.h), span(data.width))
	v := wholeView{
		Wide: c.drawRun(stories, data, wide(), "runw", text), Slim: c.drawRun(stories, data, slim(), "runs", text),
		Caption: "Green: leader, hatched where it had no majority. Yellow: candidate. Line: follower. Crossed: down. Shaded: a fault was on. " +
			"An operation counts when it ended; one without an answer (info) may or may not have happened, and has no latency.",
	}
	for i, f := range c.h.Struck() {
		if i == maxRows {
			v.MoreFaults = len(c.h.Struck()) - i
			break
		}
		v.Faults = append(v.Faults, newFaultRow(f))
	}
	return v
}

func newFaultRow(f history.FaultLife) faultRow {
	row := faultRow{Kind: upper(plain(f.F)), What: struckWords(f), State: "unproved", When: instant(f.Start) + " on"}
	if f.Healed >= 0 {
		row.When = instant(f.Start) + " to " + instant(f.Healed)
	}
	if f.Bit != nil {
		row.State = map[bool]string{true: "held", false: "refuted"}[*f.Bit]
	}
	for _, p := range f.Proof {
		row.Proof = append(row.Proof, upper(sentence(ellipsis(plain(p), 300))))
	}
	return row
}
