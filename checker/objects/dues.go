package objects

// due is an operation that returns at some event.
type due struct {
	ret int64
	op  int32
}

// dues is a heap: what returns first stands at 0.
type dues []due

func (h *dues) push(d due) {
	all := append(*h, d)
	at := len(all) - 1
	for at > 0 && d.ret < all[(at-1)/2].ret {
		all[at] = all[(at-1)/2]
		at = (at - 1) / 2
	}
	all[at] = d
	*h = all
}

func (h *dues) pop() due {
	all := *h
	top, last := all[0], all[len(all)-1]
	all = all[:len(all)-1]
	*h = all
	at := 0
	for {
		child := 2*at + 1
		if child+1 < len(all) && all[child+1].ret < all[child].ret {
			child++
		}
		if child >= len(all) || all[child].ret >= last.ret {
			break
		}
		all[at] = all[child]
		at = child
	}
	if len(all) > 0 {
		all[at] = last
	}
	return top
}
