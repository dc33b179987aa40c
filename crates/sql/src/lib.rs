//! pgark-sql
