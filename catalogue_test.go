package schism

import (
	"slices"
	"testing"

	"schism/checker"
	"schism/nemesis"
)

// Every name that a result can tell is explained, and no two things of one group share a name.
func TestTopics(t *testing.T) {
	known := make(map[string]Topic)
	for _, topic := range Topics() {
		at := topic.Group + " " + topic.Name
		if _, twice := known[at]; twice || topic.Name == "" || topic.About == "" {
			t.Errorf("%+v: twice, or without a name or words", topic)
		}
		known[at] = topic
	}
	for _, name := range checker.AnomalyNames() {
		if known["anomalies "+name].More == "" {
			t.Errorf("the anomaly %s is not explained", name)
		}
	}
	if _, ok := known["selectors "+string(nemesis.RegionLeader)]; !ok {
		t.Error("the selector region-leader is not told of")
	}
	for _, v := range []checker.Verdict{checker.Valid, checker.Invalid, checker.Unknown, checker.Vacuous} {
		if _, ok := known["verdicts "+v.String()]; !ok {
			t.Errorf("the verdict %v is not explained", v)
		}
	}
	for _, topic := range known {
		if topic.Group == "anomalies" {
			if !slices.Contains(checker.AnomalyNames(), topic.Name) {
				t.Errorf("no checker finds %s", topic.Name)
			}
		}
	}
}
