package process

import (
	"io"
	"strings"
	"testing"
	"time"

	"schism/cluster"
)

// A load of 40 kB in a fifth of a second: what a link of 50 kB/s carries a quarter of.
var load = cluster.Load{Messages: 40, Size: 1000, Over: 200 * time.Millisecond, Wait: 300 * time.Millisecond}

func TestAThrottledLinkCarriesLess(t *testing.T) {
	p := newPair(t)
	measure := func(what string, wantAB func(n int) bool) {
		t.Helper()
		arrived, err := p.transfer(t.Context(), []cluster.Link{ab, ba}, load)
		if err != nil {
			t.Fatal(err)
		}
		if !wantAB(arrived[ab]) || arrived[ba] != load.Messages {
			t.Errorf("%s: %d of %d messages arrived over a→b, %d over b→a", what, arrived[ab], load.Messages, arrived[ba])
		}
	}
	whole := func(n int) bool { return n == load.Messages }
	measure("before", whole)
	if err := p.impair(map[cluster.Link]cluster.Impairment{ab: {Rate: 50_000}}); err != nil {
		t.Fatal(err)
	}
	measure("throttled", func(n int) bool { return n > 0 && n <= 18 }) // 15 in 0.3 s, and what passes at once
	if err := p.setCuts([]cluster.Link{ab}); err != nil {
		t.Fatal(err)
	}
	measure("cut too", func(n int) bool { return n == 0 })
	if err := p.setCuts(nil); err != nil {
		t.Fatal(err)
	}
	if err := p.impair(nil); err != nil {
		t.Fatal(err)
	}
	measure("healed", whole)
}

// What waits at a throttle is not lost, stays in order, and goes on at once when the link is healed.
func TestAThrottleKeepsTheStream(t *testing.T) {
	p := newPair(t)
	if err := p.impair(map[cluster.Link]cluster.Impairment{ab: {Rate: 1000}}); err != nil {
		t.Fatal(err)
	}
	a, b := p.dial(), p.accept()
	sent := strings.Repeat("0123456789", 5000)
	go func() {
		_, _ = io.WriteString(a, sent)
		a.Close()
	}()
	time.AfterFunc(quiet, func() { _ = p.impair(nil) })
	began := time.Now()
	got, err := io.ReadAll(b)
	if err != nil || string(got) != sent {
		t.Errorf("%d of %d bytes came, or others: %v", len(got), len(sent), err)
	}
	if took := time.Since(began); took < quiet || took > 5*time.Second {
		t.Errorf("50 kB at 1 kB/s, healed after %v, took %v", quiet, took)
	}
}

func TestAThrottleEndsWithTheNetwork(t *testing.T) {
	p := newPair(t)
	if err := p.impair(map[cluster.Link]cluster.Impairment{ab: {Rate: 1}}); err != nil {
		t.Fatal(err)
	}
	a, b := p.dial(), p.accept()
	if _, err := io.WriteString(a, "some bytes"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := p.close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("closing took %v", took)
	}
	b.Close()
}

func TestAStreamLosesNothing(t *testing.T) {
	c := &running{}
	if err := c.CanImpair(cluster.Impairment{Loss: 0.1}); err == nil || !strings.Contains(err.Error(), "use the docker runtime") {
		t.Errorf("got %v", err)
	}
	if err := c.CanImpair(cluster.Impairment{Rate: 1}); err != nil {
		t.Error(err)
	}
	p := newPair(t)
	if err := p.impair(map[cluster.Link]cluster.Impairment{{From: "a", To: "x"}: {Rate: 1}}); err == nil || !strings.Contains(err.Error(), "a→x: no such link") {
		t.Errorf("got %v", err)
	}
}

// A held connection whose buffer is full must not keep the network from closing.
func TestAFullBufferBehindACutEndsWithTheNetwork(t *testing.T) {
	p := newPair(t)
	p.cut(ab)
	if got, err := p.transfer(t.Context(), []cluster.Link{ab}, cluster.Load{Messages: 100, Size: 1000, Wait: quiet}); err != nil || got[ab] != 0 {
		t.Fatalf("over a cut link came %v, %v", got, err)
	}
	closed := make(chan error, 1)
	go func() { closed <- p.close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the network has not closed within 5 s")
	}
}
