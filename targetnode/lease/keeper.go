package lease

import (
	"errors"
	"fmt"
	"math"

	"schism/targetnode/raft"
)

// Config of a keeper.
type Config struct {
	Self       raft.NodeID
	Home       raft.NodeID   // who takes the first lease of all; 0: anybody but the Raft leader, who has enough to do
	Duration   raft.Duration // D: of the leases that this node asks for
	RenewEvery raft.Duration // how often a holder asks again, and anybody whose entry was not applied
	ClockError float64       // ε: declared bound on the rate error of every node's clock
	// FirstTicket is a random number, so that the tickets of two lives of a node never meet.
	FirstTicket uint64
	Defects     Defects
}

// Validate says what is wrong with a configuration, all of it at once.
func (c *Config) Validate() error {
	var errs []error
	if c.RenewEvery <= 0 || c.RenewEvery > c.Duration/2 {
		errs = append(errs, fmt.Errorf("a lease of %d ns is renewed every %d ns: it must be more than never and at most half of the lease, or one lost renewal ends it",
			c.Duration, c.RenewEvery))
	}
	if !(c.ClockError >= 0 && c.ClockError <= 0.5) {
		errs = append(errs, fmt.Errorf("the clock error is %v: it must be between 0 and 0.5", c.ClockError))
	}
	return errors.Join(errs...)
}

// Keeper is one node's view of the lease: whether it holds it now, and when it should ask for it. It is
// not safe for concurrent use.
type Keeper struct {
	cfg   Config
	now   raft.Time // of the newest input
	state State
	since raft.Time // when this node came to know state, in this life
	until raft.Time // end of the own lease by the own clock; 0: this node has none

	asked  raft.Time // when the newest proposal was made
	ticket uint64    // of the next one
	mine   []proposal
}

// proposal is an entry that this node asked for and that may still take effect.
type proposal struct {
	ticket uint64
	at     raft.Time
}

const (
	longAgo raft.Time = -1 << 62
	// maxProposals is how many of them are remembered. What is forgotten and takes effect after all is
	// treated like an entry of an earlier life.
	maxProposals = 16
)

// New makes the keeper of a node that knows the lease from its snapshot, or not at all. What it is to
// wait for counts from now: a restart keeps no times.
func New(cfg Config, s State, now raft.Time) *Keeper {
	return &Keeper{cfg: cfg, now: now, state: s, since: now, asked: longAgo, ticket: cfg.FirstTicket}
}

// State is the lease as this node knows it.
func (k *Keeper) State() State { return k.state }

// Until is when the own lease ends, or ended, by the own clock; 0: this node has had none in this life
// under the present entry.
func (k *Keeper) Until() raft.Time { return k.until }

// Holds says whether this node is the region leader at now, which must have been read after the
// request in question left every queue. What it serves, it must serve from the state of this moment.
func (k *Keeper) Holds(now raft.Time) bool {
	k.advance(now)
	return k.now < k.until
}

// TookEffect takes in that an entry took effect, whether it was applied or came in a snapshot. The
// holder counts from when it asked, since that is before any other node can have heard of it, and only
// now: an entry that it has not applied may have been overtaken, or never have reached the log.
func (k *Keeper) TookEffect(now raft.Time, s State) {
	k.advance(now)
	if s.Index == k.state.Index {
		return
	}
	k.state, k.since, k.until = s, k.now, 0
	for _, p := range k.mine {
		if s.Holder == k.cfg.Self && s.Ticket == p.ticket {
			k.until = p.at + raft.Duration(float64(s.Duration)*(1-k.cfg.ClockError))
		}
	}
	k.mine = nil // the others replace an entry that is not the newest any more
}

// Tick gives the entry that this node should propose now, if any; leads says that it is the Raft
// leader. It does nothing before Deadline.
func (k *Keeper) Tick(now raft.Time, leads bool) (Entry, bool) {
	k.advance(now)
	if k.now < k.Deadline(leads) {
		return Entry{}, false
	}
	e := Entry{Holder: k.cfg.Self, Epoch: k.state.Epoch, Duration: k.cfg.Duration, Replaces: k.state.Index, Ticket: k.ticket}
	if !k.Holds(k.now) {
		// Also for the node that held it last: a renewal is for a lease that runs. A holder that can send
		// and not receive would keep the region for ever if it could go on renewing what it has lost.
		e.Epoch++
	}
	k.ticket++
	k.asked = k.now
	if len(k.mine) == maxProposals {
		k.mine = k.mine[1:]
	}
	k.mine = append(k.mine, proposal{e.Ticket, k.now})
	return e, true
}

// Deadline is when the next Tick has something to propose. Any input may move it.
func (k *Keeper) Deadline(leads bool) raft.Time {
	again := k.asked + k.cfg.RenewEvery
	switch {
	case k.state.Holder == k.cfg.Self:
		return again // to renew; or to begin anew, for the node knows best that its own lease is over
	case k.state.Index == 0 && k.goesFirst(leads):
		return again
	}
	return max(again, k.since+k.wait())
}

// goesFirst says whether this node asks for the first lease without letting others go first.
func (k *Keeper) goesFirst(leads bool) bool {
	if k.cfg.Home != 0 {
		return k.cfg.Self == k.cfg.Home
	}
	return !leads
}

// wait is how long a node that knows of another's lease must let pass before it may ask for it. The
// holder counts D(1−ε) from when it asked, this node D(1+ε) from when it heard of that, which was
// later: if both clocks keep within ε, the lease is over by then.
func (k *Keeper) wait() raft.Duration {
	d := k.state.Duration
	switch {
	case k.state.Index == 0:
		d = k.cfg.Duration
	case k.cfg.Defects.NoWait:
		return 2 * k.cfg.RenewEvery
	}
	return raft.Duration(math.Ceil(float64(d) * (1 + k.cfg.ClockError)))
}

func (k *Keeper) advance(now raft.Time) {
	k.now = max(k.now, now)
}
