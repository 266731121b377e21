package checker

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"schism/history"
)

// NodeState is what one node held at the end, by its own word.
type NodeState struct {
	Op      *history.Operation // the final read
	Node    string
	Applied uint64
	State   map[string]history.Value
}

// FinalStates are the answers of a history's final reads, in the order of the calls. A node that was
// read more than once is there more than once: until two nodes stand at one applied index they
// cannot be compared, so a run reads again. The error tells of an answer that is no
// history.FinalState.
func FinalStates(h *history.History) ([]NodeState, error) {
	var states []NodeState
	for i := range h.FinalReads {
		op := &h.FinalReads[i]
		if op.Outcome != history.OK {
			continue
		}
		var s history.FinalState
		if err := json.Unmarshal(op.Output, &s); err != nil {
			return nil, fmt.Errorf("the final read of %s (event %d): %w", op.Node, op.Call, err)
		}
		states = append(states, NodeState{Op: op, Node: op.Node, Applied: s.Applied, State: s.State})
	}
	return states, nil
}

// LastStates keeps the last state of each node, in the order of the nodes' names.
func LastStates(states []NodeState) []NodeState {
	last := make(map[string]NodeState)
	for _, s := range states {
		last[s.Node] = s
	}
	var all []NodeState
	for _, s := range last {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b NodeState) int { return strings.Compare(a.Node, b.Node) })
	return all
}

// keysOf are the keys of some states, sorted.
func keysOf(states ...NodeState) []string {
	var keys []string
	for _, s := range states {
		for key := range s.State {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
