package raft_test

import (
	"strings"
	"testing"

	"schism/targetnode/raft"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		wrong func(*raft.Config)
		says  string
	}{
		{func(c *raft.Config) { c.ID = 0 }, "ID is 0"},
		{func(c *raft.Config) { c.Nodes = []raft.NodeID{1, 0} }, "contains the ID 0"},
		{func(c *raft.Config) { c.Nodes = []raft.NodeID{1, 2, 1} }, "names a node twice"},
		{func(c *raft.Config) { c.HeartbeatInterval = 0 }, "heartbeat interval"},
		{func(c *raft.Config) { c.ElectionTimeout = hb }, "longer than the heartbeat"},
		{func(c *raft.Config) { c.ClockError = 1 }, "clock error"},
		{func(c *raft.Config) { c.Lease = true }, "need check-quorum"},
		{func(c *raft.Config) { c.MaxAppendBytes = 0 }, "payload"},
		{func(c *raft.Config) { c.MaxInflight = 0 }, "unanswered appends"},
	} {
		cfg := config(3)
		if err := cfg.Validate(); err != nil {
			t.Fatalf("a correct configuration: %v", err)
		}
		c.wrong(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("want an error that says %q, got %v", c.says, err)
		}
	}
}

func TestParseDefects(t *testing.T) {
	d, err := raft.ParseDefects([]string{"vote-not-persisted", "ack-before-fsync"})
	if want := (raft.Defects{VoteNotPersisted: true, AckBeforeFsync: true}); err != nil || d != want {
		t.Errorf("got %+v, %v", d, err)
	}
	_, err = raft.ParseDefects([]string{"vote-not-presisted"})
	if err == nil || !strings.Contains(err.Error(), "vote-not-presisted") || !strings.Contains(err.Error(), "vote-not-persisted") {
		t.Errorf("an unknown name gives %v", err)
	}
}
