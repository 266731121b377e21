package targetnode

import (
	"schism/targetnode/raft"
	"schism/targetnode/raft/sim"
)

// Simulation is what the simulator found of one defect.
type Simulation struct {
	Found     bool
	Schedule  uint64 // the first that shows it; the seed that replays it
	Invariant string // which one it broke
	// Clean says that the same schedule breaks nothing with the defect off.
	Clean bool
}

// simulatedSteps are those of one schedule, as the simulator's own tests have them.
const simulatedSteps = 1000

// Simulate plays up to so many schedules of the core with one of its defects on, until one shows it, and then
// that one with the defect off. The error says that the core has no such defect.
func Simulate(defect string, schedules int) (Simulation, error) {
	on, err := raft.ParseDefects([]string{defect})
	if err != nil {
		return Simulation{}, err
	}
	f, found := sim.Find(sim.Schedule{Steps: simulatedSteps, Defects: on}, schedules)
	if !found {
		return Simulation{}, nil
	}
	clean := sim.Schedule{Seed: f.Seed, Steps: simulatedSteps}.Run()
	return Simulation{
		Found: true, Schedule: f.Seed, Invariant: f.Violation.Invariant, Clean: clean.Violation == nil,
	}, nil
}
