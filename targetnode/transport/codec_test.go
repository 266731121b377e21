package transport

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"schism/targetnode/raft"
)

// fill sets every field of a struct to a value that is not its zero, so that a field which is added
// to the messages and forgotten in the codec fails the round trip.
func fill(v reflect.Value, random *rand.Rand) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), random)
		}
	case reflect.Slice:
		n := 1 + random.IntN(3)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), random)
		}
	case reflect.Bool:
		v.SetBool(true)
	default:
		v.SetUint(1 + random.Uint64N(1<<v.Type().Bits()-2))
	}
}

func TestMessageRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	messages := []raft.Message{{}, {Type: raft.MsgAppend, Entries: []raft.Entry{{}}}}
	for range 200 {
		var m raft.Message
		fill(reflect.ValueOf(&m).Elem(), random)
		messages = append(messages, m)
	}
	for _, m := range messages {
		encoded := appendMessage(nil, &m)
		got, err := decodeMessage(encoded)
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Fatalf("decoded %+v, %v; want %+v", got, err, m)
		}
		for size := range encoded {
			if _, err := decodeMessage(encoded[:size]); err == nil {
				t.Fatalf("the first %d of %d bytes passed for a message", size, len(encoded))
			}
		}
		if _, err := decodeMessage(append(encoded, 0)); err == nil {
			t.Fatal("a byte behind the message went unnoticed")
		}
	}
}

func TestHelloRoundTrip(t *testing.T) {
	want := hello{cluster: "n1,n2,n3", from: Node{1, "n1", "10.0.0.1:7101"}, to: "n3"}
	kind, body, err := readFrame(bufio.NewReader(bytes.NewReader(want.append(nil))), maxHello)
	if err != nil || kind != frameHello {
		t.Fatalf("frame kind %d, %v", kind, err)
	}
	if got, err := decodeHello(body); err != nil || got != want {
		t.Fatalf("decoded %+v, %v; want %+v", got, err, want)
	}
	body[0]++
	if _, err := decodeHello(body); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Fatalf("a hello of another version: %v", err)
	}
}

func TestAHostileLengthTakesNoMemory(t *testing.T) {
	frame := binary.LittleEndian.AppendUint32(nil, maxFrame)
	frame = append(frame, byte(frameMessage), 1, 2, 3)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		if _, _, err := readFrame(bufio.NewReaderSize(bytes.NewReader(frame), 16), maxFrame); err == nil {
			t.Fatal("a frame of three bytes passed for one of 64 MiB")
		}
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 100*2*trustedFrame {
		t.Errorf("100 frames that claim 64 MiB each took %d bytes", took)
	}
	if _, _, err := readFrame(bufio.NewReader(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff, 3})), maxFrame); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("a frame of 4 GiB: %v, want a refusal by its length", err)
	}
}

// FuzzFrames reads any bytes as a peer's stream: no panic, and whatever decodes must encode to
// something that decodes to the same.
func FuzzFrames(f *testing.F) {
	stream := hello{cluster: "a,b", from: Node{1, "a", ""}, to: "b"}.append(nil)
	m := raft.Message{Type: raft.MsgAppend, From: 1, To: 2, Entries: []raft.Entry{{Index: 1, Data: []byte("x")}}}
	stream = appendMessageFrame(stream, &m)
	f.Add(appendFrame(stream, framePing))
	f.Fuzz(func(t *testing.T, stream []byte) {
		in := bufio.NewReader(bytes.NewReader(stream))
		for {
			kind, body, err := readFrame(in, 1<<20)
			if err != nil {
				return
			}
			if kind == frameHello {
				if h, err := decodeHello(body); err == nil {
					checkHello(t, h)
				}
				continue
			}
			m, err := decodeMessage(body)
			if err != nil {
				continue
			}
			if again, err := decodeMessage(appendMessage(nil, &m)); err != nil || !reflect.DeepEqual(again, m) {
				t.Fatalf("%+v became %+v, %v", m, again, err)
			}
		}
	})
}

func checkHello(t *testing.T, h hello) {
	t.Helper()
	if again, err := decodeHello(h.append(nil)[frameHeaderSize:]); err != nil || again != h {
		t.Fatalf("%+v became %+v, %v", h, again, err)
	}
}
