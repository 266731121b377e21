package schism

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"schism/history"
	"schism/nemesis"
)

// Controlled says whether the nodes open their control port.
func (r *RaftKV) Controlled() bool { return r.Control }

// Failpoints are those of the bundled node.
func (r *RaftKV) Failpoints() []string {
	return []string{
		"request.before-read", "append.before-fsync", "append.after-fsync", "ae.before-send", "follower.after-fsync", "ack.hold",
		"commit.advanced", "apply.before", "apply.after", "reply.before-write", "reply.after-write",
		"snapshot.before-rename", "lease.before-renew",
	}
}

// Within works the nodes through their control ports.
func (r *RaftKV) Within(addr func(node, port string) string) nemesis.Control {
	return &raftKVControl{target: r, addr: addr, http: plainHTTP()}
}

// Release disarms every failpoint, sets both clocks right and lets the election timer run.
func (r *RaftKV) Release(ctx context.Context, addr string) (left []string, err error) {
	c := &raftKVControl{target: r, addr: func(_, _ string) string { return addr }, http: plainHTTP()}
	defer c.http.CloseIdleConnections()
	for _, release := range []func(context.Context) ([]string, error){c.disarmAll, c.rightClocks, c.freeElection} {
		found, err := release(ctx)
		left = append(left, found...)
		if err != nil {
			return left, err
		}
	}
	return left, nil
}

// Announcements follows GET /v1/announcements.
func (r *RaftKV) Announcements(ctx context.Context, addr string, open func(), heard func(history.Announcement)) error {
	client := plainHTTP()
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/v1/announcements", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("announcements of %s: %s", addr, resp.Status)
	}
	open()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		a, err := decodeAnnouncement(lines.Bytes())
		if err != nil {
			return fmt.Errorf("announcements of %s: %w", addr, err)
		}
		heard(a)
	}
	return lines.Err()
}

type raftKVControl struct {
	target *RaftKV
	addr   func(node, port string) string
	http   *http.Client
}

// do asks the control port of a node. Body and answer are JSON; nil: none.
func (c *raftKVControl) do(ctx context.Context, node, method, path string, body, answer any) error {
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.addr(node, ControlPort)+path, sent)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= 300:
		return fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, bytes.TrimSpace(data))
	case answer == nil:
		return nil
	}
	return json.Unmarshal(data, answer)
}

func failpointPath(name string) string { return "/v1/failpoints/" + url.PathEscape(name) }

func (c *raftKVControl) Arm(ctx context.Context, node string, t nemesis.Trap) error {
	arm := struct {
		Action string `json:"action"`
		For    string `json:"for,omitempty"`
		Hit    int    `json:"hit,omitempty"`
		Every  bool   `json:"every,omitempty"`
		Peer   string `json:"peer,omitempty"`
		Key    string `json:"key,omitempty"`
		Index  uint64 `json:"index,omitempty"`
	}{Action: t.Action, Hit: t.Hit, Every: t.Every, Peer: t.Peer, Key: t.Key}
	if t.For > 0 {
		arm.For = t.For.String()
	}
	if t.Index != nil {
		arm.Index = *t.Index
	}
	return c.do(ctx, node, http.MethodPut, failpointPath(t.Name), arm, nil)
}

func (c *raftKVControl) Disarm(ctx context.Context, node, name string) error {
	return c.do(ctx, node, http.MethodDelete, failpointPath(name), nil, nil)
}

func (c *raftKVControl) Armed(ctx context.Context, node, name string) (bool, error) {
	armed, err := c.points(ctx, node)
	if err != nil {
		return false, err
	}
	is, known := armed[name]
	if !known {
		return false, fmt.Errorf("%s has no failpoint %s", node, name)
	}
	return is, nil
}

// points says of each failpoint of a node whether it is armed.
func (c *raftKVControl) points(ctx context.Context, node string) (map[string]bool, error) {
	var states []struct {
		Name  string
		Armed json.RawMessage
	}
	if err := c.do(ctx, node, http.MethodGet, "/v1/failpoints", nil, &states); err != nil {
		return nil, err
	}
	armed := make(map[string]bool, len(states))
	for _, s := range states {
		armed[s.Name] = len(s.Armed) > 0 && string(s.Armed) != "null"
	}
	return armed, nil
}

func (c *raftKVControl) Durable(ctx context.Context, node, key string) ([]nemesis.LogEntry, error) {
	var log struct{ Entries []nemesis.LogEntry }
	err := c.do(ctx, node, http.MethodGet, "/v1/log?key="+url.QueryEscape(key), nil, &log)
	return log.Entries, err
}

func (c *raftKVControl) Transfer(ctx context.Context, node, to string) error {
	return c.do(ctx, node, http.MethodPost, "/v1/transfer", map[string]string{"to": to}, nil)
}

func (c *raftKVControl) HoldElection(ctx context.Context, node string, hold bool) error {
	return c.do(ctx, node, http.MethodPut, "/v1/election", map[string]bool{"hold": hold}, nil)
}

func (c *raftKVControl) ElectionHeld(ctx context.Context, node string) (bool, error) {
	var election struct{ Hold bool }
	err := c.do(ctx, node, http.MethodGet, "/v1/election", nil, &election)
	return election.Hold, err
}

func (c *raftKVControl) Campaign(ctx context.Context, node string) error {
	return c.do(ctx, node, http.MethodPost, "/v1/campaign", nil, nil)
}

func (c *raftKVControl) Role(ctx context.Context, node string) (history.Role, error) {
	status, err := c.target.Status(ctx, c.addr(node, ClientPort))
	return status.Role, err
}

func (c *raftKVControl) SetRate(ctx context.Context, node string, rate float64) error {
	return c.do(ctx, node, http.MethodPut, "/v1/clock", map[string]any{"rate": rate}, nil)
}

func (c *raftKVControl) SetWall(ctx context.Context, node string, by time.Duration) error {
	return c.do(ctx, node, http.MethodPut, "/v1/clock", map[string]any{"offset": by.String()}, nil)
}

func (c *raftKVControl) Wall(ctx context.Context, node string) (time.Time, error) {
	var clock struct {
		Wall int64 `json:"wall_ns"`
	}
	err := c.do(ctx, node, http.MethodGet, "/v1/clock", nil, &clock)
	return time.Unix(0, clock.Wall), err
}

func (c *raftKVControl) Clock(ctx context.Context, node string) (time.Duration, error) {
	var clock struct {
		Now int64 `json:"now_ns"`
	}
	err := c.do(ctx, node, http.MethodGet, "/v1/clock", nil, &clock)
	return time.Duration(clock.Now), err
}

// disarmAll, rightClocks and freeElection undo what Release says, of the only node that there is.

func (c *raftKVControl) disarmAll(ctx context.Context) (left []string, err error) {
	armed, err := c.points(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(armed)) {
		if armed[name] {
			left = append(left, "the failpoint "+name+" was still armed; it is disarmed")
		}
	}
	return left, c.do(ctx, "", http.MethodDelete, "/v1/failpoints", nil, nil)
}

func (c *raftKVControl) rightClocks(ctx context.Context) (left []string, err error) {
	var clock struct {
		Rate   float64
		Offset string
	}
	if err := c.do(ctx, "", http.MethodGet, "/v1/clock", nil, &clock); err != nil {
		return nil, err
	}
	offset, err := time.ParseDuration(clock.Offset)
	if err != nil {
		return nil, fmt.Errorf("the offset of a wall clock: %w", err)
	}
	if clock.Rate != 1 {
		left = append(left, fmt.Sprintf("the clock still ran at rate %g; it runs with time", clock.Rate))
	}
	if offset != 0 {
		left = append(left, fmt.Sprintf("the wall clock was still set by %v; it is right", offset))
	}
	return left, c.do(ctx, "", http.MethodPut, "/v1/clock", map[string]any{"rate": 1, "offset": "0s"}, nil)
}

func (c *raftKVControl) freeElection(ctx context.Context) (left []string, err error) {
	held, err := c.ElectionHeld(ctx, "")
	if err != nil || !held {
		return nil, err
	}
	return []string{"the election timer was still held; it runs"}, c.HoldElection(ctx, "", false)
}
