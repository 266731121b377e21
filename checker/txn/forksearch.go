package txn

import "slices"

// forkSearch finds circles in what is left of a graph.
type forkSearch struct {
	f     *forks
	left  []bool    // by node: it is in the rest
	into  [][]int32 // by node: those of the rest that lead to it
	done  []bool    // by node: its part of the graph has been looked at
	from  []int32   // by node, of one search: where it was reached from
	stamp []int32   // by node: the last search that reached it
	turn  int32
}

func newForkSearch(f *forks, rest []int32) *forkSearch {
	n := len(f.nodes)
	s := &forkSearch{f: f, left: make([]bool, n), into: make([][]int32, n), done: make([]bool, n), from: make([]int32, n), stamp: make([]int32, n)}
	for _, at := range rest {
		s.left[at] = true
	}
	for _, at := range rest {
		for _, to := range f.nodes[at].next {
			if s.left[to] {
				s.into[to] = append(s.into[to], at)
			}
		}
	}
	return s
}

// any walks back from a node: as each has something that leads to it, the walk comes to where it has been.
func (s *forkSearch) any(at int32) []int32 {
	s.turn++
	var path []int32
	for s.stamp[at] != s.turn {
		s.stamp[at] = s.turn
		path = append(path, at)
		at = s.into[at][0]
	}
	circle := path[slices.Index(path, at):]
	slices.Reverse(circle)
	return circle
}

// through is a shortest circle through a node; nil if it is in none.
func (s *forkSearch) through(start int32) []int32 {
	s.turn++
	s.stamp[start] = s.turn
	queue := []int32{start}
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		for _, to := range s.f.nodes[at].next {
			if to == start {
				return s.back(start, at)
			}
			if s.left[to] && s.stamp[to] != s.turn {
				s.stamp[to], s.from[to] = s.turn, at
				queue = append(queue, to)
			}
		}
	}
	return nil
}

func (s *forkSearch) back(start, at int32) []int32 {
	circle := []int32{at}
	for at != start {
		at = s.from[at]
		circle = append(circle, at)
	}
	slices.Reverse(circle)
	return circle
}

// leave marks all that is connected with a node, in either direction.
func (s *forkSearch) leave(at int32) {
	s.done[at] = true
	for stack := []int32{at}; len(stack) > 0; {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, to := range slices.Concat(s.f.nodes[at].next, s.into[at]) {
			if s.left[to] && !s.done[to] {
				s.done[to] = true
				stack = append(stack, to)
			}
		}
	}
}
