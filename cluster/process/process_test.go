package process_test

import (
	"testing"

	"schism/cluster/clustertest"
	"schism/cluster/process"
)

func TestConformance(t *testing.T) {
	clustertest.Run(t, process.Runtime{Temp: t.TempDir()})
}
