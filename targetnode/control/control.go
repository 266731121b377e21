// Package control is the HTTP interface through which a test strikes a node from within: failpoints, its
// clock, its elections. It has no place in production: whoever reaches it can crash the node.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"schism/targetnode/failpoint"
)

// Node is what the interface needs of the node behind it.
type Node interface {
	Points() *failpoint.Set
	// Log is what this node's disk holds on a key.
	Log(ctx context.Context, key string) (Log, error)
	// Clock is how the node's clock goes.
	Clock() Clock
	SetClock(ctx context.Context, rate float64, offset time.Duration) error
	// Transfer begins to hand leadership over.
	Transfer(ctx context.Context, to string) error
	// HoldElections makes the node's election timer stand still, or run again.
	HoldElections(ctx context.Context, hold bool) error
	// ElectionsHeld says whether it stands still.
	ElectionsHeld(ctx context.Context) (bool, error)
	// Campaign begins an election.
	Campaign(ctx context.Context) error
	// Membership is who belongs to the cluster, as the node knows it.
	Membership() Membership
	// ChangeMembership changes that, and waits until it is certain.
	ChangeMembership(ctx context.Context, c Change) (Membership, error)
}

// ErrNow is what a node answers to something that it cannot do as it is now.
var ErrNow = errors.New("not now")

// ErrUnknown is what a node answers when it cannot tell whether something will be done.
var ErrUnknown = errors.New("unknown")

// Log is what a node's disk holds on one key.
type Log struct {
	Node    string  `json:"node"`
	Term    uint64  `json:"term"`
	Commit  uint64  `json:"commit"`
	First   uint64  `json:"first"` // index of the log's first entry: what is before it is in the snapshot
	Entries []Entry `json:"entries"`
}

// Entry is a command on the key.
type Entry struct {
	Index uint64          `json:"index"`
	Term  uint64          `json:"term"`
	Value json.RawMessage `json:"value"` // null if it brings none
}

// Clock is how a node's clock goes.
type Clock struct {
	Rate   float64        `json:"rate"`    // of the monotonic clock
	Offset failpoint.Span `json:"offset"`  // of the wall clock
	NowNS  int64          `json:"now_ns"`  // what the monotonic clock shows, from an origin of its own
	WallNS int64          `json:"wall_ns"` // what the wall clock does, since 1970
}

const (
	maxBody = 64 << 10
	maxRate = 1000
)

type handler struct{ node Node }

// Handler serves the interface.
func Handler(node Node) http.Handler {
	h := &handler{node}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/failpoints", h.failpoints)
	mux.HandleFunc("PUT /v1/failpoints/{name}", h.arm)
	mux.HandleFunc("DELETE /v1/failpoints/{name}", h.disarm)
	mux.HandleFunc("DELETE /v1/failpoints", h.disarmAll)
	mux.HandleFunc("GET /v1/announcements", h.announcements)
	mux.HandleFunc("GET /v1/log", h.log)
	mux.HandleFunc("GET /v1/clock", h.clock)
	mux.HandleFunc("PUT /v1/clock", h.setClock)
	mux.HandleFunc("POST /v1/transfer", h.transfer)
	mux.HandleFunc("PUT /v1/election", h.election)
	mux.HandleFunc("GET /v1/election", h.electionHeld)
	mux.HandleFunc("POST /v1/campaign", h.campaign)
	mux.HandleFunc("GET /v1/membership", h.membership)
	mux.HandleFunc("POST /v1/membership", h.changeMembership)
	return mux
}

func (h *handler) failpoints(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, h.node.Points().States())
}

func (h *handler) arm(w http.ResponseWriter, r *http.Request) {
	var arm failpoint.Arm
	if err := read(w, r, &arm); err != nil {
		refuse(w, err)
		return
	}
	done(w, h.node.Points().Arm(failpoint.Name(r.PathValue("name")), arm))
}

func (h *handler) disarm(w http.ResponseWriter, r *http.Request) {
	done(w, h.node.Points().Disarm(failpoint.Name(r.PathValue("name"))))
}

func (h *handler) disarmAll(w http.ResponseWriter, _ *http.Request) {
	h.node.Points().DisarmAll()
	done(w, nil)
}

// announcements streams what failpoints are about to do, a JSON object a line, until the client or the
// node goes. The status line leaves only when nothing can be missed any more.
func (h *handler) announcements(w http.ResponseWriter, r *http.Request) {
	stream := h.node.Points().Listen()
	defer h.node.Points().Unlisten(stream)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	if out.Flush() != nil {
		return
	}
	lines := json.NewEncoder(w)
	for {
		select {
		case <-r.Context().Done():
			return
		case a, open := <-stream.C:
			if !open {
				return
			}
			err := errors.Join(lines.Encode(a.Announcement), out.Flush())
			a.Told()
			if err != nil {
				return
			}
		}
	}
}

func (h *handler) log(w http.ResponseWriter, r *http.Request) {
	key := r.URL.Query().Get("key")
	if key == "" {
		refuse(w, errors.New("which key's log? ask for /v1/log?key=x"))
		return
	}
	log, err := h.node.Log(r.Context(), key)
	if err != nil {
		refuseAs(w, http.StatusServiceUnavailable, err)
		return
	}
	answer(w, http.StatusOK, log)
}

func (h *handler) clock(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, h.node.Clock())
}

func (h *handler) setClock(w http.ResponseWriter, r *http.Request) {
	now := h.node.Clock() // what is left out stays as it is
	c := struct {
		Rate   float64        `json:"rate"`
		Offset failpoint.Span `json:"offset"`
	}{now.Rate, now.Offset}
	if err := read(w, r, &c); err != nil {
		refuse(w, err)
		return
	}
	if c.Rate < 0 || c.Rate > maxRate {
		refuse(w, fmt.Errorf("the rate is %v: it must be between 0, a clock that stands, and %d", c.Rate, maxRate))
		return
	}
	done(w, h.node.SetClock(r.Context(), c.Rate, time.Duration(c.Offset)))
}

func (h *handler) transfer(w http.ResponseWriter, r *http.Request) {
	var to struct {
		To string `json:"to"`
	}
	if err := read(w, r, &to); err != nil {
		refuse(w, err)
		return
	}
	done(w, h.node.Transfer(r.Context(), to.To))
}

func (h *handler) electionHeld(w http.ResponseWriter, r *http.Request) {
	held, err := h.node.ElectionsHeld(r.Context())
	if err != nil {
		refuseAs(w, http.StatusServiceUnavailable, err)
		return
	}
	answer(w, http.StatusOK, map[string]bool{"hold": held})
}

func (h *handler) election(w http.ResponseWriter, r *http.Request) {
	var timer struct {
		Hold *bool `json:"hold"`
	}
	err := read(w, r, &timer)
	if err == nil && timer.Hold == nil {
		err = errors.New(`hold is missing: true or false`)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	done(w, h.node.HoldElections(r.Context(), *timer.Hold))
}

func (h *handler) campaign(w http.ResponseWriter, r *http.Request) {
	done(w, h.node.Campaign(r.Context()))
}

// read reads a body strictly: what is not known here is not what its sender thinks it is.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON object")
	}
	return nil
}

func done(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrNow):
		refuseAs(w, http.StatusConflict, err)
	case errors.Is(err, ErrUnknown):
		refuseAs(w, http.StatusGatewayTimeout, err)
	case err != nil:
		refuse(w, err)
	default:
		answer(w, http.StatusOK, struct{}{})
	}
}

func refuse(w http.ResponseWriter, err error) { refuseAs(w, http.StatusBadRequest, err) }

func refuseAs(w http.ResponseWriter, status int, err error) {
	answer(w, status, map[string]string{"error": err.Error()})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a failed write is the client's to notice
}
