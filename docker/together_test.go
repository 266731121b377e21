//go:build linux

package docker

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/docker/docker/api/types/network"

	"schism/cluster"
)

// TestTwoControllersOnOneEngine: started at the same moment, so that each sweeps while the other builds.
// Neither's faults, heals, death, sweep or end is felt by the other.
func TestTwoControllersOnOneEngine(t *testing.T) {
	r := newIsolatedRuntime(t)
	one := startController(t, r, everyFault)
	other := startController(t, r, controllerOrder{Cut: []cluster.Link{{From: "n2", To: "n1"}}})
	addresses := one.await("the first run's faults", time.Minute, standing).Addresses
	others := other.await("the second run's faults", time.Minute, standing).Addresses
	made := thingsOf(t, r, other.run)
	if len(made) != 10 { // a network, and for each of three nodes a holder, a container and a volume
		t.Errorf("the second run made %v", made)
	}
	otherIsUntouched := func(when string) {
		t.Helper()
		if got := thingsOf(t, r, other.run); !slices.Equal(got, made) {
			t.Errorf("%s, the second run has %v, and had %v", when, got, made)
		}
		for node, rules := range map[string]int{"n1": 1, "n2": 0, "n3": 0} {
			if got := ownRules(t, r, other.holder(node)); len(got) != rules {
				t.Errorf("%s, the second run's %s is cut by %v, want %d rules", when, node, got, rules)
			}
			if ok, why := answers(others[node]); !ok {
				t.Errorf("%s, the second run's %s does not answer: %s", when, node, why)
			}
		}
	}

	otherIsUntouched("beside every fault")
	if got := ownRules(t, r, one.holder("n1")); len(got) != 2 {
		t.Errorf("the first run's n1 is cut off by %v, want two rules", got)
	}
	if ok, _ := answers(addresses["n3"]); ok {
		t.Error("the first run's paused node answers")
	}
	if removed, err := r.Clean(t.Context(), io.Discard); err != nil || len(removed) > 0 {
		t.Errorf("while both controllers live, a clean removed %v, %v", removed, err)
	}
	otherIsUntouched("after a clean")

	one.kill()
	one.awaitHealed(addresses)
	otherIsUntouched("after the first run's dead man healed")
	spec, _ := testSpec(t, 1)
	startCluster(t, r, spec)
	if left := thingsOf(t, r, one.run); len(left) > 0 {
		t.Errorf("the start of a third run left %v of the dead one", left)
	}
	otherIsUntouched("after a third run's sweep")

	other.end(30 * time.Second)
	if left := thingsOf(t, r, other.run); len(left) > 0 {
		t.Errorf("the second run ended and left %v", left)
	}
	for _, line := range other.told {
		if line.Incident != nil {
			t.Errorf("the second run had an incident: %+v", *line.Incident)
		}
	}
}

// thingsOf names what there is of these runs, sorted.
func thingsOf(t *testing.T, r *Runtime, runs ...string) []string {
	t.Helper()
	stages, err := r.things(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, thing := range slices.Concat(stages[0], stages[1]) {
		if slices.Contains(runs, thing.labels[labelRun]) {
			names = append(names, thing.what)
		}
	}
	slices.Sort(names)
	return names
}

// TestKilledRunsExhaustNoAddressPool: fifty networks of dead controllers are more than the 31 that an
// engine has addresses for by default. They come ten at a time, since other runs on this engine need
// addresses too. All but the last ten meet a start's sweep alone, for the rest of a start takes long.
func TestKilledRunsExhaustNoAddressPool(t *testing.T) {
	r := newIsolatedRuntime(t)
	const killed, atOnce = 50, 10
	spec, _ := testSpec(t, 1)
	began := time.Now()
	for first := 0; first < killed; first += atOnce {
		runs := make([]string, atOnce)
		for i := range runs {
			runs[i] = fmt.Sprintf("%s-dead-%d", spec.Run, first+i)
		}
		leaveNetworks(t, r, runs)
		if first+atOnce < killed {
			if err := r.sweep(t.Context(), func(string, ...any) {}); err != nil {
				t.Fatalf("after %d killed runs: %v", first+atOnce, err)
			}
		} else {
			startCluster(t, r, spec)
		}
		if left := thingsOf(t, r, runs...); len(left) > 0 {
			t.Fatalf("after %d killed runs there still is %v", first+atOnce, left)
		}
	}
	t.Logf("%d networks left and swept: %v", killed, time.Since(began))
}

// leaveNetworks makes what holds addresses of runs whose controller is dead.
func leaveNetworks(t *testing.T, r *Runtime, runs []string) {
	t.Helper()
	dead := r.self
	dead.start = "1"
	t.Cleanup(func() {
		for _, run := range runs {
			// Of what was swept, as it should be, removal fails.
			_ = r.engine.NetworkRemove(context.Background(), "schism-"+run)
		}
	})
	tasks := make([]func() error, len(runs))
	for i, run := range runs {
		tasks[i] = func() error {
			_, err := r.engine.NetworkCreate(t.Context(), "schism-"+run, network.CreateOptions{Driver: "bridge",
				Labels: map[string]string{labelRun: run, labelController: dead.String()}})
			return err
		}
	}
	if err := together(tasks...); err != nil {
		t.Fatal(err)
	}
	// The control: were nothing left, the sweep would have nothing to do.
	if made := thingsOf(t, r, runs...); len(made) != len(runs) {
		t.Fatalf("of %d killed runs there is %v, want a network each", len(runs), made)
	}
}
