package lease

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"schism/targetnode/raft"
)

// sim runs some keepers on clocks of their own over one log. Everything that a network and a scheduler
// can do to them is a delay here: of a proposal on its way to the log (or for ever), of a committed entry
// on its way to a node, of a node that restarts. Time is real time, in nanoseconds of no particular size.
type sim struct {
	rng   *rand.Rand
	now   int64
	nodes []*simNode
	log   []simEntry
	under []simEntry // proposals on their way, each appended at its time

	wrongRate float64 // beyond the declared bound
	noFence   bool

	seen    int // the newest write that a read has returned or a holder has acknowledged
	held    int // moments at which somebody held the lease, and how often that was another one
	changes int
	last    raft.NodeID
	broken  []string
}

type simEntry struct {
	at    int64 // when it is appended
	lease *Entry
	epoch uint64 // of a write
	from  raft.NodeID
	life  int
}

type simNode struct {
	id      raft.NodeID
	keeper  *Keeper
	rate    float64
	origin  int64 // of its clock
	life    int
	applied int
	value   int // the number of the newest write in its state
	lease   State
	deaf    int64 // until then it applies nothing
	mute    int64 // until then its proposals are lost
}

const (
	simError = 0.05
	simLease = 1000
	simSteps = 4000
)

func newSim(seed uint64, adjust func(*sim)) *sim {
	s := &sim{rng: rand.New(rand.NewPCG(seed, 1))}
	if adjust != nil {
		adjust(s)
	}
	for i := range 3 {
		n := &simNode{id: raft.NodeID(i + 1), rate: 1 + simError*(2*s.rng.Float64()-1)}
		s.nodes = append(s.nodes, n)
	}
	if s.wrongRate != 0 {
		s.nodes[0].rate = s.wrongRate
	}
	return s
}

func (s *sim) start(n *simNode, d Defects) {
	n.life++
	n.origin, n.applied, n.value, n.lease = s.now, 0, 0, State{}
	n.keeper = New(Config{
		Self: n.id, Duration: simLease, RenewEvery: simLease / 4, ClockError: simError,
		FirstTicket: s.rng.Uint64(), Defects: d,
	}, State{}, s.clock(n))
}

func (s *sim) clock(n *simNode) raft.Time {
	return raft.Time(float64(s.now-n.origin) * n.rate)
}

func (s *sim) chance(p float64) bool { return s.rng.Float64() < p }

func (s *sim) run(d Defects) {
	for _, n := range s.nodes {
		s.start(n, d)
	}
	for range simSteps {
		s.now += s.rng.Int64N(20)
		s.commit()
		for _, n := range s.nodes {
			s.disturb(n, d)
			s.apply(n)
			s.act(n)
		}
		s.checkHolders()
	}
}

// disturb makes a node deaf, mute or new, for spans of the order of a lease.
func (s *sim) disturb(n *simNode, d Defects) {
	switch {
	case s.chance(0.001):
		n.deaf = s.now + s.rng.Int64N(3*simLease)
	case s.chance(0.001):
		n.mute = s.now + s.rng.Int64N(3*simLease)
	case s.chance(0.0005):
		s.start(n, d)
	}
}

func (s *sim) commit() {
	slices.SortStableFunc(s.under, func(a, b simEntry) int { return cmp.Compare(a.at, b.at) })
	for len(s.under) > 0 && s.under[0].at <= s.now {
		s.log = append(s.log, s.under[0])
		s.under = s.under[1:]
	}
}

// propose lets an entry reach the log soon, late, very late or never.
func (s *sim) propose(n *simNode, e simEntry) {
	delay := s.rng.Int64N(30)
	switch {
	case s.now < n.mute || s.chance(0.05):
		return
	case s.chance(0.05):
		delay = s.rng.Int64N(3 * simLease)
	}
	e.at, e.from, e.life = s.now+delay, n.id, n.life
	s.under = append(s.under, e)
}

// apply follows the log, and acknowledges the node's own writes as they are applied.
func (s *sim) apply(n *simNode) {
	if s.now < n.deaf {
		return
	}
	for n.applied < len(s.log) && s.chance(0.8) {
		e := s.log[n.applied]
		n.applied++
		if e.lease != nil {
			if n.lease.Apply(raft.Index(n.applied), *e.lease) {
				n.keeper.TookEffect(s.clock(n), n.lease)
			}
			continue
		}
		if s.noFence || n.lease.Admits(e.epoch) {
			n.value = n.applied
			if e.from == n.id && e.life == n.life {
				s.seen = max(s.seen, n.value)
			}
		}
	}
}

// act lets a node ask for the lease, and read and write as long as it has it.
func (s *sim) act(n *simNode) {
	if e, ok := n.keeper.Tick(s.clock(n), false); ok {
		s.propose(n, simEntry{lease: &e})
	}
	if !n.keeper.Holds(s.clock(n)) {
		return
	}
	if s.chance(0.5) {
		s.propose(n, simEntry{epoch: n.keeper.State().Epoch})
	}
	if n.value < s.seen {
		s.broken = append(s.broken, fmt.Sprintf("at %d n%d reads write %d, although %d was acknowledged or read before", s.now, n.id, n.value, s.seen))
	}
	s.seen = max(s.seen, n.value)
}

func (s *sim) checkHolders() {
	var holders []raft.NodeID
	for _, n := range s.nodes {
		if n.keeper.Holds(s.clock(n)) {
			holders = append(holders, n.id)
		}
	}
	switch {
	case len(holders) > 1:
		s.broken = append(s.broken, fmt.Sprintf("at %d nodes %v hold the lease", s.now, holders))
	case len(holders) == 1:
		s.held++
		if holders[0] != s.last {
			s.last = holders[0]
			s.changes++
		}
	}
}

const simSeeds = 120

// Whatever is lost, late or restarted: at most one node holds the lease, and it reads every write that
// anybody acknowledged or read before.
func TestTheLeaseIsExclusive(t *testing.T) {
	held, changes := 0, 0
	for seed := range uint64(simSeeds) {
		s := newSim(seed, nil)
		s.run(Defects{})
		if len(s.broken) > 0 {
			t.Fatalf("seed %d: %s", seed, s.broken[0])
		}
		held += s.held
		changes += s.changes
	}
	if held < simSeeds*simSteps/2 || changes < simSeeds*3 {
		t.Errorf("somebody held the lease at %d of %d moments, and it moved %d times: too little to prove anything", held, simSeeds*simSteps, changes)
	}
}

// The simulation sees what it should: without the wait, the fence, or clocks within their bound.
func TestTheSimulationFinds(t *testing.T) {
	for name, c := range map[string]struct {
		adjust func(*sim)
		d      Defects
	}{
		"no wait":      {nil, Defects{NoWait: true}},
		"no fence":     {func(s *sim) { s.noFence = true }, Defects{}},
		"a slow clock": {func(s *sim) { s.wrongRate = 0.5 }, Defects{}},
	} {
		t.Run(name, func(t *testing.T) {
			found := 0
			for seed := range uint64(simSeeds) {
				s := newSim(seed, c.adjust)
				s.run(c.d)
				if len(s.broken) > 0 {
					found++
				}
			}
			if found < simSeeds/10 {
				t.Errorf("found with %d of %d seeds", found, simSeeds)
			}
			t.Logf("found with %d of %d seeds", found, simSeeds)
		})
	}
}
