package schism

import (
	"fmt"
	"slices"
	"strings"

	"schism/checker"
	"schism/checker/session"
	"schism/checker/staleness"
	"schism/workload"
)

// bareCheck is a promise that a bare history can be judged by, whose keys are what the model says.
type bareCheck struct {
	name   string
	new    func(model Model, l checker.Limits) checker.Checker
	models []string // those that it knows
}

func bareChecks() []bareCheck {
	simple := []string{"append", "cas-register", "register"}
	lists := func(m Model) bool { return m.Name == workload.ModelAppend }
	return []bareCheck{
		{linearizable, func(m Model, l checker.Limits) checker.Checker { return m.New(l) }, judgedBy(linearizable)},
		{isolation, func(m Model, l checker.Limits) checker.Checker { return m.New(l) }, judgedBy(isolation)},
		{"sessions", func(m Model, l checker.Limits) checker.Checker {
			return session.Sessions{Limits: l, Lists: lists(m)}
		}, simple},
		{"staleness", func(m Model, l checker.Limits) checker.Checker {
			return staleness.Checker{Bounds: l, Lists: lists(m)}
		}, simple},
	}
}

// modelsOf are those that a check knows; nil: of checks that no bare history is judged by.
func modelsOf(check string) []string {
	for _, c := range bareChecks() {
		if c.name == check {
			return c.models
		}
	}
	return nil
}

// BareCheckNames are the checks that a bare history can be judged by.
func BareCheckNames() []string {
	var names []string
	for _, c := range bareChecks() {
		names = append(names, c.name)
	}
	return names
}

// checkers are those of some names, or the model's own if there are none.
func (m Model) checkers(names []string) ([]checker.Checker, error) {
	all := bareChecks()
	if len(names) == 0 {
		names = []string{m.Check}
	}
	var made []checker.Checker
	for _, name := range names {
		at := slices.IndexFunc(all, func(c bareCheck) bool { return c.name == name })
		if at < 0 {
			return nil, fmt.Errorf("no bare history can be checked for %q: want %s", name, strings.Join(BareCheckNames(), ", "))
		}
		if c := all[at]; !slices.Contains(c.models, m.Name) {
			return nil, fmt.Errorf("the check %s knows the models %s, not %s", name, strings.Join(c.models, ", "), m.Name)
		}
		made = append(made, all[at].new(m, checkLimits()))
	}
	return made, nil
}
