package sim_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/targetnode/defect"
	"schism/targetnode/raft"
	"schism/targetnode/raft/sim"
)

var (
	simSeed    = flag.Uint64("sim.seed", 0, "play only the schedule with this seed, and print its transcript")
	simSteps   = flag.Int("sim.steps", 1000, "steps of a schedule before its world is healed")
	simSeeds   = flag.Int("sim.seeds", defaultSeeds, "how many seeds to play, from 1 on")
	simDefects = flag.String("sim.defects", "", "with -sim.seed: the defects to switch on, separated by commas")
	simShrink  = flag.Bool("sim.shrink", false, "with -sim.seed: look for a shorter schedule first")
	simFor     = flag.Duration("sim.for", 0, "a soak: play seeds for so long instead of -sim.seeds")
)

// TestSchedules plays seeded schedules against the core, checks every step and what clients saw, and
// demands that all the faults it is about have happened.
func TestSchedules(t *testing.T) {
	if *simSeed != 0 {
		replay(t)
		return
	}
	seeds, started := *simSeeds, time.Now()
	if *simFor > 0 {
		seeds = 1 << 40
	}
	var judge judge
	total := sim.Play(sim.Schedule{Steps: *simSteps}, seeds, func(f sim.Finding) bool {
		if v := f.Violation; v != nil {
			t.Error(failure(sim.Schedule{Seed: f.Seed, Steps: *simSteps}, "", v.String(), violates(v.Invariant)))
		}
		judge.add(t, f)
		return *simFor > 0 && time.Since(started) > *simFor
	})
	judge.decide(t)
	took := time.Since(started)
	t.Logf("%v%9d × operations of clients, judged by the checker\n%.0f schedules and %.0f steps a second on %d cores", &total, judge.operations,
		float64(total.Schedules)/took.Seconds(), float64(total.Steps)/took.Seconds(), runtime.GOMAXPROCS(0))
	if missing := total.Missing(); len(missing) > 0 {
		t.Errorf("these never happened, so that nothing is known about them: %s", strings.Join(missing, ", "))
	}
}

// failure tells of a schedule that fails: why, the command that replays it, and its shortest transcript
// that was found.
func failure(sc sim.Schedule, defects, why string, fails func(*sim.Result) bool) string {
	var transcript bytes.Buffer
	short, _ := sc.ShrinkWhile(fails)
	short.Transcript = &transcript
	short.Run()
	return fmt.Sprintf("seed %d: %s\nreplay it with: %s\n%s", sc.Seed, why, replayCommand(sc.Seed, defects), &transcript)
}

// violates says that a schedule violates this invariant. One of liveness is a matter of everything that
// happens, so that leaving something out shows nothing.
func violates(invariant string) func(*sim.Result) bool {
	return func(r *sim.Result) bool {
		return r.Violation != nil && r.Violation.Invariant == invariant && invariant != sim.Liveness
	}
}

func replay(t *testing.T) {
	var names []string
	if *simDefects != "" {
		names = strings.Split(*simDefects, ",")
	}
	defects, err := raft.ParseDefects(names)
	if err != nil {
		t.Fatal(err)
	}
	schedule := sim.Schedule{Seed: *simSeed, Steps: *simSteps, Defects: defects}
	if *simShrink {
		fails := unexplained
		if r := schedule.Run(); r.Violation != nil {
			fails = violates(r.Violation.Invariant)
		}
		schedule, _ = schedule.ShrinkWhile(fails)
	}
	schedule.Transcript = os.Stdout
	r := schedule.Run()
	t.Log(&r.Stats)
	if r.Violation != nil {
		t.Errorf("seed %d: %v", *simSeed, r.Violation)
	}
	var judge judge
	judge.add(t, sim.Finding{Seed: *simSeed, Result: r})
	judge.decide(t)
}

func replayCommand(seed uint64, defects string) string {
	command := fmt.Sprintf("go test ./targetnode/raft/sim -run 'TestSchedules$' -sim.seed=%d -sim.steps=%d -sim.shrink -v", seed, *simSteps)
	if defects != "" {
		command += " -sim.defects=" + defects
	}
	return command
}

// defectSeeds bounds the search for a violation that must be there; it ends at the first.
const defectSeeds = 40000

// TestSchedulesFindDefects shows that the checks can fail: each defect that is switched on violates one
// of the properties that it is known to violate, and the same schedule is clean without it.
func TestSchedulesFindDefects(t *testing.T) {
	if *simSeed != 0 {
		t.Skip("-sim.seed is for TestSchedules")
	}
	for _, d := range raft.KnownDefects() {
		t.Run(d.Name, func(t *testing.T) {
			violates, listed := violations[d.Name]
			if !listed && d.Shown != "simulator" {
				t.Skip("it is shown by ", d.Shown)
			}
			if !listed {
				t.Fatal("the test does not say what it violates")
			}
			defects, err := raft.ParseDefects([]string{d.Name})
			if err != nil {
				t.Fatal(err)
			}
			sc := sim.Schedule{Steps: *simSteps, Defects: defects}
			f, found := sim.Find(sc, defectSeeds, violates...)
			if !found {
				t.Fatalf("no violation of %s in %d schedules", strings.Join(violates, ", "), defectSeeds)
			}
			t.Logf("schedule %d, after %.1f election timeouts: %v\nreplay it with: %s", f.Seed, f.Timeouts, f.Violation, replayCommand(f.Seed, d.Name))
			sc.Seed, sc.Defects = f.Seed, raft.Defects{}
			if r := sc.Run(); r.Violation != nil {
				t.Errorf("the same schedule without the defect: %v", r.Violation)
			}
		})
	}
}

func TestEveryDefectIsReal(t *testing.T) {
	for name := range violations {
		if !slices.Contains(defect.Names(raft.KnownDefects()), name) {
			t.Errorf("no defect is called %s", name)
		}
	}
}
