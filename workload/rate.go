package workload

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Rate is a number of things a second, written as 500/s, 30/min or 2k/s. Zero means no limit.
type Rate float64

// Bounds on a rate: times between two of the things that a clock can count.
const (
	leastRate = 1.0 / 3600 // one an hour
	mostRate  = 1_000_000
)

var rateUnits = map[string]float64{"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600}

// UnmarshalText reads a rate as people write it.
func (r *Rate) UnmarshalText(b []byte) error {
	text := string(b)
	count, unit, ok := strings.Cut(text, "/")
	seconds, known := rateUnits[strings.TrimSpace(unit)]
	count = strings.TrimSpace(count)
	factor := 1.0
	if thousands, k := strings.CutSuffix(count, "k"); k {
		count, factor = thousands, 1000
	}
	n, err := strconv.ParseFloat(count, 64)
	if !ok || !known || err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return fmt.Errorf("%q is no rate: write 500/s, 2k/s or 30/min", text)
	}
	if n <= 0 {
		return fmt.Errorf("a rate must be above zero, found %q", text)
	}
	n = n * factor / seconds
	if n < leastRate || n > mostRate {
		return fmt.Errorf("a rate is 1/h to 1000k/s, found %q", text)
	}
	*r = Rate(n)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r Rate) String() string { return strconv.FormatFloat(float64(r), 'f', -1, 64) + "/s" }
