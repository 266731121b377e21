package targetnode

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func validConfig() Config {
	c := DefaultConfig()
	c.Name, c.DataDir = "n2", "data"
	c.Peers = []Peer{{"n1", "127.0.0.1:7001"}, {"n2", "127.0.0.1:7002"}, {"n3", "n3.example:7003"}}
	c.ListenClient, c.ListenPeer = "127.0.0.1:8002", ":7002"
	return c
}

func TestValidate(t *testing.T) {
	valid := validConfig()
	if err := valid.Validate(); err != nil {
		t.Fatalf("a valid configuration: %v", err)
	}
	for _, c := range []struct {
		break_ func(*Config)
		says   string
	}{
		{func(c *Config) { c.Name = "" }, "no name"},
		{func(c *Config) { c.Name = "n9" }, "n9 is not among the peers n1,n2,n3"},
		{func(c *Config) { c.Peers = append(c.Peers, c.Peers[0]) }, "name n1 twice"},
		{func(c *Config) { c.Peers[2].Addr = "n3" }, `peer n3 has the address "n3"`},
		{func(c *Config) { c.DataDir = "" }, "no data directory"},
		{func(c *Config) { c.ListenClient = "x" }, "client address"},
		{func(c *Config) { c.ListenPeer = "" }, "peer address"},
		{func(c *Config) { c.Reads = "dirty" }, `reads are "dirty": there are local, read-index and lease`},
		{func(c *Config) { c.Reads, c.CheckQuorum = "lease", false }, "reads by lease need check-quorum"},
		{func(c *Config) { c.ElectionTimeout = time.Millisecond }, "election timeout is 1ms"},
		{func(c *Config) { c.HeartbeatInterval = 200 * time.Millisecond }, "at most half of the election timeout of 300ms"},
		{func(c *Config) { c.ClockError = -1 }, "clock error"},
		{func(c *Config) { c.OpTimeout = 0 }, "operation time-out"},
		{func(c *Config) { c.Defects = []string{"no-such"} }, "ack-before-fsync"},
	} {
		cfg := validConfig()
		c.break_(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
	empty := Config{}
	if err := empty.Validate(); err == nil || strings.Count(err.Error(), "\n") < 5 {
		t.Errorf("an empty configuration: %v, want every error at once", err)
	}
}

func TestParsePeers(t *testing.T) {
	got, err := ParsePeers("n1=127.0.0.1:7001,n2=[::1]:7002")
	if want := []Peer{{"n1", "127.0.0.1:7001"}, {"n2", "[::1]:7002"}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "n1", "n1=", "=x:1", "n1=x:1,"} {
		if got, err := ParsePeers(bad); err == nil {
			t.Errorf("%q gave %v", bad, got)
		}
	}
}
