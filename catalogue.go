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
		{group, checker.G0, "two transactions each wrote something over the other: their writes interleave",
			`A cycle of writes only: T1's write of x comes before T2's, and T2's write of y before T1's. Every level of
isolation forbids it. Typical cause: locks that are let go before the transaction is over, or shards that apply
the parts of two transactions in different orders.`},
		{group, checker.G1a, "a transaction read what another wrote that was aborted",
			`The writer was told that nothing had happened, and a committed transaction was shown its value. Forbidden
from read-committed on. A transaction whose outcome nobody knows is never the cause of this one.`},
		{group, checker.G1b, "a transaction read what another wrote and then wrote over",
			`It saw a state in the middle of another transaction, whose last write of that key came later. Forbidden from
read-committed on.`},
		{group, checker.G1c, "transactions saw, or wrote over, each other's writes in a circle",
			`A cycle of writes and reads of them: each transaction follows one that it must come before. Forbidden from
read-committed on; with the order of a client or of real time in the circle, from the level on that promises it.`},
		{group, checker.GNonadjacent, "a circle in which transactions missed writes, but no two of them in a row",
			`Long fork is one: two readers each see one of two writes and not the other. Snapshot isolation forbids every
cycle in which no transaction that misses a write is itself missed by the next (Cerone and Gotsman), and so do all
levels above it.`},
		{group, checker.GSingle, "a circle in which just one transaction did not see a write that it should have",
			`Also called read skew: what the transaction read is of two moments, before another's write and after it. With
real time in the circle it is a stale read: the write was acknowledged before the reader was invoked. Forbidden by
snapshot isolation, repeatable-read and above.`},
		{group, checker.G2Item, "a circle in which two transactions in a row did not see each other's writes",
			`Write skew: each read what the other was about to write, and both committed. Snapshot isolation allows it,
repeatable-read and serializable do not.`},
		{group, checker.IncompatibleOrder, "no order of the appends to a list explains what was read of it",
			`Two reads of which neither is the beginning of the other, or a list in which a transaction's own appends are not
all there in the order in which it made them. Some of what was read was never in the list that counts.`},
		{group, checker.Internal, "a transaction contradicts itself",
			`It did not see its own write, saw it before it was made, or read one key twice and was shown different values
without a write of its own between them. The last is allowed below snapshot isolation.`},
		{group, checker.LostUpdate, "two transactions read the same version of a key, and both wrote the next one",
			`One of them wrote without knowing of the other. Typical cause: a read without a lock and a write without a look at
whether the version is still that which was read. Forbidden by snapshot isolation, repeatable-read and above.`},
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
