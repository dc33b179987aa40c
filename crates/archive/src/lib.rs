//! pgark-archive
