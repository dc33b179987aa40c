// Package ttlmap is a map whose entries are forgotten some time after they were added.
//
// It stands in for go.omarpolo.com/ttlmap, which package proxies do not always serve: only the
// part that Plakar calls is here.
package ttlmap

import (
	"sync"
	"time"
)

type entry[V any] struct {
	value   V
	expires time.Time
}

// Map keeps values for a fixed time. It may be used from several goroutines.
type Map[K comparable, V any] struct {
	mu      sync.Mutex
	ttl     time.Duration
	entries map[K]entry[V]
}

// New makes an empty map that keeps each entry for ttl.
func New[K comparable, V any](ttl time.Duration) *Map[K, V] {
	return &Map[K, V]{ttl: ttl, entries: make(map[K]entry[V])}
}

// Add stores value under key, in place of an older value, and starts its time anew.
func (m *Map[K, V]) Add(key K, value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[key] = entry[V]{value: value, expires: time.Now().Add(m.ttl)}
}

// Get returns the value of key, and false where there is none or its time is over.
func (m *Map[K, V]) Get(key K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found, ok := m.entries[key]
	if !ok || time.Now().After(found.expires) {
		var none V
		return none, false
	}
	return found.value, true
}

// AutoExpire frees entries whose time is over, from now on and in the background.
func (m *Map[K, V]) AutoExpire() {
	if m.ttl <= 0 {
		return
	}
	go func() {
		for now := range time.Tick(m.ttl) {
			m.expire(now)
		}
	}()
}

func (m *Map[K, V]) expire(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, e := range m.entries {
		if now.After(e.expires) {
			delete(m.entries, key)
		}
	}
}
