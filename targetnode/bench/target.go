package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"schism/targetnode"
)

// target is the bundled store.
func target(name, reads string, ops ...string) system {
	return system{
		name:  name,
		nodes: 3,
		serve: func(m member) error {
			cfg := targetnode.DefaultConfig()
			cfg.DataDir, cfg.Reads = m.dir, reads
			cfg.ElectionTimeout = time.Second // as etcd and hashicorp/raft have it
			cfg.ListenClient, cfg.ListenPeer = m.client[m.index], m.peer[m.index]
			for i, addr := range m.peer {
				cfg.Peers = append(cfg.Peers, targetnode.Peer{Name: fmt.Sprintf("n%d", i), Addr: addr})
			}
			cfg.Name = cfg.Peers[m.index].Name
			return targetnode.Run(context.Background(), cfg)
		},
		leader: func(addr string) (bool, error) {
			text, err := fetch("http://" + addr + "/status")
			if err != nil {
				return false, err
			}
			var s struct {
				Role            string
				Commit, Applied uint64
			}
			err = json.Unmarshal(text, &s)
			return s.Role == "leader" && s.Commit > 0 && s.Applied == s.Commit, err
		},
		dial: dialHTTP,
		fsyncs: func(addr string) (float64, error) {
			return metric("http://"+addr+"/metrics", "schism_node_fsyncs_total")
		},
		ops: ops,
	}
}

// bare is what net/http and encoding/json leave room for: one process, a map, no promise at all.
func bare() system {
	return system{
		name:  "bare net/http",
		nodes: 1,
		serve: func(m member) error {
			var values sync.Map
			return serveKV(m.client[0], map[string]func() any{"/status": func() any { return "ready" }}, func(r request) (json.RawMessage, error) {
				if r.Op == "put" {
					values.Store(r.Key, r.Value)
					return nil, nil
				}
				v, _ := values.LoadOrStore(r.Key, json.RawMessage(`null`))
				return v.(json.RawMessage), nil
			})
		},
		leader: func(addr string) (bool, error) {
			_, err := fetch("http://" + addr + "/status")
			return err == nil, err
		},
		dial:   dialHTTP,
		fsyncs: func(string) (float64, error) { return 0, nil },
		ops:    []string{"put", "get"},
	}
}
