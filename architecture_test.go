package schism_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The house as it is meant: docs/architecture.md tells why. A rule names a package, or with /... all
// below it too, and what of schism it may import.
var imports = []struct {
	pkg string
	may []string
}{
	{"schism/history/...", []string{"schism/history"}},
	{"schism/configs/...", []string{}},
	{"schism/cluster", []string{}},
	{"schism/cluster/...", []string{"schism/cluster/..."}},
	{"schism/docker/...", []string{"schism/cluster", "schism/docker/..."}},
	{"schism/workload/...", []string{"schism/history"}},
	{"schism/checker/...", []string{"schism/history", "schism/checker/..."}},
	{"schism/nemesis/...", []string{"schism/history", "schism/configs/strictyaml"}},
	{"schism/targetnode/...", []string{"schism/targetnode/..."}},
	{"schism", []string{
		"schism/history", "schism/history/importers", "schism/workload", "schism/nemesis", "schism/checker/...", "schism/cluster/...",
		"schism/docker", "schism/configs/strictyaml",
	}},
	// Only cmd links the tester and the target.
	{"schism/cmd/...", []string{
		"schism", "schism/checker", "schism/history", "schism/history/importers", "schism/docker/netagent", "schism/targetnode",
		"schism/configs",            // the scenarios that come with the binary
		"schism/configs/strictyaml", // to say what was meant instead
	}},
}

// The core is a pure function of its inputs: no clock, no disk, no network.
var pure = map[string][]string{
	"schism/targetnode/lease": {"time", "net", "os", "io/fs", "sync", "syscall", "log", "log/slog"},
	"schism/targetnode/raft":  {"time", "net", "os", "io/fs", "sync", "syscall", "log", "log/slog"},
}

type source struct {
	path, pkg string
	file      *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "store" || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := strings.TrimSuffix("schism/"+filepath.ToSlash(filepath.Dir(path)), "/.")
		all = append(all, source{path: path, pkg: pkg, file: file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d source files found: the test looks in the wrong place", len(all))
	}
	return all
}

func matches(pattern, pkg string) bool {
	if base, deep := strings.CutSuffix(pattern, "/..."); deep {
		return pkg == base || strings.HasPrefix(pkg, base+"/")
	}
	return pkg == pattern
}

func TestImportRules(t *testing.T) {
	for _, src := range sources(t) {
		rule := slices.IndexFunc(imports, func(r struct {
			pkg string
			may []string
		}) bool {
			return matches(r.pkg, src.pkg)
		})
		if rule < 0 {
			t.Errorf("%s: no rule says what %s may import: add one to this test", src.path, src.pkg)
			continue
		}
		for _, spec := range src.file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(pure[src.pkg], path) {
				t.Errorf("%s imports %s: %s must stay pure", src.path, path, src.pkg)
			}
			if path != "schism" && !strings.HasPrefix(path, "schism/") {
				continue
			}
			if !slices.ContainsFunc(imports[rule].may, func(p string) bool { return matches(p, path) }) {
				t.Errorf("%s imports %s, which %s may not", src.path, path, src.pkg)
			}
		}
	}
}

func TestNoInitAndNoUtil(t *testing.T) {
	for _, src := range sources(t) {
		if name := src.file.Name.Name; slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, name) {
			t.Errorf("%s: a package named %s says nothing: name it after what it does", src.path, name)
		}
		for _, decl := range src.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s registers something in init: use a table that can be read", src.path)
			}
		}
	}
}

// A newcomer finds these and no other rooms at the top.
func TestFoldersAtTheTop(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"checker", "cluster", "cmd", "configs", "docker", "docs", "history", "nemesis", "store", "targetnode", "workload"}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(known, e.Name()) {
			t.Errorf("%s is no room of this house: known are %v", e.Name(), known)
		}
	}
}
