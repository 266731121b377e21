package sim_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"schism/checker"
	"schism/checker/linear"
	"schism/history"
	"schism/targetnode/raft/sim"
)

// judge puts what clients saw in many schedules before the checker, as one history whose keys have the
// seeds in their names.
type judge struct {
	history    history.History
	events     int64
	operations int
}

// batch is how many operations are judged at once.
const batch = 50000

func (j *judge) add(t *testing.T, f sim.Finding) {
	j.take(f)
	if len(j.history.Operations) > batch {
		j.decide(t)
	}
}

func (j *judge) take(f sim.Finding) {
	first := len(j.history.Operations)
	for i, op := range f.History {
		if op.Outcome == sim.Unknown && !op.Write || op.Outcome == sim.Failed {
			continue
		}
		j.history.Operations = append(j.history.Operations, converted(f.Seed, first+i, op))
	}
	j.index(j.history.Operations[first:])
}

func converted(seed uint64, process int, op sim.Operation) history.Operation {
	o := history.Operation{
		Process: history.Process(process), Node: fmt.Sprint("n", op.Node), F: history.Read, Key: fmt.Sprintf("seed %d, key %d", seed, op.Key),
		Outcome: history.OK, CallTime: time.Duration(op.Invoked), ReturnTime: time.Duration(op.Returned), Return: -1,
	}
	value := history.Value("null")
	if op.Value != 0 {
		value = json.RawMessage(strconv.FormatUint(op.Value, 10))
	}
	if op.Write {
		o.F, o.Input, o.Output = history.Write, value, value
	} else {
		o.Output = value
	}
	if op.Outcome == sim.Unknown {
		o.Outcome, o.Output = history.Info, nil
	}
	return o
}

// index numbers the events of a schedule. Of two at the same time the call comes first, so that nothing
// is taken for later that may not be.
func (j *judge) index(ops []history.Operation) {
	type moment struct {
		at     time.Duration
		number *int64
		call   bool
	}
	var all []moment
	for i := range ops {
		o := &ops[i]
		all = append(all, moment{o.CallTime, &o.Call, true})
		if o.Outcome == history.OK {
			all = append(all, moment{o.ReturnTime, &o.Return, false})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int {
		if c := cmp.Compare(a.at, b.at); c != 0 {
			return c
		}
		switch {
		case a.call == b.call:
			return 0
		case a.call:
			return -1
		}
		return 1
	})
	for _, m := range all {
		*m.number = j.events
		j.events++
	}
}

// decide judges what has gathered. A schedule whose history nothing explains is told of like one that
// violates an invariant.
func (j *judge) decide(t *testing.T) {
	t.Helper()
	if len(j.history.Operations) == 0 {
		return
	}
	check := j.check()
	if check.Verdict != checker.Valid {
		t.Errorf("the checker says %v: %s", check.Verdict, check.Message)
	}
	told := map[uint64]bool{}
	for _, a := range check.Anomalies {
		var seed uint64
		if _, err := fmt.Sscanf(a.Key, "seed %d,", &seed); err != nil || told[seed] {
			continue
		}
		told[seed] = true
		t.Error(failure(sim.Schedule{Seed: seed, Steps: *simSteps}, "", fmt.Sprintf("%s, %s: %s", a.Name, a.Key, a.Message), unexplained))
	}
	j.history, j.events = history.History{}, 0
}

func (j *judge) check() *checker.Check {
	slices.SortFunc(j.history.Operations, func(a, b history.Operation) int { return cmp.Compare(a.Call, b.Call) })
	j.operations += len(j.history.Operations)
	check := linear.Register{}.Check(context.Background(), &j.history)
	return &check
}

// unexplained says that no order of what the clients of one schedule saw explains it.
func unexplained(r *sim.Result) bool {
	var j judge
	j.take(sim.Finding{Result: *r})
	return len(j.history.Operations) > 0 && j.check().Verdict == checker.Invalid
}
