package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// widestColumn bounds columns, in characters: a transaction may be much longer than all others.
const widestColumn = 72

// table sets rows into columns as wide as their widest cell, up to widestColumn. The last cell of a row is as
// long as it is.
func table(rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = min(widestColumn, max(widths[i], utf8.RuneCountInString(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(cell))+2))
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
