package docker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// tryRule sets a rule in a network namespace of its own, which ends with the program. Only root may
// make one without a user namespace around it.
func tryRule(ctx context.Context, program, match string) error {
	rule := append(append([]string{"iptables", "-A", "INPUT"}, strings.Fields(match)...), "-j", "DROP")
	cmd := exec.CommandContext(ctx, program)
	cmd.Args = rule // one program does everything; it looks at the name by which it was called
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if uid := os.Geteuid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		said, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%s: %w: %s", strings.Join(rule, " "), err, said)
	}
	return nil
}
