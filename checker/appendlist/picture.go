package appendlist

import (
	"io"

	"schism/checker"
	"schism/checker/objects"
	"schism/history"
)

// Picture writes Porcupine's picture of an anomaly.
func (Lists) Picture(w io.Writer, h *history.History, a checker.Anomaly) error {
	return objects.ListPicture(w, h, a)
}
