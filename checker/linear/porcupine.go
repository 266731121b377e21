package linear

import (
	"strconv"

	"github.com/anishathalye/porcupine"
)

// model is a register for Porcupine, which decides whatever the zones cannot, gives them a second
// opinion, and has the last word on every proof. Its states are values, its inputs are *op.
func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return int32(initial) },
		Step: func(state, input, _ any) (bool, any) { return step(state.(int32), input.(*op)) },
		Hash: func(state any) uint64 { return uint64(state.(int32)) * 0x9e3779b97f4a7c15 },
	}
}

// step is the register. A cas of unknown outcome may find something else and change nothing.
func step(value int32, o *op) (bool, any) {
	switch o.kind {
	case read:
		return value == o.from, value
	case write:
		return true, o.to
	case cas:
		if value == o.from {
			return true, o.to
		}
		return o.unknown(), value
	case mismatch:
		return value == o.from && value != o.to, value
	case notFrom:
		return value != o.from, value
	}
	panic("linear: operation of kind " + strconv.Itoa(int(o.kind)))
}

func forPorcupine(ops []op) []porcupine.Operation {
	all := make([]porcupine.Operation, len(ops))
	for i := range ops {
		all[i] = porcupine.Operation{Input: &ops[i], Call: ops[i].call, Return: ops[i].ret}
	}
	return all
}
