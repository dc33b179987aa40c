//! A server that means harm or is broken, played by a program: it gets no secret, and costs little time and memory.

mod after_the_login;
mod encryption;
mod lengths;
mod passwords;
pub(crate) mod peer;
mod protocols;
mod scram;

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use support::{Ran, command_line, observe, pgark, python, side_by_side_waiting};

use crate::secret::expect_none;
use crate::world::{PASSWORD, home};
use encryption::{injects, injects_later};
use peer::{Peer, Played, play};

/// Time to start and end a program on a busy machine, beside `connect_timeout`.
const GRACE: Duration = Duration::from_secs(12);

/// In seconds, for every case.
const TIMEOUT: u64 = 2;

const MEMORY_LIMIT_BYTES: u64 = 64 << 20;

/// Runs a program and tells, on the last line of stderr, how much memory it had at most, in KiB.
const MEASURE: &str = "import resource, subprocess, sys\n\
    code = subprocess.run(sys.argv[1:]).returncode\n\
    print('maxrss', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n\
    sys.exit(code if code >= 0 else 200)";

type Script = fn(&mut Peer) -> io::Result<()>;

/// What the server does, what the user says, and what comes of it.
struct Case {
    name: &'static str,
    /// A command of pgark.
    command: &'static [&'static str],
    options: &'static str,
    script: Script,
    code: i32,
    words: &'static str,
    /// Whether the server may hear anything after the startup message, or after asking for TLS.
    may_hear: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.options)
    }
}

fn case(
    name: &'static str,
    options: &'static str,
    script: Script,
    code: i32,
    words: &'static str,
) -> Case {
    Case {
        name,
        command: PING,
        options,
        script,
        code,
        words,
        may_hear: false,
    }
}

/// One of a dump, which goes on where a ping ends.
fn dumps(name: &'static str, script: Script, code: i32, words: &'static str) -> Case {
    Case {
        command: DUMP,
        ..hears(name, PLAIN, script, code, words)
    }
}

/// One in which something is sent that is no secret: the first message of SCRAM, a statement.
fn hears(
    name: &'static str,
    options: &'static str,
    script: Script,
    code: i32,
    words: &'static str,
) -> Case {
    Case {
        may_hear: true,
        ..case(name, options, script, code, words)
    }
}

const PING: &[&str] = &["ping", "--json"];
const DUMP: &[&str] = &["dump", "-f", "/dev/null"];

/// Runs pgark against a played server, with its memory measured.
fn run(arguments: &[&str], options: &str, played: &Played) -> Result<(Ran, u64, Duration)> {
    let mut command = python();
    command
        .args(["-I", "-S", "-c", MEASURE])
        .arg(pgark().get_program())
        .args(arguments)
        .args(["-w", "-vvv", "-d"])
        .arg(format!(
            "host=127.0.0.1 port={} user=u dbname=d connect_timeout={TIMEOUT} {options}",
            played.port
        ))
        .env("HOME", home())
        .env("RUST_BACKTRACE", "1")
        .env("PGPASSWORD", PASSWORD);
    let started = Instant::now();
    let ran = observe(&mut command)?;
    let taken = started.elapsed();
    expect_none(&command_line(&command), &ran.stderr)?;
    let memory = ran
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("maxrss "))
        .context("memory was not measured")?
        .parse::<u64>()?
        * 1024;
    Ok((ran, memory, taken))
}

fn check(case: &Case) -> Result<u64> {
    let played = play(case.script)?;
    let (ran, memory, taken) = run(case.command, case.options, &played)?;
    ran.expect_code(case.code)?.expect_words([case.words])?;
    ensure!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    let errors = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("pgark: error: "));
    ensure!(
        errors.count() == 1 && !ran.stderr.contains('\x1b'),
        "{}",
        ran.stderr
    );
    ensure!(memory < MEMORY_LIMIT_BYTES, "{memory} bytes of memory");
    ensure!(
        taken < Duration::from_secs(2 * TIMEOUT) + GRACE,
        "it took {taken:?}"
    );
    let heard = played.heard();
    for bytes in &heard {
        let clear = bytes
            .windows(PASSWORD.len())
            .any(|bytes| bytes == PASSWORD.as_bytes());
        ensure!(!clear, "the server heard the password");
        ensure!(
            case.may_hear || bytes.is_empty(),
            "the server heard {bytes:?}"
        );
    }
    Ok(memory)
}

const CLEAR: &[u8] = &[0, 0, 0, 3];
const MD5: &[u8] = &[0, 0, 0, 5, 1, 2, 3, 4];
const OK: &[u8] = &[0, 0, 0, 0];
const PLAIN: &str = "sslmode=disable";

#[test]
fn a_hostile_server_gains_nothing() {
    let cases = [
        passwords::passwords(),
        scram::scram(),
        encryption::encryption(),
        protocols::protocols(),
        lengths::lengths(),
        after_the_login::after_the_login(),
    ];
    let cases: Vec<Case> = cases.into_iter().flatten().collect();
    let memory = side_by_side_waiting(&cases, check);
    let most = memory.iter().max().copied().unwrap_or_default();
    crate::judge::tell(&format!(
        "hostile servers: {} cases, {} KiB of memory at most\n",
        cases.len(),
        most >> 10
    ));
    assert!(cases.len() >= 90, "{} cases", cases.len());
}

#[test]
fn what_was_injected_before_tls_is_not_believed() -> Result<()> {
    for options in ["sslmode=prefer", "sslmode=require"] {
        let played = play(injects)?;
        let (ran, ..) = run(PING, options, &played)?;
        ran.expect_code(8)?;
        ensure!(!ran.stderr.contains("evil"), "{}", ran.stderr);
        // It is not tried without TLS either.
        ensure!(
            played.heard().len() == 1,
            "{} connections",
            played.heard().len()
        );
    }
    let (ran, ..) = run(PING, "sslmode=require", &play(injects_later)?)?;
    ensure!(!ran.stderr.contains("evil"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn a_login_may_come_a_byte_at_a_time() -> Result<()> {
    let played = play(|peer| {
        peer.startup()?;
        peer.is_slow = true;
        peer.send(b'R', OK)?;
        peer.send(b'S', b"server_version\x0017.5\0")?;
        peer.ready()?;
        loop {
            peer.receive()?;
            peer.send(b'C', b"SELECT 0\0")?;
            peer.send(b'Z', b"I")?;
        }
    })?;
    let (ran, ..) = run(PING, PLAIN, &played)?;
    let told: serde_json::Value = serde_json::from_slice(&ran.expect_code(0)?.stdout)?;
    ensure!(told["server_version"] == "17.5", "{told}");
    Ok(())
}
