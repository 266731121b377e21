package history

import (
	"slices"
	"testing"
)

func TestSplitBalances(t *testing.T) {
	got, err := SplitBalances(Value(` {"b": -5, "a": 10, "c": null} `))
	want := []Balance{{Account: "a", Amount: 10}, {Account: "b", Amount: -5}, {Account: "c", Nil: true}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := SplitBalances(Value(`{}`)); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{``, `null`, `[10]`, `{"a":1.0}`, `{"a":"1"}`, `{"a":1,"a":1}`, `{"a":1e3}`, `{"a":9223372036854775808}`, `{"a":true}`,
		`{"a":{}}`, `{"a":[1]}`, `{"a":1`, `{"a":1}{}`, `{"a":1} 2`} {
		if got, err := SplitBalances(Value(bad)); err == nil {
			t.Errorf("%s reads as %+v", bad, got)
		}
	}
}

func TestSplitTransfer(t *testing.T) {
	if got, err := SplitTransfer(Value(`{"to":"b","from":"a","amount":-3}`)); err != nil || got != (TransferOf{"a", "b", -3}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{``, `null`, `{}`, `{"from":"a","to":"b"}`, `{"from":"a","to":"b","amount":1.5}`, `{"from":0,"to":"b","amount":1}`,
		`{"from":"a","to":"b","amount":1,"x":1}`, `{"from":"a","from":"a","to":"b","amount":1}`, `{"from":"a","to":"b","amount":1} {}`, `{"From":"a","to":"b","amount":1}`, `{"from":"a","to":null,"amount":1}`} {
		if got, err := SplitTransfer(Value(bad)); err == nil {
			t.Errorf("%s reads as %+v", bad, got)
		}
	}
}
