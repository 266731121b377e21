package schism

import (
	"cmp"
	"slices"

	"schism/checker"
	"schism/nemesis"
	"schism/workload"
)

// Topic is one thing that has a name: a scenario may use it, or a result tells of it.
type Topic struct {
	Group string // "faults"
	Name  string
	About string // one line for people
	More  string // paragraphs for people; empty: there is no more to say
}

// Topics is everything that has a name, group by group, from the tables that hold it. Defects are the
// target's own to tell.
func Topics() []Topic {
	var all []Topic
	for _, t := range Targets() {
		all = append(all, Topic{Group: "targets", Name: t.Name, About: t.About})
	}
	for _, r := range Runtimes() {
		all = append(all, Topic{Group: "runtimes", Name: r.Name, About: r.About})
	}
	for _, k := range workload.Kinds() {
		all = append(all, Topic{Group: "workloads", Name: k.Name, About: k.About})
	}
	for _, k := range nemesis.Kinds() {
		all = append(all, Topic{Group: "faults", Name: k.Name, About: k.About, More: faultLife})
	}
	all = append(all, selectorTopics()...)
	for _, c := range Checks() {
		all = append(all, Topic{Group: "checks", Name: c.Name, About: c.About})
	}
	all = append(all, anomalyTopics()...)
	all = append(all, verdictTopics()...)
	return all
}

const faultLife = `Its victims are chosen when it strikes. It is measured before, while and after it is on: a run
whose fault did not demonstrably bite is vacuous. docs/faults.md tells how each is written and proved.`

func selectorTopics() []Topic {
	topics := []Topic{{Group: "selectors", Name: "random(2)", About: "so many random nodes"}}
	for _, s := range nemesis.Selectors() {
		topics = append(topics, Topic{Group: "selectors", Name: string(s.Name), About: s.About})
	}
	slices.SortFunc(topics, func(a, b Topic) int { return cmp.Compare(a.Name, b.Name) })
	return topics
}

func anomalyTopics() []Topic {
	const group = "anomalies"
	return []Topic{
		{group, checker.DirtyRead, "a value was seen whose write had failed for certain",
			`The system told the writer that nothing had happened, and told a reader, or a node's own state
at the end, the opposite. A failed write is only called so if its refusal was proved; a write whose
outcome nobody knows is never the cause of this one.`},
		{group, checker.Disruption, "the leader changed more often than the scenario allows",
			`Found only against limits: leader-changes. Typical cause: a node that was cut off comes back with a
higher term and unseats a leader that everybody could hear. PreVote and CheckQuorum together prevent it.`},
		{group, checker.DuplicateApply, "one write or append took effect twice",
			`An element stands in a list more often than it was appended. Typical cause: a client, or a proxy,
tries again after a lost answer, and the system cannot tell the second attempt from a new operation.
Sessions prevent it: a client's number and a sequence number, deduplicated by the state machine.`},
		{group, checker.Fractured, "two nodes hold different states at the same applied index",
			`Each node's own state is read at the end, when all have caught up. Two replicas that applied the
same log must hold the same: where they do not, either the log forked or applying it is not the same
everywhere.`},
		{group, checker.LostWrite, "an acknowledged write left no trace, though nothing overwrote it",
			`The client had its answer, and later reads, or the nodes' own states at the end, hold something
older; or an element of a queue was never dequeued, and the queue is empty. Typical causes: an acknowledgement
before the entry is on a majority's disks, a log that a restart truncates, an election won by a node that
lacks committed entries.`},
		{group, checker.MonotonicReads, "a client read something older than it had read before",
			`One session went back: what its first read showed is gone from its second. Typical cause: the two
were answered by different replicas, one of them behind, or a state was lost. Found by the check
sessions, which asks for nothing between different clients; where two readers only disagree with each
other, the one that came last is told of.`},
		{group, checker.MonotonicWrites, "a client's later write is somewhere without its earlier one, or before it",
			`Found by the check sessions, on lists, where reads show the order of writes. On registers the same
shows as reads that go back. Typical cause: the writes of one client take different ways, and overtake.`},
		{group, checker.NonLinearizable, "no order of the operations fits both the clock and the values",
			`The proof is a smallest set of operations for which every order was tried. It is called so when
none of the more telling names fits.`},
		{group, checker.ReadYourWrites, "a client did not see its own acknowledged write",
			`It wrote, had its answer, and then read what was there before. Typical cause: reads by a replica that
is behind, or a write that was acknowledged and lost. Found by the check sessions.`},
		{group, checker.Reordered, "two reads of a list saw its elements in orders that exclude each other",
			`A list only ever grows at its end, so that each read must be a prefix of every later one. Where two
are not, nodes applied the same appends in different orders, or a state went back.`},
		{group, checker.SplitBrain, "two nodes acknowledged writes as leaders of one term, or two clients held one lock",
			`Of leaders: each of the two told the observer, before its write was asked for and after it was answered, that it
led that term. Typical cause: a node that votes twice in a term, because it forgot its vote in a restart
or never looked at it. What it does to the data the other checks prove by themselves.
Of a lock (workload mutex): it was acquired while another owner had it. Typical cause: the first acquire
was acknowledged and lost, or the lock was taken for expired while its holder went on.`},
		{group, checker.StaleRead, "a read returned a value that had certainly been replaced before it began",
			`A write was acknowledged, a read began after that, and it returned what was there before. Typical
cause: a leader that was cut off with a minority answers from its own state, without asking whether it
still leads. The read-index protocol or a lease prevents it.`},
		{group, checker.TermInflation, "a node's term rose further than the scenario allows",
			`Found only against limits: term-growth. Typical cause: a follower that hears no leader campaigns again
and again, each time in a new term, though it could never win. PreVote prevents it.`},
		{group, checker.Unavailable, "clients waited longer for a success than the scenario allows",
			`Found only against limits: unavailable. It counts the time in which clients asked nodes that reached a
majority, and none of their operations succeeded. While no node reaches a majority nothing is promised.`},
		{group, checker.WritesFollowReads, "a write is somewhere without what its client had read before it",
			`A client read, and then wrote; another saw that write but not what it rests on, or after it: an answer
without its question. Found by the check sessions, on lists, where reads show the order of writes; on
registers it shows as reads that go back.`},
	}
}

func verdictTopics() []Topic {
	const group = "verdicts"
	return []Topic{
		{group, checker.Valid.String(), "no violation was found, and the run was worth something", ""},
		{group, checker.Invalid.String(), "a promise was broken, and the history proves it", ""},
		{group, checker.Unknown.String(), "undecided: a checker ran out of time or memory, or the run had an incident", ""},
		{group, checker.Vacuous.String(), "nothing was really tested",
			`A kind of operation never succeeded, a fault did not demonstrably bite, or something that the
scenario's require names did not happen. The result tells which, under worth.`},
	}
}
