//go:build !linux

package history

// hugePages is for Linux.
func hugePages([]Operation) {}
