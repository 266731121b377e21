package raft

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Membership is who belongs to the cluster. It changes by entries of the log, each of which is in effect at
// a node as soon as its log has it (Raft thesis, §4.1). Nobody changes its slices.
type Membership struct {
	Voters   []NodeID // they elect leaders, and a quorum of them commits
	Learners []NodeID // they get the log and are never counted (§4.2.1)
	Book     []byte   // the driver's own: what it has to know of nodes beyond their numbers
}

// Has says whether a node belongs to the cluster in either way.
func (m Membership) Has(id NodeID) bool {
	return m.votes(id) || slices.Contains(m.Learners, id)
}

func (m Membership) votes(id NodeID) bool {
	return slices.Contains(m.Voters, id)
}

// Validate says what is wrong with a membership, all of it at once.
func (m Membership) Validate() error {
	all := slices.Concat(m.Voters, m.Learners)
	var errs []error
	if len(m.Voters) == 0 {
		errs = append(errs, errors.New("the cluster has no voter"))
	}
	if slices.Contains(all, 0) {
		errs = append(errs, fmt.Errorf("the cluster of %v contains the ID 0, which means nobody", m))
	}
	if hasTwice(all) {
		errs = append(errs, fmt.Errorf("the cluster of %v names a node twice", m))
	}
	return errors.Join(errs...)
}

func hasTwice(nodes []NodeID) bool {
	sorted := slices.Sorted(slices.Values(nodes))
	return len(slices.Compact(sorted)) < len(nodes)
}

func (m Membership) String() string {
	if len(m.Learners) == 0 {
		return fmt.Sprintf("voters %v", m.Voters)
	}
	return fmt.Sprintf("voters %v, learners %v", m.Voters, m.Learners)
}

// Encode is the data of an EntryMembership: voters and learners, each list with its length before it, and
// the book with its own, all numbers as unsigned varints.
func (m Membership) Encode() []byte {
	var b []byte
	for _, nodes := range [][]NodeID{m.Voters, m.Learners} {
		b = binary.AppendUvarint(b, uint64(len(nodes)))
		for _, id := range nodes {
			b = binary.AppendUvarint(b, uint64(id))
		}
	}
	b = binary.AppendUvarint(b, uint64(len(m.Book)))
	return append(b, m.Book...)
}

var errMembership = errors.New("not a membership: it ends too early or too late")

// DecodeMembership is the inverse of Encode.
func DecodeMembership(b []byte) (Membership, error) {
	var m Membership
	for _, nodes := range []*[]NodeID{&m.Voters, &m.Learners} {
		count, n := binary.Uvarint(b)
		if n <= 0 || count > uint64(len(b)) {
			return Membership{}, errMembership
		}
		b = b[n:]
		for range count {
			id, n := binary.Uvarint(b)
			if n <= 0 {
				return Membership{}, errMembership
			}
			b = b[n:]
			*nodes = append(*nodes, NodeID(id))
		}
	}
	size, n := binary.Uvarint(b)
	if n <= 0 || size != uint64(len(b)-n) {
		return Membership{}, errMembership
	}
	if size > 0 {
		m.Book = b[n:]
	}
	return m, m.Validate()
}

// configuration is a membership and the entry that brought it; 0: the node was told at its start.
type configuration struct {
	Membership
	at Index
}

// members is the membership in effect: the newest in the log, committed or not.
func (n *Node) members() *Membership {
	return &n.configs[len(n.configs)-1].Membership
}

// noteMembers puts the memberships in entries that were appended into effect.
func (n *Node) noteMembers(entries []Entry) {
	for i := range entries {
		e := &entries[i]
		if e.Kind != EntryMembership {
			continue
		}
		m, err := DecodeMembership(e.Data)
		if err != nil {
			panic(fmt.Sprintf("raft: node %d, entry %d of term %d: %v", n.cfg.ID, e.Index, e.Term, err))
		}
		n.configs = append(n.configs, configuration{m, e.Index})
	}
}

// membersAt is the membership in effect at an entry that is still in the log, or the last before it.
func (n *Node) membersAt(i Index) Membership {
	k := len(n.configs) - 1
	for k > 0 && n.configs[k].at > i {
		k--
	}
	return n.configs[k].Membership
}

// forgetMembers drops what is older than the membership at the log's front.
func (n *Node) forgetMembers() {
	for len(n.configs) > 1 && n.configs[1].at <= n.log.base {
		n.configs = n.configs[1:]
	}
}

// mayCampaign says whether this node votes by a membership that may be the committed one. A leader that
// removes itself has the only log with the change until it is committed, so that it may be needed once
// more although it votes no longer (thesis, §4.2.2).
func (n *Node) mayCampaign() bool {
	for k := len(n.configs) - 1; k >= 0; k-- {
		if n.configs[k].votes(n.cfg.ID) {
			return true
		}
		if n.configs[k].at <= n.commit {
			break
		}
	}
	return false
}

// Reasons for which a change of the membership is refused; nothing was appended then.
var (
	ErrChangePending = errors.New("the membership change before this one is not committed yet")
	// ErrTermNotCommitted keeps the rule of 2015: in a term that has committed nothing yet a change could
	// meet one that an earlier leader left behind, and their majorities need not share a member.
	ErrTermNotCommitted = errors.New("no entry of this leader's term is committed yet: a membership change must wait for one")
)

// ProposeMembership appends a change of the membership, which differs from the one in effect by at most
// one voter, so that any two majorities of both share a member (thesis, §4.1). It is in effect at once;
// it is certain when the entry, whose index and term are returned, is committed.
func (n *Node) ProposeMembership(now Time, m Membership) (Index, Term, error) {
	n.advance(now)
	newest := n.configs[len(n.configs)-1]
	switch {
	case n.role != Leader:
		return 0, 0, ErrNotLeader
	case n.transferring():
		return 0, 0, ErrTransferring
	case n.log.term(n.commit) != n.term && !n.cfg.Defects.ChangeBeforeTermCommit:
		return 0, 0, ErrTermNotCommitted
	case newest.at > n.commit && !(n.cfg.Defects.ChangeBeforeTermCommit && n.log.term(newest.at) != n.term):
		return 0, 0, ErrChangePending
	}
	if err := m.Validate(); err != nil {
		return 0, 0, err
	}
	if changed := votersApart(newest.Membership, m); changed > 1 {
		return 0, 0, fmt.Errorf("from %v to %v are %d changes of voters: one at a time", newest.Membership, m, changed)
	}
	n.appendOwn(Entry{Kind: EntryMembership, Data: m.Encode()})
	return n.log.last(), n.term, nil
}

// votersApart counts the nodes that vote by one membership only.
func votersApart(a, b Membership) int {
	apart := 0
	for _, id := range a.Voters {
		if !b.votes(id) {
			apart++
		}
	}
	for _, id := range b.Voters {
		if !a.votes(id) {
			apart++
		}
	}
	return apart
}

// arrangePeers makes a leader replicate to the members in effect. What it knows of those that stay it
// keeps; new ones are sent next first, which must be in the log soon, or they would never hear of it.
// CheckQuorum gives new voters an election timeout to answer; the lease gives them nothing.
func (n *Node) arrangePeers(next Index) {
	m := n.members()
	peers := make([]progress, 0, len(m.Voters)+len(m.Learners))
	for k, id := range slices.Concat(m.Voters, m.Learners) {
		p := newProgress(id, next)
		if known := n.progressOf(id); known != nil {
			p = *known
		}
		p.voter = k < len(m.Voters)
		peers = append(peers, p)
	}
	n.peers, n.countedFrom = peers, n.now
}

// Reachable is everybody with whom this node may have to speak: the members by each configuration that
// may be the committed one, the newest that is known to be so and all behind it.
func (n *Node) Reachable() []NodeID {
	var all []NodeID
	for k := len(n.configs) - 1; k >= 0; k-- {
		all = append(all, slices.Concat(n.configs[k].Voters, n.configs[k].Learners)...)
		if n.configs[k].at <= n.commit {
			break
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Lag is how many entries a member lacks of this leader's log, as far as its answers tell. ok is false if
// there are none of late: it is not known, then, whether it is there at all.
func (n *Node) Lag(now Time, id NodeID) (entries Index, ok bool) {
	n.advance(now)
	p := n.progressOf(id)
	if n.role != Leader || p == nil || n.now-p.contact > n.cfg.ElectionTimeout {
		return 0, false
	}
	return n.log.last() - p.match, true
}

// leaveIfRemoved makes a leader that removed itself step down when that is committed. Until then it goes
// on, and does not count itself (§4.2.2).
func (n *Node) leaveIfRemoved() {
	if newest := &n.configs[len(n.configs)-1]; newest.at <= n.commit && !newest.votes(n.cfg.ID) {
		n.becomeFollower(n.term, 0)
	}
}
