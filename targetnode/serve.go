package targetnode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"schism/targetnode/storage"
)

// listeners are where a node is spoken to.
type listeners struct {
	clients, peers net.Listener
	control        net.Listener // nil: it cannot be controlled
}

func (l listeners) close() {
	for _, ln := range []net.Listener{l.clients, l.peers, l.control} {
		if ln != nil {
			ln.Close()
		}
	}
}

// Run runs a node until ctx ends (nil) or it cannot go on: a configuration, data directory or address
// that cannot be used, a failed disk. When it returns nothing of the node runs any more.
func Run(ctx context.Context, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	var l listeners
	for _, at := range []struct {
		whom, addr string
		ln         *net.Listener
	}{
		{"clients", cfg.ListenClient, &l.clients},
		{"peers", cfg.ListenPeer, &l.peers},
		{"control", cfg.ListenControl, &l.control},
	} {
		if at.addr == "" {
			continue
		}
		var err error
		if *at.ln, err = net.Listen("tcp", at.addr); err != nil {
			*at.ln = nil
			l.close()
			return fmt.Errorf("listen for %s: %w", at.whom, err)
		}
	}
	return serve(ctx, cfg, l)
}

// serve runs a node with a valid configuration on listeners that are open already; it closes them.
func serve(ctx context.Context, cfg Config, l listeners) error {
	defer l.close()
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	log = log.With("node", cfg.Name)
	on, err := parseDefects(cfg.Defects)
	if err != nil {
		return err
	}
	if on.driver.wipedDiskSameID {
		if err := os.RemoveAll(cfg.DataDir); err != nil {
			return err
		}
	}
	wal, found, err := storage.Open(storage.OS{}, cfg.DataDir, storage.Options{Identity: cfg.identity(), Defects: on.disk})
	if err != nil {
		return err
	}
	n, err := newNode(cfg, log, wal, found.Durable)
	if err != nil {
		return errors.Join(err, wal.Close())
	}
	n.announce(found, l)
	return errors.Join(n.run(ctx, l), wal.Close())
}

func (n *node) announce(found storage.Recovered, l listeners) {
	d := found.Durable
	n.log.Info("started", "clients", l.clients.Addr(), "peers", l.peers.Addr(), "cluster", n.cfg.names(), "reads", n.cfg.Reads,
		"snapshot_entry", d.Snapshot.Index, "recovered_entries", len(d.Entries), "term", d.HardState.Term, "voted_for", n.nameOf(d.HardState.Vote))
	if l.control != nil {
		n.log.Warn("whoever reaches the control port can crash this node", "control", l.control.Addr())
	}
	if found.Cut != nil {
		n.log.Warn("the last write before the stop was cut short; nobody was promised it", "file", found.Cut.File, "offset", found.Cut.Offset)
	}
	if len(n.cfg.Defects) > 0 {
		n.log.Warn("known defects are switched on: this node breaks its promises on purpose", "defects", n.cfg.Defects)
	}
}

// serveHTTP serves until ctx has ended and the loop has answered every operation under way.
func (n *node) serveHTTP(ctx context.Context, group *errgroup.Group, ln net.Listener, h http.Handler) {
	server := &http.Server{
		Handler:     h,
		ReadTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute,
		ErrorLog:    slog.NewLogLogger(n.log.Handler(), slog.LevelWarn),
	}
	group.Go(func() error {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve at %s: %w", ln.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		<-n.stopped
		return stopServer(server)
	})
}

// goodbye is how long answers under way may take to leave when the node stops.
const goodbye = time.Second

func stopServer(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if server.Shutdown(ctx) == nil {
		return nil
	}
	return server.Close()
}
