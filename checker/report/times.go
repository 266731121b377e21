package report

import (
	"strconv"
	"strings"
	"time"
)

// instant is a time since the start of the run, as every text of the report shows it: to the
// millisecond, in seconds.
func instant(t time.Duration) string {
	return strconv.FormatFloat(t.Seconds(), 'f', 3, 64) + " s"
}

// span is a length of time with three significant digits, in the unit that suits it.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "−" + span(-d)
	case d < time.Millisecond:
		return significant(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second:
		return significant(float64(d)/float64(time.Millisecond)) + " ms"
	}
	return significant(d.Seconds()) + " s"
}

func significant(v float64) string {
	digits := 2
	switch {
	case v >= 99.95:
		digits = 0
	case v >= 9.995:
		digits = 1
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// axisSteps are the distances between two labels of a time axis that people can count in.
var axisSteps = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// axisStep is the smallest such distance of which at most n fit into a length.
func axisStep(length time.Duration, n int) time.Duration {
	for _, s := range axisSteps {
		if length <= s*time.Duration(n) {
			return s
		}
	}
	return length
}

// axisText is the label of a time on an axis whose labels are step apart.
func axisText(t, step time.Duration) string {
	digits := 0
	for s := step; s%time.Second != 0 && digits < 3; digits++ {
		s *= 10
	}
	return strconv.FormatFloat(t.Seconds(), 'f', digits, 64)
}
