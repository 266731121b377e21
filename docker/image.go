package docker

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"
)

// Where things are inside the images.
const (
	binaryPath = "/schism" // the node's binary, and in a holder the agent
	dataPath   = "/data"   // the node's volume
)

// file is one entry of an image.
type file struct {
	path  string // inside the image, absolute
	from  string // on this machine; empty: data or link
	data  []byte
	link  string // target of a symbolic link
	isDir bool
}

// writeTar writes the files in the order of their paths and without times or owners, so that the same
// content is the same tar.
func writeTar(w io.Writer, files []file) error {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	out := tar.NewWriter(w)
	for _, f := range files {
		if err := f.write(out); err != nil {
			return fmt.Errorf("image entry %s: %w", f.path, err)
		}
	}
	return out.Close()
}

func (f file) write(out *tar.Writer) error {
	name := strings.TrimPrefix(path.Clean(f.path), "/")
	switch {
	case f.isDir:
		return out.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755})
	case f.link != "":
		return out.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: f.link, Mode: 0o777})
	case f.from == "":
		if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(f.data))}); err != nil {
			return err
		}
		_, err := out.Write(f.data)
		return err
	}
	in, err := os.Open(f.from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.CopyN(out, in, info.Size())
	return err
}

// ensureImage returns the name of an image with the files in it, made now if the engine has none of
// that content. With a Dockerfile among the files it is built, else the files are all of it.
func (r *Runtime) ensureImage(ctx context.Context, repository string, files []file, log func(string, ...any)) (string, error) {
	digest := sha256.New()
	if err := writeTar(digest, files); err != nil {
		return "", err
	}
	name := repository + ":" + hex.EncodeToString(digest.Sum(nil))[:12]
	_, err := r.engine.ImageInspect(ctx, name)
	if err == nil {
		return name, nil
	}
	if !errdefs.IsNotFound(err) {
		return "", fmt.Errorf("cannot look for image %s: %w", name, err)
	}
	began := time.Now()
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(writeTar(writer, files)) }()
	defer reader.Close()
	makeIt := r.importImage
	if slices.ContainsFunc(files, func(f file) bool { return f.path == "/Dockerfile" }) {
		makeIt = r.buildImage
	}
	if err := makeIt(ctx, name, reader); err != nil {
		return "", fmt.Errorf("cannot make image %s: %w", name, err)
	}
	log("image %s built in %.1f s", name, time.Since(began).Seconds())
	return name, nil
}

// importImage makes an image of one layer: what FROM scratch and one ADD would, without a builder.
func (r *Runtime) importImage(ctx context.Context, name string, content io.Reader) error {
	answer, err := r.engine.ImageImport(ctx, image.ImportSource{Source: content, SourceName: "-"}, name,
		image.ImportOptions{Changes: []string{"LABEL " + labelImage + "=image"}})
	if err != nil {
		return err
	}
	defer answer.Close()
	return progress(answer)
}

func (r *Runtime) buildImage(ctx context.Context, name string, content io.Reader) error {
	answer, err := r.engine.ImageBuild(ctx, content, build.ImageBuildOptions{
		Tags: []string{name}, Labels: map[string]string{labelImage: "image"}, Remove: true, ForceRemove: true})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return progress(answer.Body)
}

// progress reads what the engine tells while it works; an error there comes with status 200.
func progress(answer io.Reader) error {
	var last string
	for in := json.NewDecoder(answer); ; {
		var told struct{ Stream, Status, Error string }
		err := in.Decode(&told)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the engine's answer broke off: %w", err)
		}
		if told.Error != "" {
			return fmt.Errorf("%s (after %q)", told.Error, last)
		}
		if line := strings.TrimSpace(told.Stream + told.Status); line != "" {
			last = line
		}
	}
}

// nodeImage holds the program and nothing else.
func (r *Runtime) nodeImage(ctx context.Context, binary string, log func(string, ...any)) (string, error) {
	return r.ensureImage(ctx, "schism/node", []file{
		{path: binaryPath, from: binary},
		{path: dataPath, isDir: true},
		{path: "/tmp", isDir: true},
	}, log)
}

// holderImage holds the agent and iptables: this machine's own, since no registry can be counted on,
// or else Debian's.
func (r *Runtime) holderImage(ctx context.Context, agent string, log func(string, ...any)) (string, error) {
	files, err := hostIptables(ctx)
	if err == nil {
		return r.ensureImage(ctx, "schism/holder", append(files, file{path: binaryPath, from: agent}), log)
	}
	name, debianErr := r.ensureImage(ctx, "schism/holder", debianHolder(agent), log)
	if debianErr != nil {
		return "", fmt.Errorf("the holder containers need iptables, and there is none to be had: %w; "+
			"install iptables on this machine, or let the engine have %s (docker pull)",
			errors.Join(err, debianErr), debianImage)
	}
	return name, nil
}

const debianImage = "debian:bookworm-slim"

func debianHolder(agent string) []file {
	dockerfile := "FROM " + debianImage + "\n" +
		"RUN apt-get update && apt-get install -y --no-install-recommends iptables && rm -rf /var/lib/apt/lists/*\n" +
		"COPY schism " + binaryPath + "\n"
	return []file{{path: "/Dockerfile", data: []byte(dockerfile)}, {path: "/schism", from: agent}}
}
