//! What `pgark ping` tells, and how it ends.

use anyhow::{Result, ensure};
use serde_json::Value;
use support::{Major, Server, observe, pgark, shared_server};

use crate::case::{Case, Expected};
use crate::judge::run_ping;
use crate::secret::expect_none;
use crate::world::{PASSWORD, home, old_world, world};

#[test]
fn every_server_is_told_of() -> Result<()> {
    for major in Major::servers() {
        let server = shared_server(major);
        let version = server.psql("postgres", "show server_version")?;
        let case = Case::of(server.conninfo("postgres"), Expected::Connects);
        let ran = run_ping(&case)?;
        let told: Value = serde_json::from_slice(&ran.expect_code(0)?.stdout)?;
        ensure!(told["server_version"] == version.as_str(), "{told}");
        ensure!(
            told["server"] == format!("\"127.0.0.1\", port {}", server.port()).as_str(),
            "{told}"
        );
        for (name, value) in [
            // Servers say so from 14 on.
            ("standby", (major != Major::V13).then_some(false).into()),
            ("database", "postgres".into()),
            ("user", "postgres".into()),
            ("protocol", "3.0".into()),
            ("tls", Value::Null),
            ("authentication", "none".into()),
            ("channel_binding", Value::Null),
            ("pooler", "none".into()),
        ] {
            ensure!(told[name] == value, "{name}: {told}");
        }
        for name in ["latency_ms", "connect_ms"] {
            let time = told[name].as_f64().unwrap_or_default();
            ensure!(time > 0.0 && time < 10_000.0, "{name}: {told}");
        }
    }
    Ok(())
}

#[test]
fn the_way_there_is_told_of() -> Result<()> {
    for world in [old_world(), world()] {
        // User and options; method, binding, TLS.
        for (rest, method, bound, tls) in [
            ("user=trusted sslmode=disable", "none", false, None),
            (
                "user=trusted sslmode=require",
                "none",
                false,
                Some("TLSv1.3"),
            ),
            ("user=scram sslmode=disable", "scram-sha-256", false, None),
            (
                "user=scram sslmode=require",
                "scram-sha-256",
                true,
                Some("TLSv1.3"),
            ),
            (
                "user=scram channel_binding=disable",
                "scram-sha-256",
                false,
                Some("TLSv1.3"),
            ),
            (
                "user=scram ssl_max_protocol_version=TLSv1.2",
                "scram-sha-256",
                true,
                Some("TLSv1.2"),
            ),
            ("user=hashed", "md5", false, Some("TLSv1.3")),
            ("user=clear", "password", false, Some("TLSv1.3")),
        ] {
            let case = Case::of(world.tcp(rest), Expected::Connects).with("PGPASSWORD", PASSWORD);
            let ran = run_ping(&case)?;
            let told: Value = serde_json::from_slice(&ran.expect_code(0)?.stdout)?;
            ensure!(told["authentication"] == method, "{rest}: {told}");
            let binding = if bound {
                "tls-server-end-point".into()
            } else {
                Value::Null
            };
            ensure!(told["channel_binding"] == binding, "{rest}: {told}");
            ensure!(told["tls"]["version"].as_str() == tls, "{rest}: {told}");
            let cipher = told["tls"]["cipher"].as_str().unwrap_or_default();
            ensure!(
                cipher.starts_with("TLS_") == tls.is_some(),
                "{rest}: {told}"
            );
        }
    }
    Ok(())
}

#[test]
fn text_has_a_line_for_each_fact() -> Result<()> {
    let ran = observe(
        pgark()
            .env("HOME", home())
            .env("PGPASSWORD", PASSWORD)
            .args(["ping", &world().tcp("user=scram")]),
    )?;
    ran.expect_silence()?;
    let told = String::from_utf8(ran.stdout)?;
    expect_none("pgark ping", &told)?;
    let names: Vec<&str> = told.lines().map(|line| line[..16].trim_end()).collect();
    ensure!(
        names
            == [
                "server",
                "server version",
                "database",
                "user",
                "protocol",
                "TLS",
                "authentication",
                "channel binding",
                "pooler",
                "latency"
            ],
        "{told}"
    );
    for words in [
        "TLSv1.3, TLS_",
        "scram-sha-256",
        "tls-server-end-point",
        " ms (connected in ",
    ] {
        ensure!(told.contains(words), "{told}");
    }
    Ok(())
}

#[test]
fn newer_protocols_are_agreed_on() -> Result<()> {
    for (major, asked, expected) in [
        (Major::V18, "max_protocol_version=3.0", Some("3.0")),
        (Major::V18, "max_protocol_version=3.2", Some("3.2")),
        (Major::V18, "max_protocol_version=latest", Some("3.2")),
        (Major::V18, "min_protocol_version=3.2", Some("3.2")),
        (Major::V17, "max_protocol_version=3.2", Some("3.0")),
        (Major::V15, "max_protocol_version=latest", Some("3.0")),
        (Major::V17, "min_protocol_version=3.2", None),
    ] {
        let server = shared_server(major);
        let string = format!("{} {asked}", server.conninfo("postgres"));
        let ran = run_ping(&Case::of(string, Expected::Connects))?;
        match expected {
            Some(version) => {
                let told: Value = serde_json::from_slice(&ran.expect_code(0)?.stdout)?;
                ensure!(told["protocol"] == version, "{major} {asked}: {told}");
            }
            None => {
                ran.expect_code(8)?
                    .expect_words(["the server speaks protocol 3.0 at most"])?;
            }
        }
    }
    Ok(())
}

#[test]
fn notices_of_a_login_are_told_and_change_nothing() -> Result<()> {
    let server = Server::with(Major::V17).start()?;
    server.psql(
        "postgres",
        "create function greet() returns event_trigger language plpgsql as $$ begin raise warning 'mind the step'; end $$;
         create event trigger greeting on login execute function greet();
         alter event trigger greeting enable always",
    )?;
    let ran = observe(pgark().args(["ping", &server.conninfo("postgres")]))?;
    ran.expect_code(0)?.expect_words(["mind the step"])?;
    Ok(())
}

#[test]
fn mistakes_name_what_may_have_been_meant() -> Result<()> {
    for (args, words) in [
        (
            &["-d", "hots=x"][..],
            &["\"hots\"", "the nearest is \"host\""][..],
        ),
        (
            &["-d", "postgres://h/?sslmod=x"],
            &["\"sslmod\"", "\"sslmode\""],
        ),
        (
            &["-d", "sslmode=requier"],
            &[
                "sslmode",
                "\"requier\"",
                "verify-full",
                "the nearest is \"require\"",
            ],
        ),
        (
            &["-d", "require_auth=scram-sha256"],
            &["\"scram-sha256\"", "the nearest is \"scram-sha-256\""],
        ),
        (
            &["-d", "sslkeylogfile=/tmp/x"],
            &["sslkeylogfile", "not supported"],
        ),
        (
            &["-d", "gssencmode=require"],
            &["gssencmode", "\"require\"", "not supported"],
        ),
        (&["-W", "-w"], &["--no-password"]),
    ] {
        let ran = observe(pgark().arg("ping").args(args))?;
        ran.expect_code(2)?.expect_words(words)?;
    }
    Ok(())
}
