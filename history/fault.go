package history

import (
	"encoding/json"
	"time"
)

// Phase is a step in the life of a fault.
type Phase string

const (
	FaultStart  Phase = "start"  // about to be brought about (kind invoke)
	FaultActive Phase = "active" // fully in place, not yet proved (kind info)
	FaultProof  Phase = "proof"  // whether it bit, measured (kind info)
	FaultEnd    Phase = "end"    // about to be undone (kind info)
	FaultHealed Phase = "healed" // undone, measured (kind ok; fail: it could not be undone)
)

// Fault is the value of a Nemesis event; the event's F is the fault's kind ("partition", "kill").
// One fault has one ID over all its events.
type Fault struct {
	ID    int    `json:"id"`
	Phase Phase  `json:"phase"`
	Text  string `json:"text"`           // as written in the scenario: "partition [[leader, one], [rest]]"
	What  string `json:"what,omitempty"` // as it struck: "n1 n2 | n3 n4 n5"
	// Step is its place in the schedule, at its start: "2.1.3" is the third step in the first round of the second
	// entry.
	Step string `json:"step,omitempty"`

	// Targets are the nodes that a selector resolved to when the fault struck, by selector:
	// {"leader": ["n1"]}.
	Targets map[string][]string `json:"targets,omitempty"`
	Groups  [][]string          `json:"groups,omitempty"` // partition: who can still talk to whom
	Cut     [][2]string         `json:"cut,omitempty"`    // partition: silenced links, from → to
	Nodes   []string            `json:"nodes,omitempty"`  // kill, pause: the nodes struck

	// Bit says whether the fault demonstrably had its effect (FaultProof) or is demonstrably gone
	// (FaultHealed). Proof tells in words how that was measured.
	Bit   *bool  `json:"bit,omitempty"`
	Proof string `json:"proof,omitempty"`
}

// Incident is the F of a Nemesis event that nobody ordered, such as a dead man's heal while the
// controller lived; Error says what happened. A run with one is unknown at best.
const Incident = "incident"

// Interrupted is the F of a Nemesis event by which the run says that it was ended before its time; Error says when.
// A run with one is vacuous at best: what it was meant to show may have been still to come.
const Interrupted = "interrupted"

// Announced is the F of a Nemesis event by which a failpoint in a node said that it was passed, before it
// acted; its value is an Announcement.
const Announced = "announced"

// Announcement is what a failpoint says of itself.
type Announcement struct {
	Failpoint string `json:"failpoint"`
	Node      string `json:"node"`
	Action    string `json:"action"`
	Key       string `json:"key,omitempty"` // of the command concerned
	Index     uint64 `json:"index,omitempty"`
	Term      uint64 `json:"term,omitempty"`
	Peer      string `json:"peer,omitempty"`
	Durable   bool   `json:"durable"` // whether the entry concerned was on the node's own disk
	Hit       int    `json:"hit"`     // which passage this was
}

// HoldersCounted is the F of a Nemesis event that tells which nodes held the entry of an operation of the
// schedule on their disks; its value is a Holders.
const HoldersCounted = "holders"

// Holders are the nodes that hold the entry of an operation, by its name in the scenario.
type Holders struct {
	Name  string   `json:"name"`
	Nodes []string `json:"nodes"`
}

// Refused is the F of a Nemesis event: a node did not start from a log that the schedule had damaged, and said
// so; its value is a Refusal.
const Refused = "refused"

// Refusal is what a node said of the damage.
type Refusal struct {
	Node   string `json:"node"`
	File   string `json:"file"`
	Offset int64  `json:"offset"` // of the record that is damaged
	Said   string `json:"said"`

	At time.Duration `json:"-"` // that of the event
}

// FaultOf decodes the value of a Nemesis event. ok is false for events that are none.
func FaultOf(e Event) (f Fault, ok bool) {
	if e.Process != Nemesis || e.F == Incident {
		return Fault{}, false
	}
	if err := json.Unmarshal(e.Value, &f); err != nil || f.ID == 0 {
		return Fault{}, false
	}
	return f, true
}
