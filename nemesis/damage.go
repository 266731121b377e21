package nemesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"schism/history"
)

// Record is one that stands whole in a node's log.
type Record struct {
	File   string // its name in the data directory
	Offset int64  // where the record begins
	Byte   int64  // one of its content: whoever changes it damages the record and nothing else
}

// Disks are those of the nodes. Everything but Outcome refuses a node that is not stopped.
type Disks interface {
	// LastRecord is the last record that the node's log holds whole, behind what every log begins with. Its
	// error says what is there instead.
	LastRecord(ctx context.Context, node string) (Record, error)
	ReadFile(ctx context.Context, node, name string) ([]byte, error)
	WriteFile(ctx context.Context, node, name string, content []byte) error
	// Outcome waits until a node that was just started either serves or has ended by itself. Said is the
	// last that it said then.
	Outcome(ctx context.Context, node string) (serves bool, said string, err error)
}

// damages are the logs that the schedule has damaged and that nobody has started from since.
type damages struct {
	mu sync.Mutex
	at map[string]*damage // by node
}

type damage struct {
	Record
	refusal string // what the node said when it did not start; "": it has not tried to
}

func (d *damages) add(node string, r Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at == nil {
		d.at = make(map[string]*damage)
	}
	d.at[node] = &damage{Record: r}
}

func (d *damages) find(node string) (damage, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if hurt := d.at[node]; hurt != nil {
		return *hurt, true
	}
	return damage{}, false
}

// refuse takes down why a node does not start.
func (d *damages) refuse(node, said string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at[node].refusal = said
}

// take forgets the damage of a node that has started from it: what happens to it from then on is a matter of
// its own.
func (d *damages) take(node string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.at, node)
}

// toldBy says whether words name the file and the place.
func (r Record) toldBy(words string) bool {
	numbers := strings.FieldsFunc(words, func(c rune) bool { return !unicode.IsDigit(c) })
	return strings.Contains(words, r.File) && slices.Contains(numbers, strconv.FormatInt(r.Offset, 10))
}

// Refuses says whether a node that ended by itself with these words did so because of what the schedule did
// to its log.
func (e *Env) Refuses(node, words string) bool {
	hurt, is := e.damaged.find(node)
	return is && hurt.toldBy(words)
}

// Refused says whether the node does not start any more, for its log is damaged.
func (e *Env) Refused(node string) bool {
	hurt, is := e.damaged.find(node)
	return is && hurt.refusal != ""
}

// meet is the start of a node whose log is damaged. To refuse it, and to say where the damage is, is no less
// than what a node should do: that is written down, and judged by what the scenario requires. Any other
// end is an error.
func (e *Env) meet(ctx context.Context, node string, hurt damage, starting error) (up bool, err error) {
	serves, said, err := e.Disks.Outcome(ctx, node)
	switch {
	case err != nil:
		return false, errors.Join(starting, err)
	case serves:
		e.damaged.take(node)
		return true, nil
	case !hurt.toldBy(said):
		return false, fmt.Errorf("it ended without a word of the damage in %s at offset %d: %s", hurt.File, hurt.Offset, said)
	}
	e.damaged.refuse(node, said)
	_, err = e.Recorder.Record(history.Event{
		Process: history.Nemesis, Kind: history.Info, F: history.Refused, Node: node,
		Value: history.Encode(history.Refusal{Node: node, File: hurt.File, Offset: hurt.Offset, Said: said}),
	})
	return false, err
}

// due are those of nodes that must run: no fault keeps them down, and no damage does.
func (e *Env) due(nodes []string) []string {
	return slices.DeleteFunc(e.down.free(nodes), e.Refused)
}

// refusals tells of those of nodes that refuse to start, behind what is said of the others.
func (e *Env) refusals(nodes []string) string {
	var b strings.Builder
	for _, node := range nodes {
		if hurt, is := e.damaged.find(node); is && hurt.refusal != "" {
			fmt.Fprintf(&b, "; %s refuses to: %s", node, hurt.refusal)
		}
	}
	return b.String()
}
