package schism

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"schism/checker"
	"schism/history/importers"
	"schism/workload"
)

func TestEveryWorkloadHasAModel(t *testing.T) {
	for _, k := range workload.Kinds() {
		if _, err := findModel(k.Model); err != nil {
			t.Errorf("workload %s: %v", k.Name, err)
		}
	}
}

// TestEveryModelIsReadAndJudged holds the two tables of models together.
func TestEveryModelIsReadAndJudged(t *testing.T) {
	for _, m := range Models() {
		if m.New(checker.Limits{}) == nil {
			t.Errorf("nobody judges the model %s", m.Name)
		}
		if !slices.ContainsFunc(importers.Models(), func(i importers.Model) bool { return i.Name == m.Name }) {
			t.Errorf("no history is read for the model %s", m.Name)
		}
	}
	if !slices.IsSortedFunc(Models(), func(a, b Model) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the models are not sorted by name")
	}
}

func TestLevelsOfIsolation(t *testing.T) {
	for _, m := range Models() {
		_, err := m.at("serializable")
		if leveled := slices.Contains(LeveledModels(), m.Name); leveled != (err == nil) || leveled && m.Check != isolation {
			t.Errorf("%s at a level: %v", m.Name, err)
		}
		if same, err := m.at(""); err != nil || same.New == nil {
			t.Errorf("%s without a level: %v", m.Name, err)
		}
	}
}

// TestGoldenHistoriesOfEveryObject judges MODEL-valid.edn valid, and finds in MODEL-ANOMALY.edn just that.
func TestGoldenHistoriesOfEveryObject(t *testing.T) {
	files, err := filepath.Glob("checker/*/testdata/*.edn")
	if err != nil || len(files) < 18 {
		t.Fatalf("%d golden histories, error %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".edn")
		model := "" // the longest that fits: set-full, not set
		for _, m := range Models() {
			if strings.HasPrefix(name, m.Name+"-") && len(m.Name) > len(model) {
				model = m.Name
			}
		}
		r, err := CheckHistory(t.Context(), file, As{Model: model})
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, a := range r.Anomalies {
			found = append(found, a.Name)
			t.Logf("%s: %s\n%s", name, a.Message, a.Proof)
		}
		verdict, want := checker.Valid, strings.TrimPrefix(name, model+"-")
		if want != "valid" {
			verdict = checker.Invalid
		}
		if r.Verdict != verdict || verdict == checker.Invalid && !slices.Equal(found, []string{want}) {
			t.Errorf("%s: %v with %v: %v", name, r.Verdict, found, r.Checks)
		}
	}
}
