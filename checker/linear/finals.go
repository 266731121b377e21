package linear

import (
	"schism/checker"
	"schism/history"
)

// finals are what the nodes held at the end. They never decide whether a key is linearizable: they
// only tell a lost write from a stale read.
type finals []checker.NodeState

// finalsOf leaves out what cannot be read: the checker of final reads reports that.
func finalsOf(h *history.History) finals {
	states, err := checker.FinalStates(h)
	if err != nil {
		return nil
	}
	return checker.LastStates(states)
}

// age is the greatest age of the key's value in any node; never if no node was asked, or if one held
// something of unknown age.
func (f finals) age(k *key, ages []int64) int64 {
	if len(f) == 0 {
		return never
	}
	greatest := int64(-1)
	for _, node := range f {
		v := int32(initial)
		if value := node.State[k.name]; !history.IsNil(value) {
			id, known := k.ids[history.Text(value)]
			if !known {
				return never
			}
			v = id
		}
		greatest = max(greatest, ages[v])
	}
	return greatest
}
