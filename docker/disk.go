package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// The engine copies out of a container that does not run, and into one, with its volume in place.

// ListFiles implements cluster.Disks.
func (c *Cluster) ListFiles(ctx context.Context, name string) (names []string, err error) {
	err = c.atRest(name, func(n *node) error {
		return n.copyOut(ctx, dataPath, func(h *tar.Header, _ io.Reader) error {
			// Of a directory the names begin with its own.
			if _, file, ok := strings.Cut(h.Name, "/"); ok && h.Typeflag == tar.TypeReg && !strings.Contains(file, "/") {
				names = append(names, file)
			}
			return nil
		})
	})
	slices.Sort(names)
	return names, err
}

// ReadFile implements cluster.Disks.
func (c *Cluster) ReadFile(ctx context.Context, name, file string) (content []byte, err error) {
	err = c.atRest(name, func(n *node) error {
		content, _, err = n.readFile(ctx, file)
		return err
	})
	return content, err
}

// WriteFile implements cluster.Disks. The file keeps its owner and its mode.
func (c *Cluster) WriteFile(ctx context.Context, name, file string, content []byte) error {
	return c.atRest(name, func(n *node) error {
		_, was, err := n.readFile(ctx, file)
		if err != nil {
			return err
		}
		var packed bytes.Buffer
		out := tar.NewWriter(&packed)
		was.Size = int64(len(content))
		err = out.WriteHeader(was)
		if err == nil {
			_, err = out.Write(content)
		}
		if err = errors.Join(err, out.Close()); err != nil {
			return err
		}
		return n.cluster.runtime.engine.CopyToContainer(ctx, n.container, dataPath, &packed, container.CopyToContainerOptions{CopyUIDGID: true})
	})
}

// atRest does something with the disk of a node that does not run, and keeps it from being started meanwhile.
func (c *Cluster) atRest(name string, do func(*node) error) error {
	return c.at(name, func(n *node) error {
		n.mu.Lock()
		defer n.mu.Unlock()
		if !n.current.over() {
			return errors.New("its disk cannot be reached: it runs")
		}
		return do(n)
	})
}

func (n *node) readFile(ctx context.Context, name string) (content []byte, about *tar.Header, err error) {
	err = n.copyOut(ctx, path.Join(dataPath, path.Base(name)), func(h *tar.Header, in io.Reader) error {
		about = h
		content, err = io.ReadAll(in)
		return err
	})
	if err == nil && (about == nil || about.Typeflag != tar.TypeReg) {
		err = fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return content, about, err
}

// copyOut gives every entry of what stands at from.
func (n *node) copyOut(ctx context.Context, from string, each func(*tar.Header, io.Reader) error) error {
	packed, _, err := n.cluster.runtime.engine.CopyFromContainer(ctx, n.container, from)
	if err != nil {
		return fmt.Errorf("cannot copy %s out of it: %w", from, err)
	}
	defer packed.Close()
	in := tar.NewReader(packed)
	for {
		h, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = each(h, in)
		}
		if err != nil {
			return fmt.Errorf("copy %s out of it: %w", from, err)
		}
	}
}
