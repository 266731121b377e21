package search

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A panic in a goroutine that nobody could recover it in would end the process: it comes out where it was
// waited for, with its own stack.
func TestAPanicElsewhereComesOutHere(t *testing.T) {
	broken := porcupine.Model{
		Init: func() any { return 0 },
		Step: func(any, any, any) (bool, any) { return outOfCheese(), 0 },
	}
	ops := []porcupine.Operation{{Call: 0, Return: 1}, {Call: 2, Return: 3}}
	for name, do := range map[string]func(){
		"a model":      func() { Unguarded().Ask(context.Background(), broken, ops, time.Second) },
		"one of a few": func() { Each(&Pool{}, []int{1, 2, 3, 4}, func(n int) { _ = n == 3 && outOfCheese() }) },
		"a model in a pool": func() {
			p := &Pool{Guard: Unguarded()}
			p.Decide(context.Background(), []*Problem{{Size: 2, Model: broken, Beginning: func(int) []porcupine.Operation { return ops }}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				p, ok := recover().(*Panicked)
				if !ok || p.Error() != "out of cheese" || !strings.Contains(p.Stack(), "outOfCheese") {
					t.Errorf("recovered %+v, want a panic of outOfCheese with its stack", p)
				}
			}()
			do()
		})
	}
	g := Unguarded()
	if _, ok, _ := g.Ask(context.Background(), broken, nil, time.Second); !ok || len(g.running) != 0 {
		t.Errorf("%d searches are left over", len(g.running))
	}
}

func outOfCheese() bool { panic("out of cheese") }
