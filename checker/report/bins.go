package report

import (
	"math"
	"time"

	"schism/history"
)

// maxBins bounds what a history of any length is boiled down to.
const maxBins = 600

// bin is what ended in one stretch of the run.
type bin struct {
	ok, fail, info int
	seconds        float64
	latency        [buckets]int // of ok operations, on a log scale
}

// The log scale of latencies: from 10 µs on, ten buckets a factor of ten, up to 1000 s.
const (
	buckets     = 80
	perDecade   = 10
	lowestNanos = 1e4
)

// binned is the whole run in stretches of one length.
type binned struct {
	width time.Duration
	bins  []bin
	end   time.Duration
	most  float64 // ended in a second, in the busiest
}

// newBinned counts every operation when it ended: info when the client gave up. The stretches have a
// round length, and hold some twenty operations each if the run is long enough for that.
func newBinned(h *history.History) binned {
	want := clampInt(len(h.Operations)/20, 24, maxBins/4)
	b := binned{width: axisStep(max(h.End, time.Millisecond), want), end: h.End}
	n := clampInt(int((h.End+b.width/2)/b.width), 1, maxBins) // a short rest goes with the last
	b.bins = make([]bin, n)
	for _, o := range h.Operations {
		b.bins[clampInt(int(ended(o, h.End)/b.width), 0, n-1)].add(o)
	}
	for i, x := range b.bins {
		from, to := b.stretch(i)
		b.bins[i].seconds = (to - from).Seconds()
		b.most = max(b.most, float64(x.ok+x.fail+x.info)/b.bins[i].seconds)
	}
	return b
}

// stretch is the time that bin i counts; the last one is as long as what is left.
func (b binned) stretch(i int) (from, to time.Duration) {
	from, to = time.Duration(i)*b.width, time.Duration(i+1)*b.width
	if i == len(b.bins)-1 {
		to = max(b.end, from+1)
	}
	return from, to
}

func ended(o history.Operation, end time.Duration) time.Duration {
	if o.Return < 0 {
		return end
	}
	return o.ReturnTime
}

func (b *bin) add(o history.Operation) {
	switch o.Outcome {
	case history.OK:
		b.ok++
		b.latency[bucket(o.ReturnTime-o.CallTime)]++
	case history.Fail:
		b.fail++
	default:
		b.info++
	}
}

func bucket(d time.Duration) int {
	return clampInt(int(math.Log10(max(1, float64(d)/lowestNanos))*perDecade), 0, buckets-1)
}

// quantile is the latency that a share q of the ok operations stayed below; within a bucket they are
// taken to be spread evenly. ok is false if there are none.
func (b bin) quantile(q float64) (d time.Duration, ok bool) {
	if b.ok == 0 {
		return 0, false
	}
	rank := q * float64(b.ok)
	for i, n := range b.latency {
		if f := float64(n); f >= rank && n > 0 {
			return time.Duration(lowestNanos * math.Pow(10, (float64(i)+rank/f)/perDecade)), true
		}
		rank -= float64(n)
	}
	return time.Duration(lowestNanos * math.Pow(10, float64(buckets)/perDecade)), true
}

func clampInt(v, lo, hi int) int { return max(lo, min(v, hi)) }
