//! A server that means harm or is broken, played by a program: it gets no secret, and costs little time and memory.

mod peer;

use std::fmt;
use std::io;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use support::{Ran, command_line, observe, pgark, side_by_side};

use crate::secret::expect_none;
use crate::world::{PASSWORD, home};
use peer::{Peer, Played, message, play};

/// Time to start and end a program on a busy machine, beside `connect_timeout`.
const GRACE: Duration = Duration::from_secs(6);

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
        options,
        script,
        code,
        words,
        may_hear: false,
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

/// Runs `pgark ping` against a played server, with its memory measured.
fn run(options: &str, played: &Played) -> Result<(Ran, u64, Duration)> {
    let mut command = Command::new("python3");
    command
        .args(["-c", MEASURE])
        .arg(pgark().get_program())
        .args(["ping", "-w", "-vvv", "--json", "-d"])
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
    let (ran, memory, taken) = run(case.options, &played)?;
    ran.expect_code(case.code)?.expect_words([case.words])?;
    ensure!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
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

fn asks(peer: &mut Peer, request: &[u8]) -> io::Result<()> {
    peer.startup()?;
    peer.send(b'R', request)?;
    peer.listen()
}

fn asks_for_clear_text(peer: &mut Peer) -> io::Result<()> {
    asks(peer, CLEAR)
}

fn asks_for_md5(peer: &mut Peer) -> io::Result<()> {
    asks(peer, MD5)
}

fn asks_for_nothing(peer: &mut Peer) -> io::Result<()> {
    asks(peer, OK)
}

fn passwords() -> Vec<Case> {
    vec![
        case(
            "clear text where SCRAM is required",
            "sslmode=disable require_auth=scram-sha-256",
            asks_for_clear_text,
            3,
            "the method password, which require_auth does not allow",
        ),
        case(
            "clear text without TLS",
            "sslmode=prefer",
            asks_for_clear_text,
            3,
            "in clear text over an unencrypted connection: refused",
        ),
        case(
            "clear text where a binding is required",
            "channel_binding=require",
            asks_for_clear_text,
            3,
            "channel binding is required",
        ),
        case(
            "md5 where SCRAM is required",
            "require_auth=scram-sha-256",
            asks_for_md5,
            3,
            "the method md5, which require_auth does not allow",
        ),
        case(
            "md5 where it is excluded",
            "require_auth=!md5,!password",
            asks_for_md5,
            3,
            "the method md5",
        ),
        case(
            "nothing where SCRAM is required",
            "require_auth=scram-sha-256",
            asks_for_nothing,
            3,
            "no authentication, which require_auth does not allow",
        ),
        case(
            "nothing where a binding is required",
            "channel_binding=require",
            asks_for_nothing,
            3,
            "channel binding is required",
        ),
        case(
            "SCRAM with a binding, without TLS",
            PLAIN,
            |peer| asks(peer, b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
            3,
            "although the connection has no TLS",
        ),
        case(
            "GSSAPI",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 7]),
            3,
            "GSSAPI, which is not supported",
        ),
        case(
            "SSPI",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 9]),
            3,
            "SSPI, which is not supported",
        ),
        case(
            "Kerberos",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 2]),
            3,
            "Kerberos V5, which is not supported",
        ),
        case(
            "OAuth",
            PLAIN,
            |peer| asks(peer, b"\0\0\0\x0aOAUTHBEARER\0\0"),
            3,
            "OAUTHBEARER, which is not supported",
        ),
        case(
            "an unknown method",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 99]),
            8,
            "unknown authentication request 99",
        ),
        case(
            "no mechanism",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 10, 0]),
            3,
            "not supported",
        ),
        case(
            "a salt that is too short",
            PLAIN,
            |peer| asks(peer, &[0, 0, 0, 5, 1]),
            8,
            "malformed AuthenticationMD5Password",
        ),
    ]
}

/// Begins SCRAM; the client's nonce.
fn begin_scram(peer: &mut Peer) -> io::Result<String> {
    peer.startup()?;
    peer.send(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0")?;
    let first = peer.receive()?;
    let text = String::from_utf8_lossy(&first).into_owned();
    Ok(text.rsplit("r=").next().unwrap_or_default().to_owned())
}

fn challenge(peer: &mut Peer, nonce: &str, rest: &str) -> io::Result<()> {
    peer.send(b'R', format!("\0\0\0\x0br={nonce},{rest}").as_bytes())
}

const SALT: &str = "s=c2FsdHNhbHRzYWx0,i=4096";

fn scram() -> Vec<Case> {
    vec![
        hears(
            "a wrong signature",
            PLAIN,
            |peer| {
                let nonce = begin_scram(peer)?;
                challenge(peer, &format!("{nonce}more"), SALT)?;
                peer.receive()?;
                peer.send(
                    b'R',
                    b"\0\0\0\x0cv=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                )?;
                peer.send(b'R', OK)?;
                peer.welcome()
            },
            3,
            "SCRAM authentication failed",
        ),
        hears(
            "no signature",
            PLAIN,
            |peer| {
                let nonce = begin_scram(peer)?;
                challenge(peer, &format!("{nonce}more"), SALT)?;
                peer.receive()?;
                peer.send(b'R', OK)?;
                peer.welcome()
            },
            8,
            "in the middle of a SASL exchange",
        ),
        hears(
            "accepted before the challenge",
            PLAIN,
            |peer| {
                begin_scram(peer)?;
                peer.send(b'R', OK)?;
                peer.welcome()
            },
            8,
            "in the middle of a SASL exchange",
        ),
        hears(
            "another nonce",
            PLAIN,
            |peer| {
                begin_scram(peer)?;
                challenge(peer, "other", SALT)?;
                peer.listen()
            },
            3,
            "SCRAM authentication failed",
        ),
        hears(
            "a billion iterations",
            PLAIN,
            |peer| {
                let nonce = begin_scram(peer)?;
                challenge(peer, &format!("{nonce}more"), "s=c2FsdA==,i=1000000000")?;
                peer.listen()
            },
            3,
            "asks for 1000000000 iterations",
        ),
        hears(
            "a challenge that is none",
            PLAIN,
            |peer| {
                begin_scram(peer)?;
                peer.send(b'R', b"\0\0\0\x0b\xff\xfe\0")?;
                peer.listen()
            },
            3,
            "SCRAM authentication failed",
        ),
        hears(
            "clear text after SCRAM has begun",
            PLAIN,
            |peer| {
                begin_scram(peer)?;
                peer.send(b'R', CLEAR)?;
                peer.listen()
            },
            8,
            "a second authentication request",
        ),
        hears(
            "clear text after a challenge",
            PLAIN,
            |peer| {
                let nonce = begin_scram(peer)?;
                challenge(peer, &format!("{nonce}more"), SALT)?;
                peer.receive()?;
                peer.send(b'R', CLEAR)?;
                peer.listen()
            },
            8,
            "a second authentication request",
        ),
        case(
            "a challenge out of nothing",
            PLAIN,
            |peer| asks(peer, b"\0\0\0\x0br=x,s=c2FsdA==,i=1"),
            8,
            "without a start",
        ),
    ]
}

fn declines(peer: &mut Peer) -> io::Result<()> {
    peer.tls_request()?;
    peer.write(b"N")?;
    peer.listen()
}

fn injects(peer: &mut Peer) -> io::Result<()> {
    peer.tls_request()?;
    peer.write(&[b"S", &injected()[..]].concat())?;
    peer.listen()
}

fn injects_later(peer: &mut Peer) -> io::Result<()> {
    peer.tls_request()?;
    peer.write(b"S")?;
    thread::sleep(Duration::from_millis(100));
    peer.write(&injected())?;
    // What is heard is the beginning of TLS.
    Ok(())
}

fn injected() -> Vec<u8> {
    message(
        b'E',
        b"SFATAL\0VFATAL\0C28000\0Mgo to evil.example instead\0\0",
    )
}

fn tls() -> Vec<Case> {
    let mut cases = Vec::new();
    for options in [
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=verify-full",
        "sslrootcert=system",
    ] {
        cases.push(case(
            "no TLS",
            options,
            declines,
            8,
            "the server does not support it",
        ));
    }
    for options in ["sslmode=prefer", "sslmode=require"] {
        cases.extend([
            case(
                "bytes after the answer",
                options,
                injects,
                8,
                "unencrypted data after the server's answer",
            ),
            case(
                "an error for an answer",
                options,
                |peer| {
                    peer.tls_request()?;
                    peer.write(&injected())?;
                    peer.listen()
                },
                8,
                "unencrypted data after the server's answer",
            ),
            case(
                "half an error for an answer",
                options,
                |peer| {
                    peer.tls_request()?;
                    peer.write(b"E")?;
                    peer.listen()
                },
                8,
                "the server answered with an error",
            ),
            case(
                "another answer",
                options,
                |peer| {
                    peer.tls_request()?;
                    peer.write(b"?")?;
                    peer.listen()
                },
                8,
                "unexpected answer '?'",
            ),
            case(
                "no answer",
                options,
                |peer| {
                    peer.tls_request()?;
                    peer.listen()
                },
                8,
                "no answer within 2 s",
            ),
            case(
                "goodbye for an answer",
                options,
                |peer| peer.tls_request(),
                8,
                "the server closed the connection",
            ),
        ]);
    }
    cases.push(case(
        "an error in the place of TLS",
        "sslmode=require",
        injects_later,
        8,
        "cannot make a TLS connection",
    ));
    cases.push(hears(
        "silence in the place of TLS",
        "sslmode=require",
        |peer| {
            peer.tls_request()?;
            peer.write(b"S")?;
            peer.listen()
        },
        8,
        "no answer within 2 s",
    ));
    cases.push(case(
        "no TLS at once",
        "sslmode=require sslnegotiation=direct",
        |peer| {
            peer.write(&injected())?;
            Ok(())
        },
        8,
        "cannot make a TLS connection",
    ));
    cases
}

/// A header that promises a gibibyte, and bytes without end.
fn promises(peer: &mut Peer, tag: u8) -> io::Result<()> {
    peer.write(&[&[tag][..], &(1_u32 << 30).to_be_bytes()].concat())?;
    let block = vec![b'x'; 1 << 16];
    // It ends when the client has had enough.
    for _ in 0..(1 << 14) {
        if peer.write(&block).is_err() {
            break;
        }
    }
    Ok(())
}

macro_rules! promise {
    ($tag:literal) => {
        case(
            concat!("a gibibyte of '", $tag, "' before the login"),
            PLAIN,
            |peer| {
                peer.startup()?;
                promises(peer, $tag.as_bytes()[0])
            },
            8,
            "more than the 65536 allowed",
        )
    };
    ($tag:literal, after) => {
        hears(
            concat!("a gibibyte of '", $tag, "' after the login"),
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'R', OK)?;
                peer.ready()?;
                peer.receive()?;
                promises(peer, $tag.as_bytes()[0])
            },
            8,
            "more than the 65536 allowed",
        )
    };
}

fn lengths() -> Vec<Case> {
    let mut cases = vec![
        promise!("R"),
        promise!("E"),
        promise!("N"),
        promise!("S"),
        promise!("v"),
        promise!("K"),
        promise!("D"),
        promise!("d"),
        promise!("E", after),
        promise!("T", after),
        promise!("D", after),
        promise!("N", after),
        promise!("S", after),
        promise!("d", after),
    ];
    cases.extend([
        case(
            "a length of 3",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"R\0\0\0\x03")?;
                peer.listen()
            },
            8,
            "impossible length 3",
        ),
        case(
            "a negative length",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"E\xff\xff\xff\xff")?;
                peer.listen()
            },
            8,
            "impossible length -1",
        ),
        case(
            "goodbye in a header",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"R\0\0")
            },
            8,
            "the server closed the connection",
        ),
        case(
            "goodbye in a message",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"R\0\0\0\x08\0\0")
            },
            8,
            "the server closed the connection",
        ),
        case("goodbye at once", PLAIN, |_| Ok(()), 8, "connection"),
        case(
            "half a message",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"R\0\0\0\x08\0\0")?;
                peer.listen()
            },
            8,
            "no answer within 2 s",
        ),
        case(
            "silence",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.listen()
            },
            8,
            "no answer within 2 s",
        ),
        case(
            "an error without an end",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'E', b"SFATAL\0C28000")?;
                peer.listen()
            },
            8,
            "malformed ErrorResponse",
        ),
        case(
            "a message that has no place here",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'D', b"\0\0")?;
                peer.listen()
            },
            8,
            "unexpected message 'D'",
        ),
        case(
            "another protocol altogether",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")?;
                peer.listen()
            },
            8,
            "protocol violation",
        ),
        case(
            "a version that nobody asked for",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'v', b"\0\x04\0\0\0\0\0\0")?;
                peer.listen()
            },
            8,
            "protocol violation",
        ),
        case(
            "notices without end",
            PLAIN,
            |peer| {
                peer.startup()?;
                let notice = message(
                    b'N',
                    &[
                        &b"SDEBUG\0VDEBUG\0C00000\0M"[..],
                        &vec![b'x'; 60_000],
                        b"\0\0",
                    ]
                    .concat(),
                );
                while peer.write(&notice).is_ok() {
                    thread::sleep(Duration::from_millis(1));
                }
                Ok(())
            },
            8,
            "no answer within 2 s",
        ),
        case(
            "parameters without end",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'R', OK)?;
                for i in 0.. {
                    let body = [format!("p{i}\0").as_bytes(), &vec![b'x'; 60_000], b"\0"].concat();
                    if peer.send(b'S', &body).is_err() {
                        break;
                    }
                }
                Ok(())
            },
            8,
            "bytes of parameters reported",
        ),
        case(
            "a byte now and then, without end",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.write(b"E\0\0\xff\0S")?;
                while peer.write(b"x").is_ok() {
                    thread::sleep(Duration::from_millis(50));
                }
                Ok(())
            },
            8,
            "no answer within 2 s",
        ),
        hears(
            "silence after the login",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'R', OK)?;
                peer.ready()?;
                peer.listen()
            },
            8,
            "no answer within 2 s",
        ),
        hears(
            "goodbye after the login",
            PLAIN,
            |peer| {
                peer.startup()?;
                peer.send(b'R', OK)?;
                peer.ready()?;
                peer.receive().map(drop)
            },
            8,
            "the server closed the connection",
        ),
    ]);
    cases
}

#[test]
fn a_hostile_server_gains_nothing() {
    let cases: Vec<Case> = passwords()
        .into_iter()
        .chain(scram())
        .chain(tls())
        .chain(lengths())
        .collect();
    let memory = side_by_side(&cases, check);
    let most = memory.iter().max().copied().unwrap_or_default();
    crate::judge::tell(&format!(
        "hostile servers: {} cases, {} KiB of memory at most\n",
        cases.len(),
        most >> 10
    ));
    assert!(cases.len() >= 60, "{} cases", cases.len());
}

#[test]
fn what_was_injected_before_tls_is_not_believed() -> Result<()> {
    for options in ["sslmode=prefer", "sslmode=require"] {
        let played = play(injects)?;
        let (ran, ..) = run(options, &played)?;
        ran.expect_code(8)?;
        ensure!(!ran.stderr.contains("evil"), "{}", ran.stderr);
        // It is not tried without TLS either.
        ensure!(
            played.heard().len() == 1,
            "{} connections",
            played.heard().len()
        );
    }
    let (ran, ..) = run("sslmode=require", &play(injects_later)?)?;
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
    let (ran, ..) = run(PLAIN, &played)?;
    let told: serde_json::Value = serde_json::from_slice(&ran.expect_code(0)?.stdout)?;
    ensure!(told["server_version"] == "17.5", "{told}");
    Ok(())
}
