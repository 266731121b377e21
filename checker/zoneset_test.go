package checker

import (
	"math/rand/v2"
	"testing"
)

// pair of zones that must each come before the other.
func conflict(a, b *Zone[int]) bool { return a.F < b.S && b.F < a.S }

// TestZoneSet raises random zones, and asks of every pair of them, the forgotten ones too, whether it fits. What is
// dead must be what no later call may be raised to, and nothing else.
func TestZoneSet(t *testing.T) {
	fits, conflicts, dead := 0, 0, 0
	for seed := range uint64(3_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		set, all := NewZoneSet[int](), []*Zone[int](nil)
		open := []int64{} // calls that a zone may be raised to, in order
		for now := int64(0); now < 60; now++ {
			switch n := len(open); {
			case n == 0 || n < 4 && r.IntN(2) == 0:
				open = append(open, now)
				continue
			default:
				at := r.IntN(n)
				call := open[at]
				open = append(open[:at], open[at+1:]...)
				zone := changed(r, set, &all, call, now)
				want := true
				for _, o := range all {
					want = want && (o == zone || o.S == Endless || !conflict(zone, o))
				}
				if zone.Dead {
					if want {
						t.Fatalf("seed %d, event %d: a dead zone was raised to %d and fits", seed, now, call)
					}
				} else if got := set.Fits(zone); got != want {
					t.Fatalf("seed %d, event %d: zone %d (%d to %d) fits: %v, want %v", seed, now, zone.Of, zone.F, zone.S, got, want)
				}
				if !want {
					conflicts++
					break
				}
				fits++
				oldest := now + 1
				if len(open) > 0 {
					oldest = open[0]
				}
				dead += sweep(t, set, all, oldest)
				continue
			}
			break
		}
	}
	if t.Logf("%d fit, %d conflicts, %d dead", fits, conflicts, dead); fits < 3_000 || conflicts < 1_000 || dead < 1_000 {
		t.Error("too few of one kind")
	}
}

// changed begins a zone, or raises one.
func changed(r *rand.Rand, set *ZoneSet[int], all *[]*Zone[int], call, now int64) *Zone[int] {
	if len(*all) == 0 || r.IntN(2) == 0 {
		*all = append(*all, set.Begin(now, call, len(*all)))
		return (*all)[len(*all)-1]
	}
	zone := (*all)[max(0, len(*all)-1-r.IntN(3))]
	if zone.Dead {
		zone.S = max(zone.S, call) // it is out of the set
	} else if call > zone.S {
		set.Raise(zone, call)
	}
	return zone
}

func sweep(t *testing.T, set *ZoneSet[int], all []*Zone[int], now int64) (dead int) {
	told := make(map[int]bool)
	set.Sweep(now, func(of int) { told[of] = true })
	left := 0
	for _, z := range all {
		over := false
		for _, o := range all {
			over = over || o != z && o.F < now && o.S > z.F
		}
		if over != z.Dead {
			t.Fatalf("at %d zone %d (%d to %d) is dead: %v, want %v", now, z.Of, z.F, z.S, z.Dead, over)
		}
		if told[z.Of] {
			dead++
		}
		if !z.Dead {
			left++
		}
	}
	if set.Len() != left {
		t.Fatalf("%d zones are kept, want %d", set.Len(), left)
	}
	return dead
}

// What is Endless comes last, and makes all others dead; it is no obstacle to be seen by the others.
func TestEndlessZone(t *testing.T) {
	set := NewZoneSet[string]()
	a := set.Begin(1, 0, "a")
	b := set.Begin(3, 2, "b")
	set.Raise(b, Endless)
	if !set.Fits(b) || !set.Fits(a) {
		t.Error("b may come last")
	}
	c := set.Begin(5, 4, "c")
	if set.Fits(b) {
		t.Error("c was called after b had returned, and must come before it")
	}
	if !set.Fits(c) {
		t.Error("the end of b is not to be seen")
	}
	set.Raise(b, 4)
	if !set.Fits(b) || !set.Fits(c) {
		t.Error("b has an end before c returned")
	}
}
