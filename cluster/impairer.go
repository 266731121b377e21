package cluster

import (
	"context"
	"time"
)

// Impairment makes a link worse than a whole one and better than a cut one. The zero value leaves it
// whole.
type Impairment struct {
	Loss float64 // share of the packets that are lost, from 0 to 1
	// Rate is in bytes a second; 0: no limit. What is beyond waits or is lost; as much as two
	// seconds' worth may pass at once.
	Rate int
}

// Impairer is an optional ability of a Cluster.
type Impairer interface {
	// CanImpair says what this runtime lacks for such an impairment; nil: nothing.
	CanImpair(Impairment) error
	// Impair makes exactly these links so, and all others whole: the whole desired state, beside that
	// of the cuts.
	Impair(ctx context.Context, links map[Link]Impairment) error
	// Transfer loads each link and says how many of its messages arrived within load.Wait. The
	// receipts travel outside the faulted network.
	Transfer(ctx context.Context, links []Link, load Load) (map[Link]int, error)
}

// Load is what a Transfer sends over each link.
type Load struct {
	Messages int
	Size     int           // bytes of one message, 100 to 1400: it fits into a packet
	Over     time.Duration // the messages are spread over this time
	Wait     time.Duration // from the first message on
}
