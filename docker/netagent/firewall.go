package netagent

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// chain is the only one the agent writes to. Docker keeps rules of its own in the same namespace (its
// DNS server is reached through NAT), so no other chain is ever flushed.
const chain = "SCHISM-IN"

// commandTime bounds one iptables command. It takes some 5 ms; a machine may be busy.
const commandTime = 10 * time.Second

// iptables is the firewall of the network namespace that the agent runs in.
type iptables struct {
	run func(stdin, name string, args ...string) (stdout string, err error)
	// past holds what was counted by rules that are gone: replacing a chain's rules starts their
	// counters anew.
	past   map[netip.Addr]uint64
	active bool // the chain has rules

	blocked  []netip.Addr
	impaired map[netip.Addr]Impairment
}

// openFirewall creates the chain and makes INPUT go through it, first of all.
func openFirewall(run func(stdin, name string, args ...string) (string, error)) (*iptables, error) {
	f := &iptables{run: run, past: make(map[netip.Addr]uint64)}
	saved, err := f.run("", "iptables-save", "-t", "filter")
	if err != nil {
		return nil, err
	}
	jump := "-I INPUT 1 -j " + chain
	if strings.Contains(saved, "-A INPUT -j "+chain+"\n") {
		jump = ""
	}
	return f, f.restore(jump)
}

func (f *iptables) block(sources []netip.Addr) error {
	f.blocked = sources
	return f.write()
}

func (f *iptables) impair(sources map[netip.Addr]Impairment) error {
	f.impaired = sources
	return f.write()
}

// write makes the chain what is blocked and impaired.
func (f *iptables) write() error {
	rules, err := f.rules()
	if err != nil {
		return err
	}
	if f.active {
		counted, err := f.dropped()
		if err != nil {
			return err
		}
		f.past = counted
	}
	f.active = true
	if err := f.restore(rules...); err != nil {
		return err
	}
	f.active = len(rules) > 0
	return nil
}

func (f *iptables) rules() ([]string, error) {
	var rules []string
	drop := func(source netip.Addr, match string) {
		rules = append(rules, fmt.Sprintf("-A %s -s %s%s -j DROP", chain, source, match))
	}
	impaired := slices.SortedFunc(maps.Keys(f.impaired), netip.Addr.Compare)
	for _, source := range slices.Concat(f.blocked, impaired) {
		if !source.Is4() {
			return nil, fmt.Errorf("cannot drop what comes from %q: only IPv4 addresses have rules", source)
		}
	}
	for _, source := range f.blocked {
		drop(source, "")
	}
	for _, source := range impaired {
		i := f.impaired[source]
		if i.Loss > 0 {
			drop(source, fmt.Sprintf(" -m statistic --mode random --probability %.4f", i.Loss))
		}
		if i.Rate > 0 {
			drop(source, fmt.Sprintf(" -m hashlimit --hashlimit-above %db/s --hashlimit-burst %db --hashlimit-name schism-%x",
				i.Rate, max(i.Rate, leastBurst), source.As4()))
		}
	}
	return rules, nil
}

// leastBurst is what passes at once of the slowest link: two full packets. Of the others it is what
// they carry in a second: the kernel takes no less, and lends it twice.
const leastBurst = 3000

// restore empties the chain and fills it with the rules, as one transaction: no packet meets a
// half-filled chain. With --noflush a chain that is declared is emptied, and no other is touched.
func (f *iptables) restore(rules ...string) error {
	var in strings.Builder
	fmt.Fprintf(&in, "*filter\n:%s - [0:0]\n", chain)
	for _, rule := range rules {
		fmt.Fprintln(&in, rule)
	}
	fmt.Fprintln(&in, "COMMIT")
	_, err := f.run(in.String(), "iptables-restore", "--noflush", "-w")
	return err
}

// countedRule is a line of iptables-save -c, such as
// [12:720] -A SCHISM-IN -s 172.18.0.3/32 -j DROP
// perhaps with a match before the -j.
var countedRule = regexp.MustCompile(`(?m)^\[(\d+):\d+\] -A ` + chain + ` -s ([0-9.]+)/32 (?:-m .*)?-j DROP$`)

func (f *iptables) dropped() (map[netip.Addr]uint64, error) {
	saved, err := f.run("", "iptables-save", "-c", "-t", "filter")
	if err != nil {
		return nil, err
	}
	sum := make(map[netip.Addr]uint64, len(f.past))
	for source, packets := range f.past {
		sum[source] = packets
	}
	for _, match := range countedRule.FindAllStringSubmatch(saved, -1) {
		packets, err := strconv.ParseUint(match[1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("iptables-save: counter %q: %w", match[1], err)
		}
		source, err := netip.ParseAddr(match[2])
		if err != nil {
			return nil, fmt.Errorf("iptables-save: source %q: %w", match[2], err)
		}
		sum[source] += packets
	}
	return sum, nil
}

// runCommand runs a command to its end and puts what it complained of into the error.
func runCommand(stdin, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
