package sim

import (
	"fmt"
	"math/rand/v2"

	"schism/targetnode/raft"
)

// Spans of virtual time. A message or an fsync takes long in relation to the timeouts, so that few
// steps hold much that can go wrong.
const (
	electionTimeout   = 100
	heartbeatInterval = 30
	clockError        = 0.1
)

// span is a range of durations.
type span struct{ from, to instant }

func (d span) draw(rng *rand.Rand) instant {
	return d.from + instant(rng.Int64N(int64(d.to-d.from)+1))
}

// plan is what a seed decides before the first step: the configuration, and how bad the world is.
type plan struct {
	config        raft.Config
	nodes         int
	admin         []happening // what operators do, drawn with even odds; nil: nothing
	adminEvery    span
	pipelinedDisk bool // the driver goes on during an fsync
	latency       span
	fsync         span
	faultEvery    span
	proposeEvery  span
	readEvery     span
	snapshotEvery raft.Index // entries
	reads         []raft.ReadMode
	faults        []happening // drawn with even odds

	// in percent of all messages
	drop, delay, duplicate int
	crashAtFsync           int // in percent of all fsyncs
}

func newPlan(rng *rand.Rand, defects raft.Defects) plan {
	p := plan{
		nodes:         3 + 2*rng.IntN(2), // voters at first
		pipelinedDisk: rng.IntN(2) == 0,
		latency:       span{1, 2 + instant(rng.IntN(20))},
		fsync:         span{1, 2 + instant(rng.IntN(25))},
		faultEvery:    span{10, 40 + instant(rng.IntN(300))},
		proposeEvery:  span{5, 10 + instant(rng.IntN(60))},
		readEvery:     span{5, 10 + instant(rng.IntN(60))},
		snapshotEvery: 3 + raft.Index(rng.IntN(20)),
		reads:         []raft.ReadMode{raft.ReadLocal, raft.ReadIndex, raft.ReadLease},
		faults: []happening{
			reconnect, reconnect, reconnect, reconnect, reconnect, reconnect,
			quickCrash, quickCrash, quickCrash, longCrash, longCrash, powerFailure,
			isolate, isolate, isolate, split, split, cutLink, stop, stop, stopIsolated,
		},
		drop:         rng.IntN(12),
		delay:        rng.IntN(8),
		duplicate:    rng.IntN(8),
		crashAtFsync: rng.IntN(3),
	}
	checkQuorum := rng.IntN(3) > 0
	p.config = raft.Config{
		ElectionTimeout:   electionTimeout,
		HeartbeatInterval: heartbeatInterval,
		PreVote:           rng.IntN(2) == 0,
		CheckQuorum:       checkQuorum,
		Lease:             checkQuorum && rng.IntN(2) == 0,
		ClockError:        clockError,
		MaxAppendBytes:    []int{1, 24, 1000}[rng.IntN(3)],
		MaxInflight:       []int{1, 2, 8}[rng.IntN(3)],
		CatchUp:           []int{0, 5, 20}[rng.IntN(3)],
		Defects:           defects,
	}
	for id := 1; id <= p.nodes; id++ {
		p.config.Nodes = append(p.config.Nodes, raft.NodeID(id))
	}
	switch rng.IntN(12) {
	case 0:
		p.tryLeases()
	case 1:
		p.tryLeases()
		p.admin, p.adminEvery = []happening{transfer}, span{50, 300}
	case 2:
		p.tryOldTerms()
	case 3:
		p.tryOldTerms()
		p.tryMembers(rng)
		p.adminEvery = span{5, 60}
	case 4, 5:
		p.tryMembers(rng)
	case 6:
		p.tryRestarts()
	case 7:
		p.tryLateAnswers()
	case 8, 10:
		p.trySnapshots()
	case 9:
		p.tryMoves()
	}
	return p
}

// tryLateAnswers makes a world in which a leader that is heard no more gets the answers to what it sent
// before long after the others have elected another.
func (p *plan) tryLateAnswers() {
	p.config.CheckQuorum, p.config.Lease = false, false
	p.config.Nodes, p.nodes = p.config.Nodes[:3], 3
	p.latency, p.fsync = span{1, 3}, span{1, 2}
	p.proposeEvery, p.readEvery, p.faultEvery = span{5, 40}, span{2, 8}, span{20, 150}
	p.reads = []raft.ReadMode{raft.ReadIndex}
	p.faults = []happening{lag, mute, mute, reconnect}
}

// trySnapshots makes a world in which a snapshot often meets a log that has its entry and more: answers
// are lost or late, so that leaders know little of their followers, and keep no entries for them. Nothing
// keeps followers from campaigning.
func (p *plan) trySnapshots() {
	p.config.CheckQuorum, p.config.Lease, p.config.PreVote = false, false, false
	p.config.MaxAppendBytes, p.config.MaxInflight, p.config.CatchUp = 1000, 8, 0
	p.config.Nodes, p.nodes = p.config.Nodes[:3], 3
	p.snapshotEvery = 2
	p.latency, p.fsync = span{1, 30}, span{1, 3}
	p.proposeEvery, p.faultEvery = span{2, 15}, span{20, 120}
	p.drop, p.delay, p.duplicate = 10, 10, 10
	p.faults = []happening{reconnect, reconnect, cutLink, isolate, topple, quickCrash}
}

// tryRestarts makes a world in which voters come back quickly while somebody who has not heard the leader for
// long asks for their votes, with a log that is good enough.
func (p *plan) tryRestarts() {
	p.tryLeases()
	p.config.Nodes, p.nodes = p.config.Nodes[:3], 3
	p.proposeEvery, p.faultEvery = span{200, 800}, span{10, 50}
	p.faults = []happening{reconnect, cutLink, cutLink, quickCrash, quickCrash, quickCrash}
}

// tryMembers lets operators move the cluster from node to node. Up to three more nodes wait to be added.
func (p *plan) tryMembers(rng *rand.Rand) {
	p.config.Nodes = p.config.Nodes[:min(p.nodes, 3+rng.IntN(2))]
	p.nodes = min(maxNodes, len(p.config.Nodes)+1+rng.IntN(3))
	p.admin = []happening{transfer, addVoter, addVoter, addLearner, remove}
	// A node that does not know of its removal campaigns for ever, which nothing else stops (thesis, §4.2.3).
	p.config.PreVote = p.config.PreVote || !p.config.CheckQuorum
	p.adminEvery = span{20, 100 + instant(rng.IntN(300))}
}

// tryMoves makes a world in which the cluster has moved on by several members between two snapshots of a node
// that restarts, or is given one: whoever takes the members from before for those of now finds a quorum of
// them on its side of a split.
func (p *plan) tryMoves() {
	p.config.Nodes, p.nodes = p.config.Nodes[:3], 5
	p.config.PreVote, p.config.CatchUp = true, 0
	p.config.MaxAppendBytes, p.config.MaxInflight = 1000, 8
	p.admin, p.adminEvery = []happening{addVoter, addVoter, addVoter, remove}, span{5, 40}
	p.latency, p.fsync = span{1, 4}, span{1, 3}
	p.proposeEvery, p.faultEvery = span{20, 100}, span{30, 200}
	p.snapshotEvery = 6
	p.drop, p.delay, p.duplicate = 0, 0, 0
	p.faults = []happening{reconnect, split, split, quickCrash, quickCrash, powerFailure}
}

// tryOldTerms makes a world of short reigns, as in figure 8 of the paper: entries travel one by one, and
// leaders are cut off with some that nobody else has, to come back later and pass them on.
func (p *plan) tryOldTerms() {
	p.config.MaxAppendBytes, p.config.MaxInflight = 1, 1
	p.latency, p.fsync = span{1, 20}, span{1, 5}
	p.faultEvery = span{20, 200}
	p.faults = []happening{topple, topple, topple, quickCrash, isolate, reconnect}
}

// tryLeases makes a world in which a broken lease shows: on a fast network the next leader can commit,
// and the last one be asked, within what is left of a lease; the leader loses its followers one by one,
// so that some of them campaign while others have just heard it; and writes are rare, or else the log of
// one who was cut off would be too old to win.
func (p *plan) tryLeases() {
	p.config.CheckQuorum, p.config.Lease, p.config.MaxAppendBytes = true, true, 1000
	p.latency, p.fsync = span{1, 2}, span{1, 2}
	p.drop, p.delay, p.duplicate, p.crashAtFsync = 0, 0, 0, 0
	p.proposeEvery, p.readEvery, p.faultEvery = span{20, 500}, span{2, 6}, span{10, 100}
	p.reads = []raft.ReadMode{raft.ReadLease, raft.ReadLease, raft.ReadIndex}
	p.faults = []happening{reconnect, quickCrash, isolate, cutLink, cutLink, cutLink, stopIsolated}
}

func (p *plan) String() string {
	return fmt.Sprintf("%d nodes, of them %v, PreVote %t, CheckQuorum %t, lease %t, pipelined disk %t, %d bytes an append, %d in flight, "+
		"latency %v, fsync %v, drop %d%%, delay %d%%, duplicate %d%%",
		p.nodes, p.config.Nodes, p.config.PreVote, p.config.CheckQuorum, p.config.Lease, p.pipelinedDisk, p.config.MaxAppendBytes,
		p.config.MaxInflight, p.latency, p.fsync, p.drop, p.delay, p.duplicate)
}

// newClock draws a clock within the declared error of its rate, its extremes often, that shows
// anything at its start.
func (p *plan) newClock(rng *rand.Rand, now instant) clock {
	c := clock{perMille: []int64{900, 1000, 1100}[rng.IntN(3)]}
	c.origin = raft.Time(rng.Int64N(10000)) - c.reading(now)
	return c
}

// heal makes the world good.
func (p *plan) heal() {
	p.drop, p.delay, p.duplicate = 0, 0, 0
	p.latency, p.fsync = span{1, 5}, span{1, 5}
	p.faultEvery = span{}
	// Where one entry travels at a time, somebody far behind would never catch up with busy clients.
	p.proposeEvery = span{30, 100}
}
