package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

func (c *running) ListFiles(_ context.Context, node string) (names []string, err error) {
	return names, c.atRest(node, func(dir string) error {
		entries, err := os.ReadDir(dir)
		for _, e := range entries {
			if e.Type().IsRegular() {
				names = append(names, e.Name())
			}
		}
		return err
	})
}

func (c *running) ReadFile(_ context.Context, node, name string) (content []byte, err error) {
	return content, c.atRest(node, func(dir string) error {
		content, err = os.ReadFile(filepath.Join(dir, filepath.Base(name)))
		return err
	})
}

// WriteFile overwrites the file where it is.
func (c *running) WriteFile(_ context.Context, node, name string, content []byte) error {
	return c.atRest(node, func(dir string) error {
		f, err := os.OpenFile(filepath.Join(dir, filepath.Base(name)), os.O_WRONLY|os.O_TRUNC, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := f.Write(content); err != nil {
			return err
		}
		return f.Sync()
	})
}

// atRest does something in the data directory of a node that does not run, and keeps it from being started
// meanwhile.
func (c *running) atRest(name string, do func(dir string) error) error {
	n, err := c.open(name)
	if err != nil {
		return err
	}
	n.orders.Lock()
	defer n.orders.Unlock()
	if p := n.current(); p != nil && !p.gone() {
		return fmt.Errorf("the disk of node %s cannot be reached: it is running as process %d", name, p.pid())
	}
	if err := do(n.view.Data); err != nil {
		return fmt.Errorf("the disk of node %s: %w", name, err)
	}
	return nil
}
