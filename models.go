package schism

import (
	"fmt"
	"slices"
	"strings"

	"schism/checker"
	"schism/checker/appendlist"
	"schism/checker/linear"
	"schism/checker/objects"
	"schism/configs/strictyaml"
	"schism/workload"
)

// Model is what the keys of a history can be, and who judges that.
type Model struct {
	Name  string
	About string // one line for people
	New   func(checker.Limits) checker.Checker
}

// Models is every model that a history can be judged by: one that a workload names, or a person. A new
// one is one line here and, for the formats of other tools, one in importers.Models.
func Models() []Model {
	registers := func(l checker.Limits) checker.Checker { return linear.Register{Limits: l} }
	return []Model{
		{workload.ModelAppend, "a list a key, with append of unique values and read",
			func(l checker.Limits) checker.Checker { return appendlist.Lists{Limits: l} }},
		{workload.ModelCASRegister, "a value a key, with read, write and cas", registers},
		{workload.ModelCounter, "a whole number a key, with add and read", objects.Counter},
		{workload.ModelKV, "a text a key, empty at first, with get, put and append", objects.KV},
		{workload.ModelMultiRegister, "registers that are read and written several at a time, with txn", objects.MultiRegister},
		{workload.ModelMutex, "a lock a key, with acquire and release; a value names the owner", objects.Mutex},
		{workload.ModelQueue, "a queue a key, first in first out, with enqueue and dequeue", objects.Queue},
		{workload.ModelRegister, "a value a key, with read and write", registers},
		{workload.ModelSet, "a set a key that only grows, with add and read of all elements", objects.Set},
		{workload.ModelSetFull, "the same, but reads may be old: only what is lost for good counts, as in Jepsen's set-full",
			func(checker.Limits) checker.Checker { return objects.SetFull{} }},
	}
}

// transactional are the names of models of transactions, which are judged by an isolation level and not
// one key at a time.
func transactional() []string { return []string{"bank", "list-append", "long-fork", "rw-register"} }

// ModelNames are the names of all models, for people.
func ModelNames() string { return strings.Join(modelNames(), ", ") }

func modelNames() (names []string) {
	for _, m := range Models() {
		names = append(names, m.Name)
	}
	return names
}

func findModel(name string) (Model, error) {
	all := Models()
	at := slices.IndexFunc(all, func(m Model) bool { return m.Name == name })
	switch {
	case at >= 0:
		return all[at], nil
	case slices.Contains(transactional(), name):
		return Model{}, fmt.Errorf("the model %q is one of transactions, which this version does not judge: want %s", name, ModelNames())
	}
	hint := strictyaml.DidYouMean(name, modelNames())
	if !strings.HasPrefix(hint, "did you mean") {
		hint = "want " + ModelNames()
	}
	return Model{}, fmt.Errorf("there is no model %q: %s", name, hint)
}
