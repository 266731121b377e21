package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"schism/targetnode/failpoint"
	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

const (
	// maxBody leaves room for a cas of two largest values.
	maxBody = 2*kv.MaxValueBytes + 64<<10
	// maxRequests are carried out at a time; more would only wait in memory.
	maxRequests = 8192
)

// handler answers clients.
type handler struct {
	node    Node
	timeout time.Duration
	room    chan struct{} // a token for each operation under way
}

// Handler serves POST /v1/op, GET /v1/state, GET /status and GET /metrics. An operation that the node has not
// finished within timeout is answered as NotServed or Unknown.
func Handler(node Node, timeout time.Duration) http.Handler {
	h := &handler{node: node, timeout: timeout, room: make(chan struct{}, maxRequests)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/op", h.op)
	mux.HandleFunc("GET /v1/state", h.state)
	mux.HandleFunc("GET /status", h.status)
	mux.Handle("GET /metrics", node.Metrics())
	return mux
}

func (h *handler) op(w http.ResponseWriter, r *http.Request) {
	select {
	case h.room <- struct{}{}:
		defer func() { <-h.room }()
	default:
		h.fail(w, &Error{Outcome: Busy, Why: "too many operations are under way at this node"})
		return
	}
	if h.node.Armed() {
		// The key is in the body, too, but that must not be read yet.
		h.pass(failpoint.RequestBeforeRead, r.URL.Query().Get("key"), 0)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			refuse(w, http.StatusRequestEntityTooLarge, "the body is larger than "+strconv.Itoa(maxBody)+" bytes")
			return
		}
		refuse(w, http.StatusBadRequest, "read the body: "+err.Error())
		return
	}
	c, err := decodeCommand(body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	began := time.Now()
	result, err := h.do(r.Context(), &c)
	h.node.Observe(c.Op, outcome(result, err), time.Since(began))
	if err != nil {
		h.fail(w, err)
		return
	}
	h.pass(failpoint.ReplyBeforeWrite, c.Key, result.Applied)
	if h.node.Armed() {
		// The connection may be held up behind this answer: nobody shall use it again.
		w.Header().Set("Connection", "close")
	}
	write(w, http.StatusOK, appendResult(make([]byte, 0, 64+len(result.Value)), result))
	if h.node.Armed() {
		_ = http.NewResponseController(w).Flush() // out of this process: it may be about to end
		h.pass(failpoint.ReplyAfterWrite, c.Key, result.Applied)
	}
}

func (h *handler) do(ctx context.Context, c *kv.Command) (kv.Result, error) {
	if result, ok := h.node.Alone(c); ok { // no timer is worth its while
		return result, nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	return h.node.Do(ctx, c)
}

// pass passes a failpoint. If that fails, the connection does.
func (h *handler) pass(point failpoint.Name, key string, index raft.Index) {
	if h.node.Armed() && h.node.Pass(point, key, index) != nil {
		panic(http.ErrAbortHandler)
	}
}

// appendResult writes the answer by hand: encoding/json would escape <, > and & inside the value, and
// a value must come back byte by byte as it was compared.
func appendResult(buf []byte, r kv.Result) []byte {
	if r.Refused != "" {
		buf = append(buf, `{"ok":false,"error":`...)
		buf = strconv.AppendQuote(buf, r.Refused)
		buf = appendField(buf, "found", r.Value)
	} else {
		buf = append(buf, `{"ok":true`...)
		buf = appendField(buf, "value", r.Value)
	}
	buf = append(buf, `,"applied":`...)
	buf = strconv.AppendUint(buf, uint64(r.Applied), 10)
	return append(buf, "}\n"...)
}

func appendField(buf []byte, name string, value json.RawMessage) []byte {
	if value == nil {
		return buf
	}
	buf = append(buf, `,"`...)
	buf = append(buf, name...)
	buf = append(buf, `":`...)
	return append(buf, value...)
}

// state answers with no promise but that the values are those after exactly the entry named.
func (h *handler) state(w http.ResponseWriter, _ *http.Request) {
	s := h.node.Snapshot()
	answer(w, http.StatusOK, struct {
		Applied uint64                     `json:"applied"`
		Term    uint64                     `json:"term"` // of that entry
		State   map[string]json.RawMessage `json:"state"`
	}{uint64(s.Applied), uint64(s.Term), s.Values})
}

func (h *handler) status(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, h.node.Status())
}

// outcome is how an operation ended, in a word.
func outcome(r kv.Result, err error) string {
	e := (*Error)(nil)
	switch {
	case errors.As(err, &e):
		return e.Outcome.String()
	case err != nil:
		return Unknown.String()
	case r.Refused != "":
		return "refused"
	}
	return "ok"
}

func (h *handler) fail(w http.ResponseWriter, err error) {
	e := (*Error)(nil)
	if !errors.As(err, &e) {
		e = &Error{Outcome: Unknown, Why: err.Error()}
	}
	answer(w, e.Outcome.status(), e)
}

// refuse answers nonsense: it never reached the node.
func refuse(w http.ResponseWriter, status int, why string) {
	answer(w, status, map[string]string{"error": why})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	// A failed write is the client's to notice: the status line has gone out.
	_ = e.Encode(body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
