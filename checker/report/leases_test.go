package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"schism/history"
)

// A region that changes hands is told, and who still took himself for its leader then.
func TestLeaseSteps(t *testing.T) {
	at := func(at time.Duration, node string, r history.Region) history.Event {
		return history.Event{
			Time: int64(at), Process: history.Observer, Kind: history.Info, F: history.RoleChange, Node: node,
			Value: history.Encode(history.Role{Role: "follower", Term: 2, Region: r}),
		}
	}
	h := &history.History{End: sec(20), Roles: []history.Event{
		at(0, "n1", history.Region{Holder: "n1", Epoch: 1, Holds: true}),
		at(0, "n4", history.Region{Holder: "n1", Epoch: 1}),
		at(sec(5), "n4", history.Region{Holder: "n4", Epoch: 2, Holds: true}),
		at(sec(6), "n4", history.Region{Holder: "n4", Epoch: 2, Holds: true}),
		at(sec(8), "n1", history.Region{Holder: "n1", Epoch: 1}),
		at(sec(9), "n3", history.Region{Holder: "n3", Epoch: 3, Holds: true}),
		at(sec(15), "n5", history.Region{Holder: "n5", Epoch: 4, Holds: true}),
	}}
	var got []string
	for _, s := range newChronicle(h, []string{"n1", "n2", "n3", "n4", "n5"}).leaseSteps(story{window: interval{sec(1), sec(10)}}) {
		var words strings.Builder
		for _, r := range s.text {
			words.WriteString(r.Text)
		}
		got = append(got, words.String())
	}
	want := []string{
		"n4 holds the region lease of epoch 2. n1 still believes it holds that of epoch 1.",
		"n3 holds the region lease of epoch 3. n4 still believes it holds that of epoch 2.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("\ngot  %q\nwant %q", got, want)
	}
}
