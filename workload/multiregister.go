package workload

import (
	"math/rand/v2"
	"slices"

	"schism/history"
)

// togetherMost is how many registers are ever used together: few enough for a person to read a proof about them, and
// for Porcupine to have a say.
const togetherMost = 3

// MultiRegister asks for transactions that read and write some registers at one moment. Three registers
// that stand next to each other are a group, and no transaction leaves it. No value is written twice in a
// run, failed writes included.
type MultiRegister struct {
	keyed
	unlearned
	values fresh
}

// NewMultiRegister makes the generator. Values start at 1.
func NewMultiRegister(o Options) Generator {
	return &MultiRegister{keyed: newKeyed(o, history.Txn)}
}

// Next picks one to three registers of a group, each to be read or to be written.
func (g *MultiRegister) Next(r *rand.Rand) Op {
	key, f := g.draw(r)
	from := slices.Index(g.keys, key) / togetherMost * togetherMost
	group := g.keys[from:min(from+togetherMost, len(g.keys))]
	order := r.Perm(len(group))
	all := make([]history.Access, 1+r.IntN(len(group)))
	for i := range all {
		all[i] = history.Access{Register: group[order[i]]}
		if r.IntN(2) == 0 {
			all[i].Kind, all[i].Value = history.Writes, g.values.value()
		}
	}
	return Op{F: f, Value: history.JoinTxn(all)}
}

// readRegister is a transaction that looks at one register.
func readRegister(key string) Op {
	return Op{F: history.Txn, Value: history.JoinTxn([]history.Access{{Register: key}})}
}
