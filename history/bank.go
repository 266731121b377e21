package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Balance is what one account holds.
type Balance struct {
	Account string
	Amount  int64
	Nil     bool // the read showed nil: there was no such account
}

// SplitBalances takes what a read of a bank was shown apart, {"0":10,"1":20}, and sorts it by account. Only whole
// numbers can be added up exactly; an account that stands there twice is an error.
func SplitBalances(v Value) ([]Balance, error) {
	in := json.NewDecoder(bytes.NewReader(v))
	in.UseNumber()
	if open, err := in.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf(`%.100s is no balances of accounts: want {"0":10,"1":20}`, v)
	}
	var all []Balance
	for in.More() {
		account, err := in.Token()
		if err != nil {
			return nil, fmt.Errorf("balances %.100s: %w", v, err)
		}
		b := Balance{Account: account.(string)} // the name of a field is a string
		amount, err := in.Token()
		switch n, whole := amount.(json.Number); {
		case err != nil:
			return nil, fmt.Errorf("balances %.100s: %w", v, err)
		case amount == nil:
			b.Nil = true
		default:
			if b.Amount, err = strconv.ParseInt(n.String(), 10, 64); !whole || err != nil {
				return nil, fmt.Errorf("balances %.100s: that of %q is no whole number of 64 bits", v, b.Account)
			}
		}
		all = append(all, b)
	}
	if _, err := in.Token(); err != nil {
		return nil, fmt.Errorf("balances %.100s: %w", v, err)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("balances %.100s: something stands behind them", v)
	}
	slices.SortFunc(all, func(a, b Balance) int { return bytes.Compare([]byte(a.Account), []byte(b.Account)) })
	for i := 1; i < len(all); i++ {
		if all[i].Account == all[i-1].Account {
			return nil, fmt.Errorf("balances %.100s: the account %q stands there twice", v, all[i].Account)
		}
	}
	return all, nil
}

// TransferOf is what a transfer moves.
type TransferOf struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Amount int64  `json:"amount"`
}

// SplitTransfer reads the value of a transfer, {"from":"0","to":"1","amount":3}, each field once and no other.
func SplitTransfer(v Value) (TransferOf, error) {
	wrong := fmt.Errorf(`%.100s is no transfer: want {"from":"0","to":"1","amount":3}`, v)
	in := json.NewDecoder(bytes.NewReader(v))
	in.DisallowUnknownFields()
	var t struct {
		From, To *string
		Amount   *int64
	}
	if in.Decode(&t) != nil || t.From == nil || t.To == nil || t.Amount == nil {
		return TransferOf{}, wrong
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return TransferOf{}, wrong
	}
	names, err := fieldNames(v) // encoding/json does not mind their case
	if slices.Sort(names); err != nil || !slices.Equal(names, []string{"amount", "from", "to"}) {
		return TransferOf{}, wrong
	}
	return TransferOf{*t.From, *t.To, *t.Amount}, nil
}
