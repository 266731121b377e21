package clustertest

import (
	"fmt"
	"testing"
	"time"
)

// streamAcrossCut: nothing is lost from a long-lived connection that goes on after a cut.
func streamAcrossCut(t *testing.T, b *bench) {
	const lines = 100
	ends := []*Node{b.n1, b.n2}
	b.n1.Open(t, "n2", "s")
	push := func(want int) {
		for _, n := range ends {
			n.Push(t, "s", lines)
		}
		for _, n := range ends {
			n.awaitReceived(t, "s", want, resume)
		}
	}
	push(lines)
	b.cut(t, both(b.n1, b.n2))
	for _, n := range ends {
		n.Push(t, "s", lines)
	}
	never(t, "a stream moved during a cut", func() (bool, string) {
		one, two := b.n1.Stream(t, "s"), b.n2.Stream(t, "s")
		return one.Received > lines || two.Received > lines || one.Ended+two.Ended != "", fmt.Sprintf("%+v, %+v", one, two)
	})
	b.cut(t, nil)
	push(3 * lines)
}

// fullStreamAcrossCut: a sender that goes on and on is stopped by full buffers, not relieved of its data.
func fullStreamAcrossCut(t *testing.T, b *bench) {
	const lines = 40_000 // of 1 KB: no chain of buffers holds them
	b.n1.Open(t, "n2", "s")
	b.cut(t, both(b.n1, b.n2))
	b.n1.Push(t, "s", lines)
	last := -1
	Eventually(t, "n1's writes block", prompt, func() (bool, string) {
		time.Sleep(100 * time.Millisecond)
		s := b.n1.Stream(t, "s")
		stands := s.Sent == last
		last = s.Sent
		return stands && s.Sent < lines, fmt.Sprintf("%+v", s)
	})
	if s := b.n2.Stream(t, "s"); s.Received > 0 {
		t.Errorf("n2 received over a cut link: %+v", s)
	}
	b.cut(t, nil)
	b.n2.awaitReceived(t, "s", lines, resume)
}

// streamAcrossManyCuts cuts in the middle of the traffic, so that what is in flight is hit.
func streamAcrossManyCuts(t *testing.T, b *bench) {
	const cuts, lines = 8, 1000
	b.n1.Open(t, "n2", "s")
	for range cuts {
		b.n1.Push(t, "s", lines)
		b.n2.Push(t, "s", lines)
		b.cut(t, both(b.n1, b.n2))
		b.awaitStill(t, b.n2, "s")
		before := b.n2.Stream(t, "s").Received
		for range 5 {
			if now := b.n2.Stream(t, "s").Received; now != before {
				t.Fatalf("n2 received the lines %d to %d during a cut", before+1, now)
			}
		}
		b.cut(t, nil)
	}
	b.n1.awaitReceived(t, "s", cuts*lines, resume)
	b.n2.awaitReceived(t, "s", cuts*lines, resume)
}

// endBehindCut: the end of a stream is a message too, and comes after all that was said before it.
func endBehindCut(t *testing.T, b *bench) {
	const lines = 10
	b.n1.Open(t, "n2", "s")
	b.n1.Open(t, "n2", "mute")
	b.cut(t, both(b.n1, b.n2))
	b.n1.Push(t, "s", lines)
	Eventually(t, "n1 has written", prompt, func() (bool, string) {
		s := b.n1.Stream(t, "s")
		return s.Sent == lines, fmt.Sprintf("%+v", s)
	})
	b.n1.Hang(t, "s")
	b.n1.Hang(t, "mute") // with no bytes before it
	never(t, "n2 was told of n1's end behind the cut", func() (bool, string) {
		s, mute := b.n2.Stream(t, "s"), b.n2.Stream(t, "mute")
		return s.Ended+mute.Ended != "" || s.Received > 0, fmt.Sprintf("%+v, %+v", s, mute)
	})
	b.cut(t, nil)
	Eventually(t, "n2 is told of the end", resume, func() (bool, string) {
		s := b.n2.Stream(t, "s")
		return s.Ended != "" && s.Received == lines && s.Wrong == "", fmt.Sprintf("%+v", s)
	})
	Eventually(t, "n2 is told of the mute stream's end", resume, func() (bool, string) {
		s := b.n2.Stream(t, "mute")
		return s.Ended != "", fmt.Sprintf("%+v", s)
	})
}

// deathBehindCut: so is what a kernel says for a process that was killed.
func deathBehindCut(t *testing.T, b *bench) {
	b.n1.Open(t, "n2", "s")
	b.n3.Open(t, "n2", "r")
	b.cut(t, both(b.n1, b.n2))
	b.kill(t, b.n2)
	Eventually(t, "n3, which is not cut off, is told of n2's end", resume, func() (bool, string) {
		s := b.n3.Stream(t, "r")
		return s.Ended != "", fmt.Sprintf("%+v", s)
	})
	never(t, "n1 was told of n2's end behind the cut", func() (bool, string) {
		s := b.n1.Stream(t, "s")
		return s.Ended != "", fmt.Sprintf("%+v", s)
	})
	if r := b.n1.Ask(t, "n2", "are you there", silence); r.Failure != "timeout" {
		t.Errorf("n1 asked a dead node behind a cut: %+v, want a time-out", r)
	}
	b.cut(t, both(b.n1, b.n2)[1:])
	if r := b.n1.Ask(t, "n2", "refuse me", silence); r.Failure != "timeout" {
		t.Errorf("n1 asked a dead node whose messages are cut off: %+v, want a time-out", r)
	}
}

// awaitReceived waits until the numbered lines up to want have come, in order and complete.
func (n *Node) awaitReceived(t *testing.T, id string, want int, within time.Duration) {
	t.Helper()
	Eventually(t, fmt.Sprintf("%s receives line %d of stream %s", n.Name, want, id), within, func() (bool, string) {
		s := n.Stream(t, id)
		if s.Wrong != "" || s.Ended != "" {
			t.Fatalf("%s: stream %s is broken: %+v", n.Name, id, s)
		}
		return s.Received >= want, fmt.Sprintf("%+v", s)
	})
}

// awaitStill waits until nothing more comes: what had reached the node's own kernel before a cut may
// still be read.
func (b *bench) awaitStill(t *testing.T, n *Node, id string) {
	t.Helper()
	last := -1
	Eventually(t, n.Name+" has read what had arrived", prompt, func() (bool, string) {
		time.Sleep(20 * time.Millisecond)
		s := n.Stream(t, id)
		still := s.Received == last
		last = s.Received
		return still, fmt.Sprintf("%+v", s)
	})
}
