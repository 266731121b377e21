//go:build !linux

package netagent

import (
	"context"
	"errors"
	"io"
)

// Run fails: the agent lives in a Linux container.
func Run(context.Context, io.Reader, io.Writer, io.Writer) error {
	return errors.New("the net agent runs in a Linux container; 'schism run' starts it there")
}
