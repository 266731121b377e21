package schism

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"schism/history"
	"schism/workload"
)

// raftKVRequest and raftKVReply are the bodies of POST /v1/op.
type raftKVRequest struct {
	Op    string        `json:"op"`
	Key   string        `json:"key,omitempty"`
	Value history.Value `json:"value,omitempty"`
	From  history.Value `json:"from,omitempty"`
	To    history.Value `json:"to,omitempty"`
	// Ops are the parts of a txn.
	Ops []raftKVRequest `json:"ops,omitempty"`
	// Client and Seq identify a write. Only their pair means anything to the node.
	Client uint64 `json:"client,omitempty"`
	Seq    uint64 `json:"seq,omitempty"`
}

type raftKVReply struct {
	OK     bool          `json:"ok"`
	Value  history.Value `json:"value"`
	Error  string        `json:"error"`
	Found  history.Value `json:"found"`
	Leader string        `json:"leader"`
}

// encodeOp puts an operation into the store's words. A lock is the name of its owner, or a key that was
// never written; only a transaction can compare that name and delete it.
func encodeOp(op workload.Op) ([]byte, error) {
	req := raftKVRequest{Key: op.Key, Client: op.Client, Seq: op.Seq}
	switch op.F {
	case history.Read:
		req.Op = "get"
	case history.Write:
		req.Op, req.Value = "put", op.Value
	case history.Append, history.Enqueue:
		req.Op, req.Value = "append", op.Value
	case history.Dequeue:
		req.Op = "pop"
	case history.Add:
		req.Op, req.Value = "add", op.Value
	case history.CAS:
		from, to, err := history.SplitPair(op.Value)
		if err != nil {
			return nil, err
		}
		req.Op, req.From, req.To = "cas", from, to
	case history.Acquire:
		req.Op, req.From, req.To = "cas", history.Nil, op.Value
	case history.Release:
		held := raftKVRequest{Op: "cas", Key: op.Key, From: op.Value, To: op.Value}
		req.Op, req.Key, req.Ops = "txn", "", []raftKVRequest{held, {Op: "delete", Key: op.Key}}
	case history.Txn:
		all, err := history.SplitTxn(op.Value)
		if err != nil {
			return nil, err
		}
		req.Op = "txn"
		for _, a := range all {
			req.Ops = append(req.Ops, accessRequest(a))
		}
	default:
		return nil, fmt.Errorf("raft-kv has no operation %q", op.F)
	}
	return json.Marshal(req)
}

func accessRequest(a history.Access) raftKVRequest {
	switch a.Kind {
	case history.Writes:
		return raftKVRequest{Op: "put", Key: a.Register, Value: a.Value}
	case history.Appends:
		return raftKVRequest{Op: "append", Key: a.Register, Value: a.Value}
	}
	return raftKVRequest{Op: "get", Key: a.Register}
}

// refusals are the answers to a write that went through the log and was left alone there: for want of
// the session that its identity names, because the session went on to a later write, because the region
// had moved on, or because of what the key held.
var refusals = []string{
	workload.NoSession, "superseded", "fenced", "not a list", "the list is full", "not a whole number", "the sum is out of bounds",
}

func answer(op workload.Op, status int, reply raftKVReply) workload.Answer {
	switch {
	case status == http.StatusOK && reply.OK:
		return accepted(op, reply)
	case status == http.StatusOK && reply.Error == history.Mismatch:
		return workload.Answer{Kind: history.Fail, Error: history.Mismatch, Found: foundBy(op, reply)}
	case status == http.StatusOK && slices.Contains(refusals, reply.Error):
		return workload.Answer{Kind: history.Fail, Error: reply.Error}
	case status == http.StatusMisdirectedRequest && reply.Leader != "":
		return workload.Answer{Kind: history.Fail, Error: reply.Error + "; leader: " + reply.Leader}
	case status >= 400 && status < 500:
		return workload.Answer{Kind: history.Fail, Error: fmt.Sprintf("%d: %s", status, reply.Error)}
	}
	return unknown(op, fmt.Sprintf("%d: %s", status, reply.Error))
}

// accepted is an operation that was carried out: what it was shown, or what it asked for.
func accepted(op workload.Op, reply raftKVReply) workload.Answer {
	switch op.F {
	case history.Read, history.Dequeue:
		return workload.Answer{Kind: history.OK, Value: orNil(reply.Value)}
	case history.Txn:
		v, err := sawTogether(op, reply)
		if err != nil {
			return unknown(op, err.Error())
		}
		return workload.Answer{Kind: history.OK, Value: v}
	}
	return workload.Answer{Kind: history.OK, Value: op.Value}
}

// sawTogether is a transaction with what its reads were shown. The store answers with one value for each
// part, which is null for a write.
func sawTogether(op workload.Op, reply raftKVReply) (history.Value, error) {
	all, err := history.SplitTxn(op.Value)
	if err != nil {
		return nil, err
	}
	var shown []json.RawMessage
	if err := json.Unmarshal(reply.Value, &shown); err != nil || len(shown) != len(all) {
		return nil, fmt.Errorf("the answer to a transaction of %d parts was %.100s", len(all), reply.Value)
	}
	for i := range all {
		if all[i].Kind == history.Reads {
			all[i].Value = shown[i]
		}
	}
	return history.JoinTxn(all), nil
}

// foundBy is what did not match: of a transaction that of its last part that was looked at.
func foundBy(op workload.Op, reply raftKVReply) history.Value {
	if op.F != history.Release {
		return orNil(reply.Found)
	}
	var parts []json.RawMessage
	if json.Unmarshal(reply.Found, &parts) != nil || len(parts) == 0 {
		return nil // nothing is known, but that it was not this
	}
	return parts[len(parts)-1]
}

// unknown is an operation that may have happened. A read has no effect: without its answer it is
// as if it had never been.
func unknown(op workload.Op, why string) workload.Answer {
	if !history.Changes(op.F, op.Value) {
		return workload.Answer{Kind: history.Fail, Error: why}
	}
	return workload.Answer{Kind: history.Info, Error: why}
}

func orNil(v history.Value) history.Value {
	if len(v) == 0 {
		return history.Nil
	}
	return v
}
