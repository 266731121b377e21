package importers

import (
	"strings"

	"schism/history"
)

// value is what an operation asks for or was answered, in the shape that our own format has for it.
func (a *assembler) value(op Op, f *form) (history.Value, error) {
	switch {
	case op.Value == Lists && f.kind == set:
		f = &form{kind: vector, at: f.at, items: f.items}
	case op.Value == Transacts:
		return a.transaction(f)
	case op.Value == Shows:
		return a.balances(f)
	case op.Value == Moves:
		return a.transfer(f)
	}
	return a.plain(f)
}

// plain is a form as a value. A keyword keeps its colon and becomes a text, so that :a and ":a" would be equal
// from here on: a history that has both is an error.
func (a *assembler) plain(f *form) (history.Value, error) {
	v, err := f.value()
	if err != nil {
		return nil, err
	}
	return v, a.distinct(f)
}

// distinct says whether a keyword in f was a string before, or the other way round.
func (a *assembler) distinct(f *form) error {
	var text string
	switch f.kind {
	case keyword:
		text = string(f.text)
	case str:
		if c := f.text[1]; c != ':' && c != '\\' { // nearly all; an escape may be of a colon
			return nil
		}
		var err error
		if text, err = f.string(); err != nil {
			return err
		}
	}
	for i := range f.items {
		if err := a.distinct(&f.items[i]); err != nil {
			return err
		}
	}
	if !strings.HasPrefix(text, ":") {
		return nil
	}
	before, known := a.alike[text]
	if !known {
		a.alike[text] = f.own()
	} else if before.kind != f.kind {
		return failAt(f.at, "%.40s is not the %.40s of line %d: one is a keyword, the other a string, and schism would write both alike",
			f.text, before.text, lineOf(a.text, before.at))
	}
	return nil
}

// transaction is [[:append 3 1] [:r :x nil]] as ours: [["append","3",1],["r",":x",null]].
func (a *assembler) transaction(f *form) (history.Value, error) {
	if f.kind != vector {
		return nil, failAt(f.at, "a transaction is a vector of [:r key nil] and the like, not %s", f.what())
	}
	all := make([]history.Access, len(f.items))
	for i := range f.items {
		part := &f.items[i]
		known := part.kind == vector && len(part.items) == 3 && !part.items[1].isNil()
		if known {
			all[i].Kind, known = history.KindOfAccess(strings.Trim(string(part.items[0].text), `"`))
		}
		if !known {
			return nil, failAt(part.at, "part %d of a transaction is %s, and none of [:r key value], [:w key value] and [:append key value]", i+1, part.what())
		}
		var err error
		if all[i].Register, err = a.keyName(&part.items[1]); err != nil {
			return nil, err
		}
		if all[i].Value, err = a.plain(&part.items[2]); err != nil {
			return nil, err
		}
	}
	return history.JoinTxn(all), nil
}

// balances are {0 10, 1 20}, or a vector of those of the accounts 0, 1 and so on.
func (a *assembler) balances(f *form) (history.Value, error) {
	var accounts []string
	var amounts []*form
	switch f.kind {
	case mapping:
		for i := 0; i+1 < len(f.items); i += 2 {
			name, err := a.keyName(&f.items[i])
			if err != nil {
				return nil, err
			}
			accounts, amounts = append(accounts, name), append(amounts, &f.items[i+1])
		}
	case vector:
		for i := range f.items {
			accounts, amounts = append(accounts, string(history.Int(int64(i)))), append(amounts, &f.items[i])
		}
	default:
		return nil, failAt(f.at, "balances are a map of accounts to amounts, or a vector of amounts, not %s", f.what())
	}
	out := history.Value{'{'}
	for i, account := range accounts {
		amount, err := a.plain(amounts[i])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, quote(account)...), ':'), amount...)
	}
	out = append(out, '}')
	if _, err := history.SplitBalances(out); err != nil {
		return nil, failAt(f.at, "%w", err)
	}
	return out, nil
}

// transfer is {:from 0, :to 1, :amount 3}.
func (a *assembler) transfer(f *form) (history.Value, error) {
	const want = "a transfer is {:from account, :to account, :amount number}"
	if f.kind != mapping {
		return nil, failAt(f.at, want+", not %s", f.what())
	}
	out := history.Value{'{'}
	for i := 0; i+1 < len(f.items); i += 2 {
		var v history.Value
		var err error
		name, of := strings.TrimPrefix(string(f.items[i].text), ":"), &f.items[i+1]
		switch name {
		case "from", "to":
			var account string
			account, err = a.keyName(of)
			v = quote(account)
		case "amount":
			v, err = a.plain(of)
		default:
			err = failAt(f.items[i].at, want+", and has no %s", f.items[i].what())
		}
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, quote(name)...), ':'), v...)
	}
	out = append(out, '}')
	if _, err := history.SplitTransfer(out); err != nil { // one is missing, or there twice
		return nil, failAt(f.at, "%w", err)
	}
	return out, nil
}
