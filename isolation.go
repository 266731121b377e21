package schism

import (
	"fmt"
	"strings"

	"schism/checker"
	"schism/checker/txn"
	"schism/configs/strictyaml"
)

// at is the model with the checker of a level of isolation; an empty level is the strictest.
func (m Model) at(level string) (Model, error) {
	switch {
	case level == "":
		return m, nil
	case m.At == nil:
		return m, fmt.Errorf("the model %s is judged by no isolation level: those that are are %s", m.Name, strings.Join(LeveledModels(), ", "))
	}
	l, err := txn.ParseIsolation(level)
	if err != nil {
		if hint := strictyaml.DidYouMean(level, txn.IsolationNames()); strings.HasPrefix(hint, "did you mean") {
			err = fmt.Errorf("there is no isolation level %q: %s", level, hint)
		}
		return m, err
	}
	m.New = func(limits checker.Limits) checker.Checker { return m.At(limits, l) }
	return m, nil
}

// LeveledModels are the models that are judged by a level of isolation.
func LeveledModels() (names []string) {
	for _, m := range Models() {
		if m.At != nil {
			names = append(names, m.Name)
		}
	}
	return names
}

// IsolationLevels are all of them, the weaker ones first.
func IsolationLevels() []txn.Level { return txn.Isolations() }

// judgedBy are the models whose histories a check of those two judges.
func judgedBy(check string) (names []string) {
	for _, m := range Models() {
		if m.Check == check {
			names = append(names, m.Name)
		}
	}
	return names
}

// checkIsolation gives the workload the checks that suit its model, where the scenario names none.
func (s *Scenario) checkIsolation(d *strictyaml.Document) {
	m, err := findModel(s.model())
	if err != nil {
		return // an unknown workload has been told
	}
	if !d.Has(&s.Checks) {
		s.Checks = usualChecks(m.Check)
	}
	if s.Isolation == "" {
		return
	}
	if m.At == nil {
		d.Errorf("leave it out", []any{&s.Isolation}, "what the workload %s does is judged by no isolation level", s.Workload.Name)
	} else if _, err := m.at(s.Isolation); err != nil {
		d.Errorf(strictyaml.DidYouMean(s.Isolation, txn.IsolationNames()), []any{&s.Isolation}, "unknown isolation level %q", s.Isolation)
	}
}

// keepsRealTime says whether the transactions of the workload are promised an order that is that of real time.
func (s *Scenario) keepsRealTime() bool {
	return s.judge().At != nil && txn.Isolation(s.Isolation).Level().Order == txn.RealTime
}

// judge is the model of the workload, with what its transactions are promised.
func (s *Scenario) judge() Model {
	m, _ := findModel(s.model()) // TestEveryWorkloadHasAModel
	at, _ := m.at(s.Isolation)   // Parse has looked
	return at
}
