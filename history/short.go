package history

import "strings"

// longestError is of what an error says, in bytes: enough to tell, and no whole file.
const longestError = 600

// shortError is an error whose text repeats too much of what it complains of.
type shortError struct{ error }

func (e shortError) Error() string {
	return strings.ToValidUTF8(e.error.Error()[:longestError], "") + "…"
}

func (e shortError) Unwrap() error { return e.error }

// Short is err, cut off where it is longer than anybody reads: a hostile file may have a number of a megabyte.
func Short(err error) error {
	if err == nil || len(err.Error()) <= longestError {
		return err
	}
	return shortError{err}
}
