package main

import (
	"github.com/spf13/cobra"

	"schism/targetnode"
)

func nodeCommand() *cobra.Command {
	c := targetnode.DefaultConfig()
	var peers string
	cmd := &cobra.Command{
		Use:   "node",
		Short: "Run one node of the bundled Raft key-value store",
		Long: `Run one node of the bundled Raft key-value store. "schism run" starts these by
itself; by hand it is a store to play with.

A cluster begins with the nodes of --peers. Another one is added at the control port of its leader
(POST /v1/membership, see docs/control.md), whose answer tells the number that the new node is started
with: --join NUMBER, and the same --peers as everybody.`,
		Example: "  schism node --name n1 --peers n1=127.0.0.1:7101 --listen-peer 127.0.0.1:7101 \\\n" +
			"    --listen-client 127.0.0.1:7001 --data /tmp/n1",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if c.Peers, err = targetnode.ParsePeers(peers); err != nil {
				return err
			}
			return targetnode.Run(cmd.Context(), c)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Name, "name", "", "this node's name, one of --peers unless it joins them")
	flags.StringVar(&peers, "peers", "", "every node that the cluster began with, as name=host:port, in the same order everywhere")
	flags.IntVar(&c.Number, "join", 0, "the number under which this node was added to a cluster that runs; 0: it is one of --peers")
	flags.StringVar(&c.DataDir, "data", "", "directory of the log; it survives a restart")
	flags.StringVar(&c.ListenClient, "listen-client", "127.0.0.1:7001", "host:port for clients")
	flags.StringVar(&c.ListenPeer, "listen-peer", "127.0.0.1:7101", "host:port for the other nodes")
	flags.StringVar(&c.ListenControl, "listen-control", "", "host:port at which a test strikes the node from within; whoever reaches it can crash it")
	flags.StringVar(&c.Reads, "reads", c.Reads, "how reads are made safe: local (not at all), read-index or lease")
	flags.DurationVar(&c.ElectionTimeout, "election-timeout", c.ElectionTimeout, "the least; each wait is drawn from one to two of it")
	flags.BoolVar(&c.PreVote, "pre-vote", c.PreVote, "ask whether an election could be won before raising the term")
	flags.BoolVar(&c.CheckQuorum, "check-quorum", c.CheckQuorum, "step down without a quorum; refuse votes while a leader is heard")
	flags.Float64Var(&c.ClockError, "clock-error", c.ClockError, "declared bound on a clock's rate error, for the leases")
	flags.DurationVar(&c.RegionLease, "region-lease", 0, "how long a region leader serves all clients, in the place of --reads; 0: there is none")
	flags.IntVar(&c.SnapshotEntries, "snapshot-entries", c.SnapshotEntries, "applied entries after which a snapshot takes the place of the log before it")
	flags.StringVar(&c.RegionHome, "region-home", "", "who leads the region first; left out: anybody but the Raft leader")
	flags.StringSliceVar(&c.Defects, "defects", nil, "defects to switch on, to see whether tests find them")
	return cmd
}
