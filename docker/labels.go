package docker

import (
	"fmt"
	"strings"

	"github.com/docker/docker/api/types/filters"
)

// Labels of what a run makes. Images are labelled with labelImage alone: they belong to no run.
const (
	labelRun        = "schism.run"        // the run's name
	labelController = "schism.controller" // controllerID
	labelNode       = "schism.node"       // the node's name
	labelRole       = "schism.role"       // roleHolder or roleNode
	labelKept       = "schism.kept"       // "yes": it is to outlive its controller
	labelImage      = "schism"            // "image"
)

const (
	roleHolder = "holder"
	roleNode   = "node"
)

// ofAnyRun selects what some run of schism made.
func ofAnyRun() filters.Args { return filters.NewArgs(filters.Arg("label", labelRun)) }

// ofRun tells what one run made.
func ofRun(run string) func(labels map[string]string) bool {
	return func(labels map[string]string) bool { return labels[labelRun] == run }
}

func ofAll(map[string]string) bool     { return true }
func notKept(l map[string]string) bool { return l[labelKept] == "" }

// controllerID tells one controlling process from all others, so that what it left can be removed
// once it is proved dead. A process number alone proves nothing: it is used again, it means another
// process in another process namespace, and every machine has its own.
type controllerID struct {
	pid       int
	start     string // its start, in clock ticks since boot
	boot      string // the kernel's boot id
	namespace string // the process namespace
	machine   string // what stays over a reboot; may be empty
}

const controllerForm = "pid=%d start=%s boot=%s namespace=%s machine=%s"

func (c controllerID) String() string {
	return fmt.Sprintf(controllerForm, c.pid, c.start, c.boot, c.namespace, c.machine)
}

func parseControllerID(s string) (controllerID, error) {
	var c controllerID
	// An empty last field scans as an unexpected end of input, which is not an error of the label's.
	if !strings.HasSuffix(s, "machine=") {
		_, err := fmt.Sscanf(s, controllerForm, &c.pid, &c.start, &c.boot, &c.namespace, &c.machine)
		return c, err
	}
	_, err := fmt.Sscanf(s, strings.TrimSuffix(controllerForm, "%s"), &c.pid, &c.start, &c.boot, &c.namespace)
	return c, err
}

// provedDead reports whether c can no longer be at work, as seen by self. In doubt it says no.
func (c controllerID) provedDead(self controllerID, startOf func(pid int) (start string, alive bool)) bool {
	if c.boot == "" || self.boot == "" {
		return false
	}
	if c.boot != self.boot {
		// Another boot of this machine is over; the boot of another machine is none of our business.
		return c.machine != "" && c.machine == self.machine
	}
	if c.namespace == "" || c.namespace != self.namespace {
		return false
	}
	start, alive := startOf(c.pid)
	return !alive || start != "" && start != c.start
}
