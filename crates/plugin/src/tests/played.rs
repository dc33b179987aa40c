//! A server that is played: what a dump does is told by its database's name.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bstr::{BStr, BString};
use bytes::Bytes;
use pgark_dump::cluster::Choice;

use crate::Error;
use crate::source::Source;

/// What became of the dumps of a [`Played`] server.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) started: AtomicUsize,
    pub(super) dropped: AtomicUsize,
}

/// A server whose databases say by their names what their dumps do.
pub(super) struct Played {
    pub(super) databases: Vec<&'static str>,
    pub(super) seen: Arc<Seen>,
}

/// Counts a dump that went away before its end.
pub(super) struct Guard(Arc<Seen>, bool);

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.1 {
            self.0.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The size of the archive of the database "big".
pub(super) const BIG_BYTES: usize = 192 << 20;

impl Source for Played {
    async fn ping(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn manifest(&self) -> Result<Bytes, Error> {
        Ok(Bytes::from(vec![b'm'; 600_000]))
    }

    async fn globals(&self) -> Result<Bytes, Error> {
        if self.databases.contains(&"no globals") {
            return Err(Error::Host("permission denied for table pg_authid".into()));
        }
        Ok(Bytes::from_static(b"-- globals"))
    }

    async fn databases(&self, choice: &Choice) -> Result<Vec<BString>, Error> {
        let all = self.databases.iter().map(|name| BString::from(*name));
        Ok(choice.of(all.collect())?)
    }

    fn is_small(&self, database: &BStr) -> bool {
        database.starts_with(b"small")
    }

    fn ahead(&self) -> usize {
        2
    }

    async fn dump(&self, database: &BStr, mut sink: Box<dyn Write + Send>) -> Result<(), Error> {
        self.seen.started.fetch_add(1, Ordering::SeqCst);
        let mut guard = Guard(Arc::clone(&self.seen), false);
        let name = database.to_string();
        let dump = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
            match name.as_str() {
                "big" | "endless" => {
                    let block = vec![7; 64 << 10];
                    let blocks = if name == "big" {
                        BIG_BYTES / block.len()
                    } else {
                        usize::MAX
                    };
                    (0..blocks).try_for_each(|_| sink.write_all(&block))
                }
                "half" => sink.write_all(&vec![1; 300_000]),
                _ => sink.write_all(format!("PGDMP of {name}").as_bytes()),
            }
        });
        if let Err(error) = dump.await.unwrap() {
            return Err(Error::Option(error.to_string()));
        }
        match database.to_string().as_str() {
            "small failure" => return Err(Error::Option("the dump failed".into())),
            "half" => return Err(Error::Option("connection to the server was lost".into())),
            "stuck" => std::future::pending().await,
            "panics" => panic!("a dump panics"),
            _ => {}
        }
        guard.1 = true;
        Ok(())
    }
}
