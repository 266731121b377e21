// Package sim runs whole clusters of the Raft core in virtual time. All that happens in a schedule follows
// from its seed: messages are dropped, delayed, reordered and duplicated, nodes crash and lose what they
// had not fsynced, clocks run at rates of their own, members come and go. What the nodes do is judged
// while it happens, and what clients saw is kept for a checker.
package sim

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"

	"schism/targetnode/raft"
)

// Schedule is one run of a cluster.
type Schedule struct {
	Seed       uint64
	Steps      int // events before the world is healed
	Defects    raft.Defects
	Driver     Driver
	Transcript io.Writer // nil: none

	without map[disturbance]bool // what does not happen although the seed has it
	note    *[]disturbance       // takes what disturbs the cluster; nil: nobody wants to know
}

// Driver are the known bugs of the layer between clients and core, as targetnode has them.
type Driver struct {
	AckBeforeCommit bool // a write is answered when it is appended
	FailButCommits  bool // a write whose leader was deposed is answered as failed
	ReadsLocal      bool // every read is served from the node's own state
}

// Result is what came of a schedule.
type Result struct {
	Violation *Violation // the first; nil: all went well
	Stats     Stats
	Timeouts  float64     // how long it took, in election timeouts
	History   []Operation // what clients saw, by time of invocation
}

// sim is a schedule while it runs.
type sim struct {
	Schedule
	plan      plan
	now       instant
	queue     eventQueue
	flights   []flight // messages under way, by slot
	free      []int    // slots
	nodes     []*node
	links     [maxNodes][maxNodes]link
	check     invariants
	stats     Stats
	ops       []operation
	chaos     chaos
	faultRNG  *rand.Rand
	clientRNG *rand.Rand
	adminRNG  *rand.Rand
	healed    bool
	hadLeader bool
}

// Run plays the schedule up to its first violation, or else until the healed cluster has committed.
func (sc Schedule) Run() (r Result) {
	s := &sim{Schedule: sc}
	defer func() {
		r.Stats, r.Timeouts, r.History = s.stats, float64(s.now)/electionTimeout, s.history()
		r.Stats.Schedules = 1
		r.Violation = s.check.found
		if p := recover(); p != nil {
			r.Violation = &Violation{NoPanic, fmt.Sprintf("%v\n%s", p, debug.Stack())}
		}
	}()
	s.begin()
	for range sc.Steps {
		if s.step(); s.check.found != nil {
			return
		}
	}
	s.heal()
	s.mustCommit()
	s.keptPromises()
	return
}

func (s *sim) begin() {
	rng := s.stream(seedOfPlan)
	s.faultRNG, s.clientRNG, s.adminRNG = s.stream(faults), s.stream(clients), s.stream(admins)
	s.plan = newPlan(rng, s.Defects)
	s.check.members = raft.Membership{Voters: s.plan.config.Nodes}
	s.trace("the plan: %v", &s.plan)
	for i := range s.plan.nodes {
		src := firstNode + source(i)
		s.nodes = append(s.nodes, &node{at: i, id: raft.NodeID(i + 1), source: src, rng: s.stream(src)})
		for j := range s.plan.nodes {
			l := &s.links[i][j]
			l.source = firstLink + source(i*maxNodes+j)
			l.rng = s.stream(l.source)
		}
	}
	for _, n := range s.nodes {
		s.start(n)
	}
	s.pushGlobal(evFault, s.plan.faultEvery.draw(s.faultRNG))
	s.pushGlobal(evPropose, s.plan.proposeEvery.draw(s.clientRNG))
	s.pushGlobal(evRead, s.plan.readEvery.draw(s.clientRNG))
	if s.plan.admin != nil {
		s.pushGlobal(evAdmin, s.plan.adminEvery.draw(s.adminRNG))
	}
}

func (s *sim) push(n *node, kind eventKind, after instant) {
	s.queue.push(event{at: s.now + after, kind: kind, node: n.at, life: n.life})
}

func (s *sim) pushGlobal(kind eventKind, after instant) {
	s.queue.push(event{at: s.now + after, kind: kind, node: -1})
}

// step makes the next event happen.
func (s *sim) step() {
	e := s.queue.pop()
	s.now = e.at
	s.stats.Steps++
	switch {
	case e.node < 0:
		s.happen(e.kind)
	case e.kind == evMessage:
		s.arrive(s.nodes[e.node], e.slot)
	case e.life == s.nodes[e.node].life:
		s.due(s.nodes[e.node], e)
	}
}

// due is an event of a node's present life.
func (s *sim) due(n *node, e event) {
	switch e.kind {
	case evTick:
		s.tick(n, e.at)
	case evSynced:
		s.synced(n)
	case evRestart:
		s.start(n)
	case evResume:
		s.resume(n)
	}
}

// happen is an event of the world around the nodes.
func (s *sim) happen(kind eventKind) {
	switch kind {
	case evFault:
		if !s.healed {
			s.fault()
			s.pushGlobal(evFault, s.plan.faultEvery.draw(s.faultRNG))
		}
	case evPropose:
		s.askWrites()
		s.pushGlobal(evPropose, s.plan.proposeEvery.draw(s.clientRNG))
	case evRead:
		s.askRead()
		s.pushGlobal(evRead, s.plan.readEvery.draw(s.clientRNG))
	case evAdmin:
		if !s.healed {
			s.administer()
			s.pushGlobal(evAdmin, s.plan.adminEvery.draw(s.adminRNG))
		}
	}
}

// someone is a node that takes itself for leader, if there is one, or else any. Of two such nodes the
// wrong one is as likely to be asked as the right one.
func (s *sim) someone(rng *rand.Rand) *node {
	chosen, leaders := s.nodes[rng.IntN(len(s.nodes))], 0
	for _, n := range s.nodes {
		if n.ledTerm == 0 {
			continue
		}
		if leaders++; rng.IntN(leaders) == 0 {
			chosen = n
		}
	}
	return chosen
}

// mustCommit demands of the healed world that every member applies a new command within twenty election
// timeouts, by the slowest clock there may be.
func (s *sim) mustCommit() {
	before := len(s.ops)
	deadline := s.now + 20*electionTimeout*1000/900
	for s.check.found == nil && !s.allApplied(before) {
		if s.step(); s.now > deadline {
			s.check.fail(Liveness, "20 election timeouts after the healing no new command is applied at every member: %s", s.summary())
		}
	}
}

// allApplied says whether every member has applied a command offered after the first so many operations.
func (s *sim) allApplied(before int) bool {
	s.retire()
	for _, n := range s.nodes {
		if !s.check.members.Has(n.id) {
			continue
		}
		if n.raft == nil || n.applied == 0 {
			return false
		}
		e := n.log[n.applied-1]
		if e.Kind != raft.EntryCommand || decodeCommand(e.Data) <= uint64(before) {
			return false
		}
	}
	return true
}
