package failpoint

import (
	"fmt"
	"math"
	"time"
)

// NoLimit lets everything through.
const NoLimit uint64 = math.MaxUint64

// Limit passes a point on the path to or from a peer. Entries, or what is said of them, may go through
// up to the index that it returns. A path that is held stays limited until the point is disarmed: what is
// sent again meanwhile is held as well. An error means that this one message is lost.
//
// What is held is dropped, as a network may do. Whoever sent it sends it again when it stays unanswered,
// so that after the disarming, or a sleep, nothing is missing.
func (s *Set) Limit(name Name, peer string, concerns Concerns) (upTo uint64, err error) {
	if !s.Any() {
		return NoLimit, nil
	}
	s.stopIfDying()
	if limit, held := s.limitOf(name, peer); held {
		return limit, nil
	}
	arm, p, a := s.match(name, peer, concerns)
	if p == nil {
		return NoLimit, nil
	}
	s.announce(a)
	switch arm.Action {
	case Crash:
		s.die()
	case Fail:
		return 0, fmt.Errorf("%s: %w", name, ErrInjected)
	}
	return s.limit(p, arm, peer, a.Index), nil
}

func (s *Set) limitOf(name Name, peer string) (limit uint64, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit, held = s.points[name].limits[peer]
	return limit, held
}

// limit begins to hold a peer's path. Armed for a key, the point lets through what stands before the
// entry concerned, unless an index says more exactly how far.
func (s *Set) limit(p *point, arm Arm, peer string, concerned uint64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.arm == nil {
		return NoLimit
	}
	upTo := arm.Index
	if arm.Key != "" && upTo == 0 {
		upTo = concerned - 1
	}
	limits := p.limits
	limits[peer] = upTo
	if arm.Action == Sleep {
		time.AfterFunc(time.Duration(arm.For), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(limits, peer)
		})
	}
	return upTo
}
