package process

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/cluster"
	"schism/cluster/clustertest"
)

// quiet is how long a test watches for what must not come.
const quiet = 100 * time.Millisecond

var (
	ab   = cluster.Link{From: "a", To: "b"}
	ba   = cluster.Link{From: "b", To: "a"}
	port = []cluster.Port{{Name: "peer", Peer: true}}
)

func TestAttemptGivenUpDuringCutIsForgotten(t *testing.T) {
	p := newPair(t)
	p.cut(ab)
	for range 3 {
		a := p.dial()
		p.write(a, "old")
		a.Close()
	}
	clustertest.Eventually(t, "the proxy has seen that all gave up", 5*time.Second, func() (bool, string) {
		stacks := goroutines()
		return strings.Count(stacks, "(*gate).pass(") == 3, stacks
	})
	p.cut()
	p.write(p.dial(), "new")
	p.wantRead(p.accept(), "new")
	if n := p.count.Load(); n != 1 {
		t.Errorf("%d connections reached b, want the new one only", n)
	}
}

func TestAttemptThatWaitsReachesNodeAfterHeal(t *testing.T) {
	p := newPair(t)
	p.cut(ab, ba)
	a := p.dial()
	request := strings.Repeat("request ", bufferSize/4) // more than the proxy holds
	go func() { _, _ = io.WriteString(a, request) }()
	p.wantQuiet(a)
	if n := p.count.Load(); n != 0 {
		t.Fatalf("%d connections reached b over a cut link", n)
	}
	p.cut()
	b := p.accept()
	p.wantRead(b, request)
	p.write(b, "answer")
	p.wantRead(a, "answer")
}

// A dialler who ends his half and waits must not be told anything either.
func TestHalfClosedAttemptHearsNothingDuringCut(t *testing.T) {
	p := newPair(t)
	p.cut(ab)
	a := p.dial()
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p.wantQuiet(a)
	p.cut()
	p.wantEnd(a, io.EOF)
}

func TestHalfCloseIsRelayed(t *testing.T) {
	p := newPair(t)
	a := p.dial()
	p.write(a, "all of it")
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b := p.accept()
	p.wantRead(b, "all of it")
	p.wantEnd(b, io.EOF)
	p.write(b, "answer")
	b.Close()
	p.wantRead(a, "answer")
	p.wantEnd(a, io.EOF)
}

// With only the answers' direction cut, requests arrive, over new connections too.
func TestRequestsPassWhileAnswersDoNot(t *testing.T) {
	p := newPair(t)
	p.cut(ba)
	a := p.dial()
	p.write(a, "request")
	b := p.accept()
	p.wantRead(b, "request")
	p.write(b, "answer")
	b.Close()
	p.wantQuiet(a)
	p.cut()
	p.wantRead(a, "answer")
	p.wantEnd(a, io.EOF)
}

func TestResetIsAMessage(t *testing.T) {
	p := newPair(t)
	a := p.dial()
	p.write(a, "hello")
	b := p.accept()
	p.wantRead(b, "hello")
	p.cut(ba)
	reset(b)
	p.wantQuiet(a)
	p.cut()
	p.wantEnd(a, nil)
}

func TestRefusalIsAMessage(t *testing.T) {
	p := newPair(t)
	p.b.Close()
	conn, err := net.Dial("tcp", p.address(ab, "peer"))
	if err == nil {
		p.wantEnd(conn.(*net.TCPConn), nil)
	} else if !strings.Contains(err.Error(), "reset") {
		t.Errorf("dial of a node that is down: %v, want a reset", err)
	}
	p.cut(ba)
	a := p.dial()
	p.wantQuiet(a)
	p.cut()
	p.wantEnd(a, nil)
}

// A receiver that does not read blocks the relay's write; a cut must interrupt it, and lose nothing.
func TestCutInterruptsBlockedWrite(t *testing.T) {
	p := newPair(t)
	a := p.dial()
	sent := bytes.Repeat([]byte("0123456789abcdef"), 2<<20) // 32 MB: more than sockets hold
	go func() {
		_, _ = a.Write(sent)
		_ = a.CloseWrite()
	}()
	b := p.accept()
	for range 3 {
		time.Sleep(20 * time.Millisecond) // a moment to block in; whichever state it meets must do
		began := time.Now()
		p.cut(ab)
		if took := time.Since(began); took > 10*time.Second {
			t.Fatalf("the cut took %v", took)
		}
		p.cut()
	}
	_ = b.SetReadDeadline(time.Now().Add(20 * time.Second))
	got, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d of %d bytes arrived, equal: %t, %v", len(got), len(sent), bytes.Equal(got, sent), err)
	}
}

// More attempts than a proxy takes wait in silence, and a link is well again after the heal. Whoever of
// them was not seen to give up before it reaches b, which ends what its client has ended, as a server does.
func TestManyAttemptsDuringCut(t *testing.T) {
	p := newPair(t)
	p.cut(ab)
	for range maxConns + 50 {
		a := p.dial()
		p.write(a, "old")
		a.Close()
	}
	taken := p.proxies[endpoint{ab, "peer"}].slots
	clustertest.Eventually(t, "a full proxy", 5*time.Second, func() (bool, string) {
		return len(taken) == maxConns, fmt.Sprintf("%d connections of %d", len(taken), maxConns)
	})
	p.cut()
	p.write(p.dial(), "new")
	clustertest.Eventually(t, "the new request at b", 5*time.Second, func() (bool, string) {
		b := p.accept()
		defer b.Close()
		_ = b.SetReadDeadline(time.Now().Add(5 * time.Second))
		text, err := io.ReadAll(io.LimitReader(b, 3))
		return string(text) == "new", string(text) + errText(err)
	})
}

func goroutines() string {
	stacks := make([]byte, 1<<20)
	return string(stacks[:runtime.Stack(stacks, true)])
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return " " + err.Error()
}

func TestProbesDoNotReachNodes(t *testing.T) {
	p := newPair(t)
	p.cut(ba)
	p.wantProbes(map[cluster.Link]bool{ab: true, ba: false})
	p.cut()
	// Traffic while probes are dialled must not be taken for theirs.
	for range 20 {
		go func() { _, _ = p.probe(t.Context(), []cluster.Link{ab, ba}, quiet) }()
		a := p.dial()
		p.write(a, "traffic")
		p.wantRead(p.accept(), "traffic")
		a.Close()
	}
	if n := p.count.Load(); n != 20 {
		t.Errorf("b accepted %d connections, want 20", n)
	}
}

func TestProbesOfHalfCutLinkLeaveNothing(t *testing.T) {
	p := newPair(t)
	p.cut(ba)
	before := runtime.NumGoroutine()
	for range 20 {
		if got, err := p.probe(t.Context(), []cluster.Link{ab}, 5*time.Second); err != nil || !got[ab] {
			t.Fatalf("probe: %v, %v", got, err)
		}
	}
	clustertest.Eventually(t, "every probe's relay ends", 5*time.Second, func() (bool, string) {
		return runtime.NumGoroutine() <= before, goroutines()
	})
}

func TestUnknownLinkChangesNothing(t *testing.T) {
	p := newPair(t)
	p.cut(ab)
	if err := p.setCuts([]cluster.Link{ba, {From: "a", To: "a"}}); err == nil {
		t.Error("a link from a to itself was cut")
	}
	p.wantProbes(map[cluster.Link]bool{ab: false, ba: true})
}

func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	p := newPair(t)
	p.write(p.dial(), "standing")
	b := p.accept()
	p.cut(ab, ba)
	p.write(b, "held")
	p.write(p.dial(), "waiting")
	for range 2 {
		if err := p.close(); err != nil {
			t.Fatal(err)
		}
	}
	p.b.Close()
	clustertest.Eventually(t, "no goroutine is left", 5*time.Second, func() (bool, string) {
		return runtime.NumGoroutine() <= before, goroutines()
	})
	if _, err := net.DialTimeout("tcp", p.address(ab, "peer"), time.Second); err == nil {
		t.Error("a proxy accepts after close")
	}
}

func TestAddressesDiffer(t *testing.T) {
	p := newPair(t)
	all := []string{p.address(ab, "peer"), p.address(ba, "peer"), p.b.Addr().String()}
	if slices.Sort(all); len(slices.Compact(all)) != 3 {
		t.Errorf("two links share an address: %v", all)
	}
}

// A cut between the moment at which a proxy saw an open link and its dial must stop the dial.
func TestDialIsGated(t *testing.T) {
	p := newPair(t)
	p.cut(ab)
	proxy := p.proxies[endpoint{ab, "peer"}]
	if far, again, err := proxy.dial(proxy.target); far != nil || !again || err != nil {
		t.Errorf("dial over a cut link: %v, again %t, %v; want no connection, and another try", far, again, err)
	}
	if n := p.count.Load(); n != 0 {
		t.Errorf("%d connections reached b over a cut link", n)
	}
}
