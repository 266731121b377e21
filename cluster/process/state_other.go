//go:build !linux

package process

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strconv"

	"schism/cluster"
)

// processState asks ps(1), which every Unix has.
func processState(pid int) (cluster.State, error) {
	out, err := exec.Command("ps", "-o", "state=", "-p", strconv.Itoa(pid)).Output()
	out = bytes.TrimSpace(out)
	var status *exec.ExitError
	if errors.As(err, &status) && len(out) == 0 {
		return cluster.Stopped, nil // ps found no such process
	}
	if err != nil || len(out) == 0 {
		return "", fmt.Errorf("ps -p %d: %q, %w", pid, out, err)
	}
	return stateOf(out[0]), nil
}
