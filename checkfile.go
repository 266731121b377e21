package schism

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"

	"schism/checker"
	"schism/checker/txn"
	"schism/history"
	"schism/history/importers"
)

// As is how a bare history is to be taken.
type As struct {
	Format    string   // empty: as the file's first bytes look
	Model     string   // empty: the one that the file names, as schism's own do
	Isolation string   // of transactions; empty: the strictest
	Checks    []string // some of BareCheckNames; none: the one that suits the model
}

// CheckHistory judges a bare history: one file, of schism's or of another tool's, without a scenario. It
// writes nothing. Every error of reading names the file, and the line where there is one.
func CheckHistory(ctx context.Context, path string, as As) (*checker.Result, error) {
	in, err := readHistory(path, as.Format, as.Model)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m, err := findModel(in.Model)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m, err = m.at(as.Isolation); err != nil {
		return nil, err
	}
	checkers, err := m.checkers(as.Checks)
	if err != nil {
		return nil, err
	}
	taken := imported{Import: in}
	if m.At != nil {
		taken.level = cmp.Or(as.Isolation, string(txn.StrictSerializable))
	}
	plan := checker.Plan{Checkers: append(checkers, taken), Version: Version()}
	result := checker.Judge(ctx, in.History, plan)
	retell(in, result)
	return result, nil
}

func readHistory(path, format, model string) (*importers.Import, error) {
	var m importers.Model
	if model != "" {
		if _, err := findModel(model); err != nil {
			return nil, err
		}
		m = importers.Models()[slices.IndexFunc(importers.Models(), func(m importers.Model) bool { return m.Name == model })]
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return importers.Read(file, format, m)
}

// imported says what a bare history was taken for, and what in it was left out.
type imported struct {
	*importers.Import
	level string // of isolation that it was judged by; empty: by none
}

func (imported) Name() string { return "history" }

func (i imported) Check(context.Context, *history.History) checker.Check {
	stats := checker.StatsOf(i.History)
	c := checker.Check{
		Name: i.Name(), Verdict: checker.Valid, Message: i.words(stats),
		Figures: map[string]float64{"events": float64(i.History.Events)},
	}
	if !i.told() {
		c.Verdict = checker.Vacuous
		c.Message += " No operation succeeded that tells what the system held: nothing was tested."
	}
	if i.Nemesis > 0 {
		c.Figures["events_of_nemesis"] = float64(i.Nemesis)
	}
	if i.Others > 0 {
		c.Figures["lines_of_others"] = float64(i.Others)
	}
	return c
}

// told says whether anybody was told what the system held. Where nothing but writes succeeded every system keeps
// its promises.
func (i imported) told() bool {
	m := importers.Models()[slices.IndexFunc(importers.Models(), func(m importers.Model) bool { return m.Name == i.Model })]
	return slices.ContainsFunc(i.History.Operations, func(o history.Operation) bool {
		op := m.Ops[slices.IndexFunc(m.Ops, func(op importers.Op) bool { return op.F == o.F })] // every one was known when it was read
		switch op.Value {
		case importers.Takes, importers.Moves:
			return false
		case importers.Transacts:
			return o.Outcome == history.OK && !history.OnlyChanges(o.Input)
		}
		return o.Outcome == history.OK || o.F == history.CAS && o.Error == history.Mismatch
	})
}

func (i imported) words(s checker.Stats) string {
	noun := "operations"
	if s.Operations == 1 {
		noun = "operation"
	}
	text := fmt.Sprintf("Read as %s of the model %s: %d %s, %d of them ok.", i.Format, i.Model, s.Operations, noun, s.OK)
	if i.level != "" {
		text += fmt.Sprintf(" Its transactions are promised to be %s.", i.level)
	}
	if i.Nemesis > 0 {
		text += fmt.Sprintf(" Left out, as they prove nothing here: events of the nemesis, %d.", i.Nemesis)
	}
	if i.Others > 0 {
		text += fmt.Sprintf(" Lines that are no operations: %d.", i.Others)
	}
	if i.Untimed {
		text += " It tells no times, only an order."
	}
	return text
}

// HowRead is how CheckHistory read the history that a result is about, in words.
func HowRead(r *checker.Result) string {
	at := slices.IndexFunc(r.Checks, func(c checker.Check) bool { return c.Name == imported{}.Name() })
	if at < 0 {
		return ""
	}
	return r.Checks[at].Message
}
