package sim_test

import (
	"bytes"
	"strings"
	"testing"

	"schism/targetnode/raft"
	"schism/targetnode/raft/sim"
)

// longTranscript is more lines than a person reads.
const longTranscript = 120

// Whatever fails is told with a command that replays it and a transcript that a person can read: of an
// invariant, and of a history that the checker alone finds wrong.
func TestWhatFailsIsToldShortly(t *testing.T) {
	const defect = "vote-ignores-last-term"
	on, err := raft.ParseDefects([]string{defect})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sim.Schedule
		fails func(*sim.Result) bool
	}{
		"an invariant": {sim.Schedule{Defects: on}, violates(sim.LeaderCompleteness)},
		"a history":    {sim.Schedule{Driver: sim.Driver{ReadsLocal: true}}, unexplained},
	} {
		t.Run(name, func(t *testing.T) {
			sc, fails := c.Schedule, c.fails
			sc.Steps = *simSteps
			sim.Play(sc, defectSeeds, func(f sim.Finding) bool {
				found := fails(&f.Result) && (sc.Seed == 0 || f.Seed < sc.Seed)
				if found {
					sc.Seed = f.Seed
				}
				return sc.Seed != 0
			})
			if sc.Seed == 0 {
				t.Fatal("no schedule fails")
			}
			var whole bytes.Buffer
			sc.Transcript = &whole
			sc.Run()
			told := failure(sc, defect, "it fails", fails)
			lines, before := strings.Count(told, "\n"), strings.Count(whole.String(), "\n")
			t.Logf("seed %d: %d lines of %d", sc.Seed, lines, before)
			if lines > longTranscript || lines >= before {
				t.Errorf("%d lines of %d are told:\n%s", lines, before, told)
			}
			if !strings.Contains(told, replayCommand(sc.Seed, defect)) {
				t.Errorf("the command is missing in\n%s", told)
			}
			short, r := sc.ShrinkWhile(fails)
			if again := short.Run(); !fails(&r) || !fails(&again) {
				t.Error("the short schedule does not fail")
			}
		})
	}
}

func TestWhatNeverHappenedIsMissing(t *testing.T) {
	var none sim.Stats
	all := len(none.Missing())
	r := sim.Schedule{Seed: 1, Steps: 1000}.Run()
	if some := len(r.Stats.Missing()); all < 35 || some == 0 || some >= all {
		t.Errorf("of %d happenings %d are missing after one schedule", all, some)
	}
	if strings.Contains(none.String(), "× \n") {
		t.Errorf("one has no name:\n%s", &none)
	}
}
