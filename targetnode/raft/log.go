package raft

import "sort"

// raftLog is the node's log in memory, without a front part that a snapshot covers. Slices handed out
// of it stay valid for ever: entries are only ever added behind them, and truncation moves to a new array.
type raftLog struct {
	base     Index // the last entry that is gone from the front; it is applied, and so is all before it
	baseTerm Term
	entries  []Entry // entries[i] has index base+1+i
	unstable Index   // the first index that was not yet handed out to be written
}

func newLog(base Index, baseTerm Term, entries []Entry) raftLog {
	l := raftLog{base: base, baseTerm: baseTerm, entries: entries[:len(entries):len(entries)]}
	l.unstable = l.last() + 1
	return l
}

func (l *raftLog) last() Index {
	return l.base + Index(len(l.entries))
}

func (l *raftLog) at(i Index) *Entry {
	return &l.entries[i-l.base-1]
}

func (l *raftLog) lastTerm() Term {
	return l.term(l.last())
}

// term is that of the entry at i; 0 where there is none, or none any more.
func (l *raftLog) term(i Index) Term {
	switch {
	case i == l.base:
		return l.baseTerm
	case i < l.base || i > l.last():
		return 0
	}
	return l.at(i).Term
}

func (l *raftLog) matches(i Index, term Term) bool {
	return i >= l.base && i <= l.last() && l.term(i) == term
}

// upToDate is the recency check of elections (§5.4.1 of the paper): whoever has not at least this log
// may lack a committed entry and must not lead.
func (l *raftLog) upToDate(term Term, index Index) bool {
	return term > l.lastTerm() || term == l.lastTerm() && index >= l.last()
}

// slice is the entries from first to last, both included.
func (l *raftLog) slice(first, last Index) []Entry {
	if first > last {
		return nil
	}
	return l.entries[first-l.base-1 : last-l.base : last-l.base]
}

// batch is the entries from first on, as many as fit in maxBytes, but at least one if there is any.
func (l *raftLog) batch(first Index, maxBytes int) []Entry {
	last, size := first-1, 0
	for last < l.last() {
		size += len(l.at(last + 1).Data)
		if size > maxBytes && last >= first {
			break
		}
		last++
	}
	return l.slice(first, last)
}

// Log is the node's log behind its snapshot. Nobody may change it.
func (n *Node) Log() []Entry { return n.log.slice(n.log.base+1, n.log.last()) }

func (l *raftLog) append(entries ...Entry) {
	l.entries = append(l.entries, entries...)
}

// truncate drops everything from index on. The capacity goes too: messages under way and writes not
// yet done still read the old array, which the next append must not overwrite.
func (l *raftLog) truncate(from Index) {
	l.entries = l.entries[: from-l.base-1 : from-l.base-1]
	l.unstable = min(l.unstable, from)
}

// takeUnstable hands out what must be written: it replaces everything on disk from its first index on.
func (l *raftLog) takeUnstable() []Entry {
	entries := l.slice(l.unstable, l.last())
	l.unstable = l.last() + 1
	return entries
}

// firstNew is the number of the leading entries that are in the log already.
func (l *raftLog) firstNew(entries []Entry) int {
	for i, e := range entries {
		if !l.matches(e.Index, e.Term) {
			return i
		}
	}
	return len(entries)
}

// lastBelow is the greatest index up to i whose term is not above term. Terms never fall along a log,
// so that an entry after it cannot match one of that term: a whole term is skipped in one exchange. Of
// what is gone from the front nothing is known, and so it may match.
func (l *raftLog) lastBelow(i Index, term Term) Index {
	i = min(i, l.last())
	if i > l.base {
		kept := int(i - l.base)
		i = l.base + Index(sort.Search(kept, func(k int) bool { return l.entries[k].Term > term }))
	}
	if i == l.base && i > 0 && l.baseTerm > term {
		i--
	}
	return i
}

// compact lets go of everything up to i. The rest moves to a new array, so that the old one's memory is
// free as soon as nobody reads it any more.
func (l *raftLog) compact(i Index) {
	if i <= l.base {
		return
	}
	kept := l.entries[i-l.base:]
	l.base, l.baseTerm, l.entries = i, l.term(i), append([]Entry(nil), kept...)
	l.unstable = max(l.unstable, i+1)
}

// reset begins the log anew behind a snapshot.
func (l *raftLog) reset(base Index, term Term) {
	*l = newLog(base, term, nil)
}
