//! What this crate writes, read by a real server and compared with what the real pg_dump writes.

mod privileges;
mod quoting;
mod server;
mod settings;
mod subject;
