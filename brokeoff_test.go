package schism

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"schism/history"
)

// What a run that failed leaves behind is never judged valid later.
func TestARunThatBrokeOffSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	rec, err := history.Create(path, history.Header{})
	if err != nil {
		t.Fatal(err)
	}
	new(run).brokeOff(rec, errors.New("the disk is on fire"))
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	h, err := history.Load(path)
	if err != nil || len(h.Incidents) != 1 || !strings.Contains(h.Incidents[0], "the disk is on fire") {
		t.Errorf("%+v, %v", h, err)
	}
}
