package txn

import (
	"slices"
	"strings"
)

// adya tries all sets of unanswered transactions that may have committed and all orders of the versions of each key,
// and looks for the phenomena of Adya's levels PL-1, PL-2 and PL-2.99.
func adya(all, asked []doer, i Isolation, m model) bool {
	var unknown []int
	for at, d := range all {
		if !d.ok() {
			unknown = append(unknown, at)
		}
	}
	for set := range 1 << len(unknown) {
		var committed []doer
		for at, d := range all {
			if u := slices.Index(unknown, at); u < 0 || set&(1<<u) != 0 {
				committed = append(committed, d)
			}
		}
		if pl(committed, asked, i, m) {
			return true
		}
	}
	return false
}

func pl(committed, asked []doer, i Isolation, m model) bool {
	keys := map[string]bool{}
	for _, d := range asked {
		for _, one := range d.deeds {
			keys[one.key] = true
		}
	}
	var names []string
	var orders [][][]int // of each key: the orders of its writers that fit what was read
	for key := range keys {
		var writers []int
		for at, d := range committed {
			if d.writesTo(key) {
				writers = append(writers, at)
			}
		}
		var fit [][]int
		permute(writers, func(order []int) {
			if readable(committed, asked, key, order, i, m) {
				fit = append(fit, slices.Clone(order))
			}
		})
		if len(fit) == 0 {
			return false
		}
		names, orders = append(names, key), append(orders, fit)
	}
	chosen := make([][]int, len(names))
	var choose func(at int) bool
	choose = func(at int) bool {
		if at < len(names) {
			for _, order := range orders[at] {
				chosen[at] = order
				if choose(at + 1) {
					return true
				}
			}
			return false
		}
		return !phenomenon(committed, names, chosen, i, m)
	}
	return choose(0)
}

func permute(all []int, yield func([]int)) {
	var place func(at int)
	place = func(at int) {
		if at == len(all) {
			yield(all)
			return
		}
		for j := at; j < len(all); j++ {
			all[at], all[j] = all[j], all[at]
			place(at + 1)
			all[at], all[j] = all[j], all[at]
		}
	}
	place(0)
}

// versions are the values of a key in an order of its writers: of each the last, and at PL-1 all in between.
func versions(committed []doer, key string, order []int, t model) (last, any []string) {
	held := ""
	last, any = []string{""}, []string{""}
	for _, at := range order {
		for _, m := range committed[at].deeds {
			if m.writes && m.key == key {
				held = t.write(held, m.value)
				any = append(any, held)
			}
		}
		last = append(last, held)
	}
	return last, any
}

// readable says whether all committed reads of a key are of versions that the level lets be read: its own if the
// transaction wrote it before, else one of another.
func readable(committed, asked []doer, key string, order []int, i Isolation, t model) bool {
	last, any := versions(committed, key, order, t)
	for at, d := range committed {
		if !d.ok() {
			continue
		}
		base, own := slices.Index(order, at), ""
		for _, m := range d.deeds {
			if m.key != key {
				continue
			}
			saw, fits := m.saw, false
			if i == ReadUncommitted {
				if saw, fits = visible(m, committed, asked); !fits {
					return false
				}
			}
			switch {
			case m.writes:
				own = t.write(own, m.value)
				continue
			case own != "":
				fits = saw == t.own(last[base], own)
			case i == ReadUncommitted:
				fits = slices.Contains(any, saw)
			default:
				fits = slices.Contains(last, saw)
			}
			for _, n := range d.deeds {
				if n.writes && n.key == key && own == "" && strings.Contains(","+saw, ","+n.value+",") {
					fits = false // from the future
				}
			}
			if !fits {
				return false
			}
		}
	}
	return true
}

// visible leaves out of a list what was not committed: at PL-1 it may be read, and is gone afterwards.
func visible(m deed, committed, asked []doer) (string, bool) {
	kept, seen := "", map[string]bool{}
	for _, e := range strings.Split(strings.TrimSuffix(m.saw, ","), ",") {
		if e == "" {
			continue
		}
		did := func(d doer) bool {
			return slices.ContainsFunc(d.deeds, func(n deed) bool { return n.writes && n.key == m.key && n.value == e })
		}
		if seen[e] || !slices.ContainsFunc(asked, did) {
			return "", false
		}
		seen[e] = true
		if slices.ContainsFunc(committed, did) {
			kept += e + ","
		}
	}
	return kept, true
}

// phenomenon says whether the direct serialization graph has a circle that the level proscribes: of ww; of ww and wr;
// of all, since there are only items.
func phenomenon(committed []doer, keys []string, orders [][]int, i Isolation, t model) bool {
	n := len(committed)
	leads := make([][]bool, n)
	for a := range leads {
		leads[a] = make([]bool, n)
	}
	for k, key := range keys {
		order := orders[k]
		last, _ := versions(committed, key, order, t)
		for at := 1; at < len(order); at++ {
			leads[order[at-1]][order[at]] = true
		}
		for at, d := range committed {
			for _, m := range d.deeds {
				if m.writes && m.key == key {
					break // what comes now reads its own
				}
				if m.key != key || m.writes || !d.ok() || i == ReadUncommitted {
					continue
				}
				v := slices.Index(last, m.saw)
				if v > 0 && order[v-1] != at {
					leads[order[v-1]][at] = true
				}
				if i == RepeatableRead && v < len(order) && order[v] != at {
					leads[at][order[v]] = true
				}
			}
		}
	}
	for b := range n {
		for a := range n {
			for c := range n {
				leads[a][c] = leads[a][c] || leads[a][b] && leads[b][c]
			}
		}
	}
	for a := range n {
		if leads[a][a] {
			return true
		}
	}
	return false
}
