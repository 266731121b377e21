package netagent

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// recorded answers iptables-save from saved and keeps what iptables-restore was given.
type recorded struct {
	saved    string
	restored []string
}

func (r *recorded) run(stdin, name string, args ...string) (string, error) {
	switch name {
	case "iptables-save":
		return r.saved, nil
	case "iptables-restore":
		if strings.Join(args, " ") != "--noflush -w" {
			return "", fmt.Errorf("iptables-restore %v would flush the rules of others", args)
		}
		r.restored = append(r.restored, stdin)
		return "", nil
	}
	return "", fmt.Errorf("unexpected command %s", name)
}

func TestFirewallWritesOneTransactionInItsOwnChain(t *testing.T) {
	r := &recorded{}
	f, err := openFirewall(r.run)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.block([]netip.Addr{netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")}); err != nil {
		t.Fatal(err)
	}
	if err := f.block(nil); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"*filter\n:SCHISM-IN - [0:0]\n-I INPUT 1 -j SCHISM-IN\nCOMMIT\n",
		"*filter\n:SCHISM-IN - [0:0]\n-A SCHISM-IN -s 10.0.0.2 -j DROP\n-A SCHISM-IN -s 10.0.0.3 -j DROP\nCOMMIT\n",
		"*filter\n:SCHISM-IN - [0:0]\nCOMMIT\n",
	}
	if !reflect.DeepEqual(r.restored, want) {
		t.Errorf("got  %q\nwant %q", r.restored, want)
	}
	if err := f.block([]netip.Addr{netip.MustParseAddr("fe80::1")}); err == nil {
		t.Error("an IPv6 address is blocked by an IPv4 rule")
	}
}

func TestFirewallJumpsOnlyOnce(t *testing.T) {
	r := &recorded{saved: "*filter\n:INPUT ACCEPT [0:0]\n:SCHISM-IN - [0:0]\n-A INPUT -j SCHISM-IN\nCOMMIT\n"}
	if _, err := openFirewall(r.run); err != nil {
		t.Fatal(err)
	}
	if got := r.restored[0]; strings.Contains(got, "INPUT") {
		t.Errorf("a second jump is inserted: %q", got)
	}
}

func TestDroppedSumsOverReplacedRules(t *testing.T) {
	r := &recorded{}
	f, err := openFirewall(r.run)
	if err != nil {
		t.Fatal(err)
	}
	second, third := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")
	if err := f.block([]netip.Addr{second}); err != nil {
		t.Fatal(err)
	}
	r.saved = "# a comment\n*filter\n:SCHISM-IN - [0:0]\n[3:9] -A INPUT -j SCHISM-IN\n[3:180] -A SCHISM-IN -s 10.0.0.2/32 -j DROP\n[1:1] -A OTHER -s 10.0.0.9/32 -j DROP\nCOMMIT\n"
	if err := f.block([]netip.Addr{second, third}); err != nil {
		t.Fatal(err)
	}
	r.saved = "[2:120] -A SCHISM-IN -s 10.0.0.2/32 -j DROP\n[5:300] -A SCHISM-IN -s 10.0.0.3/32 -j DROP\n"
	got, err := f.dropped()
	if err != nil {
		t.Fatal(err)
	}
	if want := map[netip.Addr]uint64{second: 5, third: 5}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestImpairedAndBlockedShareTheChain(t *testing.T) {
	r := &recorded{}
	f, err := openFirewall(r.run)
	if err != nil {
		t.Fatal(err)
	}
	second, third := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")
	for _, err := range []error{
		f.impair(map[netip.Addr]Impairment{third: {Rate: 65536}, second: {Loss: 0.3, Rate: 1000}}),
		f.block([]netip.Addr{second}),
		f.impair(nil),
		f.block(nil),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	impaired := "-A SCHISM-IN -s 10.0.0.2 -m statistic --mode random --probability 0.3000 -j DROP\n" +
		"-A SCHISM-IN -s 10.0.0.2 -m hashlimit --hashlimit-above 1000b/s --hashlimit-burst 3000b --hashlimit-name schism-0a000002 -j DROP\n" +
		"-A SCHISM-IN -s 10.0.0.3 -m hashlimit --hashlimit-above 65536b/s --hashlimit-burst 65536b --hashlimit-name schism-0a000003 -j DROP\n"
	const blocked, head, end = "-A SCHISM-IN -s 10.0.0.2 -j DROP\n", "*filter\n:SCHISM-IN - [0:0]\n", "COMMIT\n"
	want := []string{head + impaired + end, head + blocked + impaired + end, head + blocked + end, head + end}
	if got := r.restored[1:]; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	r.saved = "[7:420] -A SCHISM-IN -s 10.0.0.2/32 -m statistic --mode random --probability 0.30000000000 -j DROP\n"
	if got, err := f.dropped(); err != nil || got[second] != 7 {
		t.Errorf("dropped %v, %v; want 7 of %v", got, err, second)
	}
}
