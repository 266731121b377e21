package targetnode

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"schism/targetnode/api"
	"schism/targetnode/control"
	"schism/targetnode/failpoint"
	"schism/targetnode/kv"
	"schism/targetnode/raft"
	"schism/targetnode/storage"
	"schism/targetnode/transport"
)

// node drives the core on real time, disk and network.
type node struct {
	cfg       Config
	log       *slog.Logger
	readMode  raft.ReadMode
	clock     *clock
	points    *failpoint.Set
	metrics   *metrics
	started   time.Time
	core      *raft.Node // only the loop touches it
	store     *kv.Store
	region    *region // nil: there is no region lease
	defects   driverDefects
	transport *transport.Transport
	disk      *disk
	saver     *saver
	book      atomic.Pointer[book]

	messages  chan raft.Message
	forwarded chan forwarded
	requests  chan *request
	control   chan func(now raft.Time) // what the control interface wants done in the loop
	stopped   chan struct{}            // closed when the loop has ended
	view      view
	alone     alone

	// The loop's own.
	members     seenMembers
	waiting     waiting
	backlog     backlog
	appliedTerm raft.Term // of the last entry that was applied
	unsynced    int       // jobs that the disk has not reported yet
	proposals   [][]byte
	proposed    []*request
}

// view is the newest status, for everybody but the loop.
type view struct {
	mu     sync.Mutex
	status raft.Status
	region regionView
}

func (v *view) swap(s raft.Status, r regionView) (before raft.Status) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before, v.status, v.region = v.status, s, r
	return before
}

func (v *view) get() (raft.Status, regionView) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.status, v.region
}

const (
	messageRoom = 1024 // messages from peers that wait for the loop
	requestRoom = 1024
)

func newNode(cfg Config, log *slog.Logger, wal *storage.Log, found raft.Durable) (*node, error) {
	restarted := found.HardState != (raft.HardState{}) || len(found.Entries) > 0 || found.Snapshot.Index > 0
	rc, err := cfg.raftConfig(restarted)
	if err != nil {
		return nil, err
	}
	on, err := parseDefects(cfg.Defects)
	if err != nil {
		return nil, err
	}
	clock := newClock(on.driver.leaseWallClock)
	n := &node{
		cfg:       cfg,
		log:       log,
		readMode:  readModes[cfg.Reads],
		clock:     clock,
		defects:   on.driver,
		points:    failpoint.New(cfg.Name),
		started:   time.Now(),
		store:     kv.NewStore(on.stateOptions(found, clock)),
		messages:  make(chan raft.Message, messageRoom),
		forwarded: make(chan forwarded, messageRoom),
		requests:  make(chan *request, requestRoom),
		control:   make(chan func(raft.Time)),
		stopped:   make(chan struct{}),
		waiting:   waiting{reads: map[uint64]*request{}, deposed: api.Unknown},
	}
	if n.defects.failButCommits {
		n.waiting.deposed = api.NotLeader
	}
	if err := restore(n.store, found.Snapshot); err != nil {
		return nil, err
	}
	n.metrics = newMetrics(n)
	tc := transport.Config{
		Cluster: cfg.names(), Self: transport.Node{ID: rc.ID, Name: cfg.Name}, ElectionTimeout: cfg.ElectionTimeout,
		Deliver: n.deliver, Leaves: n.outgoing, Forwarded: n.takeForwarded, Log: log,
	}
	n.transport = transport.New(tc)
	var late time.Duration
	if rc.Defects.AckBeforeFsync {
		late = lateSync
	}
	n.disk = newDisk(wal, n.transport.Send, late)
	n.disk.points, n.disk.metrics = n.points, n.metrics
	last := found.Snapshot.Index + raft.Index(len(found.Entries))
	n.disk.synced, n.disk.appended = last, last
	wal.BeforeRename = func(s raft.Snapshot) error {
		return n.points.Pass(failpoint.SnapshotBeforeRename, n.aboutSaved(s))
	}
	n.saver = newSaver(wal, cfg.SnapshotEntries, found.Snapshot.Index, on.driver.stateAppliedSplit)
	n.core = raft.New(rc, found, n.clock.now())
	if err := n.noteMembers(n.core.Status()); err != nil {
		return nil, err
	}
	n.core.HoldElections(n.clock.now(), cfg.wasHeld())
	if n.region, err = newRegion(n); err != nil {
		return nil, err
	}
	n.view.swap(n.core.Status(), n.region.view())
	return n, nil
}

// deliver waits for room: a peer that sends faster than this node works is held up by TCP.
func (n *node) deliver(m raft.Message) {
	if !n.incoming(&m) {
		return
	}
	select {
	case n.messages <- m:
	case <-n.stopped:
	}
}

// takeForwarded waits in the same way. Without a region lease nobody forwards anything that could be meant.
func (n *node) takeForwarded(from raft.NodeID, body []byte) {
	m, err := decodeForwarded(body)
	if err != nil || n.region == nil {
		n.log.Warn("a forwarded message was thrown away: do all nodes have the same --region-lease?", "peer", n.nameOf(from), "error", err)
		return
	}
	f := forwarded{from, m}
	held, err := n.beforeRead(f)
	switch {
	case err != nil: // lost, as it may be on any connection
	case held == nil:
		n.queueForwarded(f)
	default:
		go func() { // whatever else the peer sends goes on
			<-held
			n.queueForwarded(f)
		}()
	}
}

func (n *node) queueForwarded(f forwarded) {
	select {
	case n.forwarded <- f:
	case <-n.stopped:
	}
}

// run returns when ctx has ended, or with the first failure.
func (n *node) run(ctx context.Context, l listeners) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(n.stopped)
		return n.loop(ctx)
	})
	group.Go(func() error {
		n.disk.run(ctx)
		return nil
	})
	group.Go(func() error {
		n.saver.run(ctx)
		return nil
	})
	group.Go(func() error { return n.transport.Run(ctx, l.peers) })
	group.Go(func() error {
		<-ctx.Done()
		n.points.Close()
		return nil
	})
	n.serveHTTP(ctx, group, l.clients, api.Handler(n, n.cfg.OpTimeout))
	if l.control != nil {
		n.serveHTTP(ctx, group, l.control, control.Handler(n))
	}
	return group.Wait()
}

// Snapshot is this node's own applied state.
func (n *node) Snapshot() kv.Snapshot { return n.store.Snapshot() }

// Status is the node's view of itself as of the loop's last round.
func (n *node) Status() api.Status {
	s, r := n.view.get()
	applied, appliedTerm := n.store.Position()
	status := api.Status{
		Node:        n.cfg.Name,
		Role:        s.Role.String(),
		Term:        uint64(s.Term),
		Leader:      n.nameOf(s.Leader),
		Commit:      uint64(s.Commit),
		Applied:     uint64(applied),
		AppliedTerm: uint64(appliedTerm),
		FirstIndex:  uint64(s.FirstIndex),
		LastIndex:   uint64(s.LastIndex),
		ReadMode:    n.cfg.Reads,
		Started:     n.started,
		Defects:     n.cfg.Defects,
		Voters:      n.namesOf(s.Members.Voters),
		Learners:    n.namesOf(s.Members.Learners),
		Region:      n.regionStatus(r),
	}
	if s.Role == raft.Leader && n.readMode == raft.ReadLease {
		left := max(0, time.Duration(s.LeaseUntil-n.clock.now()).Seconds()*1000)
		status.LeaseMS = &left
	}
	return status
}
