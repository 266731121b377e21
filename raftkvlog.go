package schism

import (
	"encoding/binary"
	"errors"
	"path"
	"slices"
)

// The log of the bundled store, as far as finding its end takes: a segment file has a header, then records, and
// zeros behind them. A record is
//
//	length of its content u32 | type u8 | 11 bytes | content | end mark u8
//
// The first records of a segment repeat what the one before it knew.
const (
	segmentHeader  = 20
	recordHeader   = 16
	recordEnd      = 0xE5
	recordBegins   = 4 // the type of the last record of a segment's beginning
	segmentPattern = "????????????????.wal"
)

// NewestLog is the segment with the highest number, which their names are.
func (r *RaftKV) NewestLog(files []string) string {
	var segments []string
	for _, name := range files {
		if is, _ := path.Match(segmentPattern, name); is { // the pattern is right
			segments = append(segments, name)
		}
	}
	if len(segments) == 0 {
		return ""
	}
	return slices.Max(segments)
}

// LastRecord goes from record to record.
func (r *RaftKV) LastRecord(segment []byte) (last LogRecord, err error) {
	begun, found := false, false
	for at := int64(segmentHeader); ; {
		size := recordAt(segment, at)
		if size == 0 {
			break
		}
		if begun {
			found, last = true, LogRecord{Offset: at, Byte: at + recordHeader + (size-recordHeader-1)/2}
		}
		begun = begun || segment[at+4] == recordBegins
		at += size
	}
	if !found {
		return last, errors.New("it holds nothing behind its beginning")
	}
	return last, nil
}

// recordAt is how long the record is that begins there, if it is whole; else 0.
func recordAt(segment []byte, at int64) int64 {
	if at+recordHeader > int64(len(segment)) {
		return 0
	}
	end := at + recordHeader + int64(binary.LittleEndian.Uint32(segment[at:]))
	if end >= int64(len(segment)) || segment[end] != recordEnd {
		return 0
	}
	return end + 1 - at
}
