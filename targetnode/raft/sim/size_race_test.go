//go:build race

package sim_test

// The race detector slows the simulator down by an order of magnitude.
const defaultSeeds = 300
