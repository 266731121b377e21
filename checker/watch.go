package checker

import (
	"context"

	"schism/history"
)

// Watcher is a checker that can watch a history while it grows, at a cost per event that does not grow with
// it.
type Watcher interface {
	Checker
	// Watch begins with an empty history. It is nil for a kind of object that cannot be watched.
	Watch() Watch
}

// Watch is a history that is being watched.
type Watch interface {
	// Add takes the next event, of clients and of others. Of a key that it has called anything but Fine it
	// says nothing more.
	Add(e *history.Event) Sight
	// CheckPart judges keys that are not Unwatched by some of their operations: all those that were called in
	// the last part of what was added. What it finds is there in the whole history; what it does not find may be.
	CheckPart(ctx context.Context, h *history.History) Check
}

// PartialWatch is a watch that does not find all by events: parts of the history have to be judged while it grows, and
// beginnings all the same.
type PartialWatch interface {
	Watch
	InParts() // does nothing: that it is there tells such a watch from one that finds all
}

// Sight is what an event means for its key.
type Sight uint8

const (
	Fine      Sight = iota // what was promised can still be true
	Broken                 // what was promised cannot be true any more, whatever follows
	Unwatched              // the key has to be judged by other means
)
