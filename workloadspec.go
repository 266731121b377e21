package schism

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"schism/configs/strictyaml"
	"schism/workload"
)

// WorkloadSpec is what the clients do.
type WorkloadSpec struct {
	Name     string        `yaml:"name"`
	Clients  int           `yaml:"clients"`        // dealt out to the nodes in turn
	Loop     workload.Loop `yaml:"loop,omitempty"` // closed (asks when it has its answer) or open (asks by the clock)
	Rate     workload.Rate `yaml:"rate,omitempty"` // all clients together; none: as fast as answers come
	Keys     int           `yaml:"keys"`
	Duration time.Duration `yaml:"duration"`
	Timeout  time.Duration `yaml:"timeout"` // of one operation, all its attempts together
	// Retry is what clients do about an attempt that did not succeed: none, same-identity,
	// fresh-identity.
	Retry workload.Retry `yaml:"retry,omitempty"`
	// Once is how many of the clients try once all the same, and stay at the node they were dealt to.
	Once int `yaml:"once,omitempty"`
	// Stop ends the clients before Duration is over: after-faults, as soon as the schedule is.
	Stop Stop `yaml:"stop,omitempty"`
	Mix  Mix  `yaml:"mix"` // left out: the workload's own
}

// Stop is when clients stop.
type Stop string

// StopAfterFaults is a run that lasts as long as its schedule takes, and no longer than its Duration.
const StopAfterFaults Stop = "after-faults"

// Bounds on a workload, each far above what one machine carries.
const (
	maxClients = 10_000
	maxKeys    = 1_000_000

	maxDuration = 7 * 24 * time.Hour
)

func (w *WorkloadSpec) check(d *strictyaml.Document) {
	kind, ok := findWorkload(w.Name)
	if !ok {
		d.Errorf(strictyaml.DidYouMean(w.Name, workloadNames()), []any{&w.Name, w}, "unknown workload %q", w.Name)
	}
	if loops := workload.Loops(); w.Loop != "" && !slices.Contains(loops, string(w.Loop)) {
		d.Errorf(strictyaml.DidYouMean(string(w.Loop), loops), []any{&w.Loop, w}, "unknown loop %q", w.Loop)
	}
	if w.Loop == workload.Open && w.Rate == 0 {
		d.Errorf("rate: 100/s", []any{&w.Loop, w}, "an open loop asks by the clock: it needs a rate")
	}
	if modes := workload.Retries(); w.Retry != "" && !slices.Contains(modes, string(w.Retry)) {
		d.Errorf(strictyaml.DidYouMean(string(w.Retry), modes), []any{&w.Retry, w}, "unknown way to retry %q", w.Retry)
	}
	if retries := w.Retry != "" && w.Retry != workload.RetryNone; w.Once != 0 && (w.Once < 0 || w.Once >= w.Clients || !retries) {
		d.Errorf("retry: same-identity, and fewer than the clients", []any{&w.Once, w}, "of %d clients %d try once: the others must retry", w.Clients, w.Once)
	}
	if w.Stop != "" && w.Stop != StopAfterFaults {
		d.Errorf(strictyaml.DidYouMean(string(w.Stop), []string{string(StopAfterFaults)}), []any{&w.Stop, w}, "unknown time to stop %q", w.Stop)
	}
	if w.Clients < 1 || w.Clients > maxClients {
		d.Errorf(fmt.Sprintf("1 to %d", maxClients), []any{&w.Clients, w}, "%d clients", w.Clients)
	}
	if w.Keys < 1 || w.Keys > maxKeys {
		d.Errorf(fmt.Sprintf("1 to %d", maxKeys), []any{&w.Keys, w}, "%d keys", w.Keys)
	}
	if w.Duration <= 0 {
		d.Errorf("duration: 10s", []any{&w.Duration, w}, "the run needs a duration above zero")
	}
	if w.Duration > maxDuration {
		d.Errorf(fmt.Sprintf("%v at most", maxDuration), []any{&w.Duration}, "a run of %v", w.Duration)
	}
	if w.Timeout <= 0 {
		d.Errorf("timeout: 1s", []any{&w.Timeout, w}, "an operation needs a timeout above zero")
	}
	if ok {
		w.checkMix(kind, d)
		if w.Retry == workload.RetryFresh {
			refuseFresh(kind, []any{&w.Retry, w}, d)
		}
	}
}

// refuseFresh reports clients that may do a thing twice where nobody could tell that from a fault of the system:
// a register that holds an old value again, a queue that lacks two elements for one dequeue.
func refuseFresh(kind workload.Kind, at []any, d *strictyaml.Document) {
	if kind.Twice {
		return
	}
	var others []string
	for _, k := range workload.Kinds() {
		if k.Twice {
			others = append(others, k.Name)
		}
	}
	d.Errorf("same-identity, or one of the workloads "+strings.Join(others, ", ")+", where it is found as duplicate-apply", at,
		"%s: what takes effect twice looks like a fault of the system on the workload %s", workload.RetryFresh, kind.Name)
}
