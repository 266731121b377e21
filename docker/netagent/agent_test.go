package netagent

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fakes stand for the machine: they remember what they were told.
type fakes struct {
	blocked  []netip.Addr
	impaired map[netip.Addr]Impairment
	blocks   int
	failing  atomic.Pointer[error] // what block answers
	stopped  bool
	sent     []Probe
	in       chan arrival
}

func (f *fakes) block(sources []netip.Addr) error {
	if err := f.failing.Load(); err != nil {
		return *err
	}
	f.blocks++
	f.blocked = sources
	return nil
}

func (f *fakes) impair(sources map[netip.Addr]Impairment) error {
	f.impaired = sources
	return nil
}

func (f *fakes) tally(nonce string) map[string]int { return map[string]int{"n2": len(nonce)} }

func (f *fakes) dropped() (map[netip.Addr]uint64, error) {
	return map[netip.Addr]uint64{netip.MustParseAddr("10.0.0.2"): 7}, nil
}
func (f *fakes) stop() error              { f.stopped = true; return nil }
func (f *fakes) resume() error            { f.stopped = false; return nil }
func (f *fakes) look() (Processes, error) { return Processes{Running: 1}, nil }
func (f *fakes) reap()                    {}
func (f *fakes) port() uint16             { return 4711 }
func (f *fakes) send(p Probe) error       { f.sent = append(f.sent, p); return nil }
func (f *fakes) arrivals() <-chan arrival { return f.in }

// patience bounds a conversation that takes milliseconds.
const patience = 20 * time.Second

// talk is a running agent: what a controller sees of it.
type talk struct {
	t     *testing.T
	fakes *fakes
	in    io.WriteCloser
	out   *bufio.Scanner
	ticks chan time.Time
}

// start runs an agent on fakes. Its fields may be read after a message came: the agent then waits.
func start(t *testing.T) *talk {
	t.Helper()
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	f := &fakes{in: make(chan arrival)}
	ticks := make(chan time.Time)
	a := &agent{firewall: f, processes: f, prober: f, out: json.NewEncoder(outWrite), stderr: io.Discard, ticks: ticks}
	ended := make(chan error, 1)
	go func() { ended <- a.loop(t.Context(), inRead) }()
	stuck := time.AfterFunc(patience, func() {
		outWrite.CloseWithError(fmt.Errorf("the conversation did not end within %v", patience))
	})
	t.Cleanup(func() {
		stuck.Stop()
		inWrite.Close()
		go io.Copy(io.Discard, outRead)
		if err := <-ended; err != nil {
			t.Errorf("the agent ended: %v", err)
		}
	})
	k := &talk{t: t, fakes: f, in: inWrite, out: bufio.NewScanner(outRead), ticks: ticks}
	if ready := k.next(); ready.Event != Ready || ready.Port != 4711 {
		t.Fatalf("first message %+v, want ready with port 4711", ready)
	}
	return k
}

func (k *talk) say(line string) {
	k.t.Helper()
	if _, err := io.WriteString(k.in, line+"\n"); err != nil {
		k.t.Fatal(err)
	}
}

func (k *talk) next() Message {
	k.t.Helper()
	if !k.out.Scan() {
		k.t.Fatalf("no message: %v", k.out.Err())
	}
	var m Message
	if err := json.Unmarshal(k.out.Bytes(), &m); err != nil {
		k.t.Fatalf("message %q: %v", k.out.Text(), err)
	}
	return m
}

const impairOne = `{"id":1,"do":"impair","impair":{"10.0.0.2":{"loss":0.5}}}`

// silence lets n ticks pass.
func (k *talk) silence(n int) {
	for i := range n {
		select {
		case k.ticks <- time.Time{}:
		case <-time.After(patience):
			k.t.Errorf("the agent took %d of %d ticks within %v", i, n, patience)
			return
		}
	}
}

const cutTwo = `{"id":1,"do":"block","block":["10.0.0.2","10.0.0.3"]}`

func TestRequestsAreAnswered(t *testing.T) {
	k := start(t)
	for _, test := range []struct {
		line string
		want Message
	}{
		{cutTwo, Message{ID: 1}},
		{`{"id":2,"do":"count"}`, Message{ID: 2, Dropped: map[netip.Addr]uint64{netip.MustParseAddr("10.0.0.2"): 7}}},
		{`{"id":3,"do":"look"}`, Message{ID: 3, Processes: &Processes{Running: 1}}},
		{`{"id":4,"do":"stop"}`, Message{ID: 4}},
		{`{"id":5,"do":"continue"}`, Message{ID: 5}},
		{`{"id":6,"do":"send","probe":{"nonce":"x","from":"n1","to":["10.0.0.2:99"],"rounds":3}}`, Message{ID: 6}},
		{`{"id":7,"do":"send"}`, Message{ID: 7, Error: "a request to send needs a probe"}},
		{`{"id":9,"do":"tally","nonce":"abc"}`, Message{ID: 9, Came: map[string]int{"n2": 3}}},
		{impairOne, Message{ID: 1}},
		{`{"id":8,"do":"dance"}`, Message{ID: 8, Error: `unknown action "dance"`}},
	} {
		k.say(test.line)
		if got := k.next(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s\n got %+v\nwant %+v", test.line, got, test.want)
		}
	}
	k.say("no JSON")
	if got := k.next(); !strings.Contains(got.Error, "not a request") {
		t.Errorf("garbage is answered with %+v", got)
	}
	if len(k.fakes.sent) != 1 || k.fakes.sent[0].To[0] != netip.MustParseAddrPort("10.0.0.2:99") {
		t.Errorf("probes sent: %+v", k.fakes.sent)
	}
}

func TestArrivalsAreReported(t *testing.T) {
	k := start(t)
	k.fakes.in <- arrival{Nonce: "abc", From: "n2"}
	if got := k.next(); got.Event != Arrived || got.Nonce != "abc" || got.From != "n2" {
		t.Errorf("got %+v", got)
	}
}

func TestEndOfInputUndoesEverythingAtOnce(t *testing.T) {
	k := start(t)
	k.say(cutTwo)
	k.next()
	k.say(impairOne)
	k.next()
	k.say(`{"id":2,"do":"stop"}`)
	k.next()
	k.in.Close()
	got := k.next()
	if got.Event != DeadMan || got.Undone.Blocked != 2 || got.Undone.Impaired != 1 || !got.Undone.Stopped || !strings.Contains(got.Undone.Why, "closed") {
		t.Errorf("got %+v, undone %+v", got, got.Undone)
	}
	if len(k.fakes.blocked) != 0 || len(k.fakes.impaired) != 0 || k.fakes.stopped {
		t.Errorf("still blocked: %v, still stopped: %v", k.fakes.blocked, k.fakes.stopped)
	}
}

func TestSilenceUndoesEverythingOnce(t *testing.T) {
	k := start(t)
	k.say(cutTwo)
	k.next()
	k.silence(ticksOfSilence - 1)
	k.say(`{"id":2,"do":"look"}`) // any request is a sign of life
	k.next()
	k.silence(ticksOfSilence - 1)
	if len(k.fakes.blocked) != 2 {
		t.Fatalf("healed too early: blocked %v", k.fakes.blocked)
	}
	k.silence(1)
	if got := k.next(); got.Event != DeadMan || got.Undone.Blocked != 2 {
		t.Fatalf("got %+v", got)
	}
	blocks := k.fakes.blocks
	k.silence(3 * ticksOfSilence)

	k.say(`{"do":"alive"}`)
	if got := k.next(); got.Event != Back {
		t.Errorf("got %+v, want back", got)
	}
	if k.fakes.blocks != blocks || len(k.fakes.blocked) != 0 {
		t.Errorf("the firewall was touched again: %d → %d times, blocked %v", blocks, k.fakes.blocks, k.fakes.blocked)
	}
	k.silence(ticksOfSilence)
	if got := k.next(); got.Event != DeadMan || !got.Undone.Nothing() {
		t.Errorf("second silence: got %+v, undone %+v; want nothing undone", got, got.Undone)
	}
}

func TestFailedHealIsTriedUntilItWorks(t *testing.T) {
	k := start(t)
	k.say(cutTwo)
	k.next()
	broken := errors.New("no more memory")
	k.fakes.failing.Store(&broken)
	k.in.Close()
	if got := k.next(); got.Event != DeadMan || got.Error != "no more memory" {
		t.Fatalf("got %+v", got)
	}
	k.silence(3) // in vain, and not said again
	k.fakes.failing.Store(nil)
	go k.silence(1) // beside the reading: the agent may still be at the tick before, and heal at that one
	if got := k.next(); got.Event != DeadMan || got.Error != "" || got.Undone.Blocked != 2 {
		t.Errorf("got %+v", got)
	}
}
