package checker

import (
	"context"
	"errors"
	"strings"
	"testing"

	"schism/history"
)

// A key is judged in parts as long as no value recurs in what was asked for, whatever became of it.
func TestParts(t *testing.T) {
	for name, c := range map[string]struct {
		events string
		want   Sight  // of the last event
		judged string // keys
	}{
		"once each":                  {"1 1 x; ok 1 x; 2 1 x", Fine, "xx"},
		"again":                      {"1 1 x; ok 1 x; 1 1 x", Unwatched, ""},
		"again on another key":       {"1 1 x; 1 2 y", Unwatched, "x"},
		"said once":                  {"1 1 x; 1 2 x; 1 3 x", Fine, ""},
		"no number":                  {`"a" 1 x`, Unwatched, ""},
		"not of clients":             {"1 1 x; 1 nemesis x", Fine, "x"},
		"what the nodes hold":        {"final 1 x; final 2 x", Fine, ""},
		"what nobody knows":          {"0 1 x", Unwatched, ""},
		"the others go on":           {"1 1 x; 1 2 x; 2 1 y", Fine, "y"},
		"an answer is no second one": {"1 1 x; ok 1 x", Fine, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			judged := ""
			w := &Parts{
				Written: func(e *history.Event) ([]history.Value, error) {
					if string(e.Value) == "0" {
						return nil, errors.New("what is that")
					}
					return []history.Value{e.Value}, nil
				},
				Part: func(_ context.Context, h *history.History, asked *Numbers) (check Check) {
					for _, o := range h.Operations {
						if judged += o.Key; asked.Lacks(string(o.Input)) {
							t.Errorf("%s was asked for", o.Input)
						}
					}
					return check
				},
			}
			h := new(history.History)
			last := Fine
			for i, line := range strings.Split(c.events, "; ") {
				e := keyedEvent(t, line, int64(i))
				if last = w.Add(e); e.Kind == history.Invoke && e.Process.IsClient() && e.F != history.FinalRead {
					h.Operations = append(h.Operations, history.Operation{Key: e.Key, Input: e.Value, Call: e.Index})
				}
			}
			if w.CheckPart(t.Context(), h); last != c.want || judged != c.judged {
				t.Errorf("%v and %q are judged; want %v and %q", last, judged, c.want, c.judged)
			}
		})
	}
}
