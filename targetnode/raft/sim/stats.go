package sim

import (
	"fmt"
	"strings"
)

// happening is something that schedules must bring about to be worth anything.
type happening uint8

const (
	drop happening = iota
	delay
	reorder
	duplicate
	crash
	lostUnfsynced
	pause
	partition
	blocked
	leaderChange
	truncation
	compaction
	install
	localRead
	staleLocalRead
	indexRead
	leaseRead
	handover
	changeCommitted
	changeRolledBack
	leaderRemoved
	torn
	slowClock
	fastClock

	// What the world does to the nodes: see fault.
	reconnect
	quickCrash
	longCrash
	powerFailure
	isolate
	split
	cutLink
	stop
	stopIsolated
	topple
	lag
	mute

	// What operators had the leader begin.
	transfer
	addVoter
	addLearner
	remove

	numHappenings
)

var happeningNames = [numHappenings]string{
	"message dropped", "message delayed", "message reordered", "message duplicated",
	"crash", "crash that lost un-fsynced writes", "pause", "partition", "message blocked by a partition",
	"leader change", "log truncation", "log compaction", "snapshot installed",
	"local read", "stale local read", "read by read-index", "read by lease",
	"leadership handed over", "membership change committed", "membership change rolled back", "leader removed", "write torn by a crash",
	"node with a clock as slow as declared", "node with a clock as fast as declared",
	"all links made whole", "crash of a node for a moment", "crash of a node for long", "crash of every node at once",
	"node cut off", "cluster split in two", "link cut", "node stopped", "node stopped and cut off", "leader cut off with all else whole",
	"leader that hears late", "leader that is heard no more",
	"handover begun", "change of a voter begun", "change of a learner begun", "removal begun",
}

// Stats prove that schedules test what they claim to.
type Stats struct {
	Schedules, Steps int
	times            [numHappenings]int
}

func (st *Stats) count(h happening) {
	st.times[h]++
}

// Add takes in the figures of another schedule.
func (st *Stats) Add(o *Stats) {
	st.Schedules += o.Schedules
	st.Steps += o.Steps
	for h := range st.times {
		st.times[h] += o.times[h]
	}
}

// Missing are the happenings that never were.
func (st *Stats) Missing() []string {
	var names []string
	for h, times := range st.times {
		if times == 0 {
			names = append(names, happeningNames[h])
		}
	}
	return names
}

func (st *Stats) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d schedules, %d steps\n", st.Schedules, st.Steps)
	for h, times := range st.times {
		fmt.Fprintf(&b, "%9d × %s\n", times, happeningNames[h])
	}
	return b.String()
}
