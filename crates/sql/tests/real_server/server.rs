use std::{
    env,
    ffi::OsString,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use bstr::{BString, ByteSlice};
use pgark_sql::{Encoding, Quoter};
use tempfile::TempDir;

/// A throwaway cluster, stopped and removed when dropped. It speaks on a Unix socket alone.
pub(crate) struct Server {
    bin: PathBuf,
    dir: TempDir,
    pub(crate) major: u32,
}

impl Server {
    /// Starts the server of the folder in `PGARK_PG_BIN`, or the newest that Debian has installed.
    ///
    /// # Panics
    /// If there is none: a test that compares with a server must not pass without one.
    pub(crate) fn start() -> Self {
        let bin = env::var_os("PGARK_PG_BIN")
            .map(PathBuf::from)
            .or_else(newest_debian_bin);
        let bin = bin.expect("no PostgreSQL server: install Debian's postgresql or set PGARK_PG_BIN to its folder of programs");
        let dir = tempfile::Builder::new()
            .prefix("pgark-sql-")
            .tempdir()
            .unwrap();
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(dir.path()));
        }
        let mut server = Self { bin, dir, major: 0 };
        let mut initdb = server.as_server_user("initdb");
        initdb.args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ]);
        succeed(initdb.arg(server.data()));
        let options = format!(
            "-c listen_addresses='' -c fsync=off -k '{}'",
            server.dir.path().display()
        );
        succeed(
            server
                .pg_ctl("start")
                .args(["-o", &options, "-l"])
                .arg(server.dir.path().join("log")),
        );
        let version: u32 = server
            .query("postgres", "show server_version_num")
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        server.major = version / 10000;
        server
    }

    pub(crate) fn quoter(&self, encoding: &str) -> Quoter {
        Quoter::new(self.major, Encoding::from_name(encoding).unwrap())
    }

    /// What the server answers to a script: the fields as they are, `|` between them, a line a row.
    pub(crate) fn query(&self, database: &str, sql: impl AsRef<[u8]>) -> BString {
        let output = self.run(database, sql.as_ref(), &[]);
        assert!(
            output.status.success(),
            "{}\n{}",
            sql.as_ref().as_bstr(),
            output.stderr.as_bstr()
        );
        let rows = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
        BString::from(rows)
    }

    /// Runs a script with environment variables for the client.
    pub(crate) fn run(&self, database: &str, sql: &[u8], variables: &[(&str, &str)]) -> Output {
        let program = self.bin.join("psql");
        let program = if program.exists() {
            program
        } else {
            PathBuf::from("psql")
        };
        let mut child = Command::new(program)
            .args([
                "-XAqt",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-d",
                database,
                "-h",
            ])
            .arg(self.dir.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(sql).unwrap();
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    /// What the server's own pg_dump or pg_dumpall writes.
    pub(crate) fn dump(&self, program: &str, arguments: &[&str]) -> BString {
        let mut dump = Command::new(self.bin.join(program));
        dump.args(["-U", "postgres", "-h"])
            .arg(self.dir.path())
            .args(arguments);
        BString::from(succeed(&mut dump).stdout)
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn pg_ctl(&self, verb: &str) -> Command {
        let mut command = self.as_server_user("pg_ctl");
        command.args([verb, "-w", "-D"]).arg(self.data());
        command
    }

    /// A server program, which refuses to run as root.
    fn as_server_user(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args([
                OsString::from("-u"),
                "postgres".into(),
                "--".into(),
                program.into(),
            ]);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.pg_ctl("stop").args(["-m", "immediate"]).output();
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

fn newest_debian_bin() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib/postgresql").ok()?;
    let majors =
        folders.filter_map(|folder| folder.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let bins = majors.map(|major| {
        (
            major,
            Path::new("/usr/lib/postgresql")
                .join(major.to_string())
                .join("bin"),
        )
    });
    bins.filter(|(_, bin)| bin.join("postgres").exists())
        .max()
        .map(|(_, bin)| bin)
}

fn is_root() -> bool {
    succeed(Command::new("id").arg("-u")).stdout == b"0\n"
}

fn succeed(command: &mut Command) -> Output {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        output.stdout.as_bstr(),
        output.stderr.as_bstr()
    );
    output
}
