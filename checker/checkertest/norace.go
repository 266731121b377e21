//go:build !race

package checkertest

// RaceDetector says whether it watches: a test that is there for its size takes a smaller one then.
const RaceDetector = false
