package checkertest

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"schism/checker"
	"schism/checker/search"
	"schism/history"
)

// Course is what a check is timed on.
type Course struct {
	Checker checker.Checker // without a second opinion
	// Make plays n operations of that many clients, of whose changes so many have no answer.
	Make func(n, clients, unknown int) *history.History
	// Ask is the only key of such a history, for Porcupine, tightened.
	Ask  func(*history.History) (porcupine.Model, []porcupine.Operation)
	Most int // operations that fit the time of a check; 0: ten million
}

// Curve times a check from a thousand to ten million operations: near-linear is what costs per operation nearly
// the same. Porcupine stands beside it as far as it comes to an end: on the same history, and on one of 5 clients
// who were all answered, which is what it is made for.
func (c Course) Curve(b *testing.B) {
	for n := 1_000; n <= cmp.Or(c.Most, 10_000_000); n *= 10 {
		b.Run(fmt.Sprintf("near-linear/ops=%d", n), func(b *testing.B) { Time(b, c.Checker, c.Make(n, 20, 50), checker.Valid) })
	}
	c.curveOfPorcupine(b, "porcupine", 20, 50)
	c.curveOfPorcupine(b, "porcupine-5-clients-all-answered", 5, 0)
}

func (c Course) curveOfPorcupine(b *testing.B, name string, clients, unknown int) {
	answered := true
	for n := 1_000; n <= 100_000 && answered; n *= 10 {
		b.Run(fmt.Sprintf("%s/ops=%d", name, n), func(b *testing.B) { answered = c.porcupine(b, c.Make(n, clients, unknown)) })
	}
}

// Time times a check on one history. Beside the usual it tells the time an operation of the history, and how large
// the heap became, with the history and with what is dead and not yet collected.
func Time(b *testing.B, c checker.Checker, h *history.History, want checker.Verdict) {
	p := watchPeak()
	defer p.stop()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		runtime.GC()
		b.StartTimer()
		if check := c.Check(b.Context(), h); check.Verdict != want {
			b.Fatalf("%v, want %v: %s", check.Verdict, want, check.Message)
		}
	}
	operations := float64(len(h.Operations)) * float64(b.N)
	b.ReportMetric(b.Elapsed().Seconds()/operations*1e9, "ns/operation")
	b.ReportMetric(float64(p.stop())/1e6, "peak-MB")
}

// porcupine asks Porcupine alone, for 10 seconds and 4 GB at most, and says whether it always answered.
func (c Course) porcupine(b *testing.B, h *history.History) bool {
	model, ops := c.Ask(h)
	p := watchPeak()
	defer p.stop()
	answered := 0
	for b.Loop() {
		b.StopTimer()
		runtime.GC()
		g := search.Watch(4 << 30)
		b.StartTimer()
		if _, ok, _ := g.Ask(context.Background(), model, ops, 10*time.Second); ok {
			answered++
		}
		g.Close()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(len(h.Operations))/float64(b.N)*1e9, "ns/operation")
	b.ReportMetric(float64(p.stop())/1e6, "peak-MB")
	b.ReportMetric(float64(answered)/float64(b.N), "answered")
	return answered == b.N
}

// peak watches the heap.
type peak struct {
	over, done chan struct{}
	most       uint64 // bytes
}

func watchPeak() *peak {
	runtime.GC()
	p := &peak{over: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
			metrics.Read(sample)
			p.most = max(p.most, sample[0].Value.Uint64())
			select {
			case <-p.over:
				return
			case <-tick.C:
			}
		}
	}()
	return p
}

// stop ends it and tells the most that there was. It may be called again.
func (p *peak) stop() uint64 {
	select {
	case <-p.over:
	default:
		close(p.over)
	}
	<-p.done
	return p.most
}
