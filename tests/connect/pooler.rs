//! PgBouncer before the server.

use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use pgark_connect::{Config, connect};
use serde_json::Value;
use support::{Fixture, Major, Scratch, Server, archdiff, observe, pgark};

use crate::case::Expected::{Connects, Refused};
use crate::case::{Case, Kind};
use crate::judge::{judge, run_ping};
use crate::process::{Listening, free_port};
use crate::world::{Authority, PASSWORD, for_hosts, private_file};

/// A running PgBouncer.
struct PgBouncer {
    _process: Listening,
    _folder: Scratch,
    port: u16,
    root: PathBuf,
}

impl PgBouncer {
    fn start(server: &Server, mode: &str, more: &str) -> Result<Self> {
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"]
            .iter()
            .map(PathBuf::from)
            .find(|path| path.is_file())
            .context("PgBouncer is not there: run `make prerequisites`")?;
        let folder = Scratch::new()?;
        let port = free_port()?;
        let authority = Authority::new("pgark pooler")?;
        let (certificate, key) = authority.sign(&for_hosts(&["localhost", "127.0.0.1"])?)?;
        for (name, content) in [("pooler.crt", &certificate), ("pooler.key", &key)] {
            folder.write(name, content)?;
        }
        let password = PASSWORD.replace('"', "\"\"");
        folder.write(
            "users",
            format!("\"postgres\" \"\"\n\"scram\" \"{password}\"\n"),
        )?;
        let path = folder.path().display();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = hba\nauth_hba_file = {path}/hba\nauth_file = {path}/users\npool_mode = {mode}\n\
             client_tls_sslmode = allow\nclient_tls_cert_file = {path}/pooler.crt\nclient_tls_key_file = {path}/pooler.key\n{more}\n",
            server.port()
        );
        folder.write(
            "hba",
            "host all postgres 127.0.0.1/32 trust\nhost all scram 127.0.0.1/32 scram-sha-256\n",
        )?;
        let settings = folder.write("pgbouncer.ini", settings)?;
        let args: [&OsStr; 1] = [settings.as_ref()];
        let process = Listening::start(folder.path(), port, program.as_ref(), &args)?;
        let root = private_file(&format!("pooler-{port}.crt"), authority.pem())?;
        Ok(Self {
            _process: process,
            _folder: folder,
            port,
            root,
        })
    }

    fn string(&self, db: &str, rest: &str) -> String {
        format!(
            "host=127.0.0.1 port={} user=postgres dbname={db} {rest}",
            self.port
        )
    }

    fn pooler(&self, code: i32) -> Result<String> {
        let ran = run_ping(&Case::of(self.string("postgres", ""), Connects))?;
        let told: Value = serde_json::from_slice(&ran.expect_code(code)?.stdout)?;
        Ok(told["pooler"].as_str().unwrap_or_default().to_owned())
    }
}

fn server() -> Result<Server> {
    let server = Server::with(Major::V17).start()?;
    let password = PASSWORD.replace('\'', "''");
    server.psql(
        "postgres",
        format!("create role scram login password '{password}'"),
    )?;
    Ok(server)
}

#[test]
fn a_pooler_in_session_mode_is_as_good_as_the_server() -> Result<()> {
    let server = server()?;
    let db = Fixture::named("shop")?.load(&server)?;
    for more in ["", "default_pool_size = 1", "max_client_conn = 1"] {
        let pooler = PgBouncer::start(&server, "session", more)?;
        ensure!(pooler.pooler(0)? == "session", "{more}");
        let scratch = Scratch::new()?;
        let (oracle, ours) = (scratch.join("oracle"), scratch.join("ours"));
        server.pg_dump(&db, ["-Fc"], &oracle)?;
        let mut dump = pgark();
        dump.args(["dump", "-d", &pooler.string(&db, ""), "-f"])
            .arg(&ours);
        observe(&mut dump)?.expect_silence()?;
        archdiff(&oracle, &ours, &[])?.assert_same();
    }
    Ok(())
}

#[test]
fn a_pooler_that_would_lose_settings_is_refused_with_a_reason() -> Result<()> {
    let server = server()?;
    for more in ["", "server_round_robin = 1", "default_pool_size = 1"] {
        let pooler = PgBouncer::start(&server, "transaction", more)?;
        ensure!(pooler.pooler(0)? == "transaction", "{more}");
        let dump = observe(pgark().args(["dump", "-d", &pooler.string("postgres", "")]))?;
        dump.expect_code(8)?
            .expect_one_line(["there is a pooler before the server, in transaction mode"])?;
        ensure!(dump.stdout.is_empty());
        // Nothing stays behind for whoever gets the server's session next.
        let mut next = server.tool("psql");
        next.env("PGPORT", pooler.port.to_string());
        let shown =
            support::run(next.args(["-X", "-A", "-t", "-c", "show search_path", "postgres"]))?;
        ensure!(
            shown == b"\"$user\", public\n",
            "{}",
            String::from_utf8_lossy(&shown)
        );
    }
    let pooler = PgBouncer::start(&server, "statement", "")?;
    ensure!(pooler.pooler(8)? == "statement");
    let dump = observe(pgark().args(["dump", "-d", &pooler.string("postgres", "")]))?;
    dump.expect_code(8)?
        .expect_one_line(["there is a pooler before the server, in statement mode"])?;
    Ok(())
}

/// Runs something asynchronous to its end.
fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

#[test]
fn transactions_that_bring_their_settings_work_through_a_pooler() -> Result<()> {
    let server = server()?;
    let pooler = PgBouncer::start(&server, "transaction", "default_pool_size = 1")?;
    let mut config = Config::parse(pooler.string("postgres", ""))?;
    let refused = run(async { Ok(connect(&config).await?) }).map(drop);
    let why = refused.expect_err("it would lose settings").to_string();
    ensure!(why.contains("in transaction mode"), "{why}");
    config.allow_transaction_pooling();
    run(async {
        // There is one session of the server for both.
        let mut sessions = [connect(&config).await?, connect(&config).await?];
        for _ in 0..3 {
            for session in &mut sessions {
                let shown = session.rows("show search_path").await?;
                ensure!(
                    shown.row(0).and_then(|row| row.get(0)) == Some("\"$user\", public".into())
                );
                session.execute("begin; set local search_path = ''").await?;
                let shown = session.rows("show search_path").await?;
                ensure!(shown.row(0).and_then(|row| row.get(0)) == Some("\"\"".into()));
                session.execute("commit").await?;
            }
        }
        Ok(())
    })
}

#[test]
fn replication_needs_the_server_itself() -> Result<()> {
    let server = server()?;
    // A pooler that lets the wish pass without a word.
    let pooler = PgBouncer::start(
        &server,
        "session",
        "ignore_startup_parameters = replication",
    )?;
    let dump = |string: String| observe(pgark().args(["dump", "-s", "-d", &string]));
    let through = dump(pooler.string("postgres", "replication=database"))?;
    through.expect_code(8)?.expect_one_line([
        "there is a pooler before the server, and replication needs the server itself",
    ])?;
    ensure!(through.stdout.is_empty());
    dump(pooler.string("postgres", ""))?.expect_code(0)?;
    dump(format!(
        "{} replication=database",
        server.conninfo("postgres")
    ))?
    .expect_code(0)?;
    Ok(())
}

#[test]
fn logging_in_to_a_pooler_is_as_for_psql() -> Result<()> {
    let server = server()?;
    let pooler = PgBouncer::start(&server, "session", "")?;
    let strict = PgBouncer::start(&server, "session", "client_tls_sslmode = require")?;
    let root = pooler.root.display().to_string();
    let at = |rest: &str, expected| Case::of(pooler.string("postgres", rest), expected);
    let scram = |rest: &str, expected| {
        Case::of(
            pooler
                .string("postgres", rest)
                .replace("user=postgres", "user=scram"),
            expected,
        )
        .with("PGPASSWORD", PASSWORD)
    };
    let other = |kind| Refused(kind);
    let cases = [
        at("", Connects),
        at("sslmode=disable", Connects),
        at("sslmode=require", Connects),
        at(&format!("sslmode=verify-full sslrootcert={root}"), Connects),
        at("sslmode=verify-full", other(Kind::Tls)),
        scram("", Connects),
        scram("sslmode=require channel_binding=disable", Connects),
        // It has no channel binding to offer.
        scram(
            "sslmode=require channel_binding=require",
            other(Kind::Login),
        ),
        Case::of(
            pooler
                .string("postgres", "")
                .replace("user=postgres", "user=scram"),
            other(Kind::Login),
        ),
        at("target_session_attrs=read-write", Connects),
        at("target_session_attrs=standby", other(Kind::Session)),
        Case::of(strict.string("postgres", "sslmode=allow"), Connects),
        Case::of(strict.string("postgres", "sslmode=prefer"), Connects),
    ];
    let cases = cases.map(Case::pooled);
    judge("PgBouncer", &cases, 13);

    for (rest, words) in [
        ("replication=database", "replication"),
        ("replication=true", "replication"),
        ("options='-c work_mem=1MB'", "options"),
        ("sslmode=disable", "SSL required"),
    ] {
        let asked = if rest == "sslmode=disable" {
            &strict
        } else {
            &pooler
        };
        let ran = run_ping(&Case::of(asked.string("postgres", rest), Connects))?;
        ran.expect_code(8)?.expect_words([words])?;
    }
    Ok(())
}
