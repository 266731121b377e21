// Package failpoint lets a test strike a node at a named point of its work: crash it there, hold it up,
// let it sleep or fail. A point announces itself before it acts, so that a run can prove that it did.
package failpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Name is that of a place in the node's work.
type Name string

// The points, in the order in which an operation comes by them. "Fsync" means that the call returned.
const (
	RequestBeforeRead    Name = "request.before-read"
	AppendBeforeFsync    Name = "append.before-fsync"
	AppendAfterFsync     Name = "append.after-fsync"
	AEBeforeSend         Name = "ae.before-send"
	FollowerAfterFsync   Name = "follower.after-fsync"
	AckHold              Name = "ack.hold"
	CommitAdvanced       Name = "commit.advanced"
	ApplyBefore          Name = "apply.before"
	ApplyAfter           Name = "apply.after"
	ReplyBeforeWrite     Name = "reply.before-write"
	ReplyAfterWrite      Name = "reply.after-write"
	SnapshotBeforeRename Name = "snapshot.before-rename"
	LeaseBeforeRenew     Name = "lease.before-renew"
)

// kind says what is known at a point, and thus what it may be armed for.
type kind struct {
	name Name
	key  bool // which key's command is concerned
	peer bool // which other node is; each has a path of its own
	upTo bool // entries up to an index may go through
}

// table has every point, in the order above.
func table() []kind {
	return []kind{
		{name: RequestBeforeRead, key: true},
		{name: AppendBeforeFsync, key: true},
		{name: AppendAfterFsync, key: true},
		{name: AEBeforeSend, key: true, peer: true, upTo: true},
		{name: FollowerAfterFsync, key: true},
		{name: AckHold, key: true, peer: true},
		{name: CommitAdvanced, key: true},
		{name: ApplyBefore, key: true},
		{name: ApplyAfter, key: true},
		{name: ReplyBeforeWrite, key: true},
		{name: ReplyAfterWrite, key: true},
		{name: SnapshotBeforeRename},
		{name: LeaseBeforeRenew},
	}
}

// Names are those of all points, in the order of the table.
func Names() []string {
	var names []string
	for _, k := range table() {
		names = append(names, string(k.name))
	}
	return names
}

func kindOf(name Name) (kind, error) {
	all := table()
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, fmt.Errorf("no failpoint is called %q; there are %s", name, strings.Join(Names(), ", "))
	}
	return all[i], nil
}

// Action is what a point does to whoever comes by.
type Action string

const (
	// Crash ends the process on the spot, as a SIGKILL does.
	Crash Action = "crash"
	// Hold keeps the path from going on until the point is disarmed.
	Hold Action = "hold"
	// Sleep keeps it for a time.
	Sleep Action = "sleep"
	// Fail makes it fail as an I/O error would.
	Fail Action = "error"
)

// Arm says when a point acts, and how.
type Arm struct {
	Action Action `json:"action"`
	// Hit is which matching passage acts, counted from the arming on; 0: the first. Where a path belongs
	// to a peer and is held, each peer's passages count by themselves: all of them are to be held.
	Hit   int    `json:"hit,omitempty"`
	Every bool   `json:"every,omitempty"` // each from that one on
	Peer  string `json:"peer,omitempty"`  // only on the path to or from this node
	Key   string `json:"key,omitempty"`   // only where a command on this key is concerned
	Index uint64 `json:"index,omitempty"` // ae.before-send: entries up to this one may leave
	For   Span   `json:"for,omitempty"`   // sleep: how long
}

// Span is a duration that is written like 500ms.
type Span time.Duration

// MarshalText writes the span in Go's notation.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText reads it.
func (s *Span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration like 500ms", text)
	}
	*s = Span(d)
	return nil
}

// check says what is wrong, all of it at once. peers are the names of the other nodes.
func (a *Arm) check(k kind, peers []string) error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	known := []Action{Crash, Hold, Sleep, Fail}
	wrong(!slices.Contains(known, a.Action), "unknown action %q; there are crash, hold, sleep, error", a.Action)
	wrong(a.Hit < 0, "the hit is %d: passages count from 1", a.Hit)
	wrong(a.Action == Sleep && a.For <= 0, "a sleep needs its length in \"for\"")
	wrong(a.Action != Sleep && a.For != 0, "\"for\" is the length of a sleep: %s takes none", a.Action)
	wrong(a.Peer != "" && !k.peer, "%s belongs to no peer", k.name)
	wrong(a.Peer != "" && k.peer && !slices.Contains(peers, a.Peer), "%q is no other node; there are %s", a.Peer, strings.Join(peers, ", "))
	wrong(a.Key != "" && !k.key, "%s concerns no key", k.name)
	wrong(a.Index != 0 && !k.upTo, "%s has no limit of an index", k.name)
	return errors.Join(errs...)
}

// Passage is what is known of one passage at a point.
type Passage struct {
	Peer        string
	Key         string
	Index, Term uint64 // of the log's entry that is concerned; 0: none, or not known yet
	Durable     bool   // that entry is fsynced at this node
}

// Announcement says that a point is about to act.
type Announcement struct {
	Failpoint Name   `json:"failpoint"`
	Node      string `json:"node"`
	Action    Action `json:"action"`
	Key       string `json:"key"`
	Index     uint64 `json:"index"`
	Term      uint64 `json:"term"`
	Peer      string `json:"peer"`
	Durable   bool   `json:"durable"`
	Hit       int    `json:"hit"` // which matching passage it is
}

// State is what is known of one point.
type State struct {
	Name   Name `json:"name"`
	Armed  *Arm `json:"armed,omitempty"` // absent: it is not
	Passed int  `json:"passed"`          // matching passages since it was armed last
	Fired  int  `json:"fired"`           // how often it acted
	Held   int  `json:"held"`            // passages, or peers, that are held up now
}
