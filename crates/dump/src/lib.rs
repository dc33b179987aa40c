//! pgark-dump
