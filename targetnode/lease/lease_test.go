package lease

import (
	"testing"

	"schism/targetnode/raft"
)

// The rules by which an entry takes effect, each with the history that forces it.
func TestApply(t *testing.T) {
	held := State{Index: 10, Entry: Entry{Holder: 1, Epoch: 3, Duration: 5, Replaces: 8, Ticket: 70}}
	for _, c := range []struct {
		why    string
		before State
		e      Entry
		effect bool
	}{
		{"the first lease", State{}, Entry{Holder: 2, Epoch: 1, Duration: 5}, true},
		{"a renewal", held, Entry{Holder: 1, Epoch: 3, Duration: 5, Replaces: 10}, true},
		{"a takeover", held, Entry{Holder: 2, Epoch: 4, Duration: 5, Replaces: 10}, true},
		{"the holder begins anew", held, Entry{Holder: 1, Epoch: 4, Duration: 5, Replaces: 10}, true},
		// n2 and n3 waited out the same lease and both asked; n3's entry comes second, when n2 serves.
		{"a takeover of a lease that another has taken over", held, Entry{Holder: 3, Epoch: 3, Duration: 5, Replaces: 8}, false},
		{"the same with the next epoch", held, Entry{Holder: 3, Epoch: 4, Duration: 5, Replaces: 8}, false},
		// The holder's first renewal was lost to it, not to the log, so that it asked twice: the second
		// one would extend a lease that the others have counted from the first.
		{"a second renewal of the same entry", held, Entry{Holder: 1, Epoch: 3, Duration: 5, Replaces: 8}, false},
		{"an entry of a future that never was", held, Entry{Holder: 2, Epoch: 4, Duration: 5, Replaces: 11}, false},
		{"a first lease after the first", held, Entry{Holder: 2, Epoch: 1, Duration: 5}, false},
		// Without its own epoch the new holder's writes could not be told from the old one's.
		{"a takeover without a new epoch", held, Entry{Holder: 2, Epoch: 3, Duration: 5, Replaces: 10}, false},
		{"an epoch that goes back", held, Entry{Holder: 1, Epoch: 2, Duration: 5, Replaces: 10}, false},
		{"an epoch left out", held, Entry{Holder: 2, Epoch: 5, Duration: 5, Replaces: 10}, false},
		{"an epoch that nobody began", State{}, Entry{Holder: 2, Epoch: 0, Duration: 5}, false},
	} {
		s := c.before
		if got := s.Apply(12, c.e); got != c.effect {
			t.Errorf("%s: takes effect %v", c.why, got)
		}
		want := c.before
		if c.effect {
			want = State{Index: 12, Entry: c.e}
		}
		if s != want {
			t.Errorf("%s: the lease is %+v, want %+v", c.why, s, want)
		}
	}
}

func TestWritesAreFencedByTheirEpoch(t *testing.T) {
	s := State{Index: 10, Entry: Entry{Holder: 1, Epoch: 3, Duration: 5}}
	for epoch := range uint64(6) {
		if got := s.Admits(epoch); got != (epoch == 3) {
			t.Errorf("a write of epoch %d in epoch 3: admitted %v", epoch, got)
		}
	}
	none := State{}
	if !none.Admits(0) || none.Admits(1) {
		t.Error("before the first lease only writes of no epoch take effect")
	}
}

func TestEncoding(t *testing.T) {
	e := Entry{Holder: 3, Epoch: 1 << 40, Duration: 2e9, Replaces: 300, Ticket: 1<<64 - 1}
	b := e.Append(nil)
	if got, err := Decode(b); err != nil || got != e {
		t.Errorf("%+v, %v; want %+v", got, err, e)
	}
	for n := range b {
		if got, err := Decode(b[:n]); err == nil {
			t.Errorf("%d of %d bytes gave %+v", n, len(b), got)
		}
	}
	for _, bad := range [][]byte{append(b, 0), Entry{Epoch: 1, Duration: 1}.Append(nil), Entry{Holder: 1, Duration: 1}.Append(nil), Entry{Holder: 1, Epoch: 1}.Append(nil)} {
		if got, err := Decode(bad); err == nil {
			t.Errorf("%v gave %+v", bad, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Entry{Holder: 1, Epoch: 2, Duration: 3, Replaces: 4, Ticket: 5}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Decode(b)
		if err != nil {
			return
		}
		if again, err := Decode(e.Append(nil)); err != nil || again != e {
			t.Fatalf("%+v became %+v, %v", e, again, err)
		}
	})
}

func TestValidate(t *testing.T) {
	good := Config{Self: 1, Duration: 100, RenewEvery: 50}
	if err := good.Validate(); err != nil {
		t.Errorf("a valid configuration: %v", err)
	}
	for _, c := range []Config{
		{Duration: 100, RenewEvery: 51}, {Duration: 100}, {Duration: 0, RenewEvery: 1},
		{Duration: 100, RenewEvery: 10, ClockError: -1}, {Duration: 100, RenewEvery: 10, ClockError: 0.6},
	} {
		if c.Validate() == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

const (
	lasts = raft.Duration(1000) // D
	every = raft.Duration(200)
)

func keeper(self raft.NodeID, s State, now raft.Time) *Keeper {
	return New(Config{Self: self, Duration: lasts, RenewEvery: every, ClockError: 0.1, FirstTicket: 1000 * uint64(self)}, s, now)
}

// ask demands that the keeper proposes at now.
func ask(t *testing.T, k *Keeper, now raft.Time) Entry {
	t.Helper()
	e, ok := k.Tick(now, false)
	if !ok {
		t.Fatalf("nothing is proposed at %d; the deadline is %d", now, k.Deadline(false))
	}
	return e
}

func silent(t *testing.T, k *Keeper, now raft.Time) {
	t.Helper()
	if e, ok := k.Tick(now, false); ok {
		t.Fatalf("%+v is proposed at %d", e, now)
	}
}

func holds(t *testing.T, k *Keeper, now raft.Time, want bool) {
	t.Helper()
	if got := k.Holds(now); got != want {
		t.Fatalf("at %d: holds the lease %v, which ends at %d", now, got, k.Until())
	}
}

// effect applies e as the entry at index.
func effect(k *Keeper, now raft.Time, index raft.Index, e Entry) State {
	s := State{Index: index, Entry: e}
	k.TookEffect(now, s)
	return s
}

func TestTheHolderCountsFromWhenItAsked(t *testing.T) {
	k := keeper(1, State{}, 0)
	e := ask(t, k, 50)
	if want := (Entry{Holder: 1, Epoch: 1, Duration: lasts, Ticket: 1000}); e != want {
		t.Fatalf("%+v, want %+v", e, want)
	}
	holds(t, k, 60, false) // proposed is not applied: another's entry may come first
	effect(k, 100, 7, e)
	holds(t, k, 100, true)
	holds(t, k, 50+899, true)
	holds(t, k, 50+900, false) // D(1−ε) = 900
}

func TestARenewalKeepsTheEpochAndExtends(t *testing.T) {
	k := keeper(1, State{}, 0)
	effect(k, 10, 7, ask(t, k, 0))
	silent(t, k, every-1)
	e := ask(t, k, every)
	if want := (Entry{Holder: 1, Epoch: 1, Duration: lasts, Replaces: 7, Ticket: 1001}); e != want {
		t.Fatalf("%+v, want %+v", e, want)
	}
	if k.Until() != 900 {
		t.Errorf("asking alone extended the lease to %d", k.Until())
	}
	effect(k, 300, 9, e)
	if k.Until() != every+900 {
		t.Errorf("the lease ends at %d, want %d", k.Until(), every+900)
	}
}

// Each attempt is known by its ticket: if the first was lost and the second took effect, the lease counts
// from the second; if it was only late, from the first.
func TestTheAttemptThatTookEffectCounts(t *testing.T) {
	for attempt, until := range map[int]raft.Time{0: 900, 1: 1100, 2: 1300} {
		k := keeper(1, State{}, 0)
		attempts := []Entry{ask(t, k, 0), ask(t, k, 200), ask(t, k, 400)}
		effect(k, 500, 7, attempts[attempt])
		if k.Until() != until {
			t.Errorf("attempt %d: the lease ends at %d, want %d", attempt, k.Until(), until)
		}
	}
}

func TestALeaseThatRanOutIsNotRenewed(t *testing.T) {
	k := keeper(1, State{}, 0)
	effect(k, 10, 7, ask(t, k, 0))
	e := ask(t, k, 900)
	if e.Epoch != 2 || e.Replaces != 7 || e.Holder != 1 {
		t.Fatalf("%+v, want epoch 2 in the place of entry 7", e)
	}
	holds(t, k, 900, false)
	effect(k, 950, 9, e)
	holds(t, k, 950, true)
}

// A renewal that was asked for in time may be applied late: between the two nobody else could take over,
// because nothing else replaced the entry.
func TestALateRenewalStillCounts(t *testing.T) {
	k := keeper(1, State{}, 0)
	effect(k, 10, 7, ask(t, k, 0))
	e := ask(t, k, 800)
	holds(t, k, 1000, false)
	effect(k, 1000, 9, e)
	holds(t, k, 1000, true)
	holds(t, k, 800+900, false)
}

// The holder's time of asking died with it. It must not serve on the strength of an entry that it finds
// in its log, however young that looks: it does not know.
func TestAfterARestartTheHolderBeginsAnew(t *testing.T) {
	old := State{Index: 7, Entry: Entry{Holder: 1, Epoch: 4, Duration: lasts, Ticket: 1000000}}
	for name, k := range map[string]*Keeper{"known from a snapshot": keeper(1, old, 0), "applied again": keeper(1, State{}, 0)} {
		t.Run(name, func(t *testing.T) {
			k.TookEffect(5, old)
			holds(t, k, 5, false)
			e := ask(t, k, 6)
			if e.Epoch != 5 || e.Replaces != 7 {
				t.Fatalf("%+v, want epoch 5 in the place of entry 7", e)
			}
			// What the earlier life still had under way takes effect first: nobody's time again.
			effect(k, 8, 8, Entry{Holder: 1, Epoch: 5, Duration: lasts, Replaces: 7, Ticket: 1000001})
			holds(t, k, 8, false)
			effect(k, 300, 9, ask(t, k, 6+every))
			holds(t, k, 300, true)
		})
	}
}

func TestATakeoverWaitsOutTheLease(t *testing.T) {
	k := keeper(2, State{}, 0)
	s := effect(k, 100, 7, Entry{Holder: 1, Epoch: 4, Duration: lasts})
	silent(t, k, 100+1099)
	e := ask(t, k, 100+1100) // D(1+ε) after it was applied here
	if want := (Entry{Holder: 2, Epoch: 5, Duration: lasts, Replaces: 7, Ticket: 2000}); e != want {
		t.Fatalf("%+v, want %+v", e, want)
	}
	silent(t, k, 1200+every-1)
	if again := ask(t, k, 1200+every); again.Replaces != 7 || again.Ticket != 2001 {
		t.Errorf("asked again: %+v", again)
	}
	// The holder's renewal was only slow: the wait begins anew, and the proposals are worth nothing.
	renewed := s.Entry
	renewed.Replaces = 7
	effect(k, 1500, 8, renewed)
	silent(t, k, 1500+1099)
	if e := ask(t, k, 1500+1100); e.Replaces != 8 || e.Epoch != 5 {
		t.Errorf("%+v, want epoch 5 in the place of entry 8", e)
	}
}

// The lease that counts is the one in the log, not the one that this node would ask for.
func TestTheWaitIsThatOfTheHoldersLease(t *testing.T) {
	k := keeper(2, State{}, 0)
	effect(k, 0, 7, Entry{Holder: 1, Epoch: 1, Duration: 10 * lasts})
	silent(t, k, 10999)
	ask(t, k, 11000)
}

// A node does not know how old the lease is that it finds at its start or gets in a snapshot.
func TestTheWaitCountsFromThisLife(t *testing.T) {
	s := State{Index: 7, Entry: Entry{Holder: 1, Epoch: 4, Duration: lasts}}
	k := keeper(2, s, 500)
	silent(t, k, 500+1099)
	ask(t, k, 500+1100)

	k = keeper(2, State{}, 0)
	k.TookEffect(700, s) // installed
	silent(t, k, 700+1099)
	ask(t, k, 700+1100)
}

func TestTheSameEntryAgainIsNoNews(t *testing.T) {
	k := keeper(1, State{}, 0)
	e := ask(t, k, 0)
	s := effect(k, 10, 7, e)
	k.TookEffect(20, s) // a snapshot with nothing newer
	holds(t, k, 20, true)
}

func TestTheFirstLeaseIsForOthersThanTheRaftLeader(t *testing.T) {
	k := keeper(1, State{}, 0)
	if e, ok := k.Tick(1099, true); ok {
		t.Fatalf("the Raft leader asks at once: %+v", e)
	}
	if _, ok := k.Tick(1100, true); !ok {
		t.Error("the Raft leader never asks")
	}
	// Once somebody has held it, it is anybody's.
	k = keeper(1, State{Index: 7, Entry: Entry{Holder: 2, Epoch: 1, Duration: lasts}}, 0)
	if _, ok := k.Tick(1100, true); !ok {
		t.Error("the Raft leader does not take over")
	}
}

func TestTheFirstLeaseIsForTheHome(t *testing.T) {
	for self, at := range map[raft.NodeID]raft.Time{1: 1100, 2: 0} {
		for _, leads := range []bool{false, true} {
			k := New(Config{Self: self, Home: 2, Duration: lasts, RenewEvery: every, ClockError: 0.1}, State{}, 0)
			if at > 0 {
				silent(t, k, at-1)
			}
			if _, due := k.Tick(at, leads); !due {
				t.Errorf("n%d does not ask at %d", self, at)
			}
		}
	}
}

func TestForgottenProposalsCountForNothing(t *testing.T) {
	k := keeper(1, State{}, 0)
	first := ask(t, k, 0)
	for i := range maxProposals {
		ask(t, k, every*raft.Duration(i+1))
	}
	effect(k, 4000, 7, first)
	holds(t, k, 4000, false)
}

// A clock that seems to go back, because a reading was taken before another input's, does not give a
// lease back that has run out.
func TestTimeDoesNotGoBack(t *testing.T) {
	k := keeper(1, State{}, 0)
	effect(k, 10, 7, ask(t, k, 0))
	holds(t, k, 900, false)
	holds(t, k, 500, false)
}

func TestDefectNoWait(t *testing.T) {
	k := New(Config{Self: 2, Duration: lasts, RenewEvery: every, Defects: Defects{NoWait: true}}, State{}, 0)
	effect(k, 0, 7, Entry{Holder: 1, Epoch: 1, Duration: lasts})
	silent(t, k, 2*every-1)
	if e := ask(t, k, 2*every); e.Epoch != 2 {
		t.Errorf("%+v, want a takeover", e)
	}
}

// The defect is about a lease that another holds: for the first of all the home goes first with it too.
func TestDefectNoWaitLeavesTheFirstLeaseToTheHome(t *testing.T) {
	k := New(Config{Self: 1, Home: 2, Duration: lasts, RenewEvery: every, Defects: Defects{NoWait: true}}, State{}, 0)
	silent(t, k, lasts-1)
	if _, due := k.Tick(lasts, false); !due {
		t.Errorf("n1 does not ask at %d", lasts)
	}
}

// A holder that can send and not receive gets one entry into the log, by which its lease in the eyes of
// the others grows once, and no more: then another one takes over.
func TestAHolderThatHearsNothingLosesTheRegion(t *testing.T) {
	var log State
	deaf, other := keeper(1, State{}, 0), keeper(2, State{}, 0)
	log.Apply(1, ask(t, deaf, 0))
	deaf.TookEffect(0, log)
	other.TookEffect(0, log)
	index, took := raft.Index(1), raft.Time(0)
	for now := raft.Time(1); log.Holder == 1 && now < 10*lasts; now++ {
		for _, k := range []*Keeper{deaf, other} {
			e, ok := k.Tick(now, false)
			if index++; ok && log.Apply(index, e) {
				other.TookEffect(now, log)
				took = now
			}
		}
	}
	if log.Holder != 2 || took > every+1100 {
		t.Errorf("the lease is %+v since %d; it should have moved by %d", log, took, every+1100)
	}
}
