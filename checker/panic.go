package checker

import (
	"context"
	"fmt"
	"runtime/debug"

	"schism/history"
)

// panicIn is the check that panics instead of checking. It is empty, and set only at link time, by the test
// of what becomes of a panic.
var panicIn string

// Guarded is what c says of h. If it panics that is unknown, with its stack beside the message.
func Guarded(ctx context.Context, c Checker, h *history.History) (check Check) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		check = Check{Name: c.Name(), Verdict: Unknown, Stack: string(debug.Stack())}
		check.Message = fmt.Sprintf("The checker failed, which is a mistake of its own; its stack is in the log: %v.", p)
		if elsewhere, ok := p.(interface{ Stack() string }); ok {
			check.Stack = elsewhere.Stack() + "\n" + check.Stack
		}
	}()
	if c.Name() == panicIn {
		panic("as the test asks")
	}
	return c.Check(ctx, h)
}

// Stacks are those of the checks that panicked, for the log; empty if none did.
func (r *Result) Stacks() (text string) {
	for _, c := range r.Checks {
		if c.Stack != "" {
			text += fmt.Sprintf("the check %s panicked: %s\n%s\n", c.Name, c.Message, c.Stack)
		}
	}
	return text
}
