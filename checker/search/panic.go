package search

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// Panicked is a panic of another goroutine, with the stack that it had there. Whoever waits for that goroutine
// panics with it in its place, so that one who asked can recover.
type Panicked struct {
	Value any
	stack string
}

func (p *Panicked) Error() string { return fmt.Sprint(p.Value) }

// Stack is where it happened.
func (p *Panicked) Stack() string { return p.stack }

// caught keeps the first of the panics of some goroutines.
type caught struct{ first atomic.Pointer[Panicked] }

// keep takes what recover gave, and says whether that was a panic.
func (c *caught) keep(value any) bool {
	if value == nil {
		return false
	}
	p, already := value.(*Panicked)
	if !already {
		p = &Panicked{Value: value, stack: string(debug.Stack())}
	}
	c.first.CompareAndSwap(nil, p)
	return true
}

// again panics with what was kept.
func (c *caught) again() {
	if p := c.first.Load(); p != nil {
		panic(p)
	}
}
