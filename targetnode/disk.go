package targetnode

import (
	"context"
	"sync"
	"time"

	"schism/targetnode/failpoint"
	"schism/targetnode/raft"
	"schism/targetnode/storage"
)

// disk writes in a goroutine of its own, so that the protocol goes on while a sync is under way:
// whatever is handed in meanwhile shares the next one (group commit).
type disk struct {
	log  *storage.Log
	send func([]raft.Message)
	done chan durable
	// late switches on the defect ack-before-fsync: entries count as durable while they are in this
	// process's memory, and are written only once in this time. Votes stay honest. 0: off.
	late    time.Duration
	points  *failpoint.Set
	metrics *metrics

	ready    chan struct{} // has a token when jobs wait
	appended raft.Index    // the last entry written, synced or not; the disk's own
	dirty    bool          // something was written and not synced; the disk's own

	mu       sync.Mutex
	jobs     []job
	synced   raft.Index // the last entry that is durable
	unsynced raft.Index // the first one that is not, and was handed in; 0: none
}

// lateSync is longer than it takes from a node's start to the kill that shows the defect, on a slow machine too.
const lateSync = time.Minute

// job is what one round of the protocol wants durable, and what may be sent only then.
type job struct {
	snapshot  *raft.Snapshot // the log begins behind it; nil: where it did
	installed bool           // it came from the leader, and is not on disk yet
	reset     bool           // nothing is left of the log behind it
	hardState *raft.HardState
	entries   []raft.Entry
	then      []raft.Message
	follower  bool // it is another node's entries that are stored
}

// durable reports jobs that are done, oldest first.
type durable struct {
	jobs  int
	marks []mark
	err   error // final: the disk does nothing any more
}

// mark is one report to the core: the entries up to last are durable, the one at last being of term.
type mark struct {
	term raft.Term
	last raft.Index
}

func newDisk(log *storage.Log, send func([]raft.Message), late time.Duration) *disk {
	return &disk{log: log, send: send, late: late, done: make(chan durable, 1), ready: make(chan struct{}, 1)}
}

// submit hands in a job and returns at once.
func (d *disk) submit(j job) {
	d.mu.Lock()
	d.jobs = append(d.jobs, j)
	d.handedIn(j)
	d.mu.Unlock()
	select {
	case d.ready <- struct{}{}:
	default:
	}
}

// handedIn notes that entries from the first of j's on are not durable as they should be now.
func (d *disk) handedIn(j job) {
	if len(j.entries) > 0 && (d.unsynced == 0 || j.entries[0].Index < d.unsynced) {
		d.unsynced = j.entries[0].Index
	}
}

// holds says whether the log's entry at i is fsynced.
func (d *disk) holds(i raft.Index) bool { return i <= d.durable() }

// durable is up to where the log is fsynced as it should be now.
func (d *disk) durable() raft.Index {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unsynced > 0 {
		return min(d.synced, d.unsynced-1)
	}
	return d.synced
}

func (d *disk) take() []job {
	d.mu.Lock()
	defer d.mu.Unlock()
	jobs := d.jobs
	d.jobs = nil
	return jobs
}

// run works until ctx ends or a write fails.
func (d *disk) run(ctx context.Context) {
	var tick <-chan time.Time
	if d.late > 0 {
		ticker := time.NewTicker(d.late)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		var report durable
		select {
		case <-ctx.Done():
			return
		case <-tick:
			report.err = d.sync(nil, false)
		case <-d.ready:
			report = d.carryOut(d.take())
		}
		select {
		case d.done <- report:
		case <-ctx.Done():
			return
		}
		if report.err != nil {
			return
		}
	}
}

func (d *disk) carryOut(jobs []job) durable {
	report := durable{jobs: len(jobs)}
	sync := d.late == 0
	var entries []raft.Entry // of all jobs: nobody but a failpoint wants them
	follower := false
	for _, j := range jobs {
		if report.err = d.compact(j); report.err != nil {
			return report
		}
		sync = sync || j.snapshot != nil
		if d.points.Any() {
			entries = append(entries, j.entries...)
		}
		follower = j.follower
		d.dirty = d.dirty || j.hardState != nil || len(j.entries) > 0
		d.log.Append(j.hardState, j.entries)
		if j.hardState != nil {
			report.marks = append(report.marks, mark{term: j.hardState.Term})
			sync = true
		}
		if n := len(j.entries); n > 0 {
			d.appended = j.entries[n-1].Index
			report.marks = append(report.marks, mark{j.entries[n-1].Term, d.appended})
		}
	}
	if sync {
		if report.err = d.sync(entries, follower); report.err != nil {
			return report
		}
	}
	for _, j := range jobs {
		d.send(j.then)
	}
	return report
}

// sync makes durable what was appended: these entries, for failpoints, and perhaps others before them.
func (d *disk) sync(entries []raft.Entry, follower bool) error {
	if err := d.points.Pass(failpoint.AppendBeforeFsync, d.about(entries)); err != nil {
		return err
	}
	if err := d.log.Sync(); err != nil {
		return err
	}
	if d.dirty && d.metrics != nil {
		d.metrics.fsyncs.Inc()
	}
	d.dirty = false
	d.mu.Lock()
	d.synced, d.unsynced = d.appended, 0
	for _, j := range d.jobs {
		d.handedIn(j)
	}
	d.mu.Unlock()
	if err := d.points.Pass(failpoint.AppendAfterFsync, d.about(entries)); err != nil || !follower {
		return err
	}
	return d.points.Pass(failpoint.FollowerAfterFsync, d.about(entries))
}

// compact makes a snapshot durable that is not yet, and then tells the log of it.
func (d *disk) compact(j job) error {
	if j.snapshot == nil {
		return nil
	}
	if j.installed {
		if err := d.log.SaveSnapshot(*j.snapshot); err != nil {
			return err
		}
		d.appended = max(d.appended, j.snapshot.Index)
	}
	if j.reset {
		d.appended = j.snapshot.Index
	}
	d.log.Compact(*j.snapshot, j.reset)
	return nil
}
