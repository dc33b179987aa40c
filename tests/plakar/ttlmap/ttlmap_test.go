package ttlmap

import (
	"testing"
	"time"
)

func TestEntriesAreForgottenAfterTheirTime(t *testing.T) {
	m := New[string, int](20 * time.Millisecond)
	m.Add("a", 1)
	if v, ok := m.Get("a"); !ok || v != 1 {
		t.Fatalf("fresh entry: got %d, %t", v, ok)
	}
	time.Sleep(30 * time.Millisecond)
	if _, ok := m.Get("a"); ok {
		t.Fatal("entry outlived its time")
	}
	m.expire(time.Now())
	if n := len(m.entries); n != 0 {
		t.Fatalf("%d expired entries kept", n)
	}
}
