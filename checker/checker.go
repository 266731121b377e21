// Package checker proves from a history, and from nothing else, whether a system kept its promises.
package checker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"schism/history"
)

// Verdict is what a checker, or all of them together, can say. The zero value is Unknown, so that
// what was forgotten never passes.
type Verdict uint8

const (
	Unknown Verdict = iota // undecided in time or memory
	Valid
	Invalid
	Vacuous // nothing was really tested
)

var verdictNames = [...]string{Unknown: "unknown", Valid: "valid", Invalid: "invalid", Vacuous: "vacuous"}

func (v Verdict) String() string { return verdictNames[v] }

func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

func (v *Verdict) UnmarshalText(b []byte) error {
	for i, name := range verdictNames {
		if name == string(b) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("verdict %q: want valid, invalid, unknown or vacuous", b)
}

// Compose is the verdict of several: invalid > unknown > vacuous > valid. Of none it is Unknown.
func Compose(verdicts ...Verdict) Verdict {
	if len(verdicts) == 0 {
		return Unknown
	}
	rank := map[Verdict]int{Valid: 0, Vacuous: 1, Unknown: 2, Invalid: 3}
	worst := Valid
	for _, v := range verdicts {
		if rank[v] > rank[worst] {
			worst = v
		}
	}
	return worst
}

// The names of anomalies that checkers find.
const (
	StaleRead       = "stale-read"
	LostWrite       = "lost-write"
	DirtyRead       = "dirty-read"
	DuplicateApply  = "duplicate-apply"
	Reordered       = "reordered"
	Fractured       = "fractured"
	NonLinearizable = "non-linearizable"

	ReadYourWrites    = "read-your-writes"
	MonotonicReads    = "monotonic-reads"
	MonotonicWrites   = "monotonic-writes"
	WritesFollowReads = "writes-follow-reads"
	// SplitBrain and what follows rest on what the observer saw of the nodes. The last three are found
	// only where a scenario states a limit.
	SplitBrain    = "split-brain"
	TermInflation = "term-inflation"
	Disruption    = "disruption"
	Unavailable   = "unavailable"

	// Of transactions, by Adya and Elle. G names are cycles of dependencies.
	G0                = "G0"
	G1a               = "G1a"
	G1b               = "G1b"
	G1c               = "G1c"
	GSingle           = "G-single"
	GNonadjacent      = "G-nonadjacent"
	G2Item            = "G2-item"
	LostUpdate        = "lost-update"
	Internal          = "internal"
	IncompatibleOrder = "incompatible-order"
)

// AnomalyNames are all of them.
func AnomalyNames() []string {
	return []string{
		DirtyRead, Disruption, DuplicateApply, Fractured, G0, G1a, G1b, G1c, GNonadjacent, GSingle, G2Item, IncompatibleOrder, Internal, LostUpdate, LostWrite,
		MonotonicReads, MonotonicWrites, NonLinearizable, ReadYourWrites, Reordered, SplitBrain, StaleRead, TermInflation, Unavailable, WritesFollowReads,
	}
}

// Anomaly is one broken promise and its proof.
type Anomaly struct {
	Name string `json:"name"`
	Key  string `json:"key,omitempty"`
	// Ops are the operations that prove it, each as the index of its invocation in the history, in
	// that order: the few that no order fits, alone. Focus is the one that broke the promise.
	Ops   []int64 `json:"ops"`
	Focus int64   `json:"focus"` // -1: none did, the proof is in Events
	// Events are what the observer saw that proves it, each as its index in the history.
	Events []int64 `json:"events,omitempty"`
	// Message is the finding in one sentence: who did what, where, when, although what. Proof says
	// why no order of the operations explains it.
	Message string `json:"message"`
	Proof   string `json:"proof"`
	// Extent is how often the like was found: "on 3 keys of 5", "in 2 such groups of transactions".
	Extent string `json:"extent,omitempty"`
	// Shown are Ops in words, one an entry, of a history that has no report to look them up in.
	Shown []string `json:"shown,omitempty"`
	// Faults are the faults that were on when the focus happened, as text.
	Faults []string `json:"faults,omitempty"`
}

// Reason is why no order of the operations explains it, and how often the like was found.
func (a Anomaly) Reason() string {
	if a.Extent == "" {
		return a.Proof
	}
	return a.Proof + " Found " + a.Extent + "."
}

// Check is what one checker found.
type Check struct {
	Name      string    `json:"name"`
	Verdict   Verdict   `json:"verdict"`
	Message   string    `json:"message"` // in one sentence
	Anomalies []Anomaly `json:"anomalies,omitempty"`
	// Figures are what was counted, for people and scripts: "operations", "keys", "seconds".
	Figures map[string]float64 `json:"figures,omitempty"`
	// Keys tells the verdicts a key, where the checker works by key.
	Keys []KeyCheck `json:"keys,omitempty"`
	// Stack is where the checker panicked, for the log; empty if it did not.
	Stack string `json:"-"`
	// Periods tell how clients were served, part by part of the run.
	Periods []Period `json:"periods,omitempty"`
}

// Period tells how one side of the cluster served clients in one part of a run. Times are in seconds.
type Period struct {
	What          string  `json:"what"` // "partition n5 | n1 n2 n3 n4", or "after partition …"
	Side          string  `json:"side"` // "n1 n2 n3 n4, with a majority"
	From          float64 `json:"from"` // since the start of the run
	To            float64 `json:"to"`
	Asked         int     `json:"asked"`       // operations invoked there
	OK            int     `json:"ok"`          // operations that succeeded there
	LongestGap    float64 `json:"longest_gap"` // in which clients waited and none was served
	FirstOK       float64 `json:"first_ok"`    // after the beginning; -1: there was none
	LeaderChanges int     `json:"leader_changes"`
	Leaderless    float64 `json:"leaderless"` // with a majority that could have had a leader
}

// KeyCheck is a checker's verdict on one key.
type KeyCheck struct {
	Key        string  `json:"key"`
	Verdict    Verdict `json:"verdict"`
	Operations int     `json:"operations"`
	Message    string  `json:"message,omitempty"` // why it is undecided
}

// Limits bound a check. Beyond them the answer is Unknown, together with what was decided.
type Limits struct {
	Time   time.Duration // of the whole check; 0: DefaultLimits
	Memory uint64        // bytes that the check may add to the heap; 0: DefaultLimits
	Jobs   int           // keys at a time; 0: the number of processors
	Once   bool          // no second opinion by another way
}

// Checker judges one promise.
type Checker interface {
	Name() string
	// Check must not change h. It returns soon after ctx ends.
	Check(ctx context.Context, h *history.History) Check
}

// Result is result.json: everything that a run or `schism check` concluded.
type Result struct {
	Verdict    Verdict   `json:"verdict"`
	AsExpected bool      `json:"as_expected"`
	Expected   string    `json:"expected"`      // in words
	Why        []string  `json:"why,omitempty"` // why not as expected, vacuous or unknown, in words
	Anomalies  []Anomaly `json:"anomalies"`     // of all checks, worst first
	Checks     []Check   `json:"checks"`        // each checker's own verdict
	Worth      []Worth   `json:"worth"`         // was the test worth anything?
	Effects    []Effect  `json:"effects,omitempty"`
	Stats      Stats     `json:"stats"`
	Versions   Versions  `json:"versions"`
}

// Worth is one condition that makes a run worth something. One that does not hold makes it vacuous.
type Worth struct {
	What  string `json:"what"` // "links were silent during partition n1 n2 | n3 n4 n5"
	Holds bool   `json:"holds"`
	Seen  string `json:"seen"` // "12 of 12"
}

// Stats are figures of the history.
type Stats struct {
	Operations int            `json:"operations"`
	OK         int            `json:"ok"`
	Fail       int            `json:"fail"`
	Info       int            `json:"info"`
	ByF        map[string]Sum `json:"by_f"`
	Seconds    float64        `json:"seconds"`    // length of the history
	CheckedIn  float64        `json:"checked_in"` // seconds
}

// Sum counts outcomes.
type Sum struct {
	OK   int `json:"ok"`
	Fail int `json:"fail"`
	Info int `json:"info"`
}

// Versions say what made the result.
type Versions struct {
	Schism string `json:"schism"`
	Go     string `json:"go"`
	Format int    `json:"format"`
}

// Encode is r as result.json holds it.
func (r *Result) Encode() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	return append(b, '\n'), nil
}
