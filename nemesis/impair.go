package nemesis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"schism/history"
)

// Impairment makes a link worse than a whole one.
type Impairment struct {
	Loss float64 // share of the packets that are lost
	Rate int     // bytes a second; 0: no limit
}

// and is both impairments of one link.
func (i Impairment) and(j Impairment) Impairment {
	both := Impairment{Loss: 1 - (1-i.Loss)*(1-j.Loss), Rate: min(i.Rate, j.Rate)}
	if i.Rate == 0 || j.Rate == 0 {
		both.Rate = max(i.Rate, j.Rate)
	}
	return both
}

// Load is what a measurement sends over each link.
type Load struct {
	Messages, Size int           // Size in bytes
	Over           time.Duration // the messages are spread over it
	Wait           time.Duration // from the first message on
}

// Impairer makes links worse.
type Impairer interface {
	// CanImpair says what this runtime lacks for it; nil: nothing.
	CanImpair(Impairment) error
	// Impair is the whole desired state.
	Impair(ctx context.Context, links map[Link]Impairment) error
	// Transfer says how many messages of a load arrived over each link.
	Transfer(ctx context.Context, links []Link, load Load) (map[Link]int, error)
}

// canImpair is nil if the cluster can do so.
func canImpair(e *Env, i Impairment) error {
	if e.Impairer == nil {
		return errors.New("this runtime cannot make links lose or slow down what they carry")
	}
	return e.Impairer.CanImpair(i)
}

// worse is which strikes impair links just now.
type worse struct {
	mu sync.Mutex
	by []*impairLinks
}

// impair adds a strike, or takes it away, and orders what all of them together make of the links.
func (e *Env) impair(ctx context.Context, s *impairLinks, on bool) error {
	e.worse.mu.Lock()
	defer e.worse.mu.Unlock()
	e.worse.by = slices.DeleteFunc(e.worse.by, func(o *impairLinks) bool { return o == s })
	if on {
		e.worse.by = append(e.worse.by, s)
	}
	state := make(map[Link]Impairment)
	for _, o := range e.worse.by {
		for _, l := range o.links {
			state[l] = state[l].and(o.how)
		}
	}
	return e.Impairer.Impair(ctx, state)
}

// sound are those of the links that neither a cut nor another strike holds.
func (e *Env) sound(links []Link, but *impairLinks) []Link {
	e.worse.mu.Lock()
	defer e.worse.mu.Unlock()
	held := make(map[Link]bool)
	for _, o := range e.worse.by {
		for _, l := range o.links {
			held[l] = held[l] || o != but
		}
	}
	return slices.DeleteFunc(e.cuts.free(links), func(l Link) bool { return held[l] })
}

// impairLinks is the strike of all faults that make links worse.
type impairLinks struct {
	fault history.Fault
	links []Link
	how   Impairment
	load  Load
	// bites says whether a link over which so many messages came is as bad as it should be.
	bites func(came int) bool
}

func (s *impairLinks) Describe() history.Fault { return s.fault }

// Before wants all of the load to come over every link: one that is bad already would prove the fault
// all the same.
func (s *impairLinks) Before(ctx context.Context, e *Env) error {
	sound := e.sound(s.links, s)
	if len(sound) < len(s.links) {
		return errors.New("another fault holds some of the links")
	}
	var seen string
	for range beforeTries {
		whole, came, err := s.whole(ctx, e, sound)
		if err != nil || whole {
			return err
		}
		seen = came
	}
	return fmt.Errorf("the links are not whole before: %s", seen)
}

func (s *impairLinks) Apply(ctx context.Context, e *Env) error { return e.impair(ctx, s, true) }

// Bites wants each link as bad as it should be.
func (s *impairLinks) Bites(ctx context.Context, e *Env) (bool, string, error) {
	came, err := e.Impairer.Transfer(ctx, s.links, s.load)
	if err != nil {
		return false, "", err
	}
	bad := 0
	for _, l := range s.links {
		if s.bites(came[l]) {
			bad++
		}
	}
	return bad == len(s.links), fmt.Sprintf("%d of %d links worse: %s", bad, len(s.links), s.cameText(came)), nil
}

func (s *impairLinks) Undo(ctx context.Context, e *Env) error { return e.impair(ctx, s, false) }

// Gone wants whole links again, where no other fault holds them.
func (s *impairLinks) Gone(ctx context.Context, e *Env) (bool, string, error) {
	sound := e.sound(s.links, s)
	whole, came, err := s.whole(ctx, e, sound)
	return whole, fmt.Sprintf("%d of %d links measured: %s", len(sound), len(s.links), came), err
}

// whole says whether all of the load comes over the links.
func (s *impairLinks) whole(ctx context.Context, e *Env, links []Link) (bool, string, error) {
	if len(links) == 0 {
		return true, "other faults hold them", nil
	}
	came, err := e.Impairer.Transfer(ctx, links, s.load)
	if err != nil {
		return false, "", err
	}
	for _, l := range links {
		if came[l] < s.load.Messages {
			return false, s.cameText(came), nil
		}
	}
	return true, s.cameText(came), nil
}

// cameText is the share of the load that came, from the worst link to the best: "22 to 38 of 64
// messages came".
func (s *impairLinks) cameText(came map[Link]int) string {
	counts := slices.Sorted(maps.Values(came))
	worst, best := counts[0], counts[len(counts)-1]
	if worst == best {
		return fmt.Sprintf("%d of %d messages came", worst, s.load.Messages)
	}
	return fmt.Sprintf("%d to %d of %d messages came", worst, best, s.load.Messages)
}

// sure is how unlikely it is at most that a lossy link shows no loss.
const sure = 1e-9

// enoughToLose is how many messages show a loss of that share, and as surely are not all lost.
func enoughToLose(share float64) int {
	least := math.Log(sure) / math.Log(1-share)
	some := math.Log(sure) / math.Log(share)
	return int(math.Ceil(max(least, some)))
}
