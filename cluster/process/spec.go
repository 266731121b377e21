package process

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"

	"schism/cluster"
)

// checked is spec with its optional functions in place, or all that is wrong with it.
func checked(spec cluster.Spec) (cluster.Spec, error) {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	// Names become parts of paths.
	name := regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
	if !name.MatchString(spec.Run) {
		wrong("the run's name %q is not 1 to 40 of a-z, 0-9 and -", spec.Run)
	}
	if len(spec.Nodes) == 0 {
		wrong("there are no nodes")
	}
	seen := map[string]bool{}
	for _, n := range spec.Nodes {
		if !name.MatchString(n) {
			wrong("the node's name %q is not 1 to 40 of a-z, 0-9 and -", n)
		}
		if seen[n] {
			wrong("two nodes have the name %q", n)
		}
		seen[n] = true
	}
	if !filepath.IsAbs(spec.Program.Binary) {
		wrong("the path of the node's binary is not absolute: %q", spec.Program.Binary)
	}
	if spec.Program.Args == nil {
		wrong("the program has no Args")
	}
	ports := map[string]bool{}
	for _, p := range spec.Program.Ports {
		if p.Name == "" || ports[p.Name] {
			wrong("the program has two ports named %q, or one without a name", p.Name)
		}
		ports[p.Name] = true
	}
	if !filepath.IsAbs(spec.Dir) {
		wrong("the run's directory is not an absolute path: %q", spec.Dir)
	}
	if spec.Report == nil {
		spec.Report = func(cluster.Incident) {}
	}
	if spec.Log == nil {
		spec.Log = func(string, ...any) {}
	}
	return spec, errors.Join(errs...)
}
