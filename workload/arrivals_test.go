package workload

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

// open runs an open loop at 100/s for ten seconds; each operation takes what took says.
func openLoop(t *testing.T, clients int, took func(at time.Duration) time.Duration) Lateness {
	t.Helper()
	began := time.Now()
	r := &Runner{
		Nodes: []string{"n1", "n2"}, Clients: clients, Timeout: time.Second, Loop: Open, Rate: 100,
		Generator: NewRegister(someKeys), Recorder: &counter{},
		Dial: func(string) Client {
			return clientFunc(func(context.Context, Op) Answer {
				time.Sleep(took(time.Since(began)))
				return Answer{Kind: history.OK}
			})
		},
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second-time.Millisecond)
	defer cancel()
	if err := r.Run(ctx); err != nil {
		t.Fatal(err)
	}
	l, ok := r.Lateness()
	if !ok {
		t.Fatal("an open loop tells no lateness")
	}
	return l
}

func TestAnOpenLoopKeepsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLoop(t, 10, func(time.Duration) time.Duration { return 50 * time.Millisecond })
		if l.Begun != 1000 || l.Missed != 0 || l.Most != 0 {
			t.Errorf("%+v", l)
		}
	})
}

// A closed loop would ask less while the system stands still, and never ask what it left out.
func TestAnOpenLoopCatchesUpAndTellsHowLateItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLoop(t, 4, func(at time.Duration) time.Duration {
			if at > 2*time.Second && at < 3*time.Second {
				return 3*time.Second - at
			}
			return time.Millisecond
		})
		if l.Begun != 1000 || l.Missed != 0 || l.Median != 0 || l.Most < 900*time.Millisecond || l.Most > time.Second {
			t.Errorf("%+v", l)
		}
	})
}

func TestAnOpenLoopBoundsWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLoop(t, 4, func(time.Duration) time.Duration { return 100 * time.Millisecond })
		if l.Begun != 400 || l.Missed != 600 || l.Most < 5*time.Second {
			t.Errorf("four clients that need 100 ms each: %+v", l)
		}
	})
}

func TestAnOpenLoopNeedsARate(t *testing.T) {
	if err := (&Runner{Loop: Open}).Run(t.Context()); err == nil {
		t.Error("an open loop without a rate ran")
	}
}
