package nemesis

import (
	"testing"
	"time"
)

func TestThePaceOfAClockIsKnownByItsPromptAnswers(t *testing.T) {
	began := time.Now()
	read := func(asked, answered, shown time.Duration) reading {
		return reading{began.Add(asked * time.Millisecond), began.Add(answered * time.Millisecond), shown * time.Millisecond}
	}
	slow, slower := read(0, 400, 300), read(2500, 3000, 2600) // somewhere in half a second
	prompt, prompter := read(1000, 1001, 960), read(2000, 2001, 1920)
	for name, c := range map[string]struct {
		all    []reading
		is, no []float64
	}{
		"nothing to go by":        {[]reading{slow}, []float64{0.96, 1, 100}, nil},
		"slow answers":            {[]reading{slow, slower}, []float64{0.96, 1}, []float64{0.5, 2}},
		"prompt among slow":       {[]reading{slow, prompt, prompter, slower}, []float64{0.96}, []float64{0.95, 0.97, 1}},
		"a change of rate":        {[]reading{prompt, prompter, read(3000, 3001, 2920)}, nil, []float64{0.96, 1}},
		"a node that began again": {[]reading{prompt, prompter, read(3000, 3001, 40)}, nil, []float64{0.96, 1}},
	} {
		p := paceOf(c.all)
		for _, rate := range c.is {
			if !p.holds(rate) {
				t.Errorf("%s: %s, which leaves no room for %g", name, p, rate)
			}
		}
		for _, rate := range c.no {
			if p.holds(rate) {
				t.Errorf("%s: %s, which leaves room for %g", name, p, rate)
			}
		}
	}
}
