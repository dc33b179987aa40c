//! pgark-connect
