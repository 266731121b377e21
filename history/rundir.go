package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// RunDir is the directory that holds all of one run. Commands after `run` read nothing else.
type RunDir string

func (d RunDir) Scenario() string { return filepath.Join(string(d), "scenario.yaml") }
func (d RunDir) History() string  { return filepath.Join(string(d), "history.jsonl") }
func (d RunDir) Result() string   { return filepath.Join(string(d), "result.json") }
func (d RunDir) Report() string   { return filepath.Join(string(d), "report.html") }
func (d RunDir) Proof() string    { return filepath.Join(string(d), "proof.html") }
func (d RunDir) Log() string      { return filepath.Join(string(d), "schism.log") }
func (d RunDir) NodeLog(node string) string {
	return filepath.Join(string(d), "nodes", node, node+".log")
}

// NewRunDir makes store/<scenario>/<start time>/ under root and points store/<scenario>/latest at it. Of
// two runs that start within one millisecond the later one is called after the next that is free.
func NewRunDir(root, scenario string, now time.Time) (RunDir, error) {
	parent := filepath.Join(root, scenario)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", fmt.Errorf("make the run directory: %w", err)
	}
	for {
		name := now.UTC().Format("20060102T150405.000Z")
		dir := filepath.Join(parent, name)
		err := os.Mkdir(dir, 0o755)
		switch {
		case err == nil:
			return RunDir(dir), pointLatest(parent, name)
		case !errors.Is(err, fs.ErrExist):
			return "", fmt.Errorf("make the run directory: %w", err)
		}
		now = now.Add(time.Millisecond)
	}
}

// MakeRunDir makes exactly dir, which must not exist or be empty.
func MakeRunDir(dir string) (RunDir, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the run directory: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("make the run directory: %w", err)
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty: name a directory that does not exist yet, or remove it", dir)
	}
	return RunDir(dir), nil
}

// pointLatest swaps the link in one step, so that two runs at once leave a good one.
func pointLatest(parent, name string) error {
	link := filepath.Join(parent, "latest")
	fresh := filepath.Join(parent, ".latest-"+name)
	if err := os.Symlink(name, fresh); err != nil {
		return fmt.Errorf("point latest at the run: %w", err)
	}
	if err := os.Rename(fresh, link); err != nil {
		return fmt.Errorf("point latest at the run: %w", err)
	}
	return nil
}
