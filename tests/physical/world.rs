//! A server with something of everything that base backups have to carry, and what tells whether a copy is good.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{Major, Ran, Running, Scratch, Server, observe, pgark, run, server_user};

/// Rows that stay as they are, in the data directory and in both tablespaces.
const KEPT: &str = "select md5(string_agg(k::text || coalesce(f.t, '') || coalesce(s.t, ''), '|' order by k.i)) \
                    from kept k left join fast f using (i) left join slow s using (i)";

/// What pgbench keeps equal whatever it does.
const BALANCED: &str = "select (select sum(abalance) from pgbench_accounts) = (select coalesce(sum(delta), 0) from pgbench_history) \
                        and (select sum(tbalance) from pgbench_tellers) = (select sum(bbalance) from pgbench_branches) \
                        and (select sum(abalance) from pgbench_accounts) = (select sum(bbalance) from pgbench_branches)";

/// A server, and the folders of its tablespaces.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) tablespaces: [Scratch; 2],
}

impl World {
    /// A server with two tablespaces, an unlogged table and the tables of pgbench.
    pub(crate) fn start(major: Major, has_checksums: bool) -> Result<Self> {
        let option = match (has_checksums, major) {
            (true, _) => "--data-checksums",
            (false, Major::V18) => "--no-data-checksums",
            // What it does anyway.
            (false, _) => "--no-sync",
        };
        let server = Server::with(major)
            .initdb(option)
            .conf("wal_keep_size = 0")
            .start()?;
        let tablespaces = [Scratch::new()?, Scratch::new()?];
        let [fast, slow] = tablespaces
            .each_ref()
            .map(|folder| folder.path().display().to_string());
        server.psql(
            "postgres",
            format!(
                "create tablespace fast location '{fast}';
                 create tablespace slow location '{slow}';"
            ),
        )?;
        server.psql(
            "postgres",
            "create table kept as select i, repeat(md5(i::text), i % 9) t from generate_series(1, 20000) i;
             create table fast (i int primary key using index tablespace slow, t text) tablespace fast;
             insert into fast select i, md5(i::text) from generate_series(1, 20000, 3) i;
             create table slow tablespace slow as select i, md5((-i)::text) t from generate_series(1, 20000, 7) i;
             create unlogged table passing as select generate_series(1, 1000) i;
             create table big (l oid);
             insert into big select lo_from_bytea(0, decode(repeat('c0ffee', 9000), 'hex'));",
        )?;
        run(server
            .tool("pgbench")
            .args(["-i", "-q", "-s", "1", "postgres"]))?;
        Ok(Self {
            server,
            tablespaces,
        })
    }

    pub(crate) fn major(&self) -> Major {
        self.server.major()
    }

    /// Begins to change rows, a hundred times a second, until what is returned is dropped: as fast as it can be done the
    /// log would grow faster than it is looked through.
    pub(crate) fn load(&self) -> Result<Running> {
        let mut load = self.server.tool("pgbench");
        Running::start(load.args(["-n", "-c", "2", "-R", "100", "-T", "600", "postgres"]))
    }

    /// What moves the tablespaces into `folder`, in the form of `-T`.
    pub(crate) fn mappings(&self, folder: &Path) -> [String; 4] {
        let of = |place: usize, name: &str| {
            let old = self.tablespaces[place].path().display().to_string();
            format!("{old}={}", folder.join(name).display())
        };
        ["-T".into(), of(0, "ts_fast"), "-T".into(), of(1, "ts_slow")]
    }

    /// `pgark basebackup` of the server by the servers' user.
    pub(crate) fn basebackup(&self, arguments: &[&str]) -> Command {
        let mut command = basebackup(&self.server);
        command.args(arguments);
        command
    }

    /// Starts a server on the data directory in `folder`, and compares it with the one that it is a copy of.
    pub(crate) fn expect_copy(&self, folder: Scratch) -> Result<()> {
        let copy = Server::start_restored(self.major(), folder, self.server.superuser())?;
        let (kept, expected) = (
            copy.psql("postgres", KEPT)?,
            self.server.psql("postgres", KEPT)?,
        );
        ensure!(
            kept == expected && kept.len() == 32,
            "other rows: {kept} where {expected} is right"
        );
        ensure!(
            copy.psql("postgres", BALANCED)? == "t",
            "transactions are there in part"
        );
        ensure!(
            copy.psql("postgres", "select count(*) from passing")? == "0",
            "unlogged rows have come"
        );
        copy.psql(
            "postgres",
            "insert into passing values (1); insert into fast values (0); checkpoint",
        )?;
        let objects = "select sum(length(lo_get(l))) from big";
        ensure!(
            copy.psql("postgres", objects)? == "27000",
            "other large objects"
        );
        expect_sound(&copy)
    }
}

/// Has amcheck look at everything, where this major's judge has it; else everything is read.
pub(crate) fn expect_sound(server: &Server) -> Result<()> {
    let has_amcheck = "select count(*) from pg_available_extensions where name = 'amcheck'";
    let has_program = Path::new(server.tool("pg_amcheck").get_program()).is_file();
    if has_program && server.psql("postgres", has_amcheck)? == "1" {
        server.psql("postgres", "create extension amcheck")?;
        run(server
            .tool("pg_amcheck")
            .args(["-d", "postgres", "--heapallindexed"]))
        .map(drop)
    } else {
        run(server
            .tool("pg_dump")
            .args(["-d", "postgres", "-f", "/dev/null"]))
        .map(drop)
    }
}

/// `pgark basebackup` of a server by the servers' user, who may start a server on what it makes.
pub(crate) fn basebackup(server: &Server) -> Command {
    let mut command = as_user(pgark());
    command
        .args([
            "basebackup",
            "-N",
            "-h",
            server.host(),
            "-U",
            server.superuser(),
        ])
        .args(["-p", &server.port().to_string()]);
    command
}

/// A command that the servers' user runs, in a folder that everyone can enter.
pub(crate) fn as_user(mut command: Command) -> Command {
    if let Some(user) = server_user() {
        user.lend_to(&mut command);
    }
    command.current_dir("/");
    command
}

/// Runs `pgark verify` on a backup.
pub(crate) fn verify(backup: &Path, arguments: &[&str]) -> Result<Ran> {
    observe(pgark().arg("verify").args(arguments).arg(backup))
}

/// Runs pg_verifybackup of the server's major on a backup; `None` where that judge does not run.
pub(crate) fn pg_verifybackup(
    major: Major,
    backup: &Path,
    arguments: &[&str],
) -> Result<Option<Ran>> {
    if !has_verifier(major) {
        return Ok(None);
    }
    let program = support::judge_folder(major)?.join("pg_verifybackup");
    observe(
        Command::new(program)
            .env("LC_ALL", "C")
            .args(arguments)
            .arg(backup),
    )
    .map(Some)
}

/// Whether pg_verifybackup runs: 14 has none, and that of 18 among the judges breaks off whatever it is asked.
pub(crate) fn has_verifier(major: Major) -> bool {
    !matches!(major, Major::V14 | Major::V18)
}

/// Both verifiers accept a backup.
pub(crate) fn expect_verified(major: Major, backup: &Path) -> Result<()> {
    verify(backup, &[])?.expect_code(0).context("pgark")?;
    if let Some(ran) = pg_verifybackup(major, backup, &[])? {
        ran.expect_code(0)?;
    }
    Ok(())
}

/// Makes a folder of the servers' user, as a data directory has to be.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir(path).with_context(|| format!("cannot make {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    give(path)
}

/// Unpacks an archive into a folder, by the system's tar.
pub(crate) fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    let mut tar = as_user(Command::new("tar"));
    if archive.extension().is_some_and(|suffix| suffix == "lz4") {
        // The only one that it does not know by itself.
        tar.args(["-I", "lz4"]);
    }
    run(tar.arg("-xf").arg(archive).arg("-C").arg(folder)).map(drop)
}

/// The files below a folder, by name, with their content.
pub(crate) fn files(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(files(&path)?);
        } else {
            all.push((path.clone(), fs::read(&path)?));
        }
    }
    all.sort();
    Ok(all)
}

/// Gives something to the servers' user.
pub(crate) fn give(path: &Path) -> Result<()> {
    match server_user() {
        Some(user) => Ok(chown(path, Some(user.uid), Some(user.gid))?),
        None => Ok(()),
    }
}
