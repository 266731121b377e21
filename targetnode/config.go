// Package targetnode runs one node of the bundled Raft key-value store on real time, disk and network.
package targetnode

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"schism/targetnode/raft"
)

// Peer is a member of the cluster.
type Peer struct {
	Name string
	Addr string // host:port of its peer listener, as this node is to dial it; one's own is not dialled
}

// ParsePeers reads a list like n1=10.0.0.1:7000,n2=10.0.0.2:7000. Its order gives the nodes their
// numbers, so every node of a cluster must get the same names in the same order.
func ParsePeers(list string) ([]Peer, error) {
	var peers []Peer
	for item := range strings.SplitSeq(list, ",") {
		name, addr, ok := strings.Cut(item, "=")
		if !ok || name == "" || addr == "" {
			return nil, fmt.Errorf("peer %q: want name=host:port", item)
		}
		peers = append(peers, Peer{name, addr})
	}
	return peers, nil
}

// Config of a node. DefaultConfig fills in what has a sensible default.
type Config struct {
	Name  string
	Peers []Peer // every member of the new cluster; the same names in the same order everywhere, for ever
	// Number is that of a node which is not among the peers and waits to be added, as whoever adds it is
	// told; 0: it is one of them.
	Number int

	DataDir      string // made if missing; belongs to this node alone
	ListenClient string // host:port of the HTTP interface
	ListenPeer   string // host:port of the Raft transport

	// ListenControl is the host:port at which a test may strike this node from within, "" for none.
	// Whoever reaches it can crash the node.
	ListenControl string

	Reads             string        // local, read-index or lease
	ElectionTimeout   time.Duration // minimum; each wait is drawn from one to two of it
	HeartbeatInterval time.Duration // 0: a sixth of the election timeout
	PreVote           bool
	CheckQuorum       bool
	ClockError        float64       // declared bound on the clocks' rate error, for the leases
	RegionLease       time.Duration // of the region leader, who then serves all clients in the place of Reads; 0: none
	RegionHome        string        // the peer that takes the region lease first; "": anybody but the Raft leader
	Defects           []string      // known bugs to switch on: see KnownDefects

	SnapshotEntries int // after so many applied entries the node saves a snapshot and lets the log before it go

	OpTimeout time.Duration // after which an operation is answered as not served or unknown
	Seed      uint64        // of the election timeouts; 0: a random one
	Log       *slog.Logger  // nil: text on standard error
}

// DefaultConfig is a correct node without name, peers and addresses.
func DefaultConfig() Config {
	return Config{
		Reads:           "read-index",
		ElectionTimeout: 300 * time.Millisecond,
		PreVote:         true,
		CheckQuorum:     true,
		ClockError:      0.01,
		SnapshotEntries: 10000,
		OpTimeout:       5 * time.Second,
	}
}

const (
	minElectionTimeout = 10 * time.Millisecond // shorter ones are lost in the scheduler's noise
	maxElectionTimeout = 10 * time.Minute

	minRegionLease = 100 * time.Millisecond
	maxRegionLease = 10 * time.Minute
)

// Validate says in words what is wrong with the configuration, all of it at once.
func (c *Config) Validate() error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(c.Name == "", "the node has no name")
	wrong(c.Name != "" && c.id() == 0, "%s is not among the peers %s, and has no number under which it joins them", c.Name, c.names())
	wrong(!validName(c.Name), "the name %q: want one without = and commas", c.Name)
	wrong(c.Number != 0 && c.Number <= len(c.Peers), "%s is to join as node %d, and the first %d are the peers", c.Name, c.Number, len(c.Peers))
	wrong(c.Number != 0 && c.idOf(c.Name) != 0, "%s is to join as node %d, and is among the peers %s", c.Name, c.Number, c.names())
	for i, p := range c.Peers {
		wrong(slices.ContainsFunc(c.Peers[:i], func(q Peer) bool { return q.Name == p.Name }), "the peers name %s twice", p.Name)
		wrong(!validAddr(p.Addr), "peer %s has the address %q: want host:port", p.Name, p.Addr)
	}
	wrong(c.DataDir == "", "there is no data directory")
	wrong(!validAddr(c.ListenClient), "the client address is %q: want host:port", c.ListenClient)
	wrong(!validAddr(c.ListenPeer), "the peer address is %q: want host:port", c.ListenPeer)
	wrong(c.ListenControl != "" && !validAddr(c.ListenControl), "the control address is %q: want host:port", c.ListenControl)
	wrong(c.OpTimeout <= 0, "the operation time-out is %v: it must be positive", c.OpTimeout)
	wrong(c.SnapshotEntries < 1, "a snapshot after every %d entries: it must be at least 1", c.SnapshotEntries)
	c.checkProtocol(wrong)
	if _, err := parseDefects(c.Defects); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *Config) checkProtocol(wrong func(bool, string, ...any)) {
	mode, known := readModes[c.Reads]
	wrong(!known, "reads are %q: there are local, read-index and lease", c.Reads)
	wrong(mode == raft.ReadLease && !c.CheckQuorum,
		"reads by lease need check-quorum: without its refusal of votes a second leader can rise inside the lease")
	wrong(c.ElectionTimeout < minElectionTimeout || c.ElectionTimeout > maxElectionTimeout,
		"the election timeout is %v: it must be between %v and %v", c.ElectionTimeout, minElectionTimeout, maxElectionTimeout)
	wrong(c.HeartbeatInterval < 0 || c.HeartbeatInterval > c.ElectionTimeout/2,
		"the heartbeat interval is %v: it must be at most half of the election timeout of %v, or one lost heartbeat is an election",
		c.HeartbeatInterval, c.ElectionTimeout)
	wrong(c.RegionLease != 0 && (c.RegionLease < minRegionLease || c.RegionLease > maxRegionLease),
		"the region lease is %v: it must be between %v and %v, or 0 for none", c.RegionLease, minRegionLease, maxRegionLease)
	wrong(c.RegionHome != "" && c.idOf(c.RegionHome) == 0, "%s is to lead the region first, and is not among the peers %s", c.RegionHome, c.names())
	wrong(c.RegionLease == 0 && slices.ContainsFunc(c.Defects, isRegionDefect),
		"the defects %v are about the region lease, and there is none: give it a duration", c.Defects)
	wrong(!(c.ClockError >= 0 && c.ClockError <= 0.5), "the clock error is %v: it must be between 0 and 0.5", c.ClockError)
}

var readModes = map[string]raft.ReadMode{
	"lease":      raft.ReadLease,
	"local":      raft.ReadLocal,
	"read-index": raft.ReadIndex,
}

func validAddr(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	return err == nil && port != ""
}

// id is the node's number: its place among the peers, counted from 1, or the one that it was given; 0: none.
func (c *Config) id() raft.NodeID {
	if c.Number != 0 {
		return raft.NodeID(c.Number)
	}
	return c.idOf(c.Name)
}

func (c *Config) idOf(name string) raft.NodeID { return book(c.Peers).idOf(name) }

func (c *Config) names() string { return book(c.Peers).names() }

// identity is what the data directory is bound to. The order of the peers is in it, since votes on
// disk name nodes by number.
func (c *Config) identity() string {
	if c.Number != 0 {
		return fmt.Sprintf("%s, node %d, of %s", c.Name, c.Number, c.names())
	}
	return fmt.Sprintf("%s of %s", c.Name, c.names())
}

const (
	maxAppendBytes = 1 << 20
	maxInflight    = 32 // appends that one follower has not answered
)

func (c *Config) raftConfig(restarted bool) (raft.Config, error) {
	defects, err := parseDefects(c.Defects)
	if err != nil {
		return raft.Config{}, err
	}
	rc := raft.Config{
		ID:                c.id(),
		ElectionTimeout:   raft.Duration(c.ElectionTimeout),
		HeartbeatInterval: raft.Duration(c.HeartbeatInterval),
		PreVote:           c.PreVote,
		CheckQuorum:       c.CheckQuorum,
		ClockError:        c.ClockError,
		Lease:             readModes[c.Reads] == raft.ReadLease,
		Restarted:         restarted,
		MaxAppendBytes:    maxAppendBytes,
		MaxInflight:       maxInflight,
		CatchUp:           c.SnapshotEntries,
		Seed:              c.Seed,
		Defects:           defects.core,
	}
	for i := range c.Peers {
		rc.Nodes = append(rc.Nodes, raft.NodeID(i+1))
	}
	if rc.HeartbeatInterval == 0 {
		rc.HeartbeatInterval = rc.ElectionTimeout / 6
	}
	if rc.Seed == 0 {
		rc.Seed = rand.Uint64()
	}
	return rc, rc.Validate()
}
