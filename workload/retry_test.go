package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

// nodes is a system that answers by a script: what each attempt gets, in turn, whoever is asked.
type nodes struct {
	script   []Answer
	asked    []string // node and identity, by attempt
	sessions int
	refuse   bool // to open a session
}

type nodeClient struct {
	all  *nodes
	name string
}

func (c nodeClient) Close() {}

func (c nodeClient) OpenSession(context.Context) (uint64, error) {
	if c.all.refuse {
		return 0, errors.New("not the leader")
	}
	c.all.sessions++
	return uint64(c.all.sessions), nil
}

func (c nodeClient) Do(ctx context.Context, op Op) Answer {
	c.all.asked = append(c.all.asked, fmt.Sprintf("%s %d.%d", c.name, op.Client, op.Seq))
	if len(c.all.script) == 0 {
		<-ctx.Done()
		return Answer{Kind: history.Info, Error: "no answer in time"}
	}
	a := c.all.script[0]
	c.all.script = c.all.script[1:]
	return a
}

func (n *nodes) client(mode Retry) *retrier {
	dial := func(node string) Client { return nodeClient{n, node} }
	return newRetrier(mode, dial, []string{"n1", "n2", "n3"}, 1, time.Second)
}

var (
	done    = Answer{Kind: history.OK}
	refused = Answer{Kind: history.Fail, Error: "not the leader"}
	lost    = Answer{Kind: history.Info, Error: "reset"}
	ended   = Answer{Kind: history.Fail, Error: NoSession}
	missed  = Answer{Kind: history.Fail, Error: history.Mismatch, Found: history.Int(3)}
)

var push = Op{F: history.Append, Key: "x", Value: history.Int(1)}

func TestRetriedIsOneOperation(t *testing.T) {
	for _, c := range []struct {
		name   string
		mode   Retry
		script []Answer
		want   string // kind, attempts, node, error
		asked  string
	}{
		{"at once", RetrySame, []Answer{done}, "ok 1 n2 ", "n2 1.1"},
		{"refused, then ok", RetrySame, []Answer{refused, refused, done}, "ok 3 n1 ", "n2 1.1, n3 1.1, n1 1.1"},
		{"lost, then ok", RetrySame, []Answer{lost, done}, "ok 2 n3 ", "n2 1.1, n3 1.1"},
		{"lost, then ok, afresh", RetryFresh, []Answer{lost, done}, "ok 2 n3 ", "n2 1.1, n3 1.2"},
		{"a mismatch settles it", RetrySame, []Answer{refused, missed}, "fail 2 n3 mismatch", "n2 1.1, n3 1.1"},
		{"a mismatch after a loss does not", RetrySame, []Answer{lost, missed}, "info 2 n2 reset", "n2 1.1, n3 1.1"},
		{"the session is gone", RetrySame, []Answer{refused, ended}, "fail 2 n3 no session", "n2 1.1, n3 1.1"},
		{"lost, and the session is gone", RetrySame, []Answer{lost, ended}, "info 2 n2 reset", "n2 1.1, n3 1.1"},
		{"refused for ever", RetrySame, slices.Repeat([]Answer{refused}, 36), "fail 36 n1 not the leader", ""},
		{"lost once, then refused for ever", RetrySame, slices.Insert(slices.Repeat([]Answer{refused}, 35), 7, lost), "info 36 n3 reset", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				system := &nodes{script: c.script}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				a := system.client(c.mode).Do(ctx, push)
				if got := fmt.Sprintf("%s %d %s %s", a.Kind, a.Attempts, a.Node, a.Error); got != c.want {
					t.Errorf("answer %q, want %q", got, c.want)
				}
				if asked := strings.Join(system.asked, ", "); c.asked != "" && asked != c.asked {
					t.Errorf("asked %s, want %s", asked, c.asked)
				}
				if (a.Found != nil) != (a.Error == history.Mismatch) {
					t.Errorf("found %s with %q", a.Found, a.Error)
				}
			})
		})
	}
}

// Of clients that retry the last ones do not, and stay where they are.
func TestSomeClientsTryOnce(t *testing.T) {
	r := &Runner{Nodes: []string{"n1", "n2"}, Clients: 5, Once: 2, Retry: RetrySame, Dial: func(node string) Client { return nodeClient{name: node} }}
	for i, want := range []string{"retries", "retries", "retries", "n2", "n1"} {
		got := "retries"
		if once, ok := r.dial(i).(nodeClient); ok {
			got = once.name
		}
		if got != want {
			t.Errorf("client %d: %s, want %s", i, got, want)
		}
	}
}

// A node that never answers takes a share of the time and no more, and the whole ends with the time.
func TestRetriesEndWithTheTimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system := &nodes{}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		a := system.client(RetrySame).Do(ctx, push)
		if took := time.Since(began); a.Kind != history.Info || took > time.Second || len(system.asked) < attemptShare-1 {
			t.Errorf("%+v after %v and %d attempts", a, took, len(system.asked))
		}
	})
}

// Without a session nothing of the operation is sent: that is a refusal.
func TestNoSessionNoAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		system := &nodes{refuse: true}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c := system.client(RetrySame)
		if a := c.Do(ctx, push); a.Kind != history.Fail || !strings.Contains(a.Error, "not sent: open a session: not the leader") || len(system.asked) > 0 {
			t.Errorf("%+v after %v", a, system.asked)
		}
		system.script = []Answer{{Kind: history.OK, Value: history.Nil}}
		if a := c.Do(t.Context(), Op{F: history.Read, Key: "x"}); a.Kind != history.OK {
			t.Errorf("a read, which needs no session: %+v", a)
		}
	})
}

func TestWritesOfASessionAreNumbered(t *testing.T) {
	system := &nodes{script: []Answer{done, ended, done, refused, done}}
	c := system.client(RetrySame)
	for range 4 {
		c.Do(t.Context(), push)
	}
	if got, want := strings.Join(system.asked, ", "), "n2 1.1, n2 1.2, n2 2.1, n2 2.2, n3 2.2"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestRunnerRecordsARetriedOperationOnce(t *testing.T) {
	rec := &keeper{}
	a, err := Do(rec, (&nodes{script: []Answer{lost, done}}).client(RetrySame), 4, "n2", push, time.Second)
	if err != nil || a.Kind != history.OK || len(rec.events) != 2 {
		t.Fatalf("%+v, %v, %d events", a, err, len(rec.events))
	}
	call, ret := rec.events[0], rec.events[1]
	if call.Node != "n2" || ret.Node != "n3" || call.Attempts != 0 || ret.Attempts != 2 || string(ret.Value) != "1" {
		t.Errorf("recorded %+v and %+v", call, ret)
	}
}

type keeper struct{ events []history.Event }

func (k *keeper) Record(e history.Event) (history.Event, error) {
	k.events = append(k.events, e)
	return e, nil
}

func TestSameIdentityNeedsSessions(t *testing.T) {
	r := &Runner{
		Nodes: []string{"n1"}, Clients: 1, Timeout: time.Second, Retry: RetrySame, Generator: NewRegister(someKeys), Recorder: &counter{},
		Dial: func(string) Client { return clientFunc(func(context.Context, Op) Answer { return done }) },
	}
	if err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "knows no sessions") {
		t.Errorf("got %v", err)
	}
}
