package schism

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

func TestExamine(t *testing.T) {
	d, err := Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range d.Findings {
		t.Logf("%s: %q, %v", f.Name, f.Seen, f.Err)
		if (f.Err == nil) == (f.Seen == "") || f.Without == "" {
			t.Errorf("told by half: %+v", f)
		}
		if f.Err != nil && f.Cure == "" && !strings.Contains(f.Err.Error(), "; ") {
			t.Errorf("nobody knows what to do: %+v", f)
		}
	}
	if len(d.Usable) == 0 {
		t.Error("no runtime can be used, not even child processes")
	}
}

// An engine that nobody can reach is told with its cure, and leaves the other runtime usable.
func TestExamineWithoutDocker(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
	d, err := Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := d.Findings[0]
	if f.Name != "runtime docker" || f.Err == nil || !strings.Contains(f.Err.Error(), "set DOCKER_HOST") {
		t.Errorf("%+v", f)
	}
	if len(d.Usable) != 1 || d.Usable[0] != "process" {
		t.Errorf("usable: %v", d.Usable)
	}
}

func TestExamineTool(t *testing.T) {
	f := examineTool(context.Background(), Finding{}, "version", "no-such-program", "go")
	if f.Err != nil || !strings.HasPrefix(f.Seen, "go version") {
		t.Errorf("%+v", f)
	}
	if f := examineTool(context.Background(), Finding{}, "version", "no-such-program"); !errors.Is(f.Err, exec.ErrNotFound) || f.Seen != "" {
		t.Errorf("%+v", f)
	}
}
