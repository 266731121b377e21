package nemesis

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

const busy = `nemesis:
  - {every: 2s, jitter: 500ms, for: 1s, partition: halves}
  - {at: 1s, every: 3s, times: 2, sequence: [{pause: one, for: 500ms}, {wait: 200ms}, {restart: n3}]}
  - {at: 4500ms, kill: n5, until: leader, within: 2s}`

func TestPlanIsAFunctionOfScenarioAndSeed(t *testing.T) {
	s, err := parse(t, busy)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range s.Plan(7, 10*time.Second) {
		lines = append(lines, p.String())
	}
	want := `       1s  pause: one, for 500ms
     1.5s  then wait 200ms
     1.7s  then restart: n3
   2.051s  partition: halves, for 1s
       4s  pause: one, for 500ms
   4.202s  partition: halves, for 1s
     4.5s  then wait 200ms
     4.5s  kill: n5, until: leader, within 2s
     4.7s  then restart: n3
   6.406s  partition: halves, for 1s
    8.36s  partition: halves, for 1s`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !reflect.DeepEqual(s.Plan(7, 10*time.Second), s.Plan(7, 10*time.Second)) {
		t.Error("two plans of one seed differ")
	}
	if reflect.DeepEqual(s.Plan(7, 10*time.Second), s.Plan(8, 10*time.Second)) {
		t.Error("two seeds have one plan")
	}
}

func TestPlanShowsWhatHappensMeanwhile(t *testing.T) {
	s, err := parse(t, `nemesis:
  - at: 1s
    sequence:
      - partition: [[n1, n2], rest]
        meanwhile:
          - {until: leader != n1, within: 3s}
          - ask: {f: append, key: x, at: leader, expect: ok}
          - kill: n3
            meanwhile: [{wait: 1s}]
          - ask: {f: read, key: x, at: n1}
      - {wait: 500ms}`)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	numbers := make(map[int]bool)
	for _, p := range s.Plan(7, 10*time.Second) {
		lines = append(lines, p.String())
		numbers[p.Step] = true
	}
	want := `       1s  partition: [[n1, n2], rest], meanwhile:
       1s      until: leader != n1, within 3s
       4s      then ask: {f: append, key: x, at: leader, expect: ok}
       4s      then kill: n3, meanwhile:
       4s          wait 1s
       5s      then ask: {f: read, key: x, at: n1}
       5s  then wait 500ms`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(numbers) != 7 || len(s.Faults(10*time.Second)) != 2 || s.Asks(10*time.Second) != 2 {
		t.Errorf("%d different numbers, %d faults, %d operations", len(numbers), len(s.Faults(10*time.Second)), s.Asks(10*time.Second))
	}
}

// No seed makes a round end after the run, or changes how many there are.
func TestRoundsFitTheRun(t *testing.T) {
	for _, text := range []string{
		"{every: 2s, jitter: 900ms, for: 1s, kill: one}",
		"{every: 1s, jitter: 500ms, for: 500ms, kill: one}",
		"{at: 0s, every: 3s, jitter: 1s, kill: one}",
		"{at: 9s, every: 5s, for: 1s, kill: one}",
		"{every: 2s, times: 2, jitter: 1s, for: 1s, kill: one}",
	} {
		s, err := parse(t, "nemesis: ["+text+"]")
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(200) {
			plan := s.Plan(seed, 10*time.Second)
			if wanted := s.Faults(10 * time.Second); len(plan) != len(wanted) {
				t.Fatalf("%s, seed %d: %d are planned, the judge wants %d", text, seed, len(plan), len(wanted))
			}
			for k, p := range plan {
				nominal := s[0].At + time.Duration(k)*s[0].Every
				if late := p.At - nominal; p.Round != k || late < 0 || late > s[0].Jitter || p.At+p.What.For > 10*time.Second {
					t.Fatalf("%s, seed %d: round %d at %v", text, seed, k, p.At)
				}
			}
		}
	}
}

// A schedule takes no less than what it waits for: bounds on conditions are no part of it.
func TestShortest(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"{at: 1s, for: 2s, kill: one}": 3 * time.Second,
		"{at: 1s, for: 1s, kill: one}, {at: 2s, sequence: [{wait: 2s}, {restart: one}]}": 4 * time.Second,
		"{at: 1s, every: 3s, times: 2, jitter: 1s, for: 1s, kill: one}":                  5 * time.Second,
		"{at: 1s, kill: one, until: leader changed, within: 5s}":                         time.Second,
		"{at: 1s, kill: one, meanwhile: [{until: leader, within: 5s}, {wait: 1s}]}":      2 * time.Second,
	} {
		s, err := parse(t, "nemesis: ["+text+"]")
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Shortest(10 * time.Second); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// What is printed before a run is what strikes in it.
func TestRunCarriesOutThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := parse(t, busy)
		if err != nil {
			t.Fatal(err)
		}
		var planned, wanted []string
		for _, p := range s.Faults(10 * time.Second) {
			wanted = append(wanted, p.Place()+" "+p.What.Fault.Kind())
		}
		for _, p := range s.Plan(1, 10*time.Second) {
			if p.What.Fault != nil && p.Step == 0 {
				planned = append(planned, fmt.Sprintf("%v %s", p.At.Round(time.Millisecond), p.What.Fault.Kind()))
			}
		}
		w := newWorld()
		rec := &timedTape{}
		n := &Nemesis{
			Schedule: s, Seed: 1, Length: 10 * time.Second, Leaders: fixedLeader("n2"), Recorder: rec,
			Env: &Env{Nodes: five, Network: w, Processes: w, Pauser: w, Health: w},
		}
		if err := n.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		var struck, places []string
		for i, e := range rec.events {
			if e.Kind == "invoke" && e.F != "restart" {
				struck = append(struck, fmt.Sprintf("%v %s", rec.at[i].Sub(w.began).Round(time.Millisecond), e.F))
			}
		}
		if !slices.Equal(struck, planned) {
			t.Errorf("\nplanned %q\nstruck  %q", planned, struck)
		}
		for _, e := range rec.events {
			if f, is := history.FaultOf(e); is && f.Phase == history.FaultStart {
				places = append(places, f.Step+" "+e.F)
			}
		}
		slices.Sort(wanted)
		slices.Sort(places)
		if len(wanted) != 9 || !slices.Equal(places, wanted) {
			t.Errorf("\nthe judge wants %q\nstruck          %q", wanted, places)
		}
	})
}
