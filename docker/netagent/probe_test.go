package netagent

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestProbesArrive(t *testing.T) {
	from, to := newProber(t), newProber(t)
	target := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), to.port())
	stranger, err := net.Dial("udp", target.String())
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if _, err := stranger.Write([]byte("somebody else's datagram")); err != nil {
		t.Fatal(err)
	}
	err = from.send(Probe{Nonce: "abc", From: "n1", To: []netip.AddrPort{target}, Rounds: 3, Every: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		select {
		case got := <-to.arrivals():
			if want := (arrival{Nonce: "abc", From: "n1"}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%d of 3 datagrams arrived within 5 s", i)
		}
	}
}

func newProber(t *testing.T) *udpProber {
	t.Helper()
	p, err := listenProbes()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.socket.Close() })
	return p
}

// A tallied probe is counted where it arrives, and told nobody until somebody asks.
func TestTalliedProbesAreCounted(t *testing.T) {
	from, to := newProber(t), newProber(t)
	target := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), to.port())
	probe := Probe{Nonce: "abc", From: "n1", To: []netip.AddrPort{target}, Rounds: 50, Every: time.Millisecond, Size: 1000, Tally: true}
	datagram, err := probe.datagram()
	if err != nil || len(datagram) != 1000 {
		t.Fatalf("a datagram of %d bytes (%v), want 1000", len(datagram), err)
	}
	began := time.Now()
	if err := from.send(probe); err != nil {
		t.Fatal(err)
	}
	for deadline := began.Add(5 * time.Second); to.tally("abc")["n1"] < 50; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v of 50 datagrams were counted within 5 s", to.tally("abc"))
		}
	}
	if took := time.Since(began); took < 45*time.Millisecond {
		t.Errorf("50 datagrams, one a millisecond, took %v", took)
	}
	if got := to.tally("xyz"); len(got) != 0 {
		t.Errorf("of a nonce that nobody sent came %v", got)
	}
	for i := range 2 * maxTallies { // what nobody asked for does not pile up
		to.count(arrival{Nonce: string(rune('A' + i)), From: "n1"})
	}
	if len(to.tallies) != maxTallies || to.tally("abc") != nil {
		t.Errorf("%d tallies are remembered", len(to.tallies))
	}
}
