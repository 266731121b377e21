//go:build linux

package docker

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"schism/cluster"
)

// impatient gives up a start of a container that it waits for: the engine has carried it out, and nobody who
// honours the context hears of that.
type impatient struct {
	http.RoundTripper
	mu     sync.Mutex
	left   int // starts until then
	giveUp context.CancelFunc
}

func (i *impatient) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/start") {
		return i.RoundTripper.RoundTrip(r)
	}
	answer, err := i.RoundTripper.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.left--; i.left == 0 {
		i.giveUp()
	}
	if over := r.Context().Err(); over != nil && err == nil {
		answer.Body.Close()
		return nil, over
	}
	return answer, err
}

// after gives up with the start of so many containers from now on.
func (i *impatient) after(starts int, giveUp context.CancelFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.left, i.giveUp = starts, giveUp
}

func makeImpatient(t *testing.T, r *Runtime) *impatient {
	t.Helper()
	i := &impatient{RoundTripper: r.engine.HTTPClient().Transport}
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation(), client.WithHTTPClient(&http.Client{Transport: i}))
	if err != nil {
		t.Fatal(err)
	}
	r.engine = engine
	return i
}

// A start of a node whose caller goes away half-way is a start or none: what the engine says of the node, and what
// a kill and another start do, agree with it.
func TestAStartThatIsGivenUpIsNotHalfOne(t *testing.T) {
	r := newIsolatedRuntime(t)
	i := makeImpatient(t, r)
	spec, incidents := testSpec(t, 1)
	c := startCluster(t, r, spec)
	is := func(want cluster.State) {
		t.Helper()
		if got, err := c.State(t.Context(), "n1"); err != nil || got != want {
			t.Fatalf("the node is %s, %v; want %s", got, err, want)
		}
	}
	kill := func() {
		t.Helper()
		if err := c.KillNode(t.Context(), "n1"); err != nil {
			t.Fatal(err)
		}
		is(cluster.Stopped)
	}
	kill()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	i.after(1, cancel)
	want := cluster.Running
	if err := c.StartNode(ctx, "n1"); err != nil {
		want = cluster.Stopped
	}
	if ctx.Err() == nil {
		t.Fatal("nobody gave the start up")
	}
	is(want)
	kill()
	if err := c.StartNode(ctx, "n1"); err == nil {
		t.Error("a node was started for a caller that was gone before")
	}
	is(cluster.Stopped)
	if err := c.StartNode(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	is(cluster.Running)
	kill()
	if len(incidents) > 0 {
		t.Errorf("incident: %+v", <-incidents)
	}
}

// A start that fails at the engine although the container runs leaves it stopped.
func TestAStartThatFailsLeavesNothingRunning(t *testing.T) {
	r := newIsolatedRuntime(t)
	spec, _ := testSpec(t, 1)
	c := startCluster(t, r, spec)
	if err := c.nodes[0].unstart(t.Context()); err != nil { // it runs
		t.Fatal(err)
	}
	if got, err := c.State(t.Context(), "n1"); err != nil || got != cluster.Stopped {
		t.Errorf("the node is %s, %v", got, err)
	}
	if err := c.nodes[0].unstart(t.Context()); err != nil { // it does not
		t.Error(err)
	}
}

// A run that is given up while a holder starts, or a node between its creation and its start, leaves nothing behind.
func TestARunThatIsGivenUpHalfWayLeavesNothing(t *testing.T) {
	for name, starts := range map[string]int{"at the first holder": 1, "at the last holder": 2, "at the first node": 3, "at the last node": 4} {
		t.Run(name, func(t *testing.T) {
			r := newIsolatedRuntime(t)
			i := makeImpatient(t, r)
			spec, _ := testSpec(t, 2)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			i.after(starts, cancel)
			if c, err := r.Start(ctx, spec); err == nil {
				closeCluster(t, c)
				t.Fatal("it was given up, and started")
			} else if strings.Contains(err.Error(), "schism clean") {
				t.Error(err)
			}
			bounded, done := context.WithTimeout(t.Context(), time.Minute)
			defer done()
			stages, err := r.things(bounded)
			if err != nil {
				t.Fatal(err)
			}
			for _, stage := range stages {
				for _, thing := range stage {
					if thing.labels[labelRun] == spec.Run {
						t.Errorf("%s is left", thing.what)
					}
				}
			}
		})
	}
}
