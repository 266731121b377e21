package docker

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// What is examined is told with its cure, and nothing of this machine is changed by it.
func TestExamine(t *testing.T) {
	rules := func() string {
		program, err := findIptables()
		if err != nil {
			return ""
		}
		cmd := exec.Command(program)
		cmd.Args = []string{"iptables-save"}
		out, _ := cmd.CombinedOutput() // a plain user is refused, before and after alike
		var kept []string
		for _, line := range strings.Split(string(out), "\n") {
			if strings.HasPrefix(line, "-A INPUT") {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "\n")
	}
	before := rules()
	for _, f := range Examine(t.Context()) {
		t.Logf("%s: %q, %v", f.Name, f.Seen, f.Err)
		if (f.Err == nil) == (f.Seen == "") || f.Without == "" || f.Cure == "" {
			t.Errorf("told by half: %+v", f)
		}
	}
	if after := rules(); after != before {
		t.Errorf("the rules of this machine were\n%s\nand are\n%s", before, after)
	}
	if program, err := findIptables(); err == nil && runtime.GOOS == "linux" && os.Geteuid() == 0 {
		if err := tryRule(t.Context(), program, "-m no-such-match"); err == nil {
			t.Error("a match that does not exist was set")
		}
	}
}
