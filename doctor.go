package schism

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"

	"schism/docker"
)

// Finding is one thing that Examine looked for.
type Finding struct {
	Name string
	Seen string // what is there, in words
	Err  error  // why it cannot be used; nil: it can
	// Without says what does not work without it, Cure what to do. A cure may be in the error.
	Without, Cure string
}

// Diagnosis is what works on this machine and what does not.
type Diagnosis struct {
	Findings []Finding
	Usable   []string // runtimes that can run a cluster now
}

// Examine looks at this machine. It starts no cluster, and leaves nothing behind.
func Examine(ctx context.Context) (*Diagnosis, error) {
	binary, err := ownBinary()
	if err != nil {
		return nil, err
	}
	d := new(Diagnosis)
	for _, kind := range Runtimes() {
		d.runtime(ctx, kind, binary)
	}
	for _, f := range docker.Examine(ctx) {
		d.Findings = append(d.Findings, Finding(f))
	}
	d.Findings = append(d.Findings,
		examineTool(ctx, Finding{
			Name: "Go toolchain", Without: "a schism that was built with cgo cannot run in containers",
			Cure: "install Go, or build schism with CGO_ENABLED=0",
		}, "version", "go"),
		examineTool(ctx, Finding{
			Name: "Chromium", Without: "tests of the report's page are skipped; no run needs it", Cure: "install chromium",
		}, "--version", "chromium", "chromium-browser", "google-chrome", "chrome"))
	return d, nil
}

func (d *Diagnosis) runtime(ctx context.Context, kind RuntimeKind, binary string) {
	f := Finding{Name: "runtime " + kind.Name, Without: "no scenario can use --runtime " + kind.Name}
	r, err := kind.New(binary)
	if err == nil {
		f.Seen, err = ready(ctx, r)
	}
	if err == nil && f.Seen == "" {
		f.Seen, err = freePorts()
		f.Cure = "free some ports, or raise the limit of open files"
	}
	if f.Err = err; err == nil {
		d.Usable = append(d.Usable, kind.Name)
	}
	d.Findings = append(d.Findings, f)
}

// freePorts opens as many as a cluster of five nodes listens on: two ports a node, and a proxy for each of
// the twenty links.
func freePorts() (seen string, err error) {
	const ports = 5*2 + 20
	var open []net.Listener
	for range ports {
		l, listening := net.Listen("tcp", "127.0.0.1:0")
		if err = listening; err != nil {
			break
		}
		open = append(open, l)
	}
	for _, l := range open {
		err = errors.Join(err, l.Close())
	}
	if err != nil {
		return "", fmt.Errorf("only %d of %d ports of 127.0.0.1 can be listened on: %w", len(open), ports, err)
	}
	return fmt.Sprintf("%d ports of 127.0.0.1 can be listened on", ports), nil
}

// examineTool asks the first program that is there for its version.
func examineTool(ctx context.Context, f Finding, question string, programs ...string) Finding {
	for _, program := range programs {
		var out []byte
		if out, f.Err = exec.CommandContext(ctx, program, question).Output(); f.Err == nil {
			f.Seen = strings.TrimSpace(string(out))
			return f
		}
		if !errors.Is(f.Err, exec.ErrNotFound) {
			return f
		}
	}
	return f
}
