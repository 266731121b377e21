package process

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestGateCloseWaitsForWhoIsInside(t *testing.T) {
	g := newGate()
	turned, inside := make(chan struct{}), make(chan struct{})
	var left atomic.Bool
	c := &crossing{turnBack: func() { close(turned) }}
	go g.pass(nil, c, func() {
		close(inside)
		<-turned
		time.Sleep(20 * time.Millisecond) // a slow return: close must outwait it
		left.Store(true)
	})
	<-inside
	g.close()
	if !left.Load() {
		t.Error("close returned while somebody was inside")
	}
}

func TestGateLetsPassWhenOpen(t *testing.T) {
	g := newGate()
	g.close()
	passed := make(chan bool, 1)
	go func() { passed <- g.pass(nil, instant(), func() {}) }()
	select {
	case <-passed:
		t.Fatal("a shut gate let pass")
	case <-time.After(quiet):
	}
	g.close() // twice is once
	g.open()
	g.open()
	select {
	case ok := <-passed:
		if !ok {
			t.Error("pass reports that it did not run")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("waited 5 s in vain for an open gate to let pass")
	}
}

func TestGateGivesUpWhenDone(t *testing.T) {
	g := newGate()
	g.close()
	done := make(chan struct{})
	close(done)
	if g.pass(done, instant(), func() { t.Error("ran") }) {
		t.Error("pass reports that it ran")
	}
}
