//! Giving a case to psql and to `pgark ping`, and comparing.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use support::{Ran, kept_folder, observe, pgark, side_by_side};

use crate::case::{Case, Expected, Kind};
use crate::secret::expect_none;
use crate::world::home;

/// What a session is, so that it is seen to be the same one.
const FACTS: &str = "select current_user, current_database(), current_setting('port'), coalesce((select version \
    from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()), '-')";

/// What came of a case.
#[derive(Debug)]
enum Outcome {
    /// User, database, port, version of TLS.
    Connected([String; 4]),
    /// The kinds of reason that are told: psql tells of every attempt.
    Refused(
        Vec<Kind>,
        #[expect(dead_code, reason = "shown where a case fails")] String,
    ),
}

/// Gives every case to both and compares; tells how many there were, and where they differ by design.
///
/// # Panics
/// With every case in which they do not behave as is expected.
#[track_caller]
pub(crate) fn judge(what: &str, cases: &[Case], at_least: usize) {
    let mut tally = Tally::new(what);
    tally.judge("", cases);
    tally.end(at_least);
}

/// The cases about one matter, whose servers may change between them.
pub(crate) struct Tally {
    what: String,
    cases: usize,
    differences: String,
    failures: Vec<String>,
}

impl Tally {
    pub(crate) fn new(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            cases: 0,
            differences: String::new(),
            failures: Vec::new(),
        }
    }

    /// Gives cases to both and compares; `state` is what the servers are like.
    pub(crate) fn judge(&mut self, state: &str, cases: &[Case]) {
        for (case, result) in cases
            .iter()
            .zip(side_by_side(cases, |case| Ok(check(case))))
        {
            self.cases += 1;
            match result {
                Ok(None) => {}
                Ok(Some(why)) => {
                    let _ = writeln!(
                        self.differences,
                        "  differs by design: {state} {case}: {why}"
                    );
                }
                Err(error) => self.failures.push(format!("{state} {case}: {error:#}")),
            }
        }
    }

    /// Tells the figure.
    ///
    /// # Panics
    /// With all failures, or where there were too few cases.
    #[track_caller]
    pub(crate) fn end(self, at_least: usize) {
        let Self {
            what,
            cases,
            differences,
            failures,
        } = self;
        let agree = cases - differences.lines().count() - failures.len();
        let (all, all_agree) = add(cases, agree);
        tell(&format!(
            "{what}: {cases} cases, psql and pgark agree in {agree} (so far {all}, {all_agree})\n{differences}"
        ));
        assert!(
            failures.is_empty(),
            "{what}: {} of {cases} failed:\n{}",
            failures.len(),
            failures.join("\n")
        );
        assert!(cases >= at_least, "{what}: {cases} cases, not {at_least}");
    }
}

/// Writes a figure where it is seen, the test having passed or not: the test runner keeps what the macros print.
///
/// # Panics
/// If there is a secret in it.
#[track_caller]
pub(crate) fn tell(figure: &str) {
    expect_none("the suite", figure).expect("no secret is told");
    // A figure that nobody can be told is no failure.
    let _ = std::io::stderr().write_all(figure.as_bytes());
}

/// All cases so far, and how many of them agree.
static IN_ALL: Mutex<(usize, usize)> = Mutex::new((0, 0));

/// Adds to all cases; how many there are now, and how many agree.
fn add(cases: usize, agree: usize) -> (usize, usize) {
    let mut all = IN_ALL.lock().unwrap_or_else(PoisonError::into_inner);
    *all = (all.0 + cases, all.1 + agree);
    *all
}

/// Compares one case; why the two differ, where they are to.
fn check(case: &Case) -> Result<Option<&'static str>> {
    let (judge, ours) = (psql(case)?, ping(case)?);
    match (&judge, &ours, case.expected) {
        (Outcome::Connected(theirs), Outcome::Connected(ours), Expected::Connects) => {
            let compared = if case.is_pooled { 2 } else { ours.len() };
            ensure!(
                theirs[..compared] == ours[..compared],
                "psql is in {theirs:?} and pgark in {ours:?}"
            );
            Ok(None)
        }
        (Outcome::Refused(theirs, _), Outcome::Refused(ours, _), Expected::Refused(kind))
            if theirs.contains(&kind) && ours == &[kind] =>
        {
            Ok(None)
        }
        (Outcome::Connected(_), Outcome::Refused(kinds, _), Expected::Stricter(kind, why))
            if kinds == &[kind] =>
        {
            Ok(Some(why))
        }
        (Outcome::Refused(..), Outcome::Connected(_), Expected::Abler(why)) => Ok(Some(why)),
        (Outcome::Refused(..), Outcome::Refused(kinds, _), Expected::Sooner(kind, why))
            if kinds == &[kind] =>
        {
            Ok(Some(why))
        }
        _ => bail!(
            "expected {:?}\n  psql: {judge:?}\n  pgark: {ours:?}",
            case.expected
        ),
    }
}

/// psql with a case's variables and nobody's files.
fn psql(case: &Case) -> Result<Outcome> {
    let mut command = Command::new(kept_folder().join(format!("pg/{}/bin/psql", case.judge)));
    command
        .env_clear()
        .env("LC_ALL", "C")
        .env("HOME", home())
        .envs(case.variables.iter().map(|(name, value)| (name, value)))
        .args(["-X", "-w", "-A", "-t", "-c", FACTS])
        .args(&case.args);
    let ran = observe(&mut command)?;
    match ran.code {
        Some(0) => {
            let line = String::from_utf8(ran.stdout)?;
            let facts: Vec<String> = line.trim_end().split('|').map(str::to_owned).collect();
            Ok(Outcome::Connected(
                facts
                    .try_into()
                    .map_err(|_| anyhow::anyhow!("psql: {line}"))?,
            ))
        }
        Some(2) => {
            let kinds: Vec<Kind> = ran.stderr.lines().filter_map(kind_by_psql).collect();
            ensure!(!kinds.is_empty(), "what kind is this: {}", ran.stderr);
            Ok(Outcome::Refused(kinds, ran.stderr))
        }
        code => bail!("psql ends with {code:?}: {}", ran.stderr),
    }
}

/// `pgark ping` in the same world, as talkative as it can be.
pub(crate) fn run_ping(case: &Case) -> Result<Ran> {
    let mut command = pgark();
    command
        .env("HOME", home())
        .env("RUST_LOG", "trace")
        .envs(case.variables.iter().map(|(name, value)| (name, value)))
        .args(["ping", "-w", "--json", "-vvv"])
        .args(&case.args);
    let ran = observe(&mut command)?;
    let told = format!("{}{}", String::from_utf8_lossy(&ran.stdout), ran.stderr);
    // The command line itself is shown where a test fails: the case, not what pgark tells.
    expect_none("pgark ping", &told)?;
    Ok(ran)
}

fn ping(case: &Case) -> Result<Outcome> {
    let ran = run_ping(case)?;
    if ran.code == Some(0) {
        let told: Value = serde_json::from_slice(&ran.stdout)?;
        let text = |name: &str| told[name].as_str().unwrap_or("-").to_owned();
        let server = text("server");
        let port: String = server
            .chars()
            .rev()
            .skip_while(|c| !c.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        let tls = told["tls"]["version"].as_str().unwrap_or("-").to_owned();
        let port = port.chars().rev().collect();
        return Ok(Outcome::Connected([
            text("user"),
            text("database"),
            port,
            tls,
        ]));
    }
    ensure!(ran.stdout.is_empty(), "it refuses and writes to stdout");
    let errors: Vec<&str> = ran
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("pgark: error: "))
        .collect();
    let [error] = errors[..] else {
        bail!("not one error is told:\n{}", ran.stderr);
    };
    let kind =
        kind_by_pgark(error, ran.code).with_context(|| format!("{:?}: {error}", ran.code))?;
    Ok(Outcome::Refused(vec![kind], error.to_owned()))
}

/// The kind of reason in a line of psql's.
fn kind_by_psql(line: &str) -> Option<Kind> {
    const WORDS: [(Kind, &[&str]); 10] = [
        (
            Kind::Option,
            &[
                "invalid connection option",
                "invalid URI",
                "invalid port number",
                "invalid integer value",
                "invalid percent-encoded",
                "forbidden value",
                " value: \"",
                "\" value: \"",
                "missing \"=\"",
                "missing key/value separator",
                "extra key/value separator",
                "unterminated quoted string",
                "unexpected character",
                "end of string reached",
                "IPv6 host address may not be empty",
                "could not match",
                "definition of service",
                "service file",
                "weak sslmode",
                "require_auth method",
                "invalid SSL protocol version range",
                "could not parse network address",
                "GSSAPI encryption required",
                "\"min_protocol_version\" is greater",
            ],
        ),
        (
            Kind::Parameter,
            &[
                "invalid value for parameter",
                "unrecognized configuration parameter",
            ],
        ),
        (Kind::Protocol, &["server only supports protocol version"]),
        (Kind::Full, &["too many connections", "too many clients"]),
        (Kind::Peer, &["requirepeer"]),
        (
            Kind::Session,
            &[
                "session is read-only",
                "session is not read-only",
                "hot standby mode",
            ],
        ),
        (
            Kind::Login,
            &[
                "password authentication failed",
                "no password supplied",
                "no pg_hba.conf entry",
                "pg_hba.conf rejects",
                "authentication method requirement",
                "channel binding",
                "Peer authentication failed",
                "certificate authentication failed",
                "connection requires a valid client certificate",
                "could not find digest for NID",
                "role \"",
                "SCRAM",
            ],
        ),
        (
            Kind::Tls,
            &[
                "SSL error",
                "SSL SYSCALL",
                "does not support SSL",
                "did not request an SSL certificate",
                "without a valid SSL certificate",
                "root certificate file",
                "certificate file",
                "private key file",
                "server certificate for",
                "server common name",
                "could not get server's host name",
                "host name must be specified",
                "direct SSL connection",
                "not a valid",
            ],
        ),
        (
            Kind::Network,
            &[
                "Connection refused",
                "No such file or directory",
                "could not translate host name",
                "timeout expired",
            ],
        ),
        (Kind::Database, &["database \""]),
    ];
    WORDS
        .iter()
        .find(|(_, words)| words.iter().any(|word| line.contains(word)))
        .map(|(kind, _)| *kind)
}

/// The kind of reason of pgark's, by its exit code, and by its text where that says no more than "cannot connect".
fn kind_by_pgark(error: &str, code: Option<i32>) -> Option<Kind> {
    // Of several attempts the last counts.
    let last = error.rsplit("; cannot ").next().unwrap_or(error);
    let has = |words: &[&str]| words.iter().any(|word| last.contains(word));
    match code? {
        2 => Some(Kind::Option),
        3 => Some(Kind::Login),
        8 if has(&[
            "TLS",
            "certificate",
            "revocation list",
            "key file",
            "fatal alert",
        ]) =>
        {
            Some(Kind::Tls)
        }
        8 if has(&["target_session_attrs"]) => Some(Kind::Session),
        8 if has(&["requirepeer"]) => Some(Kind::Peer),
        8 if has(&["SQLSTATE 3D000"]) => Some(Kind::Database),
        8 if has(&["SQLSTATE 53300"]) => Some(Kind::Full),
        8 if has(&["SQLSTATE 22023", "SQLSTATE 42704"]) => Some(Kind::Parameter),
        8 if has(&["the server speaks protocol"]) => Some(Kind::Protocol),
        8 if has(&["connect to", "find the address"]) => Some(Kind::Network),
        _ => None,
    }
}
