package lease

import (
	"fmt"
	"slices"
	"strings"

	"schism/targetnode/raft"
)

// stage is a cluster whose log is one: the Raft leader appends what reaches it, as long as it reaches a
// majority itself, and every node that it reaches applies what is there.
type stage struct {
	now    int64 // ms
	nodes  []*paperNode
	leader raft.NodeID
	log    []paperEntry
	under  []paperEntry // held at the RaL
	cut    map[[2]raft.NodeID]bool
	held   bool // writes are
	fence  bool
	told   strings.Builder

	newest State    // the lease as the log has it
	seen   []string // writes that were answered or read
	// What a script may demand: reads served, stale ones among them, writes answered and fenced, and how many
	// nodes held the lease at once at most.
	served, stale, answered, fenced, most int
}

type paperNode struct {
	id      raft.NodeID
	keeper  *Keeper
	base    raft.Time // its clock showed that at since, and runs at percent of the true rate
	since   int64
	percent int64
	holds   bool // it applies nothing
	applied int
	lease   State
	state   []string
	had     bool // it held the lease a step ago
}

type paperEntry struct {
	from  raft.NodeID
	lease *Entry
	epoch uint64 // of a write
	data  string
}

const paperStep = 10

func (s *stage) clock(n *paperNode) raft.Time {
	return n.base + raft.Time((s.now-n.since)*n.percent/100)
}

func (s *stage) tell(format string, args ...any) {
	fmt.Fprintf(&s.told, "%5d  %s\n", s.now, fmt.Sprintf(format, args...))
}

func (s *stage) reaches(from, to raft.NodeID) bool {
	return !s.cut[[2]raft.NodeID{from, to}]
}

// leads says whether the Raft leader can commit.
func (s *stage) leads() bool {
	both := 0
	for _, n := range s.nodes {
		if s.reaches(s.leader, n.id) && s.reaches(n.id, s.leader) {
			both++
		}
	}
	return both > len(s.nodes)/2
}

// step lets every node do what is due now.
func (s *stage) step() {
	for _, n := range s.nodes {
		if e, due := n.keeper.Tick(s.clock(n), n.id == s.leader); due {
			s.propose(paperEntry{from: n.id, lease: &e})
		}
	}
	if !s.held {
		for _, e := range s.under {
			s.append(e)
		}
		s.under = nil
	}
	for _, n := range s.nodes {
		s.apply(n)
	}
	s.watch()
}

func (s *stage) propose(e paperEntry) {
	switch {
	case !s.reaches(e.from, s.leader) || !s.leads():
	case s.held && e.lease == nil:
		s.under = append(s.under, e)
	default:
		s.append(e)
	}
}

func (s *stage) append(e paperEntry) {
	s.log = append(s.log, e)
	if e.lease != nil {
		s.newest.Apply(raft.Index(len(s.log)), *e.lease)
	}
}

// apply follows the log, and answers the node's own writes.
func (s *stage) apply(n *paperNode) {
	for n.applied < len(s.log) && !n.holds && s.reaches(s.leader, n.id) {
		e := s.log[n.applied]
		n.applied++
		switch {
		case e.lease != nil:
			if before := n.lease.Epoch; n.lease.Apply(raft.Index(n.applied), *e.lease) {
				n.keeper.TookEffect(s.clock(n), n.lease)
				if n.id == e.from && n.lease.Epoch != before {
					s.tell("n%d is the region leader of epoch %d", n.id, n.lease.Epoch)
				}
			}
		case s.fence && !n.lease.Admits(e.epoch):
			if n.id == e.from {
				s.fenced++
				s.tell("n%d answers %s: fenced", n.id, e.data)
			}
		default:
			n.state = append(n.state, e.data)
			if n.id == e.from {
				s.answered++
				s.seen = append(s.seen, e.data)
				s.tell("n%d answers %s: ok", n.id, e.data)
			}
		}
	}
}

// watch notes who holds the lease.
func (s *stage) watch() {
	holders := 0
	for _, n := range s.nodes {
		has := n.keeper.Holds(s.clock(n))
		if n.had && !has {
			s.tell("n%d holds the lease no more", n.id)
		}
		if n.had = has; has {
			holders++
		}
	}
	s.most = max(s.most, holders)
}

// holder is who holds the lease of the newest epoch now; 0: nobody.
func (s *stage) holder() (id raft.NodeID) {
	epoch := uint64(0)
	for _, n := range s.nodes {
		if n.keeper.Holds(s.clock(n)) && n.lease.Epoch > epoch {
			id, epoch = n.id, n.lease.Epoch
		}
	}
	return id
}

// write is taken in by the region leader only.
func (s *stage) write(n *paperNode, data string) {
	if !n.keeper.Holds(s.clock(n)) {
		s.tell("n%d refuses to write", n.id)
		return
	}
	s.propose(paperEntry{from: n.id, epoch: n.lease.Epoch, data: data})
}

// read is served from the node's own state inside its lease. It is stale if it lacks what was answered or read.
func (s *stage) read(n *paperNode) {
	if !n.keeper.Holds(s.clock(n)) {
		s.tell("n%d refuses to read", n.id)
		return
	}
	s.served++
	text := strings.Join(n.state, ", ")
	if text == "" {
		text = "nothing"
	}
	for _, w := range s.seen {
		if !slices.Contains(n.state, w) {
			s.stale++
			text += ", without " + w + ": stale"
			break
		}
	}
	s.seen = append(s.seen, n.state...)
	s.tell("n%d reads %s", n.id, text)
}
