package txn

// find is one thing that is wrong, not yet in words.
type find struct {
	name  string
	key   int32
	focus int32    // the step that shows it
	other int32    // the step that it is wrong beside; none
	apart [2]int32 // the steps whose elements stand in the first place in which two lists differ
	how   detail   // of several ways in which it may be wrong
}

type detail uint8

const (
	plainly detail = iota
	ownMissing
	ownEarly
	ownCovered
	readsDiffer
	ownOrder
)

// finds are the first of each name, and on how many keys it was found. The first is the one whose step is first, so
// that it is the same whoever finds it.
type finds struct {
	first map[string]find
	keys  map[string]int
}

// add notes what was found on one key, at most one of each name.
func (f *finds) add(one find) {
	if f.first == nil {
		f.first, f.keys = make(map[string]find), make(map[string]int)
	}
	f.keys[one.name]++
	if first, known := f.first[one.name]; !known || one.focus < first.focus {
		f.first[one.name] = one
	}
}

func (f *finds) merge(o *finds) {
	for name, one := range o.first {
		n := o.keys[name]
		f.add(one)
		f.keys[name] += n - 1
	}
}

// onKey collects what is wrong on one key: the first of each name.
type onKey []find

func (k *onKey) add(one find) {
	for i := range *k {
		if (*k)[i].name == one.name {
			if one.focus < (*k)[i].focus {
				(*k)[i] = one
			}
			return
		}
	}
	*k = append(*k, one)
}
