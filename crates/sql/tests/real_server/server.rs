use std::thread;

use bstr::{BString, ByteSlice};
use pgark_sql::{Encoding, Quoter};
use support::{Major, run, run_with_input};

/// A throwaway cluster of one major.
pub(crate) struct Server {
    server: support::Server,
    pub(crate) major: u32,
}

/// Runs a test on a cluster of its own of every major.
pub(crate) fn on_every_major(test: impl Fn(&Server) + Sync) {
    let test = &test;
    thread::scope(|scope| {
        for major in Major::all() {
            // A failure tells the thread's name.
            let thread = thread::Builder::new().name(format!("PostgreSQL {major}"));
            let run = move || {
                test(&Server {
                    server: support::Server::start(major).unwrap(),
                    major: major.number(),
                });
            };
            thread.spawn_scoped(scope, run).unwrap();
        }
    });
}

impl Server {
    pub(crate) fn quoter(&self, encoding: &str) -> Quoter {
        Quoter::new(self.major, Encoding::from_name(encoding).unwrap())
    }

    /// What the server answers to a script: the fields as they are, `|` between them, a line a row.
    pub(crate) fn query(&self, database: &str, sql: impl AsRef<[u8]>) -> BString {
        let mut rows = self.run(database, sql.as_ref(), "UTF8").unwrap();
        if rows.ends_with(b"\n") {
            rows.pop();
        }
        rows
    }

    /// Runs a script in an encoding of the client's own.
    pub(crate) fn run(
        &self,
        database: &str,
        sql: &[u8],
        encoding: &str,
    ) -> anyhow::Result<BString> {
        let mut psql = self.server.tool("psql");
        psql.args(["-XAqt", "-v", "ON_ERROR_STOP=1", "-f", "-", "-d", database])
            .env("PGCLIENTENCODING", encoding);
        run_with_input(&mut psql, sql).map(BString::from)
    }

    /// What the server's own pg_dump or pg_dumpall writes.
    pub(crate) fn dump(&self, program: &str, arguments: &[&str]) -> BString {
        BString::from(run(self.server.tool(program).args(arguments)).unwrap())
    }
}

/// The entries of one type in a script of pg_dump: the text of each, without header and surrounding blank lines.
pub(crate) fn entries(script: &[u8], kind: &str) -> Vec<BString> {
    let header_end = format!("; Type: {kind}; ");
    let mut texts = Vec::new();
    for part in script.split_str("\n--\n-- Name: ").skip(1) {
        let (header, text) = part.split_once_str("\n--\n").unwrap();
        if header.contains_str(&header_end) {
            let text = text
                .split_once_str("\n\n\n--\n-- PostgreSQL")
                .map_or(text, |(text, _)| text);
            texts.push(BString::from(
                [text.trim_with(|c| c == '\n'), b"\n"].concat(),
            ));
        }
    }
    texts.sort();
    texts
}
