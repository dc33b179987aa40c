//! What a user can get wrong: one clear line with the name and the value, the right exit code, and no file.

use std::fmt;
use std::fs;
use std::net::TcpListener;
use std::process::Command;

use anyhow::{Result, ensure};
use support::{
    Certificates, Fixture, Major, Scratch, Server, dump_command, dump_command_as,
    expect_no_archive, observe, pgark, shared_server, side_by_side,
};

/// A command line, its exit code, and what its one line must say.
struct Case {
    what: &'static str,
    args: Vec<String>,
    code: i32,
    words: Vec<String>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

fn case(what: &'static str, args: &[&str], code: i32, words: &[&str]) -> Case {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    Case {
        what,
        args: owned(args),
        code,
        words: owned(words),
    }
}

/// Runs `pgark dump` with `args` into a file that must not be there afterwards.
fn fails(command: &mut Command, code: i32, words: &[impl AsRef<str>]) -> Result<()> {
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let ran = observe(command.arg("-f").arg(&archive))?;
    ran.expect_code(code)?;
    expect_no_archive(&archive)?;
    // clap's own reports have several.
    if ran.stderr.contains("\n\n") && code == 2 {
        ran.expect_words(words)?;
    } else {
        ran.expect_one_line(words)?;
    }
    ensure!(ran.stdout.is_empty(), "something is on stdout");
    Ok(())
}

#[test]
fn a_server_that_cannot_be_reached_is_named_with_its_port() -> Result<()> {
    let server = shared_server(Major::V17);
    let port = server.port().to_string();
    // Bound and not listened on by anybody any more: nothing else takes it while the test runs.
    let closed = TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port()
        .to_string();
    let scratch = Scratch::new()?;
    let folder = scratch.path().display().to_string();
    let socket = format!("{folder}/.s.PGSQL.{port}");
    let uri = format!("postgres://postgres@127.0.0.1:{closed}/db");
    let both = format!("host=127.0.0.1,no-such-host.invalid port={closed},{port} dbname=postgres");
    let cases = [
        case(
            "host",
            &["-h", "no-such-host.invalid", "-p", &port],
            8,
            &["\"no-such-host.invalid\""],
        ),
        case(
            "port",
            &["-h", "127.0.0.1", "-p", &closed],
            8,
            &["127.0.0.1", &closed],
        ),
        case("port in a URI", &["-d", &uri], 8, &["127.0.0.1", &closed]),
        case(
            "two hosts",
            &["-d", &both],
            8,
            &["127.0.0.1", &closed, "no-such-host.invalid"],
        ),
        case("socket", &["-h", &folder, "-p", &port], 8, &[&socket]),
        case(
            "socket's folder",
            &["-h", "/no/such/folder", "-p", &port],
            8,
            &["/no/such/folder"],
        ),
    ];
    side_by_side(&cases, |case| {
        fails(pgark().arg("dump").args(&case.args), case.code, &case.words)
    });
    Ok(())
}

#[test]
fn a_database_or_user_that_does_not_exist_is_named() {
    side_by_side(&Major::servers(), |&major| {
        let server = shared_server(major);
        let (host, port) = (server.host(), server.port().to_string());
        let at = ["-h", host, "-p", &port];
        for (args, code, words) in [
            (
                ["-U", "postgres", "-d", "no such db"],
                8,
                ["database \"no such db\"", "3D000"],
            ),
            (
                ["-U", "no such user", "-d", "postgres"],
                3,
                ["\"no such user\"", "28000"],
            ),
        ] {
            fails(pgark().arg("dump").args(at).args(args), code, &words)?;
            fails(
                pgark().arg("dump").args(at).args(args),
                code,
                &[port.as_str()],
            )?;
        }
        Ok(())
    });
}

#[test]
fn a_refused_password_is_told_with_the_user() -> Result<()> {
    for method in ["scram-sha-256", "md5"] {
        let server = Server::with(Major::V16)
            .password("right")
            .auth(method)
            .start()?;
        let dump = || dump_command(&server, "postgres");
        fails(
            dump().env("PGPASSWORD", "wrong"),
            3,
            &["user \"postgres\"", "28P01"],
        )?;
        fails(&mut dump(), 3, &["user \"postgres\"", "none was given"])?;
        let scratch = Scratch::new()?;
        let archive = scratch.join("archive");
        let right = observe(dump().env("PGPASSWORD", "right").arg("-f").arg(archive))?;
        right.expect_silence()?;
    }
    Ok(())
}

#[test]
fn refused_tls_is_told_with_the_server() -> Result<()> {
    let plain = shared_server(Major::V15);
    for mode in ["require", "verify-ca", "verify-full"] {
        let port = plain.port().to_string();
        let mut command = dump_command(plain, "postgres");
        // So that not the missing file is what is wrong.
        let scratch = Scratch::new()?;
        let root = scratch.write("root.crt", Certificates::generate()?.root)?;
        command.env("PGSSLMODE", mode).env("PGSSLROOTCERT", root);
        fails(&mut command, 8, &["TLS", "127.0.0.1", &port])?;
    }
    let certificates = Certificates::generate()?;
    let server = Server::with(Major::V17).tls(&certificates).start()?;
    let scratch = Scratch::new()?;
    let other = scratch.write("other.crt", Certificates::generate()?.root)?;
    let right = scratch.write("right.crt", &certificates.root)?;
    let port = server.port().to_string();
    let mut command = dump_command(&server, "postgres");
    command
        .env("PGSSLMODE", "verify-full")
        .env("PGSSLROOTCERT", other);
    fails(&mut command, 8, &["TLS", "127.0.0.1", &port])?;
    let missing = scratch.join("missing.crt");
    let mut command = dump_command(&server, "postgres");
    command
        .env("PGSSLMODE", "verify-full")
        .env("PGSSLROOTCERT", &missing);
    fails(&mut command, 8, &[missing.display().to_string()])?;
    let mut command = dump_command(&server, "postgres");
    command
        .env("PGSSLMODE", "verify-full")
        .env("PGSSLROOTCERT", right);
    observe(command.arg("-f").arg(scratch.join("archive")))?.expect_silence()?;
    Ok(())
}

#[test]
fn a_table_that_may_not_be_read_is_named() {
    side_by_side(&Major::servers(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("denied", "")?;
        server.psql(
            &db,
            "create role little login; create table open (a int); grant select on open to little; create table \"Closed\" (a int)",
        )?;
        fails(
            &mut dump_command_as(server, &db, "little"),
            1,
            &["table Closed", "permission denied", "42501"],
        )
    });
}

#[test]
fn options_that_make_no_sense_are_told_with_their_value() {
    let cases = [
        case("option", &["--no-such-option"], 2, &["--no-such-option"]),
        case("letter", &["-Q"], 2, &["-Q"]),
        case("option's value", &["-Z", "lzma"], 2, &["lzma"]),
        case("level", &["-Z", "gzip:10"], 2, &["10"]),
        case("level of none", &["-Z", "none:1"], 2, &["none:1"]),
        case("number", &["-Z", "10"], 2, &["10"]),
        case(
            "contradiction",
            &["-s", "-a"],
            2,
            &["--schema-only", "--data-only"],
        ),
        case("two names", &["-d", "a", "b"], 2, &["--dbname", "[DBNAME]"]),
        case(
            "keyword",
            &["-d", "host=127.0.0.1 bogus=1"],
            2,
            &["\"bogus\""],
        ),
        case(
            "keyword of a URI",
            &["-d", "postgres://h/db?bogus=1"],
            2,
            &["\"bogus\""],
        ),
        case(
            "sslmode",
            &["-d", "sslmode=perhaps"],
            2,
            &["sslmode", "perhaps"],
        ),
        case("port", &["-p", "http"], 2, &["port", "http"]),
        case("port's range", &["-p", "65536"], 2, &["port", "65536"]),
        case(
            "connect_timeout",
            &["-d", "connect_timeout=soon"],
            2,
            &["connect_timeout", "soon"],
        ),
        case(
            "connection string",
            &["-d", "host = 'open"],
            2,
            &["connection string"],
        ),
        case(
            "URI",
            &["-d", "postgres://[::1/db"],
            2,
            &["connection string"],
        ),
        case(
            "service",
            &["-d", "service=no-such-service"],
            2,
            &["no-such-service"],
        ),
    ];
    side_by_side(&cases, |case| {
        fails(pgark().arg("dump").args(&case.args), case.code, &case.words)
    });
    for args in [&[][..], &["no-such-command"], &["list", "--no-such-option"]] {
        let ran = observe(pgark().args(args)).expect("pgark runs");
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
}

#[test]
fn an_output_file_that_cannot_be_written_is_named() -> Result<()> {
    let server = shared_server(Major::V16);
    let scratch = Scratch::new()?;
    let file = scratch.write("file", "")?;
    fs::create_dir(scratch.join("folder"))?;
    for path in [
        scratch.join("no/such/archive"),
        file.join("archive"),
        scratch.join("folder"),
        "/proc/no-such-archive".into(),
    ] {
        let ran = observe(dump_command(server, "postgres").arg("-f").arg(&path))?;
        ran.expect_code(1)?
            .expect_one_line([path.to_str().unwrap_or_default()])?;
        ensure!(!path.is_file(), "{} is there", path.display());
    }
    ensure!(
        fs::read_dir(scratch.path())?.count() == 2,
        "something was left"
    );
    Ok(())
}

#[test]
fn what_is_not_an_archive_is_told_with_its_name() -> Result<()> {
    let server = shared_server(Major::V18);
    let scratch = Scratch::new()?;
    let whole = scratch.join("whole");
    let db = Fixture::named("apps/rails")?.database(Major::V18)?;
    server.pg_dump(&db, ["-Fc"], &whole)?;
    let whole = fs::read(whole)?;
    for (name, content) in [
        ("empty", &b""[..]),
        ("text", b"-- PostgreSQL database dump\n"),
        ("header alone", &whole[..60]),
        ("cut off in the TOC", &whole[..4000]),
        ("newer version", b"PGDMP\x01\x63\x00\x04\x08\x01\x00"),
    ] {
        let path = scratch.write(name, content)?;
        for args in [&["list"][..], &["list", "--json"]] {
            let ran = observe(pgark().args(args).arg(&path))?;
            ran.expect_code(1)?
                .expect_one_line([&format!("\"{}\"", path.display())])?;
            ensure!(ran.stdout.is_empty(), "{name}: something is on stdout");
        }
    }
    let missing = scratch.join("missing");
    let ran = observe(pgark().arg("list").arg(&missing))?;
    ran.expect_code(1)?
        .expect_one_line([&format!("\"{}\"", missing.display())])?;
    Ok(())
}
