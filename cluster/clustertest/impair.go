package clustertest

import (
	"testing"
	"time"

	"schism/cluster"
)

// load is 120 kB over each link: six times what one of 20 kB/s carries in a second.
var load = cluster.Load{Messages: 120, Size: 1000, Over: 400 * time.Millisecond, Wait: 600 * time.Millisecond}

var (
	n1n2 = cluster.Link{From: "n1", To: "n2"}
	n2n1 = cluster.Link{From: "n2", To: "n1"}
	n3n2 = cluster.Link{From: "n3", To: "n2"}
)

// rateLimit: one direction of one link carries less, also beside a cut and after a restart.
func rateLimit(t *testing.T, b *bench) {
	im := b.impairer(t, cluster.Impairment{Rate: 20_000})
	b.wantTransferred(t, im, "before", map[cluster.Link][2]int{n1n2: {120, 120}, n2n1: {120, 120}})
	b.impair(t, im, map[cluster.Link]cluster.Impairment{n1n2: {Rate: 20_000}})
	// 12 kB within the wait, and two seconds' worth that may pass at once.
	limited := [2]int{1, 80}
	b.wantTransferred(t, im, "limited", map[cluster.Link][2]int{n1n2: limited, n2n1: {120, 120}})
	if err := b.SetCuts(t.Context(), []cluster.Link{n3n2}); err != nil {
		t.Fatal(err)
	}
	b.kill(t, b.n2)
	b.restart(t, b.n2)
	b.wantTransferred(t, im, "beside a cut, after a restart", map[cluster.Link][2]int{n1n2: limited, n3n2: {0, 0}})
	b.impair(t, im, nil)
	b.wantTransferred(t, im, "healed, but the cut", map[cluster.Link][2]int{n1n2: {120, 120}, n3n2: {0, 0}})
}

// loss: some of what is sent one way arrives, and all of the rest.
func loss(t *testing.T, b *bench) {
	im := b.impairer(t, cluster.Impairment{Loss: 0.3})
	b.impair(t, im, map[cluster.Link]cluster.Impairment{n1n2: {Loss: 0.3}})
	// 84 of 120 on average, with a standard deviation of 5.
	b.wantTransferred(t, im, "lossy", map[cluster.Link][2]int{n1n2: {54, 114}, n2n1: {120, 120}})
	b.impair(t, im, nil)
	b.wantTransferred(t, im, "healed", map[cluster.Link][2]int{n1n2: {120, 120}})
}

func (b *bench) impairer(t *testing.T, i cluster.Impairment) cluster.Impairer {
	t.Helper()
	im, ok := b.Cluster.(cluster.Impairer)
	if !ok {
		t.Skipf("the %s runtime cannot impair links", b.runtime.Name())
	}
	if err := im.CanImpair(i); err != nil {
		t.Skip(err)
	}
	return im
}

func (b *bench) impair(t *testing.T, im cluster.Impairer, links map[cluster.Link]cluster.Impairment) {
	t.Helper()
	if err := im.Impair(t.Context(), links); err != nil {
		t.Fatal(err)
	}
}

// wantTransferred wants of each link between so many messages and so many.
func (b *bench) wantTransferred(t *testing.T, im cluster.Impairer, when string, want map[cluster.Link][2]int) {
	t.Helper()
	var links []cluster.Link
	for l := range want {
		links = append(links, l)
	}
	arrived, err := im.Transfer(t.Context(), links, load)
	if err != nil {
		t.Fatal(err)
	}
	for l, bounds := range want {
		if got := arrived[l]; got < bounds[0] || got > bounds[1] {
			t.Errorf("%s: %d of %d messages arrived over %v, want %d to %d", when, got, load.Messages, l, bounds[0], bounds[1])
		}
	}
}
