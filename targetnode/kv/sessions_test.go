package kv

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"schism/targetnode/raft"
)

func add(key, token string, client, seq uint64) Command {
	return Command{Op: "append", Key: key, Value: raw(token), Client: client, Seq: seq}
}

func openSession(t *testing.T, s *Store) uint64 {
	t.Helper()
	r := run(t, s, Command{Op: "open-session"})
	id, err := strconv.ParseUint(string(r.Value), 10, 64)
	if err != nil {
		t.Fatalf("open-session answered %+v", r)
	}
	return id
}

func wantState(t *testing.T, s *Store, key, want string) {
	t.Helper()
	if got := string(run(t, s, Command{Op: "get", Key: key}).Value); got != want {
		t.Errorf("%s is %s, want %s", key, got, want)
	}
}

func TestAppend(t *testing.T) {
	s := NewStore(Options{})
	run(t, s, Command{Op: "append", Key: "x", Value: raw("1")})
	run(t, s, Command{Op: "append", Key: "x", Value: raw(` {"a": [2]} `)})
	before := s.Snapshot()
	run(t, s, Command{Op: "append", Key: "x", Value: raw(`"3"`)})
	wantState(t, s, "x", `[1,{"a":[2]},"3"]`)
	if got := string(before.Values["x"]); got != `[1,{"a":[2]}]` {
		t.Errorf("an older snapshot has become %s", got)
	}
	run(t, s, Command{Op: "put", Key: "y", Value: raw("[ ]")})
	run(t, s, Command{Op: "append", Key: "y", Value: raw("1")})
	wantState(t, s, "y", "[1]")
	run(t, s, Command{Op: "put", Key: "z", Value: raw(`{"a":1}`)})
	if r := run(t, s, Command{Op: "append", Key: "z", Value: raw("1")}); r.Refused != NotAList || string(r.Value) != `{"a":1}` {
		t.Errorf("an append to no list: %+v", r)
	}
	run(t, s, Command{Op: "append", Key: "w", Value: raw(`"` + strings.Repeat("v", MaxValueBytes-10) + `"`)})
	if r := run(t, s, Command{Op: "append", Key: "w", Value: raw(`"too much"`)}); r.Refused != ListFull {
		t.Errorf("an append to a full list: %+v", r)
	}
}

func TestARetryHasOneEffectAndTheFirstAnswer(t *testing.T) {
	s := NewStore(Options{})
	a, b := openSession(t, s), openSession(t, s)
	if a == b {
		t.Fatalf("two sessions are both called %d", a)
	}
	first := run(t, s, add("x", "1", a, 1))
	run(t, s, add("x", "2", b, 1)) // another client's write between the two
	if again := run(t, s, add("x", "1", a, 1)); !reflect.DeepEqual(again, first) {
		t.Errorf("the retry got %+v, the first attempt %+v", again, first)
	}
	wantState(t, s, "x", "[1,2]")

	cas := Command{Op: "cas", Key: "y", From: raw("null"), To: raw("5"), Client: a, Seq: 2}
	first = run(t, s, cas)
	if again := run(t, s, cas); !reflect.DeepEqual(again, first) || again.Refused != "" {
		t.Errorf("the retried cas got %+v, the first attempt %+v", again, first)
	}
	mismatch := Command{Op: "cas", Key: "y", From: raw("null"), To: raw("6"), Client: b, Seq: 2}
	first = run(t, s, mismatch)
	run(t, s, Command{Op: "put", Key: "y", Value: raw("7")})
	if again := run(t, s, mismatch); !reflect.DeepEqual(again, first) || string(again.Value) != "5" {
		t.Errorf("the retried mismatch got %+v, the first attempt %+v", again, first)
	}
	if r := run(t, s, add("x", "1", a, 1)); r.Refused != Superseded {
		t.Errorf("a write older than the newest: %+v, want a refusal", r)
	}
	if r := run(t, s, add("x", "9", 12345, 1)); r.Refused != NoSession || r.Applied != s.Applied() {
		t.Errorf("a write in no session: %+v, want a refusal", r)
	}
	wantState(t, s, "x", "[1,2]")
}

// Without an identity every attempt is a write of its own.
func TestNoIdentityNoDedup(t *testing.T) {
	s := NewStore(Options{})
	for range 2 {
		run(t, s, Command{Op: "append", Key: "x", Value: raw("1")})
	}
	wantState(t, s, "x", "[1,1]")
}

// pass lets entries of other clients go by.
func pass(t *testing.T, s *Store, entries int) {
	t.Helper()
	for range entries {
		if _, err := s.Apply(raft.Entry{Index: s.Applied() + 1, Kind: raft.EntryNoop}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASilentSessionEndsByTheLog(t *testing.T) {
	s := NewStore(Options{})
	silent, busy := openSession(t, s), openSession(t, s)
	pass(t, s, SessionSpan-2)
	run(t, s, add("x", "1", busy, 1))
	pass(t, s, 1)
	if r := run(t, s, add("x", "2", silent, 1)); r.Refused != NoSession {
		t.Errorf("after %d silent entries: %+v, want a refusal", SessionSpan+1, r)
	}
	if r := run(t, s, add("x", "3", busy, 2)); r.Refused != "" {
		t.Errorf("a session that was not silent: %+v", r)
	}
	wantState(t, s, "x", "[1,3]")
}

func TestTheLongestSilentSessionMakesRoom(t *testing.T) {
	s := NewStore(Options{})
	first, second := openSession(t, s), openSession(t, s)
	run(t, s, add("x", "1", first, 1))
	for range MaxSessions - 1 {
		openSession(t, s)
	}
	if r := run(t, s, add("x", "2", second, 1)); r.Refused != NoSession {
		t.Errorf("the longest silent session: %+v, want a refusal", r)
	}
	if r := run(t, s, add("x", "3", first, 2)); r.Refused != "" {
		t.Errorf("a younger session: %+v", r)
	}
	if n := len(s.Snapshot().Sessions); n != MaxSessions {
		t.Errorf("%d sessions in the snapshot, want %d", n, MaxSessions)
	}
}

func TestSessionsAreInTheSnapshot(t *testing.T) {
	s := NewStore(Options{})
	a, b := openSession(t, s), openSession(t, s)
	first := run(t, s, add("x", "1", a, 4))
	want := []Session{{ID: b, Used: raft.Index(b)}, {ID: a, Used: first.Applied, Seq: 4, Answer: first}}
	snap := s.Snapshot()
	run(t, s, add("x", "2", a, 5))
	if !reflect.DeepEqual(snap.Sessions, want) {
		t.Errorf("sessions %+v, want %+v", snap.Sessions, want)
	}
}

func TestDefectNoDedup(t *testing.T) {
	s := NewStore(Options{Defects: Defects{NoDedup: true}})
	a := openSession(t, s)
	for range 2 {
		run(t, s, add("x", "1", a, 1))
	}
	wantState(t, s, "x", "[1,1]")
}

// The defect is one decision at one place of the log: what came before the restart is replayed as it
// was, and only what comes after it is carried out a second time.
func TestDefectDedupInMemory(t *testing.T) {
	for _, c := range []struct {
		recovered raft.Index
		defect    bool
		want      string
	}{
		{0, true, "[1]"}, {3, true, "[1,1]"}, {2, true, "[1]"}, {4, true, "[1]"}, {3, false, "[1]"},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			s := NewStore(Options{Defects: Defects{DedupInMemory: c.defect}, Recovered: c.recovered})
			a := openSession(t, s)                                    // entry 1
			pass(t, s, 1)                                             // 2
			run(t, s, add("x", "1", a, 1))                            // 3
			if r := run(t, s, add("x", "1", a, 1)); r.Refused != "" { // 4
				t.Errorf("the retry is refused: %+v", r)
			}
			wantState(t, s, "x", c.want)
		})
	}
}

// With the defect each node goes by its own clock: one that is fast refuses what the others carry out.
func TestDefectSessionExpiryLocalClock(t *testing.T) {
	for _, c := range []struct {
		defect  bool
		silence raft.Duration
		refused string
	}{
		{true, localSessionSpan, ""}, {true, localSessionSpan + 1, NoSession}, {false, localSessionSpan + 1, ""},
	} {
		now := raft.Time(-7)
		s := NewStore(Options{Defects: Defects{SessionExpiryLocalClock: c.defect}, Clock: func() raft.Time { return now }})
		a := openSession(t, s)
		now += localSessionSpan
		run(t, s, add("x", "1", a, 1))
		snapshot := s.Snapshot()
		if err := s.Restore(snapshot.Encode()); err != nil { // which is to hear of the session now
			t.Fatal(err)
		}
		now += c.silence
		if r := run(t, s, add("x", "2", a, 2)); r.Refused != c.refused {
			t.Errorf("%+v: %+v", c, r)
		}
	}
}
