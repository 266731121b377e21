package appendlist

import (
	"testing"
	"time"

	"schism/checker/checkertest"
	"schism/history"
)

// script is a history of a cluster of three.
func script(t *testing.T, text string) *history.History {
	t.Helper()
	h := checkertest.Script(t, text)
	h.Header.Nodes = []string{"n1", "n2", "n3"}
	return h
}

// final is a node's own state at the end.
func final(node string, x string) history.Operation {
	return history.Operation{
		Process: 99, Node: node, F: history.FinalRead, Outcome: history.OK, Call: 1000, Return: 1001,
		CallTime: time.Minute, ReturnTime: time.Minute,
		Output: history.Encode(history.FinalState{Applied: 7, State: map[string]history.Value{"x": history.Value(x)}}),
	}
}
