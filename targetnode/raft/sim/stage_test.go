package sim

import (
	"fmt"
	"slices"
	"strings"

	"schism/targetnode/raft"
)

const (
	paperTimeout   = 100
	paperHeartbeat = 10
)

// stage is a cluster in which nothing happens but what a script says.
type stage struct {
	now    instant
	actors []*actor
	wire   []raft.Message
	cut    map[[2]raft.NodeID]bool
	told   strings.Builder

	committed []raft.Entry // what anybody ever took for committed
	lost      int          // entries of it that somebody else replaced
	reads     uint64
	floors    map[uint64]int // by read: how many entries were committed when it was asked
	served    int            // reads, and how many of them were
	stale     int
}

type actor struct {
	cfg     raft.Config
	raft    *raft.Node // nil while it is down
	clock   clock
	disk    disk
	slow    bool // its disk waits for fsync
	log     []raft.Entry
	before  raft.Status
	applied []raft.Entry

	paused bool
	inbox  []raft.Message // came meanwhile
	asked  []queued
}

// queued is a read that waits for its node to go on.
type queued struct {
	id   uint64
	mode raft.ReadMode
}

func (c *stage) tell(format string, args ...any) {
	fmt.Fprintf(&c.told, format+"\n", args...)
}

func (c *stage) start(a *actor) {
	d, found := a.disk.contents()
	a.cfg.Restarted = found
	a.log, a.applied = slices.Clone(d.Entries), nil
	a.raft = raft.New(a.cfg, d, a.clock.reading(c.now))
	a.raft.HoldElections(a.clock.reading(c.now), true)
	a.before = a.raft.Status()
}

// crash loses what was not fsynced, and what others have sent.
func (c *stage) crash(a *actor) {
	a.raft, a.disk.pending, a.slow, a.paused, a.inbox, a.asked = nil, nil, false, false, nil, nil
}

// resume lets a node go on with what has come, which it takes in at the time that it is now.
func (c *stage) resume(a *actor) {
	a.paused = false
	for _, r := range a.asked {
		c.ask(a, r)
	}
	for _, m := range a.inbox {
		a.raft.Step(a.clock.reading(c.now), m)
	}
	a.asked, a.inbox = nil, nil
	c.settle(a)
}

func (c *stage) ask(a *actor, r queued) {
	if err := a.raft.Read(a.clock.reading(c.now), r.id, r.mode); err != nil {
		c.tell("n%d    refuses to read: %v", a.cfg.ID, err)
	}
	c.settle(a)
}

// wait lets time pass in which every node does what is due, and messages arrive at once.
func (c *stage) wait(timeouts int) {
	for end := c.now + instant(timeouts)*paperTimeout; c.now < end; {
		c.now += paperHeartbeat / 2
		for _, a := range c.actors {
			if a.raft != nil && !a.paused {
				a.raft.Tick(a.clock.reading(c.now))
				c.settle(a)
			}
		}
		c.carry(quietly)
	}
}

// quietly is a limit that leaves the messages out of the transcript.
const quietly = -1

// carry brings so many messages to their receivers; heartbeats are not told and do not count.
func (c *stage) carry(limit int) {
	for len(c.wire) > 0 && limit != 0 {
		m := c.wire[0]
		c.wire = c.wire[1:]
		to := c.actors[m.To-1]
		switch {
		case to.raft == nil || c.cut[[2]raft.NodeID{m.From, m.To}]:
			continue
		case to.paused:
			to.inbox = append(to.inbox, m)
			continue
		}
		if limit > 0 && m.Type != raft.MsgHeartbeat && m.Type != raft.MsgHeartbeatReply {
			limit--
			c.tell("n%d ← n%d  %v", m.To, m.From, describe{&m})
		}
		to.raft.Step(to.clock.reading(c.now), m)
		c.settle(to)
	}
}

// lose drops everything that is under way.
func (c *stage) lose() {
	for _, m := range c.wire {
		c.tell("lost: n%d ← n%d  %v", m.To, m.From, describe{&m})
	}
	c.wire = nil
}

// settle does what a node asks for, with a disk that takes no time unless it is slow.
func (c *stage) settle(a *actor) {
	for e := a.raft.Effects(); !e.Empty() || !a.slow && len(a.disk.pending) > 0; e = a.raft.Effects() {
		c.wire = append(c.wire, e.Send...)
		if k := len(e.Entries); k > 0 {
			a.log = append(a.log[:e.Entries[0].Index-1], e.Entries...)
		}
		for _, entry := range e.Apply {
			c.tell("n%d    commits %d@%d %s", a.cfg.ID, entry.Index, entry.Term, content(entry))
			c.commit(a, entry)
		}
		for _, r := range e.Reads {
			c.serve(a, r)
		}
		for range e.ReadsFailed {
			c.tell("n%d    cannot serve the read any more", a.cfg.ID)
		}
		a.disk.pending = append(a.disk.pending, write{state: e.HardState, entries: e.Entries, then: e.SendDurable})
		if !a.slow {
			c.sync(a)
		}
	}
	now := a.raft.Status()
	if now.Role != a.before.Role || now.Role == raft.Leader && now.Term != a.before.Term {
		c.tell("n%d    is %v in term %d", a.cfg.ID, now.Role, now.Term)
	}
	a.before = now
}

func (c *stage) sync(a *actor) {
	a.disk.syncing = len(a.disk.pending)
	for _, w := range a.disk.synced() {
		c.wire = append(c.wire, w.then...)
		now := a.clock.reading(c.now)
		if w.state != nil {
			a.raft.Persisted(now, w.state.Term, 0)
		}
		if k := len(w.entries); k > 0 {
			a.raft.Persisted(now, w.entries[k-1].Term, w.entries[k-1].Index)
		}
	}
}

// commit notes what a node applies, and whether another one has applied something else there.
func (c *stage) commit(a *actor, e raft.Entry) {
	a.applied = append(a.applied, e)
	if int(e.Index) > len(c.committed) {
		c.committed = append(c.committed, e)
		return
	}
	if was := &c.committed[e.Index-1]; was.Term != e.Term {
		c.tell("      where %d@%d %s was committed before", was.Index, was.Term, content(*was))
		c.lost++
		*was = e
	}
}

// serve answers a read with all that the node has applied of what clients wrote. It is stale if something
// of that was committed before it was asked that the node has not applied.
func (c *stage) serve(a *actor, r raft.ReadReady) {
	c.served++
	stale := ""
	if floor := c.floors[r.ID]; len(a.applied) < floor {
		if missing := contents(c.committed[len(a.applied):floor]); missing != "nothing" {
			c.stale++
			stale = fmt.Sprintf(", without %s: stale", missing)
		}
	}
	c.tell("n%d    reads %s%s", a.cfg.ID, contents(a.applied), stale)
}

func contents(entries []raft.Entry) string {
	var all []string
	for _, e := range entries {
		if e.Kind == raft.EntryCommand {
			all = append(all, string(e.Data))
		}
	}
	if all == nil {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

func content(e raft.Entry) string {
	switch e.Kind {
	case raft.EntryNoop:
		return "no-op"
	case raft.EntryMembership:
		if m, err := raft.DecodeMembership(e.Data); err == nil {
			return m.String()
		}
	}
	return string(e.Data)
}

// summary is a line a node: role, term, commit index, and the log as content@term.
func (c *stage) summary() {
	for _, a := range c.actors {
		if a.raft == nil {
			c.tell("n%d is down", a.cfg.ID)
			continue
		}
		st := a.raft.Status()
		var log []string
		for _, e := range a.log {
			log = append(log, fmt.Sprintf("%s@%d", content(e), e.Term))
		}
		c.tell("n%d %v, term %d, commit %d: %s", a.cfg.ID, st.Role, st.Term, st.Commit, strings.Join(log, ", "))
	}
}
