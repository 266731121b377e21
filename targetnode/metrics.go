package targetnode

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"schism/targetnode/raft"
)

// metrics are what a node counts of itself, in a registry of its own: several nodes may share a process.
type metrics struct {
	registry  *prometheus.Registry
	commits   prometheus.Counter
	applies   prometheus.Counter
	fsyncs    prometheus.Counter
	campaigns prometheus.Counter
	wins      prometheus.Counter
	requests  *prometheus.HistogramVec
}

func newMetrics(n *node) *metrics {
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		commits:   counter("commits_total", "Entries that became committed, as this node learned."),
		applies:   counter("applies_total", "Entries applied to the state."),
		fsyncs:    counter("fsyncs_total", "Syncs of the log's file that had something to make durable."),
		campaigns: counter("elections_started_total", "Times that this node began to campaign."),
		wins:      counter("elections_won_total", "Times that this node became leader."),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "schism", Subsystem: "node", Name: "request_seconds",
			Help:    "Time from a client's whole request to its answer, by operation and outcome.",
			Buckets: prometheus.ExponentialBuckets(50e-6, 2, 17), // 50 µs to 3.3 s
		}, []string{"op", "outcome"}),
	}
	m.registry.MustRegister(m.commits, m.applies, m.fsyncs, m.campaigns, m.wins, m.requests,
		gauge("term", "Current term.", nil, func() float64 { return float64(n.status().Term) }),
		gauge("commit_index", "Index of the last entry known to be committed.", nil, func() float64 { return float64(n.status().Commit) }),
		gauge("applied_index", "Index of the last entry applied.", nil, func() float64 { return float64(n.store.Applied()) }),
	)
	for _, role := range []raft.Role{raft.Follower, raft.PreCandidate, raft.Candidate, raft.Leader} {
		m.registry.MustRegister(gauge("role", "1 for the role that the node has.", prometheus.Labels{"role": role.String()}, func() float64 {
			if n.status().Role == role {
				return 1
			}
			return 0
		}))
	}
	return m
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "schism", Subsystem: "node", Name: name, Help: help})
}

func gauge(name, help string, labels prometheus.Labels, value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "schism", Subsystem: "node", Name: name, Help: help, ConstLabels: labels}, value)
}

// noteChange counts what became of the node since its last status.
func (m *metrics) noteChange(before, now raft.Status) {
	if now.Commit > before.Commit { // a defect may take it back
		m.commits.Add(float64(now.Commit - before.Commit))
	}
	if now.Role == before.Role {
		return
	}
	switch now.Role {
	case raft.Leader:
		m.wins.Inc()
	case raft.PreCandidate:
		m.campaigns.Inc()
	case raft.Candidate:
		if before.Role != raft.PreCandidate {
			m.campaigns.Inc()
		}
	}
}

// status is the newest one that the loop has published.
func (n *node) status() raft.Status {
	s, _ := n.view.get()
	return s
}

// Metrics serves what the node counts, in the form of Prometheus.
func (n *node) Metrics() http.Handler {
	return promhttp.HandlerFor(n.metrics.registry, promhttp.HandlerOpts{})
}

// Observe notes how long a client's operation took.
func (n *node) Observe(op, outcome string, took time.Duration) {
	n.metrics.requests.WithLabelValues(op, outcome).Observe(took.Seconds())
}
