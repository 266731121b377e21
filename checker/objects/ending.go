package objects

import (
	"schism/checker"
	"schism/history"
)

// ending is what the nodes held at the end, when all had caught up. It is never taken for reads: it
// tells what is gone for good, and what cannot be there.
type ending struct {
	states []checker.NodeState // the last of each node
	known  bool                // a majority answered: the rest holds nothing that these do not
}

func endingOf(h *history.History) ending {
	states, err := checker.FinalStates(h)
	if err != nil {
		return ending{} // the checker of final reads reports that
	}
	e := ending{states: checker.LastStates(states)}
	e.known = len(e.states) > 0 && 2*len(e.states) > len(h.Header.Nodes)
	return e
}

// asked is the call of the first of these reads.
func (e ending) asked() *history.Operation {
	var first *history.Operation
	for _, s := range e.states {
		if first == nil || s.Op.Call < first.Call {
			first = s.Op
		}
	}
	return first
}
