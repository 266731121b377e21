package history

import (
	"syscall"
	"unsafe"
)

// hugePages asks for large pages under what was just allocated and not touched yet. Room for a million
// operations is 50,000 small pages, and to get them one by one takes longer than to read the operations.
// Where there are none it changes nothing.
func hugePages(ops []Operation) {
	const page = 2 << 20 // bytes
	ops = ops[:cap(ops)]
	if len(ops) == 0 {
		return
	}
	memory := unsafe.Slice((*byte)(unsafe.Pointer(&ops[0])), len(ops)*int(unsafe.Sizeof(ops[0])))
	skip := int(-uintptr(unsafe.Pointer(&ops[0])) % page) // to the first whole one
	if whole := (len(memory) - skip) / page; whole > 0 {
		_ = syscall.Madvise(memory[skip:skip+whole*page], syscall.MADV_HUGEPAGE) // it is advice
	}
}
