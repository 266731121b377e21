// Package netagent runs inside a node's holder container: it is the first process there, owns the
// node's network namespace and process namespace, and does in them what the controller asks. What it
// was asked to do lasts as long as the controller lives and no longer: a dead man's switch undoes all
// of it when the controller's end of the pipe closes or falls silent.
//
// Controller and agent exchange lines of JSON over the agent's standard input and output: Request one
// way, Message the other.
package netagent

import (
	"net/netip"
	"time"
)

// Silence is how long the agent hears nothing from its controller before it takes it for dead.
const Silence = 2 * time.Second

// Beat is how often a controller sends a Request with the action Alive. Three may be lost or late.
const Beat = Silence / 4

// Action is what a Request asks for.
type Action string

const (
	// Alive is the heartbeat. It is not answered. Every other request counts as a heartbeat too.
	Alive Action = "alive"
	// Block drops everything that comes from the addresses in Request.Block and lets all else pass.
	// It is the whole desired state: an empty list heals.
	Block Action = "block"
	// Impair makes what comes from the addresses in Request.Impair get lost in part, and lets all else
	// pass that is not blocked. It is the whole desired state too.
	Impair Action = "impair"
	// Count reads how many packets were dropped so far: Message.Dropped.
	Count Action = "count"
	// Send sends the datagrams of Request.Probe. The answer comes when the first round is out.
	Send Action = "send"
	// Tally reads how many datagrams of the probe Request.Nonce came: Message.Came.
	Tally Action = "tally"
	// Stop stops the node's processes with SIGSTOP; the answer comes when all of them stand.
	Stop Action = "stop"
	// Continue undoes Stop.
	Continue Action = "continue"
	// Look counts the node's processes: Message.Processes.
	Look Action = "look"
)

// Request is one line from the controller.
type Request struct {
	ID     int                       `json:"id,omitempty"` // repeated in the answer
	Do     Action                    `json:"do"`
	Block  []netip.Addr              `json:"block,omitempty"`
	Impair map[netip.Addr]Impairment `json:"impair,omitempty"`
	Probe  *Probe                    `json:"probe,omitempty"`
	Nonce  string                    `json:"nonce,omitempty"`
}

// Impairment is what happens to the packets from one address.
type Impairment struct {
	Loss float64 `json:"loss,omitempty"` // the share that is dropped
	Rate int     `json:"rate,omitempty"` // bytes a second; what is beyond is dropped; 0: no limit
}

// Probe asks for datagrams to other agents, who tell the controller what arrived: the receipt takes
// no way through the network under test, and so one direction of a link is measured alone.
type Probe struct {
	Nonce string           `json:"nonce"`
	From  string           `json:"from"`
	To    []netip.AddrPort `json:"to"`
	// Rounds is how many datagrams each address gets, Every the time between two: a single one may
	// be lost on a link that only loses some.
	Rounds int           `json:"rounds"`
	Every  time.Duration `json:"every_ns"`
	// Size is that of a datagram in bytes; 0: as small as it can be.
	Size int `json:"size,omitempty"`
	// Tally says that the receivers count, for Tally, instead of telling each arrival.
	Tally bool `json:"tally,omitempty"`
}

// Event is what the agent says without being asked.
type Event string

const (
	// Ready is the first line: the firewall is set up and Message.Port listens for probes.
	Ready Event = "ready"
	// Arrived says that the probe with Message.Nonce came in from the node Message.From.
	Arrived Event = "arrived"
	// DeadMan says that everything was undone: Message.Undone.
	DeadMan Event = "dead-man"
	// Back says that the controller is heard again after a dead man's heal.
	Back Event = "back"
)

// Message is one line from the agent: an answer (ID is set) or an event.
type Message struct {
	ID    int    `json:"id,omitempty"`
	Error string `json:"error,omitempty"` // for people; empty: it was done
	Event Event  `json:"event,omitempty"`

	Port      uint16                `json:"port,omitempty"`
	Nonce     string                `json:"nonce,omitempty"`
	From      string                `json:"from,omitempty"`
	Undone    *Undone               `json:"undone,omitempty"`
	Dropped   map[netip.Addr]uint64 `json:"dropped,omitempty"` // packets, since the agent started
	Came      map[string]int        `json:"came,omitempty"`    // datagrams of a tallied probe, by sender
	Processes *Processes            `json:"processes,omitempty"`
}

// Undone is what a dead man's heal found in force.
type Undone struct {
	Why      string `json:"why"`
	Blocked  int    `json:"blocked"`  // addresses that were blocked
	Impaired int    `json:"impaired"` // addresses that were impaired
	Stopped  bool   `json:"stopped"`  // the node's processes were stopped
}

// Nothing reports whether there was no fault to undo.
func (u Undone) Nothing() bool { return u.Blocked == 0 && u.Impaired == 0 && !u.Stopped }

// Processes counts the living processes of a node.
type Processes struct {
	Running int `json:"running"`
	Stopped int `json:"stopped"`
}
