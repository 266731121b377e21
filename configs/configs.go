// Package configs holds the scenarios that come with schism, so that a binary alone can run them.
package configs

import (
	"embed"
	"strings"
)

//go:embed raft/*.yaml zoo/*.yaml
var files embed.FS

// Read gives a scenario by its path in the repository: "configs/raft/lost-write.yaml".
func Read(path string) ([]byte, error) {
	return files.ReadFile(strings.TrimPrefix(path, "configs/"))
}
