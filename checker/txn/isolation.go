// Package txn decides what a history of transactions proves about a level of isolation: which version followed
// which, who saw it and who did not, and whether these dependencies, with the order of a client or of real time
// where the level promises it, lead in a circle that the level forbids.
//
// Sources: Adya, "Weak Consistency" (MIT, 1999), for the names and the dependency graph; Cerone and Gotsman,
// "Analysing Snapshot Isolation" (J. ACM, 2018), for snapshot isolation; Daudjee and Salem (VLDB 2006) for its
// strong variants; Kingsbury and Alvaro, "Elle" (VLDB 2020), for inferring it all from what clients were told.
package txn

import (
	"fmt"
	"slices"
	"strings"

	"schism/checker"
)

// Isolation is a level of isolation by the name that Elle has for it. The empty one is StrictSerializable.
type Isolation string

// The levels.
const (
	ReadUncommitted           Isolation = "read-uncommitted"
	ReadCommitted             Isolation = "read-committed"
	RepeatableRead            Isolation = "repeatable-read"
	SnapshotIsolation         Isolation = "snapshot-isolation"
	Serializable              Isolation = "serializable"
	StrongSessionSnapshot     Isolation = "strong-session-snapshot-isolation"
	StrongSessionSerializable Isolation = "strong-session-serializable"
	StrongSnapshot            Isolation = "strong-snapshot-isolation"
	StrictSerializable        Isolation = "strict-serializable"
)

// Order is which order of the transactions a level promises to keep.
type Order uint8

// The orders. Each holds in the one after it.
const (
	NoOrder      Order = iota
	SessionOrder       // of the transactions of one client
	RealTime           // of two transactions of which one was acknowledged before the other was invoked
)

// Level is what one level of isolation promises.
type Level struct {
	Isolation Isolation
	About     string // one line for people
	Order     Order
	Forbids   []string // the names of anomalies
}

// Forbidden says whether the level forbids an anomaly.
func (l Level) Forbidden(name string) bool { return slices.Contains(l.Forbids, name) }

// Isolations are the levels, the weaker ones first. What each forbids is Elle's table
// (elle.consistency-model), with two differences:
//
// Elle forbids `internal` from snapshot isolation on only. Here a transaction must see its own writes at every
// level, because Adya's definition of a history demands it before any level is spoken of (1999, section 3.1.2).
// That two reads of one key agree is promised wherever G-single is forbidden; Elle has only the cycle at
// repeatable-read.
//
// Values that nobody asked to write (dirty-read), lists with one element twice and lists that no order of the
// appends explains are no histories of any level.
//
// Without predicates, every cycle of an item's dependencies is a G2-item, so that repeatable-read and
// serializable forbid the same cycles.
func Isolations() []Level {
	malformed := []string{checker.DirtyRead, checker.DuplicateApply, checker.IncompatibleOrder, checker.Internal}
	pl1 := append(malformed, checker.G0)
	pl2 := append(slices.Clip(pl1), checker.G1a, checker.G1b, checker.G1c)
	si := append(slices.Clip(pl2), checker.GSingle, checker.GNonadjacent, checker.LostUpdate)
	pl3 := append(slices.Clip(si), checker.G2Item)
	return []Level{
		{ReadUncommitted, "writes of two transactions do not interleave", NoOrder, pl1},
		{ReadCommitted, "and nothing is read that is not committed, or not final", NoOrder, pl2},
		{RepeatableRead, "and what was read does not change until the transaction is over", NoOrder, pl3},
		{SnapshotIsolation, "a transaction reads one snapshot, and of two that write the same and overlap one commits", NoOrder, si},
		{Serializable, "as if transactions were executed one after the other", NoOrder, pl3},
		{StrongSessionSnapshot, "snapshot isolation, and a client's snapshots hold what it did before", SessionOrder, si},
		{StrongSessionSerializable, "serializable, in an order that is each client's own", SessionOrder, pl3},
		{StrongSnapshot, "snapshot isolation, and a snapshot holds what was acknowledged before", RealTime, si},
		{StrictSerializable, "serializable, in an order that is that of real time", RealTime, pl3},
	}
}

// IsolationNames are the names of all levels.
func IsolationNames() []string {
	var names []string
	for _, l := range Isolations() {
		names = append(names, string(l.Isolation))
	}
	return names
}

// ParseIsolation finds a level by its name.
func ParseIsolation(name string) (Isolation, error) {
	if name == "" {
		return StrictSerializable, nil
	}
	if !slices.Contains(IsolationNames(), name) {
		return "", fmt.Errorf("there is no isolation level %q: want %s", name, strings.Join(IsolationNames(), ", "))
	}
	return Isolation(name), nil
}

// Level is what i promises. It panics on what ParseIsolation does not know.
func (i Isolation) Level() Level {
	if i == "" {
		i = StrictSerializable
	}
	all := Isolations()
	at := slices.IndexFunc(all, func(l Level) bool { return l.Isolation == i })
	if at < 0 {
		panic(fmt.Sprintf("txn: no isolation level %q", string(i)))
	}
	return all[at]
}
