package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/metrics"
)

// hashicorp is a key-value store on hashicorp/raft with its raft-wal, behind the same HTTP interface. A
// read asks a quorum whether this node still leads.
func hashicorp() system {
	return system{
		name:  "hashicorp/raft",
		nodes: 3,
		serve: serveHashicorp,
		leader: func(addr string) (bool, error) {
			s, err := hashicorpStatus(addr)
			return s.Leader, err
		},
		dial: dialHTTP,
		fsyncs: func(addr string) (float64, error) {
			s, err := hashicorpStatus(addr)
			return float64(s.Syncs), err
		},
		ops: []string{"put", "get"},
	}
}

type hashicorpState struct {
	Leader bool
	Syncs  uint64
}

func hashicorpStatus(addr string) (s hashicorpState, err error) {
	text, err := fetch("http://" + addr + "/status")
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

func serveHashicorp(m member) error {
	if err := os.MkdirAll(filepath.Join(m.dir, "wal"), 0o755); err != nil {
		return err
	}
	counted := metrics.NewAtomicCollector(wal.MetricDefinitions)
	log, err := wal.Open(filepath.Join(m.dir, "wal"), wal.WithMetricsCollector(counted))
	if err != nil {
		return err
	}
	snapshots, err := raft.NewFileSnapshotStore(m.dir, 1, io.Discard)
	if err != nil {
		return err
	}
	transport, err := raft.NewTCPTransport(m.peer[m.index], nil, 4, 5*time.Second, io.Discard)
	if err != nil {
		return err
	}
	cfg := raft.DefaultConfig()
	cfg.LocalID = raft.ServerID(m.peer[m.index])
	cfg.Logger = hclog.NewNullLogger()
	state := &machine{values: map[string]json.RawMessage{}}
	r, err := raft.NewRaft(cfg, state, log, log, snapshots, transport)
	if err != nil {
		return err
	}
	var servers raft.Configuration
	for _, addr := range m.peer {
		servers.Servers = append(servers.Servers, raft.Server{ID: raft.ServerID(addr), Address: raft.ServerAddress(addr)})
	}
	if err := r.BootstrapCluster(servers).Error(); err != nil {
		return err
	}
	status := func() any {
		return hashicorpState{r.State() == raft.Leader && r.AppliedIndex() > 1, counted.Summary().Counters["log_appends"]}
	}
	return serveKV(m.client[m.index], map[string]func() any{"/status": status}, func(req request) (json.RawMessage, error) {
		if req.Op == "put" {
			entry, err := json.Marshal(req)
			if err != nil {
				return nil, err
			}
			return nil, r.Apply(entry, 5*time.Second).Error()
		}
		if err := r.VerifyLeader().Error(); err != nil {
			return nil, err
		}
		return state.get(req.Key), nil
	})
}

// machine is the replicated map.
type machine struct {
	mu     sync.RWMutex
	values map[string]json.RawMessage
}

func (m *machine) get(key string) json.RawMessage {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.values[key]
}

// Apply carries out a put.
func (m *machine) Apply(l *raft.Log) any {
	var req request
	if err := json.Unmarshal(l.Data, &req); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[req.Key] = req.Value
	return nil
}

// Snapshot copies the map.
func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	data, err := json.Marshal(m.values)
	return snapshot(data), err
}

// Restore takes a snapshot over.
func (m *machine) Restore(r io.ReadCloser) error {
	defer r.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := json.NewDecoder(r).Decode(&m.values); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

type snapshot []byte

// Persist writes it.
func (s snapshot) Persist(sink raft.SnapshotSink) error {
	if _, err := sink.Write(s); err != nil {
		sink.Cancel()
		return err
	}
	return sink.Close()
}

// Release has nothing to do.
func (s snapshot) Release() {}
