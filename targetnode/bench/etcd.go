package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// etcd is etcd with its own settings, embedded in a process of ours.
func etcd() system {
	return system{
		name:   "etcd",
		nodes:  3,
		serve:  serveEtcd,
		leader: etcdLeads,
		dial:   dialEtcd,
		fsyncs: func(addr string) (float64, error) {
			return metric("http://"+addr+"/metrics", "etcd_disk_wal_fsync_duration_seconds_count")
		},
		ops: []string{"put", "get"},
	}
}

func serveEtcd(m member) error {
	cfg := embed.NewConfig()
	cfg.Name, cfg.Dir, cfg.LogLevel = fmt.Sprintf("n%d", m.index), m.dir, "error"
	at := func(addr string) []url.URL { return []url.URL{{Scheme: "http", Host: addr}} }
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = at(m.client[m.index]), at(m.client[m.index])
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = at(m.peer[m.index]), at(m.peer[m.index])
	var members []string
	for i, addr := range m.peer {
		members = append(members, fmt.Sprintf("n%d=http://%s", i, addr))
	}
	cfg.InitialCluster = strings.Join(members, ",")
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return err
	}
	return <-e.Err()
}

type etcdClient struct{ c *clientv3.Client }

func newEtcdClient(addr string) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: []string{"http://" + addr}, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
}

func dialEtcd(addr string) (client, error) {
	c, err := newEtcdClient(addr)
	return etcdClient{c}, err
}

func (c etcdClient) close() { c.c.Close() }

func (c etcdClient) put(key, value string) error {
	_, err := c.c.Put(context.Background(), key, value)
	return err
}

func (c etcdClient) get(key string) error {
	_, err := c.c.Get(context.Background(), key) // linearizable unless asked otherwise
	return err
}

func etcdLeads(addr string) (bool, error) {
	c, err := newEtcdClient(addr)
	if err != nil {
		return false, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s, err := c.Status(ctx, "http://"+addr)
	if err != nil {
		return false, err
	}
	return s.Leader == s.Header.MemberId, nil
}
