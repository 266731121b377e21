package docker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// noModule is what the go command calls the module of a folder that is in none.
const noModule = "command-line-arguments"

// keepBuilt is how long a rebuilt binary stays in the cache after its last use.
const keepBuilt = 7 * 24 * time.Hour

// StaticBinary returns path if it names a Linux executable that needs no shared library, as an image
// with nothing else in it demands. A Go program that was linked through cgo (as 'go run' does where
// there is a C compiler) is built again without it, from the source in the current folder, into the
// user's cache. The error says what to do where that cannot be.
func StaticBinary(ctx context.Context, path string) (string, error) {
	loader, err := interpreter(path)
	if unreadable := (*fs.PathError)(nil); errors.As(err, &unreadable) {
		return "", fmt.Errorf("%s cannot run in a container: %w", path, err)
	}
	if err == nil && loader == "" {
		return path, nil
	}
	rebuilt, err := rebuild(ctx, path)
	if err != nil {
		return "", fmt.Errorf("%s is not a static Linux executable and cannot run in a bare container: %w; "+
			"build it with CGO_ENABLED=0 go build", path, err)
	}
	return rebuilt, nil
}

// rebuild finds or makes the static twin of a Go executable, known by the executable's own digest.
func rebuild(ctx context.Context, path string) (string, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	digest, err := digestOf(path)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "schism", "static")
	built := filepath.Join(folder, filepath.Base(info.Path)+"-"+digest)
	if loader, err := interpreter(built); err == nil && loader == "" {
		now := time.Now()
		return built, os.Chtimes(built, now, now)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	if err := goBuild(ctx, info, built); err != nil {
		return "", err
	}
	return built, removeOld(folder)
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", digest.Sum(nil)[:8]), nil
}

// goBuild builds the main package that info names. Another schism may be doing the same at this
// moment, so the result is put in place by a rename.
func goBuild(ctx context.Context, info *buildinfo.BuildInfo, built string) error {
	module, err := goTool(ctx, "list", "-m", "-f", "{{.Path}}")
	if err != nil {
		return err
	}
	if module != info.Main.Path {
		if module == noModule {
			module = "no module"
		} else {
			module = "module " + module
		}
		return fmt.Errorf("its source (module %s) is not in the current folder, which is in %s", info.Main.Path, module)
	}
	fresh, err := os.CreateTemp(filepath.Dir(built), ".building-*")
	if err != nil {
		return err
	}
	fresh.Close()
	defer os.Remove(fresh.Name())
	args := []string{"build", "-buildvcs=false", "-o", fresh.Name()}
	for _, setting := range info.Settings {
		if setting.Key == "-tags" || setting.Key == "-ldflags" {
			args = append(args, setting.Key+"="+setting.Value)
		}
	}
	if _, err := goTool(ctx, append(args, info.Path)...); err != nil {
		return err
	}
	if loader, err := interpreter(fresh.Name()); err != nil || loader != "" {
		return fmt.Errorf("%s needs cgo", info.Path)
	}
	return os.Rename(fresh.Name(), built)
}

func goTool(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// removeOld keeps the cache from growing by a binary with every edit.
func removeOld(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()) < keepBuilt {
			continue
		}
		if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
