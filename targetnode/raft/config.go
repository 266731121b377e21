package raft

import (
	"errors"
	"fmt"
)

// Validate says what is wrong with a configuration, all of it at once; nil means that New takes it.
func (c *Config) Validate() error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(c.ID == 0, "the node's ID is 0, which means nobody: IDs count from 1")
	if err := (Membership{Voters: c.Nodes}).Validate(); err != nil {
		errs = append(errs, err)
	}
	wrong(c.HeartbeatInterval <= 0, "the heartbeat interval is %d ns, it must be positive", c.HeartbeatInterval)
	wrong(c.ElectionTimeout <= c.HeartbeatInterval,
		"the election timeout of %d ns must be longer than the heartbeat interval of %d ns, or every heartbeat comes too late",
		c.ElectionTimeout, c.HeartbeatInterval)
	wrong(!(c.ClockError >= 0 && c.ClockError < 1), "the clock error is %v, it must be in [0, 1)", c.ClockError)
	wrong(c.Lease && !c.CheckQuorum,
		"lease reads need check-quorum: without its refusal of votes nothing keeps a second leader from rising inside the lease")
	wrong(c.MaxAppendBytes <= 0, "the limit of one append's payload is %d bytes, it must be positive", c.MaxAppendBytes)
	wrong(c.MaxInflight <= 0, "the limit of unanswered appends is %d, it must be positive", c.MaxInflight)
	return errors.Join(errs...)
}
