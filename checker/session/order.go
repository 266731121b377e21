package session

import "slices"

// order is a growing set of statements 'a is older than b' that do not contradict one another: a graph without
// cycles, kept in a topological order.
//
// Source: Pearce and Kelly, A dynamic topological sort algorithm for directed acyclic graphs (ACM JEA 11,
// 2006). What a statement costs is what stands between its two ends in the order so far. Versions come up
// nearly in their order, so that is little.
type order struct {
	newer, older [][]edge // by version
	rank         []int32  // by version: its place
}

// edge is one end of a statement, and who made it.
type edge struct {
	version int32
	by      *witness
}

// grow gives so many versions a place behind all others.
func (o *order) grow(versions int) {
	for v := len(o.rank); v < versions; v++ {
		o.rank = append(o.rank, int32(v))
		o.newer, o.older = append(o.newer, nil), append(o.older, nil)
	}
}

// add states that a is older than b. If that contradicts what was stated before, it is not kept, and the
// shortest proof that b is older than a is returned: a path from b to a.
func (o *order) add(a, b int32, by *witness) (path []edge, contradicts bool) {
	if a == b {
		return nil, true
	}
	if o.rank[a] > o.rank[b] {
		after, cycle := o.reach(b, a)
		if cycle {
			return o.path(b, a), true
		}
		o.move(o.ancestors(a, b), after)
	}
	o.newer[a] = append(o.newer[a], edge{b, by})
	o.older[b] = append(o.older[b], edge{a, by})
	return nil, false
}

// reach is every version that is newer than from, itself included, and not placed behind to; and whether to is.
func (o *order) reach(from, to int32) (found []int32, cycle bool) {
	found = []int32{from}
	seen := map[int32]bool{from: true}
	for i := 0; i < len(found); i++ {
		for _, e := range o.newer[found[i]] {
			if e.version == to {
				return nil, true
			}
			if o.rank[e.version] < o.rank[to] && !seen[e.version] {
				seen[e.version] = true
				found = append(found, e.version)
			}
		}
	}
	return found, false
}

// ancestors is every version that is older than a, itself included, and not placed before b.
func (o *order) ancestors(a, b int32) []int32 {
	found := []int32{a}
	seen := map[int32]bool{a: true}
	for i := 0; i < len(found); i++ {
		for _, e := range o.older[found[i]] {
			if o.rank[e.version] > o.rank[b] && !seen[e.version] {
				seen[e.version] = true
				found = append(found, e.version)
			}
		}
	}
	return found
}

// move deals the places of both sets out again, those before to the lower ones.
func (o *order) move(before, after []int32) {
	byRank := func(a, b int32) int { return int(o.rank[a]) - int(o.rank[b]) }
	slices.SortFunc(before, byRank)
	slices.SortFunc(after, byRank)
	all := slices.Concat(before, after)
	places := make([]int32, len(all))
	for i, v := range all {
		places[i] = o.rank[v]
	}
	slices.Sort(places)
	for i, v := range all {
		o.rank[v] = places[i]
	}
}

// path is a shortest one from one version to a newer one.
func (o *order) path(from, to int32) []edge {
	type step struct {
		edge
		back int // index of the step before
	}
	steps := []step{{edge: edge{version: from}, back: -1}}
	seen := map[int32]bool{from: true}
	for i := 0; i < len(steps); i++ {
		for _, e := range o.newer[steps[i].version] {
			if seen[e.version] || o.rank[e.version] > o.rank[to] {
				continue
			}
			seen[e.version] = true
			steps = append(steps, step{e, i})
			if e.version == to {
				var path []edge
				for at := len(steps) - 1; at > 0; at = steps[at].back {
					path = append(path, steps[at].edge)
				}
				slices.Reverse(path)
				return path
			}
		}
	}
	return nil
}
