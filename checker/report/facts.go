package report

import (
	"fmt"
	"strings"
	"time"
)

func runLine(in Input) string {
	var parts []string
	for _, p := range []string{in.Scenario.Name, in.Scenario.Runtime} {
		if p != "" {
			parts = append(parts, name(p))
		}
	}
	if in.Scenario.Seed != "" {
		parts = append(parts, "seed "+name(in.Scenario.Seed))
	}
	return strings.Join(parts, " · ")
}

func facts(in Input) []fact {
	s, h := in.Result.Stats, in.History
	var all []fact
	add := func(name string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			all = append(all, fact{name, values})
		}
	}
	add("Scenario", ellipsis(plain(in.Scenario.Name), 60))
	add("System", systemWords(in))
	add("Runtime", ellipsis(plain(in.Scenario.Runtime), 60))
	add("Workload", ellipsis(plain(in.Scenario.Workload), 80))
	add("Length", fmt.Sprintf("%.1f s", h.End.Seconds()))
	if !h.Header.Started.IsZero() {
		add("Started", h.Header.Started.UTC().Format("2 Jan 2006, 15:04 UTC"))
	}
	add("Operations", thousands(s.Operations), fmt.Sprintf("%s ok · %s fail · %s info", thousands(s.OK), thousands(s.Fail), thousands(s.Info)))
	add("Faults", faultCounts(h))
	add("Seed", ellipsis(plain(in.Scenario.Seed), 40))
	add("Checked", checkedWords(in))
	add("Expected", expectedWords(in)...)
	return all
}

func systemWords(in Input) string {
	n := len(nodesOf(in))
	target := ellipsis(plain(in.Scenario.Target), 160)
	if n == 0 {
		return target
	}
	nodes := count(n, "node", "nodes")
	if target == "" {
		return nodes
	}
	return target + ", " + nodes
}

func checkedWords(in Input) string {
	if in.Result.Stats.CheckedIn <= 0 {
		return ""
	}
	return "in " + span(time.Duration(in.Result.Stats.CheckedIn*float64(time.Second)))
}

func expectedWords(in Input) []string {
	e := ellipsis(plain(in.Result.Expected), 80)
	switch {
	case e == "":
		return nil
	case in.Result.AsExpected:
		return []string{e, "as expected"}
	}
	return []string{e, "not as expected"}
}
