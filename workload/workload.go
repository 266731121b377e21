// Package workload makes the operations that clients ask of the system under test, and runs them.
package workload

import (
	"context"
	"math/rand/v2"

	"schism/history"
)

// Op is an operation to be asked for.
type Op struct {
	F     string
	Key   string
	Value history.Value // what is asked for; nil of a read and a dequeue
	// Client and Seq are the identity of a write: the system's number for a session, and the number
	// of the write in it, from 1 on. 0: it has none.
	Client, Seq uint64
	Name        string // in the scenario that asks for it itself
}

// Answer is how an operation ended.
type Answer struct {
	Kind  history.Kind // OK, Fail or Info
	Value history.Value
	// Error says in words why it is Fail or Info; Found what made a cas fail.
	Error string
	Found history.Value
	// Attempts is how often the operation was put to a node, and Node the one whose answer this is; 0
	// and empty of a client that makes one attempt at its one node.
	Attempts int
	Node     string
}

// Client is one connection of one process to one node. It makes one attempt an operation: it never
// tries again, follows a redirect or goes to another node.
type Client interface {
	// Do returns when the last byte of the answer has come, or when ctx ends. Fail is for what
	// certainly did not happen; what may have happened is Info.
	Do(ctx context.Context, op Op) Answer
	Close()
}

// Dial makes a client of a node.
type Dial func(node string) Client

// Generator makes the operations of a run, for all processes. It is a pure function of its seed and
// of the answers it is told; calls to it are never concurrent.
type Generator interface {
	// Next is the next operation.
	Next(r *rand.Rand) Op
	// Done tells the answer to an operation that Next made.
	Done(op Op, a Answer)
	// Kinds are the functions of the operations that Next makes.
	Kinds() []string
	// Keys are all keys that Next uses, or of a generator that takes new ones as it goes those so far.
	Keys() []string
}

// Options are what a scenario says about its workload.
type Options struct {
	Keys int            // how many
	Mix  map[string]int // the share of each operation, by its f, in parts of their sum
}

// What a key is, under the names of `schism check --model`.
const (
	ModelAppend        = "append"
	ModelBank          = "bank"
	ModelCASRegister   = "cas-register"
	ModelCounter       = "counter"
	ModelKV            = "kv"
	ModelListAppend    = "list-append"
	ModelLongFork      = "long-fork"
	ModelMultiRegister = "multi-register"
	ModelMutex         = "mutex"
	ModelQueue         = "queue"
	ModelRegister      = "register"
	ModelRWRegister    = "rw-register"
	ModelSet           = "set"
	ModelSetFull       = "set-full"
)

// Kind is one workload that a scenario can name.
type Kind struct {
	Name  string
	About string // one line for people
	Model string // one of the names above
	// Mix is the share of each operation that it makes, by its f, where a scenario says nothing.
	Mix map[string]int
	New func(Options) Generator
	// Look asks what a key holds when a run is over. nil: nothing that can be asked tells it.
	Look func(key string) Op
	// Twice says that keys show what took effect twice, as duplicate-apply. On the others it looks like a
	// promise that the system broke, stale-read or lost-write, though it may be the client's own doing (RetryFresh).
	Twice bool
	// Drains says that Look takes away what it shows: it is asked until there is nothing.
	Drains bool
}

// Kinds is every workload there is, by name. A new one is one file and one line here.
func Kinds() []Kind {
	return []Kind{
		{Name: "append", About: "appends of unique tokens to lists, and reads of them, on a few keys", Model: ModelAppend,
			Mix: map[string]int{history.Read: 1, history.Append: 1}, New: NewAppend, Look: readKey, Twice: true},
		{Name: "counter", About: "adds of 1 to counters, and reads of them, on a few keys", Model: ModelCounter,
			Mix: map[string]int{history.Read: 1, history.Add: 1}, New: NewCounter, Look: readKey, Twice: true},
		{Name: "list-append", About: "transactions that read and append to up to four lists at one moment, as Elle's", Model: ModelListAppend,
			Mix: map[string]int{history.Txn: 1}, New: NewListAppend, Look: readRegister},
		{Name: "multi-register", About: "transactions that read and write up to three registers at one moment", Model: ModelMultiRegister,
			Mix: map[string]int{history.Txn: 1}, New: NewMultiRegister, Look: readRegister},
		{Name: "mutex", About: "acquires and releases of a few locks, each under a name of its own", Model: ModelMutex,
			Mix: map[string]int{history.Acquire: 1, history.Release: 1}, New: NewMutex, Twice: true},
		{Name: "queue", About: "enqueues of unique values, and dequeues, on a few queues", Model: ModelQueue,
			Mix: map[string]int{history.Enqueue: 1, history.Dequeue: 1}, New: NewQueue, Look: takeOut, Drains: true},
		{Name: "register", About: "reads, writes and compare-and-set of unique values on a few keys", Model: ModelCASRegister,
			Mix: map[string]int{history.Read: 5, history.Write: 4, history.CAS: 1}, New: NewRegister, Look: readKey},
		{Name: "set", About: "unique elements added to sets that only grow, and reads of all of them, on a few keys", Model: ModelSet,
			Mix: map[string]int{history.Read: 1, history.Append: 1}, New: NewAppend, Look: readKey, Twice: true},
	}
}
