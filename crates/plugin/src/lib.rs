//! pgark-plugin
