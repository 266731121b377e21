package sim

// instant is virtual time, the only true one: the nodes' clocks are derived from it.
type instant int64

type eventKind uint8

const (
	evMessage eventKind = iota
	evTick
	evSynced
	evRestart
	evResume
	evPropose
	evRead
	evFault
	evAdmin
)

// event is something that will happen to a node, or (node -1) to the whole cluster.
type event struct {
	at   instant
	seq  uint64 // breaks ties in the order of creation, so that a seed always replays the same
	kind eventKind
	node int
	life int // of the node: a crash makes what was due in its earlier life void
	slot int // evMessage: where the message is kept
}

func (e event) before(o event) bool {
	return e.at < o.at || e.at == o.at && e.seq < o.seq
}

// eventQueue is a binary heap, earliest event first.
type eventQueue struct {
	heap []event
	seq  uint64
}

func (q *eventQueue) push(e event) {
	q.seq++
	e.seq = q.seq
	q.heap = append(q.heap, e)
	for i := len(q.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.heap[i].before(q.heap[parent]) {
			break
		}
		q.heap[i], q.heap[parent] = q.heap[parent], q.heap[i]
		i = parent
	}
}

func (q *eventQueue) pop() event {
	first := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap = q.heap[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if q.heap[child].before(q.heap[least]) {
				least = child
			}
		}
		if least == i {
			return first
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
}
