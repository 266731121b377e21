package workload

import (
	"fmt"
	"math/rand/v2"

	"schism/history"
)

// keyed is what generators share that draw each operation by a key and by its share.
type keyed struct {
	keys  []string
	fs    []string // that have a share
	parts []int    // the shares, in the same order
	sum   int
}

// newKeyed keeps those of the functions that have a share.
func newKeyed(o Options, fs ...string) keyed {
	k := keyed{keys: keyNames(o.Keys)}
	for _, f := range fs {
		if parts := o.Mix[f]; parts > 0 {
			k.fs, k.parts, k.sum = append(k.fs, f), append(k.parts, parts), k.sum+parts
		}
	}
	return k
}

// draw picks a key, then a function by its share.
func (k *keyed) draw(r *rand.Rand) (key, f string) {
	key = k.keys[r.IntN(len(k.keys))]
	pick := r.IntN(k.sum)
	for i, parts := range k.parts {
		if pick < parts {
			return key, k.fs[i]
		}
		pick -= parts
	}
	panic("workload: shares beyond their sum")
}

// Kinds are those with a share.
func (k *keyed) Kinds() []string { return k.fs }

// Keys are x, y, z, u, v, w, then k7 and on.
func (k *keyed) Keys() []string { return k.keys }

func keyNames(n int) []string {
	letters := []string{"x", "y", "z", "u", "v", "w"}
	names := make([]string, n)
	for i := range names {
		if i < len(letters) {
			names[i] = letters[i]
		} else {
			names[i] = fmt.Sprintf("k%d", i+1)
		}
	}
	return names
}

// unlearned is a generator none of whose operations depends on an answer.
type unlearned struct{}

// Done has nothing to learn.
func (unlearned) Done(Op, Answer) {}

// fresh gives each value once, from 1 on.
type fresh struct{ last int64 }

func (f *fresh) value() history.Value {
	f.last++
	return history.Int(f.last)
}

// readKey looks at a key that can be read.
func readKey(key string) Op { return Op{F: history.Read, Key: key} }
