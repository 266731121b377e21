// Package kv is the state machine of the bundled store: keys with JSON values. It is deterministic:
// the same commands in the same order give the same state and the same results on every node.
package kv

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Limits of what a client may send.
const (
	MaxKeyBytes   = 1024
	MaxValueBytes = 1 << 20
	MaxTxnOps     = 128
)

// Command is what a client asks for. Which fields an operation takes is in the table of operations;
// a value that is nil was not given. Values are compared byte by byte in their compact form, so that
// 1 and 1.0 differ.
type Command struct {
	Op    string
	Key   string
	Value json.RawMessage // put, append, add
	From  json.RawMessage // cas: null means that the key was never written, or was deleted
	To    json.RawMessage // cas

	// Ops are what a txn consists of, in order. They take effect together or not at all, and one that
	// follows sees what those before it did.
	Ops []Command

	// Client and Seq identify a write, so that it takes effect once however often it is sent: the
	// client is the number that open-session gave it, and it numbers its writes from 1 on, one at a
	// time. Both 0: the write has no identity, and takes effect each time.
	Client, Seq uint64
}

// field is one of a command's values, as it is called by clients and marked in the log.
type field struct {
	name string
	tag  byte // part of the log's format: never used for anything else
	of   func(*Command) *json.RawMessage
}

// fields lists the values of a command in the order of their tags.
var fields = [...]field{
	{"value", 1, func(c *Command) *json.RawMessage { return &c.Value }},
	{"from", 2, func(c *Command) *json.RawMessage { return &c.From }},
	{"to", 3, func(c *Command) *json.RawMessage { return &c.To }},
}

// What marks the rest of a command in the log, as a field's tag does its value.
const (
	identityTag = 4 // Client and Seq
	opTag       = 5 // one of Ops
)

// Prepare brings the values into their compact form and says in words what is wrong with the command,
// all of it. A command that passed is carried out by every node in the same way.
func (c *Command) Prepare() error {
	op, known := operationNamed(c.Op)
	if !known {
		return fmt.Errorf("unknown op %q; there are %s", c.Op, operationNames())
	}
	var errs []error
	switch {
	case op.keyless && c.Key != "":
		errs = append(errs, fmt.Errorf("%s takes no key", c.Op))
	case op.keyless:
	case c.Key == "":
		errs = append(errs, errors.New("key is missing"))
	case len(c.Key) > MaxKeyBytes:
		errs = append(errs, fmt.Errorf("key has %d bytes; the limit is %d", len(c.Key), MaxKeyBytes))
	}
	for _, f := range fields {
		if err := f.prepare(c, op); err != nil {
			errs = append(errs, err)
		}
	}
	if err := c.prepareOps(op); err != nil {
		errs = append(errs, err)
	}
	if err := c.prepareIdentity(op); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// prepareOps prepares the parts of a transaction, each like a command of its own.
func (c *Command) prepareOps(op operation) error {
	switch {
	case !op.composed && len(c.Ops) > 0:
		return fmt.Errorf("%s takes no ops", c.Op)
	case !op.composed:
		return nil
	case len(c.Ops) == 0:
		return fmt.Errorf("ops are missing: %s needs at least one", c.Op)
	case len(c.Ops) > MaxTxnOps:
		return fmt.Errorf("there are %d ops; the limit is %d", len(c.Ops), MaxTxnOps)
	}
	var errs []error
	for i := range c.Ops {
		part := &c.Ops[i]
		err := part.Prepare()
		switch op, _ := operationNamed(part.Op); {
		case err == nil && op.keyless:
			err = fmt.Errorf("%s cannot be part of a transaction", part.Op)
		case err == nil && part.Client != 0:
			err = errors.New("client and seq identify the transaction as a whole")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("op %d: %w", i+1, err))
		}
	}
	return errors.Join(errs...)
}

func (c *Command) prepareIdentity(op operation) error {
	switch given := c.Client != 0; {
	case given != (c.Seq != 0):
		return errors.New("client and seq identify a write together: one of them is missing")
	case given && (c.ReadOnly() || op.keyless && !op.composed):
		return fmt.Errorf("%s takes no client and seq: only writes to a key are told apart by them", c.Op)
	}
	return nil
}

func (f field) prepare(c *Command, op operation) error {
	value := f.of(c)
	use := op.takes[f.name]
	switch {
	case *value == nil && use == unused:
		return nil
	case *value == nil:
		return fmt.Errorf("%s is missing: %s needs it", f.name, c.Op)
	case use == unused:
		return fmt.Errorf("%s takes no %s", c.Op, f.name)
	case len(*value) > MaxValueBytes:
		return fmt.Errorf("%s has %d bytes; the limit is %d", f.name, len(*value), MaxValueBytes)
	}
	compact, err := compacted(*value)
	if err != nil {
		return fmt.Errorf("%s is not JSON: %w", f.name, err)
	}
	if use == written && string(compact) == "null" {
		return fmt.Errorf("%s is null, which stands for a key that was never written", f.name)
	}
	if use == counted && !isWholeNumber(compact) {
		return fmt.Errorf("%s is no whole number of 64 bits: %s takes no other", f.name, c.Op)
	}
	*value = compact
	return nil
}

// compacted is a value without white space around its parts.
func compacted(v json.RawMessage) (json.RawMessage, error) {
	if isPlainText(v) {
		return v, nil
	}
	var compact bytes.Buffer
	compact.Grow(len(v))
	err := json.Compact(&compact, v)
	return compact.Bytes(), err
}

// isPlainText says whether v is a JSON string without an escape: it is compact as it stands, and far cheaper
// to look through than any JSON.
func isPlainText(v json.RawMessage) bool {
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return false
	}
	for _, c := range v[1 : len(v)-1] {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// ReadOnly says that the command is answered from applied state and never enters the log.
func (c *Command) ReadOnly() bool {
	op, _ := operationNamed(c.Op)
	return op.readOnly || op.composed && !slices.ContainsFunc(c.Ops, func(part Command) bool { return !part.ReadOnly() })
}

// Encode gives the form in which a prepared command stands in the log:
//
//	operation code u8 | key length uvarint | key | for each value given: tag u8 | length uvarint | value
//
// The parts of a transaction follow like values, each encoded in the same way, and so does an identity,
// as client uvarint | seq uvarint.
func (c *Command) Encode() []byte {
	op, _ := operationNamed(c.Op)
	buf := make([]byte, 0, 16+len(c.Key)+len(c.Value)+len(c.From)+len(c.To))
	buf = append(buf, op.code)
	buf = appendBytes(buf, c.Key)
	for _, f := range fields {
		if v := *f.of(c); v != nil {
			buf = append(buf, f.tag)
			buf = appendBytes(buf, v)
		}
	}
	for i := range c.Ops {
		buf = append(buf, opTag)
		buf = appendBytes(buf, json.RawMessage(c.Ops[i].Encode()))
	}
	if c.Client != 0 {
		identity := binary.AppendUvarint(binary.AppendUvarint(nil, c.Client), c.Seq)
		buf = append(buf, identityTag)
		buf = appendBytes(buf, json.RawMessage(identity))
	}
	return buf
}

func appendBytes[T string | json.RawMessage](buf []byte, b T) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(b))), b...)
}

// Decode is the inverse of Encode. The values refer to b.
func Decode(b []byte) (Command, error) {
	_, c, err := decode(b)
	return c, err
}

// decode is the inverse of Encode. The values refer to b.
func decode(b []byte) (operation, Command, error) {
	if len(b) == 0 {
		return operation{}, Command{}, errors.New("an empty command")
	}
	op, known := operationCoded(b[0])
	if !known {
		return operation{}, Command{}, fmt.Errorf("operation code %d, which this version does not know", b[0])
	}
	c := Command{Op: op.name}
	key, rest, err := cutBytes(b[1:])
	c.Key = string(key)
	for err == nil && len(rest) > 0 {
		tag := rest[0]
		var value []byte
		value, rest, err = cutBytes(rest[1:])
		if err == nil {
			err = c.set(tag, value)
		}
	}
	return op, c, err
}

func (c *Command) set(tag byte, value []byte) error {
	switch tag {
	case identityTag:
		return c.setIdentity(value)
	case opTag:
		return c.addOp(value)
	}
	for _, f := range fields {
		if f.tag == tag {
			*f.of(c) = value
			return nil
		}
	}
	return fmt.Errorf("a value with tag %d, which this version does not know", tag)
}

// addOp reads a part of a transaction. It is none itself, so that no entry can be deeper than the stack.
func (c *Command) addOp(b []byte) error {
	if op, known := operationNamed(c.Op); !known || !op.composed {
		return fmt.Errorf("%s with a part, which this version does not know", c.Op)
	}
	if len(b) > 0 {
		if op, known := operationCoded(b[0]); known && op.keyless {
			return fmt.Errorf("%s as part of a transaction, which this version does not know", op.name)
		}
	}
	_, part, err := decode(b)
	c.Ops = append(c.Ops, part)
	return err
}

func (c *Command) setIdentity(b []byte) error {
	client, n := binary.Uvarint(b)
	if n > 0 && client > 0 {
		if seq, m := binary.Uvarint(b[n:]); m > 0 && seq > 0 && n+m == len(b) {
			c.Client, c.Seq = client, seq
			return nil
		}
	}
	return errors.New("the identity of a write that this version cannot read")
}

func cutBytes(b []byte) (value, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, errors.New("the command ends in the middle of a value")
	}
	end := size + int(n)
	return b[size:end:end], b[end:], nil
}
