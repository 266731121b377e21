package targetnode

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"schism/targetnode/control"
	"schism/targetnode/raft"
	"schism/targetnode/transport"
)

// seenMembers is which membership the rest of the node was told of.
type seenMembers struct {
	at      raft.Index
	certain bool
}

// noteMembers follows the membership in effect, which comes with an entry, or a snapshot, and may go back
// with it: who is spoken to, and by which name.
func (n *node) noteMembers(s raft.Status) error {
	seen := seenMembers{s.MembersAt, s.MembersAt <= s.Commit}
	if n.members == seen && n.book.Load() != nil {
		return nil
	}
	n.members = seen
	all, err := book(n.cfg.Peers).with(s.Members.Book)
	if err != nil {
		return fmt.Errorf("entry %d: %w", s.MembersAt, err)
	}
	n.book.Store(&all)
	reachable := n.core.Reachable()
	self := transport.Node{ID: n.self(), Name: n.cfg.Name}
	var peers []transport.Node
	var names []string
	var gone []raft.NodeID
	for i, p := range all {
		at := transport.Node{ID: raft.NodeID(i + 1), Name: p.Name, Addr: p.Addr}
		switch {
		case at.ID == self.ID:
			self.Addr = p.Addr
		case slices.Contains(reachable, at.ID):
			peers, names = append(peers, at), append(names, p.Name)
		default:
			gone = append(gone, at.ID)
		}
	}
	n.transport.SetPeers(self, peers, gone)
	n.points.SetPeers(names)
	if s.MembersAt > 0 {
		n.log.Info("membership", "entry", s.MembersAt, "certain", seen.certain, "members", n.described(s.Members))
	}
	if seen.certain && s.MembersAt > 0 && !s.Members.Has(self.ID) && self.ID <= raft.NodeID(len(all)) {
		n.log.Warn("this node was removed from the cluster: it can be stopped for good")
	}
	return nil
}

func (n *node) described(m raft.Membership) string {
	text := strings.Join(n.namesOf(m.Voters), ",")
	if len(m.Learners) > 0 {
		text += ", learning " + strings.Join(n.namesOf(m.Learners), ",")
	}
	return text
}

func (n *node) namesOf(ids []raft.NodeID) (names []string) {
	for _, id := range ids {
		names = append(names, n.nameOf(id))
	}
	return names
}

// Membership is who belongs to the cluster, as this node knows it.
func (n *node) Membership() control.Membership {
	s := n.status()
	m := control.Membership{Index: uint64(s.MembersAt), Committed: s.MembersAt <= s.Commit}
	for i, p := range *n.book.Load() {
		role := ""
		switch id := raft.NodeID(i + 1); {
		case slices.Contains(s.Members.Voters, id):
			role = control.Voter
		case slices.Contains(s.Members.Learners, id):
			role = control.Learner
		default:
			continue
		}
		m.Members = append(m.Members, control.Member{Name: p.Name, Number: i + 1, Addr: p.Addr, Role: role})
	}
	return m
}

// ChangeMembership changes who belongs to the cluster, and waits until that is certain.
func (n *node) ChangeMembership(ctx context.Context, c control.Change) (control.Membership, error) {
	done := make(chan answer, 1)
	r := &request{answered: func(a answer) { done <- a }}
	var refused error
	if err := n.inLoop(ctx, func(now raft.Time) { refused = n.proposeChange(now, c, r) }); err != nil || refused != nil {
		return control.Membership{}, errors.Join(refused, err)
	}
	ctx, cancel := context.WithTimeout(ctx, n.cfg.OpTimeout)
	defer cancel()
	select {
	case a := <-done:
		if a.err != nil {
			return control.Membership{}, fmt.Errorf("%w: %w", control.ErrUnknown, a.err)
		}
		return n.Membership(), nil
	case <-n.stopped:
		return control.Membership{}, fmt.Errorf("%w: the node stopped", control.ErrUnknown)
	case <-ctx.Done():
		return control.Membership{}, fmt.Errorf("%w: it was not committed within %v", control.ErrUnknown, n.cfg.OpTimeout)
	}
}

// proposeChange puts a change to the core. The loop calls it.
func (n *node) proposeChange(now raft.Time, c control.Change, r *request) error {
	s := n.core.Status()
	if s.Role != raft.Leader {
		return fmt.Errorf("%w: %w; the leader is %q", control.ErrNow, raft.ErrNotLeader, n.nameOf(s.Leader))
	}
	m, err := n.changed(now, s.Members, c)
	if err != nil {
		return err
	}
	index, term, err := n.core.ProposeMembership(now, m)
	if err != nil {
		return fmt.Errorf("%w: %w", control.ErrNow, err)
	}
	n.waiting.addWrites(index, term, []*request{r})
	return nil
}

// promotable is how many entries a learner may lack at most that is to vote: a quorum that needs it would
// wait for all of them (thesis, §4.2.1).
const promotable = 1000

// changed is a membership after one change.
func (n *node) changed(now raft.Time, m raft.Membership, c control.Change) (raft.Membership, error) {
	all := *n.book.Load()
	if c.Add != "" {
		if all.idOf(c.Add) != 0 || c.Add == n.cfg.Name {
			return m, fmt.Errorf("the cluster has, or had, a node called %s: names are not given twice", c.Add)
		}
		if !validAddr(c.Addr) || !validName(c.Add) {
			return m, fmt.Errorf("the new node is to be %q at %q: want a name without = and commas, and host:port", c.Add, c.Addr)
		}
		all = append(slices.Clone(all), Peer{c.Add, c.Addr})
		m.Learners = append(slices.Clone(m.Learners), raft.NodeID(len(all)))
		m.Book = all.joined(len(n.cfg.Peers))
		return m, nil
	}
	name := c.Promote + c.Remove // one of them is ""
	id := all.idOf(name)
	if id == 0 || !m.Has(id) {
		return m, fmt.Errorf("%s is no member; there are %s", name, n.described(m))
	}
	others := func(ids []raft.NodeID) []raft.NodeID {
		return slices.DeleteFunc(slices.Clone(ids), func(x raft.NodeID) bool { return x == id })
	}
	was := m
	m.Voters, m.Learners = others(m.Voters), others(m.Learners)
	if c.Remove != "" {
		return m, errors.Join(m.Validate(), n.stranded(now, was, m, c.Force))
	}
	if !slices.Contains(was.Learners, id) {
		return m, fmt.Errorf("%s votes already", name)
	}
	if lag, known := n.core.Lag(now, id); !known || lag > promotable {
		return m, fmt.Errorf("%w: %s", control.ErrNow, lagging(name, lag, known))
	}
	m.Voters = append(m.Voters, id)
	slices.Sort(m.Voters)
	return m, nil
}

// stranded refuses to remove a voter if fewer of those that stay answer than must agree on anything from then on,
// this change included: a membership is in effect from its entry on (thesis, §4.1), and only the return of a voter
// that is away would end the outage. etcd refuses it for the same reason (strict-reconfig-check).
func (n *node) stranded(now raft.Time, was, m raft.Membership, force bool) error {
	if force || len(m.Voters) == len(was.Voters) || len(m.Voters) == 0 {
		return nil
	}
	var away []raft.NodeID
	for _, id := range m.Voters {
		if _, answers := n.core.Lag(now, id); !answers && id != n.self() {
			away = append(away, id)
		}
	}
	if live, quorum := len(m.Voters)-len(away), len(m.Voters)/2+1; live < quorum {
		return fmt.Errorf("%w: of the %d that would vote %d must answer, and these do not: %s; nothing could be committed any more, not even this "+
			"(\"force\": true does it all the same)", control.ErrNow, len(m.Voters), quorum, strings.Join(n.namesOf(away), ", "))
	}
	return nil
}

func lagging(name string, lag raft.Index, known bool) string {
	if !known {
		return name + " does not answer: a voter that is not there costs the cluster a quorum"
	}
	return fmt.Sprintf("%s lacks %d entries: it must be within %d to vote", name, lag, promotable)
}

func validName(name string) bool { return !strings.ContainsAny(name, "=,") }
