package report

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

// bigRun is a history of n operations over ten minutes, on 100 keys, with one stale read.
func bigRun(n int) Input {
	r := rand.New(rand.NewPCG(1, 2))
	h := &history.History{Header: history.Header{Nodes: []string{"n1", "n2", "n3", "n4", "n5"}}, End: 10 * time.Minute}
	h.Operations = make([]history.Operation, 0, n)
	gap := h.End / time.Duration(n)
	for i := range n {
		from := time.Duration(i) * gap
		o := history.Operation{
			Process: history.Process(i % 256), Node: h.Header.Nodes[i%5], F: history.Write, Key: fmt.Sprintf("k%d", i%100),
			Input: history.Int(int64(i)), Outcome: history.OK, Call: int64(2 * i), Return: int64(2*i + 1),
			CallTime: from, ReturnTime: from + time.Duration(r.ExpFloat64()*float64(3*time.Millisecond)),
		}
		switch {
		case i%50 == 0:
			o.Outcome = history.Fail
		case i%97 == 0:
			o.Outcome = history.Info
		case i%2 == 0:
			o.F, o.Input, o.Output = history.Read, nil, o.Input
		}
		h.Operations = append(h.Operations, o)
	}
	middle := n / 2 / 100 * 100
	at := func(i int) *history.Operation {
		o := &h.Operations[i]
		o.Key, o.Outcome, o.ReturnTime = "k1", history.OK, o.CallTime+time.Millisecond
		return o
	}
	at(middle-201).F, at(middle-101).F = history.Write, history.Write
	read := at(middle + 1)
	read.F, read.Input, read.Output = history.Read, nil, history.Int(int64(middle-201))
	return input(h, checker.Invalid, checker.Anomaly{
		Name: checker.StaleRead, Key: "k1", Focus: read.Call, Ops: []int64{int64(2 * (middle - 201)), int64(2 * (middle - 101)), read.Call},
		Message: "client 1 read an old value", Proof: "two writes and this read fit no order",
	})
}

func TestMillionOperationsMakeASmallPage(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	in := bigRun(n)
	began := time.Now()
	html := render(t, in)
	took := time.Since(began)
	t.Logf("%d operations: %d kB in %v", n, len(html)/1000, took)
	if len(html) > 3_000_000 {
		t.Errorf("the page of %d operations has %d bytes", n, len(html))
	}
	p := openHTML(t, html, desk())
	if nodes := eval[int](p, "document.querySelectorAll('*').length"); nodes > 6000 {
		t.Errorf("the page has %d nodes", nodes)
	}
	loaded := eval[float64](p, "performance.getEntriesByType('navigation')[0].loadEventStart")
	t.Logf("loaded in %.0f ms", loaded)
}
