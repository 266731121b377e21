package checker

import "testing"

func TestShowUndecided(t *testing.T) {
	for want, keys := range map[string][]KeyCheck{
		"The key x could not be decided. Why: it is no list.": {{Key: "x", Message: "it is no list"}},
		"The key x could not be decided.":                     {{Key: "x"}},
		"2 of 3 keys could not be decided: x, z. Why: of x, it is no list. The others are fine.": {
			{Key: "x", Message: "it is no list."}, {Key: "y", Verdict: Valid}, {Key: "z", Message: "no time"},
		},
		"1 of 2 keys could not be decided: x. Why: no time. The others are fine.": {{Key: "x", Message: "no time"}, {Key: "y", Verdict: Valid}},
	} {
		if got := ShowUndecided(keys, "The others are fine"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
