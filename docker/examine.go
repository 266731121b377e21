package docker

import "context"

// Feature is something that faults need beside an engine, as it was found on this machine.
type Feature struct {
	Name string
	Seen string // what is there; empty if Err tells
	Err  error
	// Without says what does not work without it, Cure what to do.
	Without, Cure string
}

// Examine tries what faults on links need of this machine, which is the engine's own if the engine
// listens on a local socket. It changes nothing: rules are tried in a network namespace that is gone
// afterwards.
func Examine(ctx context.Context) []Feature {
	tool := Feature{
		Name:    "iptables",
		Without: "the holder containers take it from " + debianImage + ", which the engine then needs",
		Cure:    "install iptables on this machine, or docker pull " + debianImage,
	}
	program, err := findIptables()
	if tool.Seen, tool.Err = program, err; err != nil {
		return []Feature{tool}
	}
	features := []Feature{tool}
	for _, m := range []struct{ name, without, rule string }{
		{"kernel: filter rules", "no link can be cut", ""},
		{"kernel: xt_statistic", "the fault loss does not work", "-m statistic --mode random --probability 0.5"},
		{"kernel: xt_hashlimit", "the fault rate-limit does not work",
			"-m hashlimit --hashlimit-above 1000b/s --hashlimit-burst 3000b --hashlimit-name schism-doctor"},
	} {
		f := Feature{Name: m.name, Seen: "a rule was set", Without: m.without, Cure: "load the kernel's module of that name, as root: modprobe"}
		if f.Err = tryRule(ctx, program, m.rule); f.Err != nil {
			f.Seen = ""
		}
		features = append(features, f)
	}
	return features
}
