package targetnode

import (
	"math/rand/v2"
	"time"

	"schism/targetnode/api"
	"schism/targetnode/failpoint"
	"schism/targetnode/kv"
	"schism/targetnode/lease"
	"schism/targetnode/raft"
)

// region is the part of a node that lives by the region lease. Any node takes requests; one that is not
// the region leader passes them on to it. The region leader answers reads from its own state, without
// asking anybody, and has writes replicated through the Raft leader, which is usually another node. Only
// the loop touches it.
type region struct {
	node   *node
	self   raft.NodeID
	keeper *lease.Keeper
	writes regionWrites

	passed map[uint64]passedOn // requests that the region leader is to answer
	nextID uint64

	// What was forwarded to this node as Raft leader, in the present round.
	proposals [][]byte
	proposers []raft.NodeID

	sweepAt raft.Time // when pending requests are looked through again
}

// passedOn is a client's request that another node was asked to serve.
type passedOn struct {
	request *request
	holder  raft.NodeID
	since   raft.Time
}

// newRegion is nil for a node without a region lease.
func newRegion(n *node) (*region, error) {
	if n.cfg.RegionLease == 0 {
		return nil, nil
	}
	on, err := parseDefects(n.cfg.Defects)
	if err != nil {
		return nil, err
	}
	cfg := lease.Config{
		Self:       n.cfg.id(),
		Home:       n.cfg.idOf(n.cfg.RegionHome),
		Duration:   raft.Duration(n.cfg.RegionLease),
		RenewEvery: raft.Duration(min(n.cfg.RegionLease/3, n.cfg.ElectionTimeout)),
		ClockError: n.cfg.ClockError,
		Defects:    on.lease,
		// Random: whatever is still under way to an earlier life of this node must not be taken for an
		// answer to this one.
		FirstTicket: rand.Uint64(),
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	g := &region{
		node:   n,
		self:   cfg.Self,
		keeper: lease.New(cfg, n.store.Lease(), n.clock.now()),
		passed: map[uint64]passedOn{},
		nextID: rand.Uint64(),
	}
	g.writes = newRegionWrites(g)
	return g, nil
}

// round takes in what waits and puts to the core what should enter the log.
func (g *region) round(now raft.Time, forwarded []forwarded, requests []*request) {
	g.writes.noteLeader(g.node.core.Status())
	for _, f := range forwarded {
		g.step(now, f)
	}
	for _, r := range requests {
		g.route(now, r)
	}
	if now >= g.sweepAt {
		g.sweep(now)
	}
	g.askForLease(now)
	g.propose(now)
}

// step takes in what another node forwarded.
func (g *region) step(now raft.Time, f forwarded) {
	switch m := f.message.(type) {
	case regionRequest:
		r := &request{command: &m.command, answered: func(a answer) { g.node.transport.Forward(f.from, regionAnswer{m.id, a}.encode()) }}
		if !m.command.ReadOnly() {
			r.data = m.command.Encode()
		}
		if !g.keeper.Holds(now) {
			// Never on to a third node: two that take each other for the holder would go on for ever.
			g.refuse(r)
			return
		}
		g.serve(now, r)
	case regionAnswer:
		if p, waits := g.passed[m.id]; waits && p.holder == f.from {
			delete(g.passed, m.id)
			p.request.reply(m.answer)
		}
	case regionProposal:
		g.proposals = append(g.proposals, m.data)
		g.proposers = append(g.proposers, f.from)
	case regionDeclined:
		g.writes.declined(m.stamp)
	}
}

// route serves a client's request or passes it on.
func (g *region) route(now raft.Time, r *request) {
	holder := g.keeper.State().Holder
	switch {
	case g.keeper.Holds(now):
		g.serve(now, r)
	case holder == 0 || holder == g.self:
		g.refuse(r)
	default:
		g.pass(now, r, holder)
	}
}

func (g *region) pass(now raft.Time, r *request, holder raft.NodeID) {
	g.nextID++
	if !g.node.transport.Forward(holder, regionRequest{g.nextID, *r.command}.encode()) {
		g.refuse(r)
		return
	}
	g.passed[g.nextID] = passedOn{r, holder, now}
	g.sweepSoon(now)
}

// refuse answers a request that nobody took in.
func (g *region) refuse(r *request) {
	r.reply(answer{err: &api.Error{Outcome: api.NotLeader, Leader: g.node.nameOf(g.keeper.State().Holder)}})
}

// serve answers as region leader. A read needs nobody else: every write that anybody was told of has been
// applied here, those of this epoch before they were answered, and those of earlier epochs before this
// node learned that it holds the lease, because none of them takes effect after that.
func (g *region) serve(now raft.Time, r *request) {
	if r.data == nil {
		r.reply(answer{result: g.node.store.Read(r.command)})
		return
	}
	g.writes.take(now, r)
	g.sweepSoon(now)
}

// applied takes in an entry that was just applied.
func (g *region) applied(now raft.Time, e raft.Entry, result kv.Result) {
	g.writes.applied(kv.StampOf(e.Data), result)
	g.noteLease(now)
}

// noteLease takes in the lease as the state has it.
func (g *region) noteLease(now raft.Time) {
	before := g.keeper.State()
	g.keeper.TookEffect(now, g.node.store.Lease())
	after := g.keeper.State()
	if after.Epoch == before.Epoch {
		return
	}
	g.node.log.Info("region", "holder", g.node.nameOf(after.Holder), "epoch", after.Epoch)
	for id, p := range g.passed {
		if p.request.data == nil && p.holder != after.Holder { // to read elsewhere has no effect twice
			delete(g.passed, id)
			g.route(now, p.request)
		}
	}
}

// askForLease proposes to take or renew the lease when it is time, once there is somebody to propose to.
func (g *region) askForLease(now raft.Time) {
	s := g.node.core.Status()
	if s.Leader == 0 {
		return
	}
	if e, due := g.keeper.Tick(now, s.Role == raft.Leader); due && g.mayRenew(e) {
		g.forward(s.Leader, kv.EncodeLease(e))
	}
}

// mayRenew passes the failpoint before the holder asks again, be it to renew or to begin anew. What it holds
// is not proposed: it will be due again.
func (g *region) mayRenew(e lease.Entry) bool {
	if g.keeper.State().Holder != g.self || !g.node.points.Any() {
		return true
	}
	upTo, err := g.node.points.Limit(failpoint.LeaseBeforeRenew, "", func(string) (failpoint.Passage, bool) {
		return failpoint.Passage{Index: uint64(e.Replaces), Durable: true}, true
	})
	return err == nil && upTo > 0
}

// forward brings what is to enter the log to the Raft leader. False means that it will certainly not.
func (g *region) forward(leader raft.NodeID, data []byte) bool {
	switch leader {
	case 0:
		return false
	case g.self:
		g.proposals = append(g.proposals, data)
		g.proposers = append(g.proposers, leader)
		return true
	}
	return g.node.transport.Forward(leader, regionProposal{data}.encode())
}

// propose puts what has gathered to the core as one batch. A node that does not lead says so to those
// who thought it did: they may try elsewhere, for nothing was appended.
func (g *region) propose(now raft.Time) {
	if len(g.proposals) == 0 {
		return
	}
	if _, _, err := g.node.core.Propose(now, g.proposals); err != nil {
		for i, data := range g.proposals {
			g.decline(g.proposers[i], kv.StampOf(data))
		}
	}
	clear(g.proposals) // the core keeps the data
	g.proposals, g.proposers = g.proposals[:0], g.proposers[:0]
}

func (g *region) decline(proposer raft.NodeID, s kv.Stamp) {
	switch {
	case s == kv.Stamp{}: // about the lease: it is asked for again anyhow
	case proposer == g.self:
		g.writes.declined(s)
	default:
		g.node.transport.Forward(proposer, regionDeclined{s}.encode())
	}
}

// sweep gives up what has waited for too long, and looks again after what was not forwarded yet.
func (g *region) sweep(now raft.Time) {
	for id, p := range g.passed {
		if now-p.since > raft.Duration(g.node.cfg.OpTimeout) {
			delete(g.passed, id) // its client has been answered by then
		}
	}
	g.writes.sweep(now)
	g.sweepAt = never
	g.sweepSoon(now)
}

// never is after every reading of a clock.
const never raft.Time = 1 << 62

func (g *region) sweepSoon(now raft.Time) {
	if len(g.passed)+len(g.writes.pending) > 0 {
		g.sweepAt = min(g.sweepAt, now+raft.Duration(g.node.cfg.ElectionTimeout/6))
	}
}

// deadline is when the next round has something to do.
func (g *region) deadline() raft.Time {
	s := g.node.core.Status()
	if s.Leader == 0 {
		return g.sweepAt
	}
	return min(g.sweepAt, g.keeper.Deadline(s.Role == raft.Leader))
}

// regionView is what others may know of the lease.
type regionView struct {
	state lease.State
	until raft.Time
}

func (g *region) view() regionView {
	if g == nil {
		return regionView{}
	}
	return regionView{g.keeper.State(), g.keeper.Until()}
}

func (n *node) regionStatus(v regionView) *api.Region {
	if n.region == nil {
		return nil
	}
	s := &api.Region{Holder: n.nameOf(v.state.Holder), Epoch: v.state.Epoch}
	if v.state.Holder == n.cfg.id() {
		left := max(0, time.Duration(v.until-n.clock.now()).Seconds()*1000)
		s.LeftMS, s.Holds = &left, left > 0
	}
	return s
}
