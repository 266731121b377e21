package txn

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"schism/checker"
	"schism/history"
)

// Bank judges reads of all accounts of a bank between which money is transferred: all of them must show the same
// total.
//
// Theorem: where no transaction sees aborted or unfinished writes and no cycle has just one anti-dependency (Adya's
// PL-2+, and so at snapshot isolation, repeatable-read and above), every transaction sees a state that is
// consistent: whatever the transactions that were committed each keep, alone, holds in what it sees (Adya, Weak
// Consistency, 1999, section 4.1). A transfer takes from one account what it gives to another, and so keeps the
// total. It does not matter which transfers took effect: those that failed and those that nobody knows of move
// money like all others, and make none.
//
// It is exact for that promise: the total is one number, or there are two reads that show two. Hence the name
// G-single: a read of another total saw one half of a transfer and not the other, it depends on the transfer
// (wr) and the transfer on it (rw); and where two transfers both wrote what one of them had read (lost update),
// the same is a cycle of one write and one anti-dependency. Which of them it was, totals do not tell.
//
// What the total is only the history can say, in the balances of its header; without them two reads must
// contradict each other. Nor does anything say without them which accounts there are: reads that show
// different ones are unknown. Counterexample: an account that was opened, with money that came from
// elsewhere. Balances below zero are no finding: who may overdraw an account is the bank's own matter.
//
// Source: Jepsen's bank test (jepsen.tests.bank), which is told total and accounts by its test.
type Bank struct{}

// Name is the checker's name in results.
func (Bank) Name() string { return "bank" }

// Check judges each key, which is a bank, for itself.
func (b Bank) Check(_ context.Context, h *history.History) checker.Check {
	check := checker.Check{Name: b.Name(), Verdict: checker.Valid}
	banks := make(map[string]*bank)
	reads := 0
	var unclear []string
	for i := range h.Operations {
		op := &h.Operations[i]
		if banks[op.Key] == nil {
			banks[op.Key] = &bank{h: h, key: op.Key}
		}
		if op.F != history.Read || op.Outcome != history.OK {
			continue
		}
		reads++
		if err := banks[op.Key].read(op); err != nil {
			unclear = append(unclear, fmt.Sprintf("client %v's read (event %d): %v", op.Process, op.Call, err))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(banks)) {
		found, why := banks[key].judge()
		check.Anomalies = append(check.Anomalies, found...)
		if why != "" {
			unclear = append(unclear, why)
		}
	}
	switch {
	case len(check.Anomalies) > 0:
		check.Verdict, check.Message = checker.Invalid, check.Anomalies[0].Message
	case len(unclear) > 0:
		check.Verdict, check.Message = checker.Unknown, "Not everything could be decided: "+unclear[0]+"."
	case reads == 0:
		check.Verdict, check.Message = checker.Vacuous, "Nobody read the accounts."
	default:
		check.Message = fmt.Sprintf("All reads show the same total. Reads: %d.", reads)
	}
	check.Figures = map[string]float64{"operations": float64(len(h.Operations)), "reads": float64(reads)}
	return check
}

// bank is what was read of one.
type bank struct {
	h   *history.History
	key string
	// sights are the reads, in the order of their calls.
	sights []bankSight
}

// bankSight is what one read showed.
type bankSight struct {
	op       *history.Operation
	accounts string // their names, as JSON
	total    int64
}

func (b *bank) read(op *history.Operation) error {
	balances, err := history.SplitBalances(op.Output)
	if err != nil {
		return err
	}
	s := bankSight{op: op}
	var names []string
	for _, one := range balances {
		if one.Nil {
			continue // it is not there
		}
		names = append(names, one.Account)
		if s.total, err = sumOf(s.total, one.Amount); err != nil {
			return err
		}
	}
	s.accounts = string(history.Encode(names))
	b.sights = append(b.sights, s)
	return nil
}

func sumOf(a, b int64) (int64, error) {
	if b > 0 && a > math.MaxInt64-b || b < 0 && a < math.MinInt64-b {
		return 0, fmt.Errorf("the total is beyond 64 bits")
	}
	return a + b, nil
}

// judge gives the worst that a bank shows, and why not all of it could be decided.
func (b *bank) judge() (found []checker.Anomaly, why string) {
	if len(b.sights) == 0 {
		return nil, ""
	}
	if len(b.h.Header.Balances) > 0 {
		return b.judgeByHeader()
	}
	byAccounts := make(map[string][]bankSight)
	for _, s := range b.sights {
		byAccounts[s.accounts] = append(byAccounts[s.accounts], s)
	}
	for _, s := range b.sights { // of several sets of accounts the one that was read first
		if a, broken := b.contradiction(byAccounts[s.accounts]); broken {
			return []checker.Anomaly{a}, ""
		}
		delete(byAccounts, s.accounts)
	}
	first := b.sights[0]
	at := slices.IndexFunc(b.sights, func(s bankSight) bool { return s.accounts != first.accounts })
	if at < 0 {
		return nil, ""
	}
	return nil, fmt.Sprintf("%s shows the accounts %s, and %s %s; which of them there were from the beginning the history does not tell (its header can, as \"balances\")",
		showBankRead(first.op), first.accounts, showBankRead(b.sights[at].op), b.sights[at].accounts)
}

// contradiction are two reads with two totals: one with the total that most of them show, the first of them among
// equals, and the first that shows another.
func (b *bank) contradiction(sights []bankSight) (checker.Anomaly, bool) {
	count := make(map[int64]int)
	for _, s := range sights {
		count[s.total]++
	}
	if len(count) < 2 {
		return checker.Anomaly{}, false
	}
	usual := sights[0].total
	for _, s := range sights {
		if count[s.total] > count[usual] {
			usual = s.total
		}
	}
	off := sights[slices.IndexFunc(sights, func(s bankSight) bool { return s.total != usual })]
	other := sights[slices.IndexFunc(sights, func(s bankSight) bool { return s.total == usual })]
	for _, s := range sights { // the last one before it tells most
		if s.total == usual && s.op.Return < off.op.Call {
			other = s
		}
	}
	a := b.anomaly(checker.GSingle, off)
	a.Ops = []int64{off.op.Call, other.op.Call}
	slices.Sort(a.Ops)
	a.Message = fmt.Sprintf("Read skew (G-single): %s shows a total of %d, although %s shows one of %d: money is moved, and never made or lost%s.",
		showReader(off.op), off.total, showReader(other.op), usual, andOthers(len(sights)-count[usual], len(sights), "show another total than most"))
	a.Proof = "no transfer changes the total, so that two reads of all accounts with two totals cannot both show one state." + b.atThatTime(off, usual)
	return a, true
}

// judgeByHeader holds every read to the balances at the beginning.
func (b *bank) judgeByHeader() (found []checker.Anomaly, why string) {
	total := int64(0)
	for _, amount := range b.h.Header.Balances {
		var err error
		if total, err = sumOf(total, amount); err != nil {
			return nil, "the balances in the header: " + err.Error()
		}
	}
	accounts := string(history.Encode(slices.Sorted(maps.Keys(b.h.Header.Balances))))
	var off []bankSight
	for _, s := range b.sights {
		if s.total != total || s.accounts != accounts {
			off = append(off, s)
		}
	}
	if len(off) == 0 {
		return nil, ""
	}
	s := off[0]
	a := b.anomaly(checker.GSingle, s)
	more := andOthers(len(off), len(b.sights), "show something else too")
	if s.accounts != accounts {
		a.Message = fmt.Sprintf("Read skew (G-single): %s shows the accounts %s, although from the beginning there are %s%s.", showReader(s.op), s.accounts, accounts, more)
		a.Proof = "no transfer opens or closes an account: what is not there was not seen, and the rest of the beginning was."
		if b.invented(s) {
			a.Name, a.Message = checker.DirtyRead, "Dirty read"+strings.TrimPrefix(a.Message, "Read skew (G-single)")
			a.Proof = "no transfer opens an account: nobody wrote what it shows."
		}
		return []checker.Anomaly{a}, ""
	}
	a.Message = fmt.Sprintf("Read skew (G-single): %s shows a total of %d, although the accounts had %d at the beginning: money is moved, and never made or lost%s.",
		showReader(s.op), s.total, total, more)
	a.Proof = "no transfer changes the total, so that a read of all accounts with another one does not show one state." + b.atThatTime(s, total)
	return []checker.Anomaly{a}, ""
}

// invented says whether a read shows an account that there is not.
func (b *bank) invented(s bankSight) bool {
	balances, _ := history.SplitBalances(s.op.Output) // it has been read before
	return slices.ContainsFunc(balances, func(one history.Balance) bool {
		_, there := b.h.Header.Balances[one.Account]
		return !there && !one.Nil
	})
}

func (b *bank) anomaly(name string, s bankSight) checker.Anomaly {
	return checker.Anomaly{Name: name, Key: b.key, Ops: []int64{s.op.Call}, Focus: s.op.Call, Faults: checker.FaultsAt(b.h, s.op)}
}

// atThatTime tells of a transfer of just what is missing, or too much, that was on during the read. It need not be
// the one that was seen in halves, and is no part of the proof.
func (b *bank) atThatTime(s bankSight, usual int64) string {
	difference := s.total - usual
	if (difference < 0) != (s.total < usual) {
		return "" // it is beyond 64 bits, as no transfer is
	}
	for i := range b.h.Operations {
		op := &b.h.Operations[i]
		if op.Call > s.op.Return {
			break
		}
		ended := op.Return >= 0 && op.Outcome != history.Info && op.Return < s.op.Call
		if op.F != history.Transfer || op.Key != b.key || ended || op.Outcome == history.Fail {
			continue
		}
		if t, err := history.SplitTransfer(op.Input); err == nil && t.From != t.To && (t.Amount == difference || t.Amount == -difference) {
			return fmt.Sprintf(" The difference, %d, is that of %s, which was under way.", difference, checker.ShowWrite(op))
		}
	}
	return ""
}

// andOthers is "; 12 of 300 reads show another total", or nothing of one read.
func andOthers(n, all int, what string) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf("; %d of %d reads %s", n, all, what)
}

func showBankRead(op *history.Operation) string {
	return fmt.Sprintf("client %v's read (event %d)", op.Process, op.Call)
}

// showReader is "client 3's read by n2 at 1.200 s".
func showReader(op *history.Operation) string {
	return strings.TrimSpace(fmt.Sprintf("client %v's read%s at %s", op.Process, checker.ShowPlace("by", op), checker.ShowTime(op.ReturnTime)))
}
