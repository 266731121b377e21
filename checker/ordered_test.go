package checker

import (
	"slices"
	"strings"
	"testing"

	"schism/history"
)

// What a scenario orders is compared with what struck by kind, and by step where the history tells it.
func TestEachOrderedFaultMustHaveStruck(t *testing.T) {
	ordered := []Ordered{{"kill", "1.1.1"}, {"kill", "1.2.1"}, {"partition", "2.1.1"}}
	for name, c := range map[string]struct {
		struck  []Ordered // one whose step begins with - is told, and struck nobody
		missing []string  // kinds
	}{
		"all":                         {ordered, nil},
		"more than was ordered":       {append([]Ordered{{"pause", "3.1.1"}}, ordered...), nil},
		"nothing":                     {nil, []string{"kill", "partition"}},
		"as many of another kind":     {[]Ordered{{"kill", "1.1.1"}, {"kill", "1.2.1"}, {"kill", "1.3.1"}}, []string{"partition"}},
		"one step twice":              {[]Ordered{{"kill", "1.1.1"}, {"kill", "1.1.1"}, {"partition", "2.1.1"}}, []string{"kill"}},
		"the step of another kind":    {[]Ordered{{"kill", "1.1.1"}, {"kill", "2.1.1"}, {"partition", "1.2.1"}}, []string{"kill", "partition"}},
		"steps untold":                {[]Ordered{{"partition", ""}, {"kill", ""}, {"kill", ""}}, nil},
		"steps untold, too few":       {[]Ordered{{"partition", ""}, {"kill", ""}}, []string{"kill"}},
		"steps untold, of other kind": {[]Ordered{{"partition", ""}, {"partition", ""}, {"partition", ""}}, []string{"kill"}},
		"one that struck nobody":      {[]Ordered{{"kill", "1.1.1"}, {"kill", "-1.2.1"}, {"partition", "2.1.1"}}, []string{"kill"}},
		"what did not come to pass":   {[]Ordered{{"kill", "1.1.1"}, {"kill", "1.2.1"}, {"until", "2.1.1"}}, []string{"partition"}},
	} {
		h := partitioned()
		h.Faults = nil
		for i, o := range c.struck {
			f := history.FaultLife{F: o.Kind, ID: i + 1, Bit: yes(), Gone: yes()}
			step, missed := strings.CutPrefix(o.Step, "-")
			if missed {
				f.Active, f.End, f.Bit = -1, -1, no()
			}
			f.Events = []history.Fault{{ID: i + 1, Phase: history.FaultStart, Step: step}, {ID: i + 1, Phase: history.FaultProof}}
			h.Faults = append(h.Faults, f)
		}
		var missing []string
		worth := haveStruck(ordered, h)
		for i, kind := range []string{"kill", "partition"} {
			if !worth[i].Holds {
				missing = append(missing, kind)
			}
		}
		if !slices.Equal(missing, c.missing) {
			t.Errorf("%s: missing %q, want %q: %+v", name, missing, c.missing, worth)
		}
		want := Valid
		if c.missing != nil {
			want = Vacuous
		}
		r := judge(h, Plan{Checkers: []Checker{fixed{verdict: Valid}}, Faults: ordered})
		if r.Verdict != want {
			t.Errorf("%s: %v, want %v: %v", name, r.Verdict, want, r.Why)
		}
	}
}
