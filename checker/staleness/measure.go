package staleness

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"

	"schism/checker"
	"schism/history"
)

// line is a key whose acknowledged writes have places, and whose reads saw all up to a place. A write is
// certainly newer than what a read returned if and only if its place is behind that.
//
//   - registers: the place of a write is its call; what a read returned was certainly there from the first
//     answer on that tells of it, its own write's or a read's. A write called after that is newer. A write that
//     was concurrent to that may be older, and so does not count.
//   - lists: the place of a write is where its value stands in the longest list that was read, behind all others
//     if it is not there though acknowledged. A read saw all up to the last place of which it shows the value.
type line struct {
	writes []write // acknowledged, by place
	reads  []sight // in the order of their calls
}

type write struct {
	place int64
	op    *history.Operation
}

type sight struct {
	upTo int64
	op   *history.Operation
}

func measure(ctx context.Context, k *checker.Key, asLists bool) (measured, string) {
	lay := registers
	if asLists {
		lay = lists
	}
	l, broken := lay(k)
	if broken != "" {
		return measured{}, broken
	}
	return l.measure(ctx)
}

// measure goes through the reads in the order of their calls, in O(n log n).
func (l *line) measure(ctx context.Context) (m measured, broken string) {
	slices.SortStableFunc(l.writes, func(a, b write) int { return cmp.Compare(a.place, b.place) })
	first := make([]int, len(l.writes)) // of the writes from each on, the one acknowledged first
	for i := len(l.writes) - 1; i >= 0; i-- {
		first[i] = i
		if i+1 < len(first) && l.writes[first[i+1]].op.Return < l.writes[i].op.Return {
			first[i] = first[i+1]
		}
	}
	byReturn := make([]int, len(l.writes))
	for i := range byReturn {
		byReturn[i] = i
	}
	slices.SortFunc(byReturn, func(a, b int) int { return cmp.Compare(l.writes[a].op.Return, l.writes[b].op.Return) })
	acked, n := make(counter, len(l.writes)+1), 0
	for i, r := range l.reads {
		if i%1024 == 0 && ctx.Err() != nil {
			return m, "there was no time left to measure all of this key"
		}
		m.reads++
		for ; n < len(byReturn) && l.writes[byReturn[n]].op.Return < r.op.Call; n++ {
			acked.add(byReturn[n])
		}
		from := sort.Search(len(l.writes), func(i int) bool { return l.writes[i].place > r.upTo })
		if from == len(l.writes) || l.writes[first[from]].op.Return > r.op.Call {
			continue
		}
		missed := l.writes[first[from]].op
		// Clocks may tell the two the other way round.
		m.take(late{read: r.op, missed: missed, time: max(r.op.CallTime-missed.ReturnTime, 0), versions: n - acked.below(from)})
	}
	return m, ""
}

// counter counts marks at places: a Fenwick tree.
type counter []int

func (c counter) add(at int) {
	for i := at + 1; i < len(c); i += i & -i {
		c[i]++
	}
}

// below is how many marks are at places before at.
func (c counter) below(at int) (n int) {
	for i := at; i > 0; i -= i & -i {
		n += c[i]
	}
	return n
}

// registers lays out a register.
func registers(k *checker.Key) (*line, string) {
	since := map[string]int64{"null": -1} // by value: the event from which on it was certainly there
	written := map[string]bool{"null": true}
	l := new(line)
	for _, o := range k.Ops {
		value, writes, err := checker.Written(o)
		if err != nil {
			return nil, err.Error()
		}
		if writes && o.Outcome != history.Fail {
			text := history.Text(value)
			if written[text] {
				return nil, fmt.Sprintf("event %d writes %s, which was there before: versions with one value cannot be told apart", o.Call, checker.ShowValue(value))
			}
			written[text] = true
			if o.Outcome == history.OK {
				earliest(since, text, o.Return)
				l.writes = append(l.writes, write{o.Call, o})
			}
		}
		if value, saw := checker.Shown(o); saw {
			earliest(since, history.Text(value), o.Return)
		}
	}
	for _, o := range k.Ops {
		if value, saw := checker.Shown(o); saw && written[history.Text(value)] {
			l.reads = append(l.reads, sight{since[history.Text(value)], o})
		}
	}
	return l, ""
}

func earliest(since map[string]int64, text string, event int64) {
	if at, known := since[text]; !known || event < at {
		since[text] = event
	}
}
