package schism

import (
	"context"
	"errors"
	"fmt"
	"io"

	"schism/cluster"
)

// Clean removes what runs left behind whose controller is proved dead, clusters that were kept too, on
// every runtime that answers, and tells each removal to log. It returns the number of runs.
func Clean(ctx context.Context, log io.Writer) (runs int, err error) {
	return cleanEach(ctx, log, func(r cluster.Runtime) ([]cluster.Remains, error) {
		if c, ok := r.(cluster.Cleaner); ok {
			return c.Clean(ctx, log)
		}
		return nil, nil
	})
}

// CleanRun is Clean for one run: nothing is removed of the others, dead or not.
func CleanRun(ctx context.Context, run string, log io.Writer) (runs int, err error) {
	return cleanEach(ctx, log, func(r cluster.Runtime) ([]cluster.Remains, error) {
		if c, ok := r.(cluster.RunCleaner); ok {
			return c.CleanRun(ctx, run, log)
		}
		return nil, nil
	})
}

// CleanImages removes the images that runs built and nothing uses, on every runtime that answers and
// builds any. They are a cache: the next run builds what it needs.
func CleanImages(ctx context.Context, log io.Writer) error {
	_, err := cleanEach(ctx, log, func(r cluster.Runtime) ([]cluster.Remains, error) {
		if c, ok := r.(imageCleaner); ok {
			return nil, c.CleanImages(ctx, log)
		}
		return nil, nil
	})
	return err
}

// imageCleaner is an optional ability of a runtime.
type imageCleaner interface {
	CleanImages(ctx context.Context, log io.Writer) error
}

func cleanEach(ctx context.Context, log io.Writer, clean func(cluster.Runtime) ([]cluster.Remains, error)) (runs int, err error) {
	binary, err := ownBinary()
	if err != nil {
		return 0, err
	}
	for _, kind := range Runtimes() {
		r, making := kind.New(binary)
		if making == nil {
			_, making = available(ctx, r)
		}
		if making != nil {
			fmt.Fprintf(log, "%s: %v\n", kind.Name, making)
			continue
		}
		remains, cleaning := clean(r)
		runs += len(remains)
		err = errors.Join(err, cleaning)
	}
	return runs, err
}
