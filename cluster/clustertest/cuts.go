package clustertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"schism/cluster"
)

// both is a full cut between two nodes.
func both(a, b *Node) []cluster.Link { return []cluster.Link{link(a, b), link(b, a)} }

func link(from, to *Node) cluster.Link { return cluster.Link{From: from.Name, To: to.Name} }

// cutBothWays: requests and connection attempts meet silence, all other links go on, and after the
// heal everything answers.
func cutBothWays(t *testing.T, b *bench) {
	b.cut(t, both(b.n1, b.n2))
	accepted := b.n2.Heard(t).Accepted
	b.n1.wantSilence(t, b.n2, "forth")
	if got := b.n2.Heard(t).Accepted; got != accepted {
		t.Errorf("n2 accepted %d connections over a cut link", got-accepted)
	}
	b.n2.wantSilence(t, b.n1, "back")
	b.n1.wantAnswer(t, b.n3)
	b.n3.wantAnswer(t, b.n1)
	b.n2.wantAnswer(t, b.n3)
	b.n3.wantAnswer(t, b.n2)
	b.cut(t, nil)
	b.n1.wantAnswer(t, b.n2)
	b.n2.wantAnswer(t, b.n1)
}

func cutOneWay(t *testing.T, b *bench) { oneWay(t, b, b.n1, b.n2) }

func cutOtherWay(t *testing.T, b *bench) { oneWay(t, b, b.n2, b.n1) }

// oneWay cuts what from sends to to. n1 dialled the stream; which end dialled must not matter. A request
// and its answer need both directions, so no new request succeeds either way.
func oneWay(t *testing.T, b *bench, from, to *Node) {
	b.n1.Open(t, "n2", "s")
	b.cut(t, []cluster.Link{link(from, to)})
	to.Push(t, "s", 1)
	from.awaitReceived(t, "s", 1, prompt)
	from.Push(t, "s", 1)
	never(t, to.Name+" received over a cut link", func() (bool, string) {
		s := to.Stream(t, "s")
		return s.Received > 0 || s.Ended != "", fmt.Sprintf("%+v", s)
	})
	if r := from.Ask(t, to.Name, "request lost", silence); r.Failure != "timeout" {
		t.Errorf("%s asked %s over a cut link: %+v", from.Name, to.Name, r)
	}
	if r := to.Ask(t, from.Name, "answer lost", silence); r.Failure != "timeout" {
		t.Errorf("%s asked %s, whose answers are cut off: %+v", to.Name, from.Name, r)
	}
	b.wantProbes(t, []cluster.Link{link(from, to)})
	b.cut(t, nil)
	to.awaitReceived(t, "s", 1, resume)
	from.wantAnswer(t, to)
	to.wantAnswer(t, from)
}

// cutTwice: the desired state is set, not added to.
func cutTwice(t *testing.T, b *bench) {
	for range 3 {
		b.cut(t, both(b.n1, b.n2))
	}
	// A set may name a link more than once.
	b.cut(t, append(both(b.n1, b.n2), both(b.n1, b.n2)...))
	b.n1.wantSilence(t, b.n2, "cut")
	b.cut(t, nil)
	b.wantProbes(t, nil)
	b.n1.wantAnswer(t, b.n2)
	b.n2.wantAnswer(t, b.n1)
	b.cut(t, nil)
	b.n1.wantAnswer(t, b.n2)
}

// overlappingCuts: going from one set to another heals what only the first had.
func overlappingCuts(t *testing.T, b *bench) {
	b.cut(t, both(b.n1, b.n2))
	b.cut(t, append(both(b.n1, b.n2), both(b.n1, b.n3)...))
	b.n1.wantSilence(t, b.n2, "one")
	b.n3.wantSilence(t, b.n1, "two")
	b.n2.wantAnswer(t, b.n3)
	b.cut(t, both(b.n1, b.n3))
	b.n1.wantAnswer(t, b.n2)
	b.n2.wantAnswer(t, b.n1)
	b.n1.wantSilence(t, b.n3, "three")
	b.n3.wantSilence(t, b.n1, "four")
	b.cut(t, nil)
	b.n1.wantAnswer(t, b.n3)
	b.n3.wantAnswer(t, b.n1)
}

// restartBehindCut: a node that comes back finds the network as it is, not whole.
func restartBehindCut(t *testing.T, b *bench) {
	b.cut(t, both(b.n1, b.n2))
	b.kill(t, b.n2)
	b.restart(t, b.n2)
	b.n1.wantSilence(t, b.n2, "forth")
	b.n2.wantSilence(t, b.n1, "back")
	b.n2.wantAnswer(t, b.n3)
	b.wantProbes(t, both(b.n1, b.n2))
	b.kill(t, b.n1)
	b.restart(t, b.n1)
	b.n1.wantSilence(t, b.n2, "forth again")
	b.cut(t, nil)
	b.n1.wantAnswer(t, b.n2)
	b.n2.wantAnswer(t, b.n1)
}

// probe: what it measures is what was cut, one direction alone too, and in bounded time.
func probe(t *testing.T, b *bench) {
	sets := [][]cluster.Link{
		nil,
		{link(b.n1, b.n2)},
		{link(b.n2, b.n1)},
		both(b.n1, b.n3),
		{link(b.n1, b.n2), link(b.n2, b.n3), link(b.n3, b.n1)},
		cluster.AllLinks(b.Nodes()),
		nil,
	}
	for _, cut := range sets {
		b.cut(t, cut)
		if took := timed(func() { b.wantProbes(t, cut) }); took > silence+2*time.Second {
			t.Errorf("probes that were to wait %v took %v", silence, took)
		}
	}
}

// probeDead: the network is measured, not the nodes.
func probeDead(t *testing.T, b *bench) {
	b.cut(t, both(b.n1, b.n2))
	b.kill(t, b.n2)
	b.wantProbes(t, both(b.n1, b.n2))
	b.cut(t, nil)
	b.wantProbes(t, nil)
}

// wantProbes probes all links and wants exactly these to be silent.
func (b *bench) wantProbes(t *testing.T, cut []cluster.Link) {
	t.Helper()
	all := cluster.AllLinks(b.Nodes())
	got, err := b.Probe(t.Context(), all, silence)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		arrived, probed := got[l]
		if !probed {
			t.Errorf("no word about %v", l)
		}
		if want := !slices.Contains(cut, l); arrived != want {
			t.Errorf("cut %v: probe of %v arrived: %t, want %t", cut, l, arrived, want)
		}
	}
}

func (b *bench) cut(t *testing.T, links []cluster.Link) {
	t.Helper()
	if err := b.SetCuts(t.Context(), links); err != nil {
		t.Fatal(err)
	}
}

// wantSilence sends one request that must not arrive, and whose sender must learn nothing: neither an
// answer nor a refusal, which would be a message too.
func (n *Node) wantSilence(t *testing.T, to *Node, text string) {
	t.Helper()
	r := n.Ask(t, to.Name, text, silence)
	if r.Failure != "timeout" || r.Bytes != 0 {
		t.Fatalf("%s asked %s over a cut link and got %+v, want a time-out", n.Name, to.Name, r)
	}
	if to.HasHeard(t, text) {
		t.Fatalf("%s heard %q from %s over a cut link", to.Name, text, n.Name)
	}
}
