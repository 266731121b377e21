package targetnode

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"schism/targetnode/api"
	"schism/targetnode/control"
)

// cluster is a number of nodes in this process, each on listeners and a directory of its own.
type cluster struct {
	t     testing.TB
	host  string // of all its nodes
	nodes []*member
	http  *http.Client
}

type member struct {
	cfg     Config
	client  string // host:port
	peer    string
	control string
	stop    context.CancelFunc // nil: not running
	ended   chan error
}

// patient is an election timeout that no stall of a busy machine comes up to: who leads is for the test to
// direct, and time is passed by setting the nodes' clocks. See elect.
const patient = 5 * time.Second

// newCluster starts n nodes whose configuration adjust has the last word on. The first one campaigns at once.
func newCluster(t testing.TB, n int, adjust func(*Config)) *cluster {
	t.Helper()
	c := &cluster{t: t, host: ownHost(), http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: 20 * time.Second}}
	t.Cleanup(c.http.CloseIdleConnections)
	dir := t.TempDir()
	var peers []Peer
	var open []listeners
	for i := range n {
		l := c.openPorts()
		open = append(open, l)
		peers = append(peers, Peer{fmt.Sprintf("n%d", i+1), l.peers.Addr().String()})
	}
	for i := range n {
		cfg := DefaultConfig()
		cfg.Name, cfg.Peers = peers[i].Name, peers
		cfg.DataDir = filepath.Join(dir, cfg.Name)
		cfg.ListenClient, cfg.ListenPeer, cfg.ListenControl = open[i].clients.Addr().String(), peers[i].Addr, open[i].control.Addr().String()
		cfg.Seed, cfg.ElectionTimeout, cfg.HeartbeatInterval = 7, patient, 50*time.Millisecond
		cfg.Log = slog.New(slog.DiscardHandler)
		if adjust != nil {
			adjust(&cfg)
		}
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		m := &member{cfg: cfg, client: cfg.ListenClient, peer: cfg.ListenPeer, control: cfg.ListenControl}
		c.nodes = append(c.nodes, m)
		c.start(m, open[i])
	}
	t.Cleanup(func() {
		for _, m := range c.nodes {
			c.stop(m)
		}
	})
	c.ask(c.nodes[0], "POST", "/v1/campaign", "", nil)
	return c
}

// ownHost is a loopback address that nobody else has. A port of 127.0.0.1 may be given to anybody's outgoing
// connection while the node that is to be started on it again is down.
func ownHost() string {
	host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
	ln, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "127.0.0.1" // the only one that systems other than Linux have
	}
	ln.Close()
	return host
}

// openPorts opens the ports of one node.
func (c *cluster) openPorts() listeners {
	c.t.Helper()
	port := func() net.Listener {
		ln, err := net.Listen("tcp", net.JoinHostPort(c.host, "0"))
		if err != nil {
			c.t.Fatal(err)
		}
		return ln
	}
	return listeners{port(), port(), port()}
}

func (c *cluster) start(m *member, l listeners) {
	ctx, cancel := context.WithCancel(context.Background())
	m.stop, m.ended = cancel, make(chan error, 1)
	go func() { m.ended <- serve(ctx, m.cfg, l) }()
}

// restart starts a stopped node through Run, on the addresses and the directory it had.
func (c *cluster) restart(m *member) {
	ctx, cancel := context.WithCancel(context.Background())
	m.stop, m.ended = cancel, make(chan error, 1)
	go func() { m.ended <- Run(ctx, m.cfg) }()
}

func (c *cluster) stop(m *member) {
	c.t.Helper()
	if m.stop == nil {
		return
	}
	m.stop()
	m.stop = nil
	select {
	case err := <-m.ended:
		if err != nil {
			c.t.Errorf("%s: %v", m.cfg.Name, err)
		}
	case <-time.After(10 * time.Second):
		c.t.Fatalf("%s still runs 10 s after its context ended", m.cfg.Name)
	}
}

// await polls until done says "" or the bound is over; done says what is still missing.
func await(t testing.TB, bound time.Duration, what string, done func() string) {
	t.Helper()
	deadline := time.Now().Add(bound)
	for {
		missing := done()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v: %s", what, bound, missing)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (c *cluster) status(m *member) (api.Status, error) {
	var s api.Status
	resp, err := c.http.Get("http://" + m.client + "/status")
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	return s, json.NewDecoder(resp.Body).Decode(&s)
}

// leader waits until one running node leads in the highest term and has applied an entry of it.
func (c *cluster) leader() *member {
	c.t.Helper()
	var found *member
	await(c.t, 2*bound, "a leader", func() string {
		found = nil
		seen := ""
		term := uint64(0)
		for _, m := range c.nodes {
			if m.stop == nil {
				continue
			}
			s, err := c.status(m)
			seen += fmt.Sprintf("%s is %s in term %d with %d applied of %d (%v); ", m.cfg.Name, s.Role, s.Term, s.Applied, s.LastIndex, err)
			if s.Term > term {
				found, term = nil, s.Term
			}
			if s.Term == term && s.Role == "leader" && s.Applied == s.LastIndex && s.Applied > 0 {
				found = m
			}
		}
		if found != nil {
			return ""
		}
		return seen
	})
	return found
}

// pass lets time go by for a node: its clock runs until it shows so much more.
func (c *cluster) pass(m *member, d time.Duration) {
	c.t.Helper()
	var before, now control.Clock
	c.ask(m, "GET", "/v1/clock", "", &before)
	c.control(m, "PUT", "/v1/clock", `{"rate":1000}`)
	await(c.t, bound, m.cfg.Name+"'s clock", func() string {
		if c.ask(m, "GET", "/v1/clock", "", &now); now.NowNS-before.NowNS >= int64(d) {
			return ""
		}
		return fmt.Sprintf("%+v", now)
	})
	c.control(m, "PUT", "/v1/clock", `{"rate":1}`)
}

// elect makes the running node with the longest log the leader, when those that led before are gone or were
// started anew: nobody owes them silence any more, and nobody else campaigns meanwhile.
func (c *cluster) elect() *member {
	c.t.Helper()
	var heir *member
	longest := uint64(0)
	for _, m := range c.nodes {
		if m.stop == nil {
			continue
		}
		c.answers(m)
		c.control(m, "PUT", "/v1/election", `{"hold":true}`)
		s, err := c.status(m)
		if err != nil {
			c.t.Fatal(err)
		}
		if heir == nil || s.LastIndex > longest {
			heir, longest = m, s.LastIndex
		}
	}
	for _, m := range c.nodes {
		if m.stop != nil {
			c.pass(m, m.cfg.ElectionTimeout)
		}
	}
	c.control(heir, "POST", "/v1/campaign", "")
	l := c.leader()
	for _, m := range c.nodes {
		if m.stop != nil {
			c.control(m, "PUT", "/v1/election", `{"hold":false}`)
		}
	}
	return l
}

// answers waits until a node that was just started does.
func (c *cluster) answers(m *member) {
	c.t.Helper()
	await(c.t, bound, m.cfg.Name+" answers", func() string {
		if _, err := c.status(m); err != nil {
			return err.Error()
		}
		return ""
	})
}

// reply is the answer to one operation.
type reply struct {
	Status  int             `json:"-"`
	OK      bool            `json:"ok"`
	Value   json.RawMessage `json:"value"`
	Found   json.RawMessage `json:"found"`
	Applied uint64          `json:"applied"`
	Error   string          `json:"error"`
	Leader  *string         `json:"leader"`
}

func (c *cluster) op(m *member, body string) (reply, error) {
	resp, err := c.http.Post("http://"+m.client+"/v1/op", "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	r := reply{Status: resp.StatusCode}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", text, err)
	}
	return r, nil
}

// mustOp demands that the operation was carried out.
func (c *cluster) mustOp(m *member, body string) reply {
	c.t.Helper()
	r, err := c.op(m, body)
	if err != nil || r.Status != http.StatusOK || !r.OK {
		c.t.Fatalf("%s at %s: %+v, %v", body, m.cfg.Name, r, err)
	}
	return r
}
