package objects

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"schism/checker"
	"schism/history"
)

const (
	// fewPuts are as many as a person reads in a proof, of which they are a part.
	fewPuts = 3
	// mostLooks bounds the comparisons of a text with what was written; beyond them Porcupine decides.
	mostLooks = 2_000_000
)

// refuteText looks for a get that shows nothing of what had been written before it began.
//
// Theorem: let a put or append of s have returned before a get was called, and every other put before that
// write was called. After the write only appends can come, and these leave s where it is: what the get shows
// must contain it.
//
// It is not complete, and says nothing of keys with more than a few puts.
func refuteText(_ context.Context, k *key) []*finding {
	var writes, puts []int32
	for i := range k.ops {
		switch o := &k.ops[i]; {
		case o.does == kvPut:
			puts = append(puts, int32(i))
			writes = append(writes, int32(i))
		case o.does == kvAppend:
			writes = append(writes, int32(i))
		}
	}
	if len(puts) > fewPuts {
		return nil
	}
	writes = slices.DeleteFunc(writes, func(w int32) bool { return k.ops[w].unknown() || k.ops[w].text == "" || k.mayBeReplaced(w, puts) })
	slices.SortFunc(writes, func(a, b int32) int { return cmp.Compare(k.ops[a].ret, k.ops[b].ret) })
	looks := 0
	for i := range k.ops {
		get := &k.ops[i]
		if get.does != kvGet {
			continue
		}
		for _, w := range writes {
			if k.ops[w].ret > get.call || looks > mostLooks {
				break
			}
			if looks++; !strings.Contains(get.text, k.ops[w].text) {
				return []*finding{k.withoutText(int32(i), w, puts)}
			}
		}
	}
	return nil
}

// mayBeReplaced says whether another put may come after a write.
func (k *key) mayBeReplaced(w int32, puts []int32) bool {
	return slices.ContainsFunc(puts, func(p int32) bool { return p != w && k.ops[p].ret > k.ops[w].call })
}

func (k *key) withoutText(get, write int32, puts []int32) *finding {
	f := &finding{name: checker.StaleRead, key: k, focus: k.source(&k.ops[get])}
	w := k.source(&k.ops[write])
	f.ops = []*history.Operation{f.focus, w}
	for _, p := range puts {
		if p != write {
			f.ops = append(f.ops, k.source(&k.ops[p]))
		}
	}
	f.message = fmt.Sprintf("Stale read: %s, without %s, although %s", k.did(&k.ops[get]), checker.ShowValue(w.Input), hadBeen(w, f.focus))
	f.proof = "every other put was over before that write began, and appends take nothing away."
	return f
}
