package objects

import (
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
)

// The order is that of the events; clocks may contradict it, and no span that is less than nothing is told.
func TestClocksContradictTheOrder(t *testing.T) {
	for _, c := range []struct {
		check                    checker.Checker
		does, asks, answer, want string
	}{
		{Set(checker.Limits{}), "add x 1", "read x", "[]", "Lost write: client 3's add of 1 to x was acknowledged by n4 at 6.000 s, but later client 7 read x = {} at n1 at 1.000 s, and no later read showed it."},
		{Counter(checker.Limits{}), "add x 1", "read x", "0", "Stale read: client 7 read x = 0 at n1 at 1.000 s, although 1 add had been acknowledged: client 3's add of 1 to x had been acknowledged by n4 earlier."},
		{Queue(checker.Limits{}), "enqueue x 1", "dequeue x", "null", "Lost write: client 3's enqueue of 1 on x was acknowledged by n4 at 6.000 s, but later client 7 found x empty at n1 at 1.000 s, and nobody ever dequeued it."},
		{SetFull{}, "add x 1", "read x", "[]", "Lost write: client 3's add of 1 to x was acknowledged by n4 at 6.000 s, but later client 7 read x = {} at n1 at 1.000 s, and no read that was called after that showed it."},
	} {
		h := checkertest.Script(t, "5.000 c3 n4 "+c.does+"\n6.000 c3 ok\n1.000 c7 n1 "+c.asks+"\n2.000 c7 ok "+c.answer)
		got := c.check.Check(t.Context(), h).Anomalies
		if len(got) != 1 || got[0].Message != c.want {
			t.Errorf("%s:\ngot  %+v\nwant %s", c.does, got, c.want)
		}
	}
}
