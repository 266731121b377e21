package checker

import (
	"fmt"
	"slices"
	"strings"
)

// Expect is what a scenario should show.
type Expect struct {
	Verdict   Verdict  `yaml:"verdict"` // Unknown, the zero value, stands for Valid
	Anomalies []string `yaml:"anomalies,omitempty,flow"`
	Allow     []string `yaml:"allow,omitempty,flow"` // may be found as well
	// Effects is how often appends that the scenario asks for itself must have taken effect, by their names.
	Effects map[string]Times `yaml:"effects,omitempty,flow"`
}

func (e Expect) verdict() Verdict {
	if e.Verdict == Unknown {
		return Valid
	}
	return e.Verdict
}

func (e Expect) String() string {
	text := e.verdict().String()
	if len(e.Anomalies) > 0 {
		text += " with " + strings.Join(e.Anomalies, ", ")
	}
	if len(e.Allow) > 0 {
		text += "; allowed as well: " + strings.Join(e.Allow, ", ")
	}
	for i, name := range sortedKeys(e.Effects) {
		text += []string{"; ", ", "}[min(i, 1)] + name + " " + string(e.Effects[name])
	}
	return text
}

// Met says whether r is what was expected, and if not, why.
func (e Expect) Met(r *Result) (bool, []string) {
	var why []string
	if r.Verdict != e.verdict() {
		why = append(why, fmt.Sprintf("expected %s, found %s", e.verdict(), r.Verdict))
	}
	found := make(map[string]bool)
	for _, a := range r.Anomalies {
		found[a.Name] = true
	}
	for _, name := range e.Anomalies {
		if !found[name] {
			why = append(why, name+" was expected and not found")
		}
		delete(found, name)
	}
	for _, name := range e.Allow {
		delete(found, name)
	}
	var others []string
	for name := range found {
		others = append(others, name)
	}
	slices.Sort(others)
	for _, name := range others {
		why = append(why, name+" was found and not expected")
	}
	for _, e := range r.Effects {
		if !e.Holds {
			why = append(why, e.Message)
		}
	}
	return len(why) == 0, why
}

// The exit statuses of every command that judges.
const (
	ExitAsExpected    = 0
	ExitNotAsExpected = 1
	ExitUndecided     = 2
	ExitHarness       = 3 // the harness failed, set-up included: no verdict
)

// ExitStatus is the exit status that tells r.
func (r *Result) ExitStatus() int {
	switch {
	case r.AsExpected:
		return ExitAsExpected
	case r.Verdict == Unknown || r.Verdict == Vacuous:
		return ExitUndecided
	}
	return ExitNotAsExpected
}
