package schism

import (
	"fmt"
	"slices"
	"strings"

	"schism/checker"
	"schism/checker/appendlist"
	"schism/checker/linear"
	"schism/checker/objects"
	"schism/checker/txn"
	"schism/configs/strictyaml"
	"schism/workload"
)

// Model is what the keys of a history can be, and who judges that.
type Model struct {
	Name  string
	About string // one line for people
	New   func(checker.Limits) checker.Checker
	// Check is what its histories are judged by where nobody says otherwise, one of Checks: linearizable, or of
	// transactions isolation.
	Check string
	// At makes the checker of a level of isolation, where New's is of the strictest. nil: what the model promises is
	// of no level.
	At func(checker.Limits, txn.Isolation) checker.Checker
}

// Models is every model that a history can be judged by: one that a workload names, or a person. A new
// one is one line here and, for the formats of other tools, one in importers.Models.
func Models() []Model {
	registers := func(l checker.Limits) checker.Checker { return linear.Register{Limits: l} }
	object := func(name, about string, judge func(checker.Limits) checker.Checker) Model {
		return Model{Name: name, About: about, New: judge, Check: linearizable}
	}
	transactions := func(name, about string, judge checker.Checker) Model {
		return Model{Name: name, About: about, New: func(checker.Limits) checker.Checker { return judge }, Check: isolation}
	}
	leveled := func(name, about string, at func(checker.Limits, txn.Isolation) checker.Checker) Model {
		return Model{Name: name, About: about, New: func(l checker.Limits) checker.Checker { return at(l, "") }, Check: isolation, At: at}
	}
	return []Model{
		object(workload.ModelAppend, "a list a key, with append of unique values and read",
			func(l checker.Limits) checker.Checker { return appendlist.Lists{Limits: l} }),
		transactions(workload.ModelBank, "accounts with one total, with transfer and read of all", txn.Bank{}),
		object(workload.ModelCASRegister, "a value a key, with read, write and cas", registers),
		object(workload.ModelCounter, "a whole number a key, with add and read", objects.Counter),
		object(workload.ModelKV, "a text a key, empty at first, with get, put and append", objects.KV),
		leveled(workload.ModelListAppend, "lists that are read and appended to several at a time, with txn",
			func(l checker.Limits, i txn.Isolation) checker.Checker {
				return txn.ListAppend{Limits: l, Isolation: i}
			}),
		transactions(workload.ModelLongFork, "registers written once each, with txn: one write, or reads of several", txn.LongFork{}),
		object(workload.ModelMultiRegister, "registers that are read and written several at a time, with txn", objects.MultiRegister),
		object(workload.ModelMutex, "a lock a key, with acquire and release; a value names the owner", objects.Mutex),
		object(workload.ModelQueue, "a queue a key, first in first out, with enqueue and dequeue", objects.Queue),
		object(workload.ModelRegister, "a value a key, with read and write", registers),
		leveled(workload.ModelRWRegister, "registers that are read and written several at a time, by a level of isolation",
			func(l checker.Limits, i txn.Isolation) checker.Checker {
				return txn.RWRegister{Limits: l, Isolation: i}
			}),
		object(workload.ModelSet, "a set a key that only grows, with add and read of all elements", objects.Set),
		object(workload.ModelSetFull, "the same, but reads may be old: only what is lost for good counts, as in Jepsen's set-full",
			func(checker.Limits) checker.Checker { return objects.SetFull{} }),
	}
}

// The checks that a model's histories can be judged by before all others.
const (
	linearizable = "linearizable"
	isolation    = "isolation"
)

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
	if at >= 0 {
		return all[at], nil
	}
	hint := strictyaml.DidYouMean(name, modelNames())
	if !strings.HasPrefix(hint, "did you mean") {
		hint = "want " + ModelNames()
	}
	return Model{}, fmt.Errorf("there is no model %q: %s", name, hint)
}
