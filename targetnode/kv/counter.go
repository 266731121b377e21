package kv

import (
	"encoding/json"
	"math"
	"strconv"
)

// Refusals of an add.
const (
	NotANumber  = "not a whole number" // the key holds something else
	OutOfBounds = "the sum is out of bounds"
)

// applyAdd adds to the whole number that the key holds, and answers with the sum; a key that was never
// written holds 0. The sum may not leave 64 bits: nobody counts on a wrapped one.
func applyAdd(s *Store, c *Command) Result {
	held := s.values[c.Key]
	found, isNumber := wholeNumber(held)
	if held != nil && !isNumber {
		return Result{Refused: NotANumber, Value: held}
	}
	delta, _ := wholeNumber(c.Value) // Prepare has seen to it that it is one
	if delta > 0 && found > math.MaxInt64-delta || delta < 0 && found < math.MinInt64-delta {
		return Result{Refused: OutOfBounds, Value: held}
	}
	sum := json.RawMessage(strconv.AppendInt(nil, found+delta, 10))
	s.values[c.Key] = sum
	return Result{Value: sum}
}

func isWholeNumber(v json.RawMessage) bool {
	_, whole := wholeNumber(v)
	return whole
}

// wholeNumber reads a JSON number without fraction and exponent, digit by digit: as a float64 it would
// be another one beyond 2^53. What is none counts as 0.
func wholeNumber(v json.RawMessage) (n int64, ok bool) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return 0, false
	}
	return n, true
}
