package schism

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"schism/cluster"
	"schism/configs/strictyaml"
	"schism/history"
	"schism/workload"
)

// RaftKV is the bundled key-value store, made by NewRaftKV, run as `schism node` and spoken to over HTTP: nothing of its
// code is linked to the tester.
type RaftKV struct {
	Reads           string        `yaml:"reads"` // local, read-index, lease
	PreVote         bool          `yaml:"pre-vote"`
	CheckQuorum     bool          `yaml:"check-quorum"`
	SnapshotEntries int           `yaml:"snapshot-entries"`       // applied entries after which a snapshot takes the place of the log before it
	ElectionTimeout time.Duration `yaml:"election-timeout"`       // the least; each wait is drawn from one to two of it
	ClockError      float64       `yaml:"clock-error"`            // declared bound on a clock's rate error, for the leases
	RegionLease     time.Duration `yaml:"region-lease,omitempty"` // of the node that serves all clients then, in the place of Reads; 0: none
	RegionHome      string        `yaml:"region-home,omitempty"`  // who takes it first; "": anybody but the Raft leader
	Defects         []string      `yaml:"defects,omitempty,flow"`
	Control         bool          `yaml:"control,omitempty"` // a control port: what strikes a node from within needs it

	status *http.Client // shared by Status and State
}

// NewRaftKV has the settings of a correct store.
func NewRaftKV() *RaftKV {
	return &RaftKV{
		Reads: "read-index", PreVote: true, CheckQuorum: true,
		ElectionTimeout: 300 * time.Millisecond, ClockError: 0.01, SnapshotEntries: 10000,
		status: plainHTTP(),
	}
}

// LeastElectionTimeout is the shortest time after which a node campaigns.
func (r *RaftKV) LeastElectionTimeout() time.Duration { return r.ElectionTimeout }

// SwitchedOn are the defects that are on.
func (r *RaftKV) SwitchedOn() []string { return r.Defects }

// With is the store with just these defects on.
func (r *RaftKV) With(defects []string) Target {
	c := *r
	c.Defects = defects
	return &c
}

// HasRegion says that one node at a time serves all clients.
func (r *RaftKV) HasRegion() bool { return r.RegionLease > 0 }

func readModes() []string { return []string{"local", "read-index", "lease"} }

// Check reports settings that cannot be. Names of defects are the node's own to know: it refuses to
// start with one that it does not have.
func (r *RaftKV) Check(d *strictyaml.Document) {
	if !slices.Contains(readModes(), r.Reads) {
		d.Errorf(strictyaml.DidYouMean(r.Reads, readModes()), []any{&r.Reads, r}, "unknown way to read %q", r.Reads)
	}
	if r.Reads == "lease" && !r.CheckQuorum {
		d.Errorf("check-quorum: true", []any{&r.CheckQuorum, &r.Reads, r},
			"a lease rests on voters that refuse others while they hear the leader: it needs check-quorum")
	}
	if r.ElectionTimeout < 20*time.Millisecond || r.ElectionTimeout > time.Minute {
		d.Errorf("20ms to 1m", []any{&r.ElectionTimeout, r}, "an election timeout of %v", r.ElectionTimeout)
	}
	if r.RegionLease != 0 && (r.RegionLease < 100*time.Millisecond || r.RegionLease > 10*time.Minute) {
		d.Errorf("100ms to 10m, or leave it out", []any{&r.RegionLease, r}, "a region lease of %v", r.RegionLease)
	}
	if r.RegionHome != "" && r.RegionLease == 0 {
		d.Errorf("region-lease: 2s", []any{&r.RegionHome, r}, "%s is to lead the region first, and there is no region lease", r.RegionHome)
	}
	if r.ClockError < 0 || r.ClockError >= 1 {
		d.Errorf("0.01 is one per cent", []any{&r.ClockError, r}, "a clock error of %g", r.ClockError)
	}
	if r.SnapshotEntries < 1 {
		d.Errorf("at least 1", []any{&r.SnapshotEntries, r}, "a snapshot after every %d entries", r.SnapshotEntries)
	}
}

// Program runs `schism node`.
func (r *RaftKV) Program(binary string) cluster.Program {
	ports := []cluster.Port{{Name: ClientPort}, {Name: "peer", Peer: true}}
	if r.Control {
		ports = append(ports, cluster.Port{Name: ControlPort})
	}
	return cluster.Program{Binary: binary, Ports: ports, Args: r.args}
}

func (r *RaftKV) args(v cluster.View) []string {
	peers := make([]string, len(v.Nodes))
	for i, node := range v.Nodes {
		peers[i] = node + "=" + v.Dial[node]["peer"]
	}
	args := []string{
		"node", "--name", v.Node, "--data", v.Data,
		"--listen-client", v.Listen[ClientPort], "--listen-peer", v.Listen["peer"],
		"--peers", strings.Join(peers, ","),
		"--reads", r.Reads,
		"--election-timeout", r.ElectionTimeout.String(),
		"--clock-error", strconv.FormatFloat(r.ClockError, 'g', -1, 64),
		"--pre-vote=" + strconv.FormatBool(r.PreVote),
		"--snapshot-entries", strconv.Itoa(r.SnapshotEntries),
		"--check-quorum=" + strconv.FormatBool(r.CheckQuorum),
	}
	if r.Control {
		args = append(args, "--listen-control", v.Listen[ControlPort])
	}
	if r.RegionLease > 0 {
		args = append(args, "--region-lease", r.RegionLease.String(), "--region-home", r.RegionHome)
	}
	if len(r.Defects) > 0 {
		args = append(args, "--defects", strings.Join(r.Defects, ","))
	}
	return args
}

// ControlPort is at which a target lets itself be struck from within; the bundled one has it with
// `control: true`.
const ControlPort = "control"

// plainHTTP asks once: no proxy, no redirect, a connection of its own.
func plainHTTP() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{}).DialContext,
			MaxIdleConnsPerHost: 1,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Status asks /status.
func (r *RaftKV) Status(ctx context.Context, addr string) (Status, error) {
	var s struct {
		history.Role
		Commit, Applied uint64
		AppliedTerm     uint64 `json:"applied_term"`
	}
	if err := r.getJSON(ctx, "http://"+addr+"/status", &s); err != nil {
		return Status{}, err
	}
	return Status{Role: s.Role, Commit: s.Commit, Applied: s.Applied, AppliedTerm: s.AppliedTerm}, nil
}

// State asks /v1/state.
func (r *RaftKV) State(ctx context.Context, addr string) (s history.FinalState, err error) {
	return s, r.getJSON(ctx, "http://"+addr+"/v1/state", &s)
}

func (r *RaftKV) getJSON(ctx context.Context, url string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := r.status.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %.200s", url, resp.Status, body)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return nil
}

// Dial makes a client of one node. It connects with its first operation.
func (r *RaftKV) Dial(addr string) workload.Client {
	return &raftKVClient{url: "http://" + addr + "/v1/op", http: plainHTTP()}
}

type raftKVClient struct {
	url  string
	http *http.Client
}

func (c *raftKVClient) Close() { c.http.CloseIdleConnections() }

// Do makes one attempt.
func (c *raftKVClient) Do(ctx context.Context, op workload.Op) workload.Answer {
	body, err := encodeOp(op)
	if err != nil {
		return workload.Answer{Kind: history.Fail, Error: err.Error()}
	}
	status, reply, sent, err := c.post(ctx, op.Key, body)
	switch {
	case err != nil && !sent:
		return workload.Answer{Kind: history.Fail, Error: "not sent: " + reason(ctx, err)}
	case err != nil:
		return unknown(op, reason(ctx, err))
	}
	return answer(op, status, reply)
}

// OpenSession asks the node for a number by which the store knows this client from then on.
func (c *raftKVClient) OpenSession(ctx context.Context) (uint64, error) {
	status, reply, _, err := c.post(ctx, "", []byte(`{"op":"open-session"}`))
	switch {
	case err != nil:
		return 0, errors.New(reason(ctx, err))
	case status != http.StatusOK || !reply.OK:
		return 0, fmt.Errorf("%d: %s", status, reply.Error)
	}
	id, err := strconv.ParseUint(string(reply.Value), 10, 64)
	if err != nil || id == 0 {
		return 0, fmt.Errorf("the node answered with %s, which is no session", reply.Value)
	}
	return id, nil
}

// post sends the request. The key stands in the address, too, for a failpoint before the body is read. sent is false only if no byte of it can have left: there was no connection.
func (c *raftKVClient) post(ctx context.Context, key string, body []byte) (status int, reply raftKVReply, sent bool, err error) {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"?key="+url.QueryEscape(key), bytes.NewReader(body))
	if err != nil {
		return 0, reply, false, err
	}
	// Without GetBody the transport cannot send the request a second time by itself.
	req.GetBody = nil
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, reply, connected.Load(), err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(data, &reply)
	}
	return resp.StatusCode, reply, true, err
}

func reason(ctx context.Context, err error) string {
	var network *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &network):
		return network.Op + ": " + network.Err.Error()
	}
	return err.Error()
}
