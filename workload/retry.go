package workload

import (
	"context"
	"fmt"
	"time"

	"schism/history"
)

// Retry is what clients do about an attempt that did not succeed.
type Retry string

const (
	// RetryNone: an operation is one attempt.
	RetryNone Retry = "none"
	// RetrySame asks again under the identity of the first attempt: the system must see to it that
	// the operation takes effect once, and give the first answer.
	RetrySame Retry = "same-identity"
	// RetryFresh asks again as if it were another operation. An attempt of which only the answer was
	// lost then takes effect twice: this mode proves that a test can see a duplicate.
	RetryFresh Retry = "fresh-identity"
)

// Retries are all ways to retry.
func Retries() []string { return []string{string(RetryNone), string(RetrySame), string(RetryFresh)} }

// Sessions is a client whose system can tell that two attempts are one operation.
type Sessions interface {
	// OpenSession gives the number by which the system will know this client.
	OpenSession(ctx context.Context) (uint64, error)
}

// NoSession is the Error of an operation refused because the system does not know, or no longer
// knows, the session in its identity.
const NoSession = "no session"

// Bounds on the attempts of one operation, within its time-out.
const (
	// attemptShare of the time-out is what one attempt may take: a node that never answers must leave
	// time to ask the others.
	attemptShare = 4
	// minRounds is how often every node is asked before an operation is given up; and half of its time-out
	// must have passed. Between the rounds is a pause, which doubles: an election takes many round trips.
	minRounds = 12
)

// retrier is a client of all nodes. It stays with the one that served it last, asks the next one when
// an attempt does not succeed, and makes one answer out of those to all attempts.
type retrier struct {
	mode     Retry
	dial     Dial
	nodes    []string
	patience time.Duration // with one attempt

	at     int    // in nodes
	client Client // of that node; nil: none yet

	session uint64 // 0: none is open
	seq     uint64 // of the newest write in it
}

// Connect makes a client that begins with the node at first, and does about an attempt that did not
// succeed what the mode says. Timeout is that of one operation.
func Connect(mode Retry, dial Dial, nodes []string, first int, timeout time.Duration) Client {
	return Reconnect(0, mode, dial, nodes, first, timeout)
}

// Reconnect does so for a client that has a session already; 0: it opens one before its first write.
func Reconnect(session uint64, mode Retry, dial Dial, nodes []string, first int, timeout time.Duration) Client {
	if mode == "" || mode == RetryNone {
		return dial(nodes[first])
	}
	r := newRetrier(mode, dial, nodes, first, timeout)
	r.session = session
	return r
}

// OpenSession opens a session at the first of the nodes that serves. It is 0 if the system knows none.
func OpenSession(ctx context.Context, dial Dial, nodes []string) (session uint64, err error) {
	for {
		for _, node := range nodes {
			client := dial(node)
			opener, ok := client.(Sessions)
			if ok {
				session, err = opener.OpenSession(ctx)
			}
			client.Close()
			if !ok || err == nil {
				return session, nil
			}
		}
		if sleep(ctx, firstPause); ctx.Err() != nil {
			return 0, fmt.Errorf("open a session: %w", err)
		}
	}
}

// newRetrier makes a client that begins with the node at first. Timeout is that of an operation.
func newRetrier(mode Retry, dial Dial, nodes []string, first int, timeout time.Duration) *retrier {
	return &retrier{mode: mode, dial: dial, nodes: nodes, at: first, patience: timeout / attemptShare}
}

// Close ends the connection.
func (r *retrier) Close() {
	if r.client != nil {
		r.client.Close()
		r.client = nil
	}
}

// Do attempts op until an answer settles it or the time or the attempts are used up.
func (r *retrier) Do(ctx context.Context, op Op) Answer {
	var all attempts
	began, pause := time.Now(), firstPause
	for {
		a := r.attempt(ctx, &op)
		spent := all.n+1 >= minRounds*len(r.nodes) && time.Since(began) > attemptShare/2*r.patience
		if settled := all.add(a, r.nodes[r.at]); settled || spent {
			return all.answer()
		}
		r.Close() // whatever it still answers is nobody's
		r.at = (r.at + 1) % len(r.nodes)
		if all.n%len(r.nodes) == 0 {
			sleep(ctx, pause)
			pause = min(2*pause, lastPause)
		}
		if ctx.Err() != nil {
			return all.answer()
		}
	}
}

func (r *retrier) attempt(ctx context.Context, op *Op) Answer {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	if r.client == nil {
		r.client = r.dial(r.nodes[r.at])
	}
	if history.Changes(op.F, op.Value) { // to read twice has no effect twice
		if err := r.identify(ctx, op); err != nil {
			return Answer{Kind: history.Fail, Error: fmt.Sprintf("not sent: open a session: %v", err)}
		}
	}
	a := r.client.Do(ctx, *op)
	if a.Error == NoSession {
		r.session = 0
	}
	return a
}

// identify gives a write its identity: one for all attempts, or each its own.
func (r *retrier) identify(ctx context.Context, op *Op) error {
	opener, ok := r.client.(Sessions)
	if !ok {
		return nil // and each attempt stands alone; RetrySame is refused by Runner.Run
	}
	if r.session == 0 {
		id, err := opener.OpenSession(ctx)
		if err != nil {
			return err
		}
		r.session, r.seq = id, 0
	}
	if op.Seq == 0 || r.mode == RetryFresh {
		r.seq++
		op.Client, op.Seq = r.session, r.seq
	}
	return nil
}

// attempts is what is known of an operation after so many of them.
type attempts struct {
	n       int
	last    Answer
	unknown *Answer // the first whose outcome is not known
}

// add says whether nothing more is to be asked.
func (t *attempts) add(a Answer, node string) (settled bool) {
	t.n++
	a.Node = node
	t.last = a
	if a.Kind == history.Info && t.unknown == nil {
		t.unknown = &a
	}
	// Without its session the operation has no identity any more: an attempt under another one could
	// be a second effect.
	return a.Kind == history.OK || a.Error == history.Mismatch || a.Error == NoSession
}

// answer is that to the operation as a whole: it failed only if every attempt was refused. Even a
// mismatch proves nothing about an earlier attempt whose answer was lost.
func (t *attempts) answer() Answer {
	a := t.last
	if a.Kind != history.OK && t.unknown != nil {
		a = *t.unknown
	}
	a.Attempts = t.n
	return a
}
