package docker

import (
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// plugins are the extensions that our rules and Docker's own (its DNS server is reached by address
// translation) need, so that all of them can be set and read; a missing one is missed when it is used.
var plugins = []string{"libxt_standard", "libxt_statistic", "libxt_hashlimit", "libxt_limit", "libxt_comment",
	"libxt_tcp", "libxt_udp", "libxt_DNAT", "libxt_SNAT", "libipt_DNAT", "libipt_SNAT"}

// pluginFolders are where distributions put the extensions of iptables.
var pluginFolders = []string{"/usr/lib/*/xtables", "/usr/lib/xtables", "/usr/lib64/xtables", "/lib/xtables", "/usr/local/lib/xtables"}

// hostIptables gathers this machine's own iptables: the program, its extensions and the libraries of
// both. The variant on nf_tables is taken before the legacy one, which needs a lock file outside of
// the network namespace and is being dropped from kernels.
func hostIptables(ctx context.Context) ([]file, error) {
	program, err := findIptables()
	if err != nil {
		return nil, err
	}
	objects := []string{program}
	for _, pattern := range pluginFolders {
		for _, plugin := range plugins {
			// The patterns are constants: Glob has nothing to complain about.
			found, _ := filepath.Glob(filepath.Join(pattern, plugin+".so"))
			objects = append(objects, found...)
		}
	}
	needed := make(map[string]bool)
	for _, object := range objects {
		needed[object] = true
	}
	loader, err := interpreter(program)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	for _, object := range objects {
		// An extension may need more than the program: libxt_statistic wants libm.
		libraries, err := sharedLibraries(ctx, loader, object)
		if err != nil {
			return nil, fmt.Errorf("cannot tell which libraries %s needs: %w", object, err)
		}
		for _, library := range libraries {
			needed[library] = true
		}
	}
	files := []file{{path: "/run", isDir: true}, {path: "/tmp", isDir: true}}
	for object := range needed {
		files = append(files, file{path: object, from: object})
	}
	// One program does everything; it looks at the name by which it was called.
	for _, name := range []string{"iptables", "iptables-save", "iptables-restore"} {
		if link := "/sbin/" + name; link != program {
			files = append(files, file{path: link, link: program})
		}
	}
	return files, nil
}

// findIptables resolves the links that lead to the program. It looks beyond PATH, since /usr/sbin is
// often missing from that of a plain user.
func findIptables() (string, error) {
	for _, name := range []string{"iptables-nft", "iptables"} {
		for _, folder := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin", "/usr/local/sbin") {
			program, err := filepath.EvalSymlinks(filepath.Join(folder, name))
			if err != nil {
				continue // it is not there, or PATH names what is no folder, or is not for this user
			}
			if !strings.Contains(filepath.Base(program), "multi") {
				return "", fmt.Errorf("%s is not the usual program that is iptables, iptables-save and iptables-restore in one", program)
			}
			return program, nil
		}
	}
	return "", errors.New("no iptables on this machine")
}

// sharedLibraries asks the program's own loader which files it would map for it or for an extension,
// and returns those and the loader; none if there is no loader.
func sharedLibraries(ctx context.Context, loader, object string) ([]string, error) {
	if loader == "" {
		return nil, nil
	}
	listing, err := exec.CommandContext(ctx, loader, "--list", object).Output()
	if err != nil {
		return nil, fmt.Errorf("%s --list: %w", loader, err)
	}
	libraries := []string{loader}
	lines := bufio.NewScanner(bytes.NewReader(listing))
	for lines.Scan() {
		// "libmnl.so.0 => /lib/x86_64-linux-gnu/libmnl.so.0 (0x00007f…)"
		_, target, found := strings.Cut(lines.Text(), "=> ")
		library, _, _ := strings.Cut(target, " (")
		if !found || !filepath.IsAbs(library) {
			continue
		}
		libraries = append(libraries, filepath.Clean(library))
	}
	slices.Sort(libraries)
	return slices.Compact(libraries), nil
}

// interpreter is the dynamic loader that an executable names; "" for a static one.
func interpreter(path string) (string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for _, program := range f.Progs {
		if program.Type != elf.PT_INTERP {
			continue
		}
		name := make([]byte, program.Filesz)
		if _, err := program.ReadAt(name, 0); err != nil {
			return "", fmt.Errorf("%s: its loader's name cannot be read: %w", path, err)
		}
		return string(bytes.TrimRight(name, "\x00")), nil
	}
	return "", nil
}
