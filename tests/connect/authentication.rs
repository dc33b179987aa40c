//! Every way to log in.

use anyhow::Result;
use support::{Major, Server};

use crate::case::Expected::{Abler, Connects, Refused, Stricter};
use crate::case::{Case, Expected, Kind};
use crate::judge::judge;
use crate::world::{PASSWORD, World, clients, make_plain_world, old_world, world};

const LOGIN: Expected = Refused(Kind::Login);
const IN_THE_OPEN: Expected = Stricter(
    Kind::Login,
    "a password in clear text goes over TLS or a socket only, unless sslmode=disable is said",
);

#[test]
fn methods_passwords_and_encryption_are_as_for_psql() {
    for world in [old_world(), world()] {
        let what = format!("methods, PostgreSQL {}", world.major);
        judge(&what, &methods(world), 60);
    }
}

fn methods(world: &World) -> Vec<Case> {
    let mut cases = Vec::new();
    // User, then what comes of sslmode disable, allow, prefer and require with the right password.
    let rows: [(&str, [Expected; 4]); 12] = [
        ("trusted", [Connects; 4]),
        ("scram", [Connects; 4]),
        ("hashed", [Connects; 4]),
        // With "allow" psql tells it to whoever listens; pgark turns to TLS.
        ("clear", [Connects, Connects, Connects, Connects]),
        ("tls_trusted", [LOGIN, Connects, Connects, Connects]),
        ("tls_scram", [LOGIN, Connects, Connects, Connects]),
        ("tls_clear", [LOGIN, Connects, Connects, Connects]),
        ("plain_trusted", [Connects, Connects, Connects, LOGIN]),
        ("plain_scram", [Connects, Connects, Connects, LOGIN]),
        ("rejected", [LOGIN; 4]),
        ("unlisted", [LOGIN; 4]),
        ("limited", [Refused(Kind::Full); 4]),
    ];
    for (user, row) in rows {
        for (mode, expected) in ["disable", "allow", "prefer", "require"].iter().zip(row) {
            if (user, *mode) == ("clear", "allow") {
                continue;
            }
            let string = world.tcp(&format!("user={user} sslmode={mode}"));
            cases.push(Case::of(string, expected).with("PGPASSWORD", PASSWORD));
        }
    }
    for user in ["scram", "hashed", "clear", "tls_scram"] {
        let string = world.tcp(&format!("user={user}"));
        cases.push(Case::of(string.clone(), LOGIN));
        cases.push(Case::of(string.clone(), LOGIN).with("PGPASSWORD", "wrong"));
        cases.push(Case::of(string, LOGIN).with("PGPASSWORD", ""));
    }
    let no_database = world.tcp("user=scram dbname=nowhere");
    cases.push(Case::of(no_database, Refused(Kind::Database)).with("PGPASSWORD", PASSWORD));
    cases
}

#[test]
fn servers_without_tls_are_logged_in_to_as_by_psql() -> Result<()> {
    for major in Major::all() {
        let server = make_plain_world(major)?;
        let what = format!("methods without TLS, PostgreSQL {major}");
        judge(&what, &methods_without_tls(&server), 60);
    }
    Ok(())
}

fn methods_without_tls(server: &Server) -> Vec<Case> {
    let at = |host: &str, rest: &str, expected| {
        let string = format!("host={host} port={} dbname=shop {rest}", server.port());
        Case::of(string, expected).with("PGPASSWORD", PASSWORD)
    };
    let tcp = |rest: &str, expected| at("127.0.0.1", rest, expected);
    let mut cases = Vec::new();
    // User, then what comes of sslmode disable, allow, prefer and require with the right password.
    let tls = Refused(Kind::Tls);
    for (user, row) in [
        ("trusted", [Connects, Connects, Connects, tls]),
        ("scram", [Connects, Connects, Connects, tls]),
        ("hashed", [Connects, Connects, Connects, tls]),
        ("clear", [Connects, IN_THE_OPEN, IN_THE_OPEN, tls]),
        ("rejected", [LOGIN, LOGIN, LOGIN, tls]),
        ("unlisted", [LOGIN, LOGIN, LOGIN, tls]),
    ] {
        for (mode, expected) in ["disable", "allow", "prefer", "require"].iter().zip(row) {
            cases.push(tcp(&format!("user={user} sslmode={mode}"), expected));
        }
    }
    cases.push(tcp("user=limited", Refused(Kind::Full)));
    // User, then what comes of the wrong password and of none.
    for user in ["scram", "hashed", "clear"] {
        let string = format!("user={user} sslmode=disable");
        cases.push(tcp(&format!("{string} password=wrong"), LOGIN));
        cases.push(tcp(&string, LOGIN).with("PGPASSWORD", ""));
    }
    let roman = "\u{2168} und \u{a0}mehr";
    cases.push(tcp("user=roman", Connects).with("PGPASSWORD", roman));
    // What is required, then what comes of it for each user.
    let users = ["trusted", "scram", "hashed", "clear"];
    for (required, row) in [
        ("require_auth=none", "CLLL"),
        ("require_auth=scram-sha-256", "LCLL"),
        ("require_auth=!password,!md5", "CCLL"),
        ("require_auth=!scram-sha-256", "CLCC"),
        ("channel_binding=prefer", "CCCC"),
        ("channel_binding=require", "LLLL"),
    ] {
        for (user, letter) in users.iter().zip(row.chars()) {
            let rest = format!("user={user} sslmode=disable {required}");
            cases.push(tcp(&rest, if letter == 'C' { Connects } else { LOGIN }));
        }
    }
    let socket = server.socket_dir().display().to_string();
    for (rest, expected) in [
        ("user=trusted", Connects),
        ("user=scram", Connects),
        ("user=clear sslmode=prefer", Connects),
        ("user=scram password=wrong", LOGIN),
        ("user=hashed", LOGIN),
    ] {
        cases.push(at(&socket, rest, expected));
    }
    cases
}

#[test]
fn channel_binding_is_as_for_psql() {
    for world in [old_world(), world()] {
        let what = format!("channel binding, PostgreSQL {}", world.major);
        judge(&what, &bindings(world), 24);
    }
}

fn bindings(world: &World) -> Vec<Case> {
    let mut cases = Vec::new();
    // User and sslmode, then what comes of channel_binding disable, prefer and require.
    for (user, mode, row) in [
        ("scram", "require", [Connects, Connects, Connects]),
        ("scram", "prefer", [Connects, Connects, Connects]),
        ("scram", "disable", [Connects, Connects, LOGIN]),
        ("tls_scram", "allow", [Connects, Connects, Connects]),
        ("hashed", "require", [Connects, Connects, LOGIN]),
        ("clear", "require", [Connects, Connects, LOGIN]),
        ("trusted", "require", [Connects, Connects, LOGIN]),
        ("trusted", "disable", [Connects, Connects, LOGIN]),
    ] {
        for (binding, expected) in ["disable", "prefer", "require"].iter().zip(row) {
            let string = world.tcp(&format!(
                "user={user} sslmode={mode} channel_binding={binding}"
            ));
            cases.push(Case::of(string, expected).with("PGPASSWORD", PASSWORD));
        }
    }
    cases
}

#[test]
fn required_methods_are_as_for_psql() {
    let mut cases = Vec::new();
    let users = ["trusted", "scram", "hashed", "clear"];
    // What is required, then what comes of it for each user.
    for (required, row) in [
        ("none", "CLLL"),
        ("scram-sha-256", "LCLL"),
        ("md5", "LLCL"),
        ("password", "LLLC"),
        ("gss", "LLLL"),
        ("sspi", "LLLL"),
        ("none,scram-sha-256", "CCLL"),
        ("scram-sha-256,md5,password", "LCCC"),
        ("!none", "LCCC"),
        ("!password", "CCCL"),
        ("!password,!md5", "CCLL"),
        ("!scram-sha-256", "CLCC"),
        ("!none,!md5,!password", "LCLL"),
    ] {
        for (user, letter) in users.iter().zip(row.chars()) {
            let string = world().tcp(&format!(
                "user={user} sslmode=require require_auth={required}"
            ));
            let expected = if letter == 'C' { Connects } else { LOGIN };
            cases.push(Case::of(string, expected).with("PGPASSWORD", PASSWORD));
        }
    }
    judge("required methods", &cases, 52);
}

#[test]
fn certificates_and_peers_log_in_as_for_psql() {
    let world = world();
    let with = |user: &str,
                rest: &str,
                files: Option<&(std::path::PathBuf, std::path::PathBuf)>,
                expected| {
        let mut string = world.tcp(&format!("user={user} {rest}"));
        if let Some((certificate, key)) = files {
            string = format!(
                "{string} sslcert={} sslkey={}",
                certificate.display(),
                key.display()
            );
        }
        Case::of(string, expected)
    };
    let clients = clients();
    let socket = |rest: &str, expected| {
        Case::of(
            format!(
                "host={} port={} dbname=shop {rest}",
                world.socket,
                world.port()
            ),
            expected,
        )
    };
    let owner = support::server_user().map_or(world.system_user.as_str(), |user| &user.name);
    let peer = Refused(Kind::Peer);
    let cases = [
        with("certified", "", Some(&clients.certified), Connects),
        with(
            "certified",
            "sslmode=require",
            Some(&clients.certified),
            Connects,
        ),
        with(
            "certified",
            "require_auth=none",
            Some(&clients.certified),
            Connects,
        ),
        with(
            "certified",
            "require_auth=scram-sha-256",
            Some(&clients.certified),
            LOGIN,
        ),
        with("certified", "", None, LOGIN),
        with(
            "certified",
            "sslmode=disable",
            Some(&clients.certified),
            LOGIN,
        ),
        with("certified", "", Some(&clients.stranger), LOGIN),
        with("verified", "", Some(&clients.certified), Connects).with("PGPASSWORD", PASSWORD),
        with(
            "verified",
            "channel_binding=require",
            Some(&clients.stranger),
            Connects,
        )
        .with("PGPASSWORD", PASSWORD),
        with("verified", "", None, LOGIN).with("PGPASSWORD", PASSWORD),
        with(
            "trusted",
            "sslmode=require",
            Some(&clients.stranger),
            Connects,
        ),
        with(
            "trusted",
            "sslmode=require",
            Some(&clients.forged),
            Refused(Kind::Tls),
        ),
        socket("", Connects),
        socket("user=certified", LOGIN),
        socket("user=scram", LOGIN),
        socket("user=scram", Connects).with("PGPASSWORD", PASSWORD),
        socket("user=scram channel_binding=require", LOGIN).with("PGPASSWORD", PASSWORD),
        socket("user=clear", Connects).with("PGPASSWORD", PASSWORD),
        // A socket is never encrypted, whatever the mode says.
        socket("user=trusted sslmode=verify-full", Connects),
        socket(&format!("user=trusted requirepeer={owner}"), Connects),
        socket("user=trusted requirepeer=daemon", peer),
        socket("user=trusted", peer).with("PGREQUIREPEER", "nobody-at-all"),
        with("trusted", "requirepeer=daemon", None, Connects),
    ];
    judge("certificates and peers", &cases, 23);
}

#[test]
fn passwords_are_prepared_as_by_psql() {
    let with = |user: &str, password: &[u8], expected| {
        Case::of(world().tcp(&format!("user={user}")), expected).with_bytes("PGPASSWORD", password)
    };
    let cases = [
        with("roman", "\u{2168} und \u{a0}mehr".as_bytes(), Connects),
        with("roman", b"IX und  mehr", Connects),
        with("roman", "IX\u{ad} und \u{2003}mehr".as_bytes(), Connects),
        with("roman", b"IX und mehr", LOGIN),
        with("roman", b"\xff\xfe", LOGIN),
        with("soft", "\u{ad}".as_bytes(), Connects),
        with("soft", "\u{ad}\u{ad}".as_bytes(), LOGIN),
        with("squared", "\u{1f130}\u{1f131}".as_bytes(), Connects),
        with("squared", b"AB", LOGIN),
        with("right_to_left", "\u{5d0}a".as_bytes(), Connects),
        with("right_to_left", b"a", LOGIN),
    ];
    judge("passwords beyond ASCII", &cases, 11);
}

/// Kept here so that its wording stands beside the other reasons.
pub(crate) const NO_HASH: Expected =
    Abler("libpq cannot hash an Ed25519 certificate and fails; pgark goes without channel binding");
