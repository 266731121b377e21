package raft

import (
	"cmp"
	"slices"
)

// quorum is the smallest number of n voters that any other such number of them shares a member with.
func quorum(n int) int {
	return n/2 + 1
}

// agreed is the greatest value that at least a quorum of the voters has reached. One function judges
// match indexes (commit), acknowledged rounds (ReadIndex) and contact times (CheckQuorum, lease).
func agreed[T cmp.Ordered](n *Node, reached func(*progress) T) T {
	var room [9]T // larger clusters pay an allocation
	values, voters := room[:0], 0
	for i := range n.peers {
		p := &n.peers[i]
		if p.voter {
			voters++
		}
		if p.voter || n.cfg.Defects.CountsLearners {
			values = append(values, reached(p))
		}
	}
	slices.Sort(values)
	q := quorum(voters)
	if n.cfg.Defects.HalfIsMajority {
		q = max(1, voters/2)
	}
	return values[len(values)-q]
}

// ballots are the answers to one campaign; a voter's first answer counts.
type ballots map[NodeID]bool

func (b ballots) cast(voter NodeID, granted bool) {
	if _, voted := b[voter]; !voted {
		b[voter] = granted
	}
}

type outcome uint8

const (
	undecided outcome = iota
	won
	lost
)

func (b ballots) outcome(voters []NodeID) outcome {
	granted, refused := 0, 0
	for _, id := range voters {
		switch g, voted := b[id]; {
		case g:
			granted++
		case voted:
			refused++
		}
	}
	switch q := quorum(len(voters)); {
	case granted >= q:
		return won
	case len(voters)-refused < q:
		return lost
	}
	return undecided
}
