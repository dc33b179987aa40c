//! Another session of the server, which changes things while a dump runs.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, Result, bail};
use support::{Server, wait_until};

/// A psql that is talked to over its pipes; ended when dropped.
pub(crate) struct Session {
    psql: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    /// Opens a session in the database `db`.
    pub(crate) fn open(server: &Server, db: &str) -> Result<Self> {
        let mut psql = server
            .tool("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(server.conninfo(db))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run psql")?;
        let (input, output) = (psql.stdin.take(), psql.stdout.take());
        Ok(Self {
            psql,
            input: input.context("psql has a stdin")?,
            output: BufReader::new(output.context("psql has a stdout")?),
        })
    }

    /// Has `sql` run, and does not wait for it.
    pub(crate) fn send(&mut self, sql: &str) -> Result<()> {
        writeln!(self.input, "{sql};").with_context(|| sql.to_owned())
    }

    /// Runs `sql` and waits until it is done.
    ///
    /// # Errors
    /// Where it fails; psql itself has told why.
    pub(crate) fn run(&mut self, sql: &str) -> Result<()> {
        self.ask(sql).map(drop)
    }

    /// Runs `sql` and returns its rows, each with a line end.
    ///
    /// # Errors
    /// Where it fails; psql itself has told why.
    pub(crate) fn ask(&mut self, sql: &str) -> Result<String> {
        const DONE: &str = "-- done --";
        let mut rows = String::new();
        self.send(sql)?;
        writeln!(self.input, "\\echo '{DONE}'")?;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                bail!("the session ended in: {sql}");
            }
            if line.trim_end() == DONE {
                return Ok(rows);
            }
            rows.push_str(&line);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.psql.kill();
        let _ = self.psql.wait();
    }
}

/// Waits until somebody in the database `db` waits for a lock.
pub(crate) fn wait_for_lock_wait(server: &Server, db: &str) -> Result<()> {
    let waiting = format!(
        "select count(*) from pg_locks l join pg_database d on d.oid = l.database where not granted and datname = '{db}'"
    );
    wait_until("the dump waits for a lock", || {
        Ok(server.psql("postgres", &waiting)? == "1")
    })
}

/// The query that ends every session in the database `db` but the one that runs it.
pub(crate) fn terminate(db: &str) -> String {
    format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{db}' and pid <> pg_backend_pid()"
    )
}
