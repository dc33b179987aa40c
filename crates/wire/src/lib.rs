//! pgark-wire
