//! Logging in to a real PostgreSQL, and reading from it.
//!
//! Needs the server's programs: `PGARK_PG_BIN`, or the newest of `/usr/lib/postgresql/*/bin`; without them
//! every test fails.

#[path = "real_server/server.rs"]
mod server;

use std::sync::Arc;
use std::time::Duration;

use bstr::ByteSlice;
use pgark_connect::{Config, Error, Secret, cancel, client, connect};

use server::Server;

const USERS: &str = "
    set password_encryption = 'scram-sha-256';
    create role scram login password 'pencil \u{e4}';
    create role clear login password 'in the open';
    create role clear_plain login password 'in the open';
    create role trusted login; create role tls_only login; create role plain_only login;
    create role certified login; create role limited login connection limit 0;
    set password_encryption = 'md5';
    create role md5 login password 'old';
    create database shop";

const PG_HBA: &str = "
    local     all all         trust
    host      all scram       samehost scram-sha-256
    host      all md5         samehost md5
    host      all clear       samehost password
    hostnossl all clear_plain samehost password
    host      all trusted     samehost trust
    host      all limited     samehost trust
    host      all postgres    samehost trust
    hostssl   all tls_only    samehost trust
    hostnossl all plain_only  samehost trust
    hostssl   all certified   samehost cert";

async fn start() -> Server {
    let server = Server::start(PG_HBA);
    let mut session = connect(&server.local()).await.unwrap();
    for statement in USERS.split(';') {
        session.execute(statement).await.unwrap();
    }
    server
}

/// What a login by TCP comes to: whether it is encrypted, or the error.
async fn login(server: &Server, rest: &str) -> Result<bool, Error> {
    let config = server.tcp(rest);
    let mut session = connect(&config).await?;
    let rows = session
        .rows("select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()");
    let encrypted = rows.await.unwrap().row(0).unwrap().get(0) == Some("t".into());
    assert_eq!(session.stream().is_tls(), encrypted);
    session.close().await.unwrap();
    Ok(encrypted)
}

#[tokio::test]
async fn passwords_are_sent_by_every_method() {
    let server = start().await;
    for (rest, encrypted) in [
        ("user=scram password='pencil \u{e4}'", true),
        (
            "user=scram password='pencil \u{e4}' channel_binding=require",
            true,
        ),
        (
            "user=scram password='pencil \u{e4}' channel_binding=disable",
            true,
        ),
        ("user=scram password='pencil \u{e4}' sslmode=disable", false),
        ("user=md5 password=old", true),
        ("user=md5 password=old sslmode=disable", false),
        ("user=clear password='in the open'", true),
        ("user=clear password='in the open' sslmode=allow", true),
        ("user=clear password='in the open' sslmode=disable", false),
        ("user=trusted", true),
        ("user=trusted sslmode=disable", false),
    ] {
        assert_eq!(login(&server, rest).await.unwrap(), encrypted, "{rest}");
    }
    for (rest, message) in [
        (
            "user=scram password=wrong",
            "FATAL: password authentication failed for user \"scram\" (SQLSTATE 28P01)",
        ),
        (
            "user=md5 password=wrong sslmode=disable",
            "FATAL: password authentication failed for user \"md5\" (SQLSTATE 28P01)",
        ),
        (
            "user=scram",
            "the server asks for a password (scram-sha-256) and none was given",
        ),
        (
            "user=md5",
            "the server asks for a password (md5) and none was given",
        ),
        (
            "user=clear_plain password=x",
            "the server asks for the password in clear text over an unencrypted connection: refused",
        ),
        (
            "user=trusted channel_binding=require",
            "channel binding is required, but the server asks for a method that cannot carry it",
        ),
        (
            "user=scram password=x channel_binding=require sslmode=disable",
            "channel binding is required, but the connection has no TLS",
        ),
        ("user=nobody", "no pg_hba.conf entry"),
    ] {
        let error = login(&server, rest).await.unwrap_err();
        assert!(error.to_string().contains(message), "{rest}: {error}");
        assert!(
            error.is_login_refused() && !error.is_cannot_connect(),
            "{rest}: {error}"
        );
    }
}

#[tokio::test]
async fn sslmode_decides_about_encryption() {
    let server = start().await;
    for (mode, trusted, tls_only, plain_only) in [
        ("disable", Some(false), None, Some(false)),
        ("allow", Some(false), Some(true), Some(false)),
        ("prefer", Some(true), Some(true), Some(false)),
        ("require", Some(true), Some(true), None),
    ] {
        for (user, expected) in [
            ("trusted", trusted),
            ("tls_only", tls_only),
            ("plain_only", plain_only),
        ] {
            let found = login(&server, &format!("user={user} sslmode={mode}")).await;
            assert_eq!(
                found.as_ref().ok(),
                expected.as_ref(),
                "{mode} {user}: {found:?}"
            );
        }
    }
    server.set("ssl", "off").await;
    assert!(!login(&server, "user=trusted sslmode=prefer").await.unwrap());
    let error = login(&server, "user=trusted sslmode=require")
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the server does not support it"),
        "{error}"
    );
    assert!(error.is_cannot_connect());
}

#[tokio::test]
async fn certificates_are_verified() {
    let server = start().await;
    let root = server.root_certificate();
    let other = server.path("other.crt", &server::self_signed("localhost").0);
    for (rest, expected) in [
        (
            format!("host=localhost sslmode=verify-full sslrootcert={root}"),
            None,
        ),
        (format!("sslmode=verify-full sslrootcert={root}"), None),
        (format!("sslmode=verify-ca sslrootcert={root}"), None),
        (
            format!("host=db.example hostaddr=127.0.0.1 sslmode=verify-ca sslrootcert={root}"),
            None,
        ),
        (
            format!("host=db.example hostaddr=127.0.0.1 sslmode=verify-full sslrootcert={root}"),
            Some(
                "the server's certificate is for \"localhost\" and not for host name \"db.example\"",
            ),
        ),
        (
            format!("sslmode=verify-ca sslrootcert={other}"),
            Some("the server's certificate is signed by nobody who is trusted"),
        ),
        (
            format!("sslmode=require sslrootcert={other}"),
            Some("the server's certificate is signed by nobody who is trusted"),
        ),
        (
            "sslmode=verify-ca sslrootcert=/nonexistent/root.crt".into(),
            Some("root certificate file \"/nonexistent/root.crt\": it does not exist"),
        ),
        (
            "sslrootcert=system".into(),
            Some("the server's certificate is signed by nobody who is trusted"),
        ),
    ] {
        let found = login(&server, &format!("user=trusted {rest}")).await;
        match (&found, expected) {
            (Ok(true), None) => {}
            (Err(error), Some(message)) => {
                assert!(error.to_string().contains(message), "{rest}: {error}");
                assert!(error.is_cannot_connect());
            }
            _ => panic!("{rest}: {found:?}"),
        }
    }
    // "prefer" does without TLS rather than fail.
    let rest = format!("user=trusted sslmode=prefer sslrootcert={other}");
    assert!(!login(&server, &rest).await.unwrap());
}

#[tokio::test]
async fn version_1_certificates_work_with_every_tls_version() {
    let server = start().await;
    server.replace_certificate(
        include_str!("certificates/version1.crt"),
        include_str!("certificates/version1.key"),
    );
    let authority = server.path("authority.crt", include_str!("certificates/authority.crt"));
    for version in ["TLSv1.2", "TLSv1.3"] {
        server.set("ssl_max_protocol_version", version).await;
        for mode in ["require", "verify-full"] {
            let rest = format!(
                "host=localhost user=scram password='pencil \u{e4}' sslmode={mode} sslrootcert={authority} channel_binding=require"
            );
            assert!(login(&server, &rest).await.unwrap(), "{version} {mode}");
        }
    }
}

#[tokio::test]
async fn a_client_certificate_logs_in() {
    let server = start().await;
    let without = login(&server, "user=certified sslmode=require")
        .await
        .unwrap_err();
    assert!(without.is_login_refused(), "{without}");

    let (chain, key) = server.client_certificate("certified");
    let mut config = server.tcp("user=certified sslmode=verify-full host=localhost");
    config.set_root_certificate_pem(std::fs::read(server.root_certificate()).unwrap());
    config.set_client_certificate_pem(chain.as_str(), Secret::new(key.as_str()));
    connect(&config).await.unwrap();

    let (chain, key) = (
        server.path("client.crt", &chain),
        server.path("client.key", &key),
    );
    assert!(
        login(
            &server,
            &format!("user=certified sslmode=require sslcert={chain} sslkey={key}")
        )
        .await
        .unwrap()
    );
}

#[tokio::test]
async fn where_there_is_no_way_the_error_says_so() {
    let server = start().await;
    for (rest, message) in [
        (
            "user=trusted dbname=nowhere",
            "FATAL: database \"nowhere\" does not exist (SQLSTATE 3D000)",
        ),
        (
            "user=limited dbname=shop",
            "FATAL: too many connections for role \"limited\" (SQLSTATE 53300)",
        ),
        ("user=trusted port=1", "Connection refused"),
        (
            "user=trusted host=/nonexistent",
            "socket \"/nonexistent/.s.PGSQL.",
        ),
    ] {
        let error = login(&server, rest).await.unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(
            error.is_cannot_connect() && !error.is_login_refused(),
            "{error}"
        );
    }
}

#[tokio::test]
async fn queries_give_what_the_server_says() {
    let server = start().await;
    // Spawned, so that the futures are seen to be Send.
    let mut session = tokio::spawn(async move { (connect(&server.local()).await, server) })
        .await
        .unwrap();
    let (session, _server) = (session.0.as_mut().unwrap(), session.1);

    let results = session
        .query("select 1 as a, null as \"B\" union all select 2, ''; set work_mem = 100; select")
        .await
        .unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(results[0].columns(), ["a", "B"]);
    let values: Vec<_> = results[0]
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    assert_eq!(
        values,
        [
            (Some("1".into()), None),
            (Some("2".into()), Some("".into()))
        ]
    );
    assert_eq!((results[1].len(), results[2].len()), (0, 1));

    let error = session.rows("select * from no_such").await.unwrap_err();
    let report = error.server().unwrap();
    assert_eq!(
        (report.sqlstate.as_str(), report.position),
        ("42P01", Some(15))
    );
    let error = session
        .execute(
            "do $$ begin raise exception 'x' using detail = 'd', hint = 'h', table = 't'; end $$",
        )
        .await
        .unwrap_err();
    let report = error.server().unwrap();
    assert_eq!(
        (&report.detail, &report.hint, &report.table),
        (&Some("d".into()), &Some("h".into()), &Some("t".into()))
    );
    assert!(report.context.as_ref().unwrap().contains_str("PL/pgSQL"));

    session
        .execute("set client_encoding = latin1")
        .await
        .unwrap();
    assert_eq!(session.parameter("client_encoding"), Some("LATIN1".into()));
    let rows = session
        .rows(b"select '\xe4'::text as \"\xe4\"")
        .await
        .unwrap();
    assert_eq!(rows.row(0).unwrap().get(0), Some(b"\xe4".as_bstr()));
    assert_eq!(rows.columns()[0], b"\xe4".as_bstr());

    let large = session
        .rows("select repeat('x', 50000000), 1")
        .await
        .unwrap();
    assert_eq!(large.row(0).unwrap().get(0).unwrap().len(), 50_000_000);
}

#[tokio::test]
async fn a_million_rows_are_copied_out() {
    let server = start().await;
    for config in [server.local(), server.tcp("user=trusted sslmode=require")] {
        let mut session = connect(&config).await.unwrap();
        let mut copy = session
            .copy_out("copy (select i, 'row ' || i from generate_series(1, 1000000) i) to stdout")
            .await
            .unwrap();
        let (mut rows, mut pieces, mut sum, mut last) = (0_u64, 0_u64, 0_u64, Vec::new());
        while let Some(piece) = copy.next().await.unwrap() {
            pieces += 1;
            last.extend_from_slice(piece);
            let whole = last.rfind_byte(b'\n').map_or(0, |at| at + 1);
            for row in last[..whole].lines() {
                let (number, text) = row.split_once_str("\t").unwrap();
                assert_eq!(text.strip_prefix(b"row ").unwrap(), number);
                rows += 1;
                sum += number.to_str().unwrap().parse::<u64>().unwrap();
            }
            last.drain(..whole);
        }
        assert_eq!((rows, sum, last.len()), (1_000_000, 500_000_500_000, 0));
        assert!(pieces < 100_000, "{pieces} pieces");

        let mut copy = session
            .copy_out("copy (select 1 / (500000 - i) from generate_series(1, 1000000) i) to stdout")
            .await
            .unwrap();
        let error = loop {
            match copy.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("a failed COPY ended well"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.server().unwrap().sqlstate, "22012");
        session.execute("select").await.unwrap();
    }
}

#[tokio::test]
async fn a_statement_is_cancelled() {
    let server = start().await;
    for rest in ["sslmode=require", "sslmode=disable"] {
        let config = server.tcp(&format!("user=trusted {rest}"));
        let mut session = connect(&config).await.unwrap();
        let key = session.cancel_key().unwrap();
        let (result, ()) = tokio::join!(session.execute("select pg_catalog.pg_sleep(60)"), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            cancel(&config, &key).await.unwrap();
        });
        assert_eq!(result.unwrap_err().server().unwrap().sqlstate, "57014");
        session.execute("select").await.unwrap();
    }
}

#[tokio::test]
async fn a_terminated_session_says_so() {
    let server = start().await;
    let mut session = connect(&server.local()).await.unwrap();
    let mut other = connect(&server.local()).await.unwrap();
    let pid = session.cancel_key().unwrap().process_id();
    let (result, _) = tokio::join!(session.execute("select pg_catalog.pg_sleep(60)"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        other
            .query(format!("select pg_catalog.pg_terminate_backend({pid})"))
            .await
            .unwrap()
    });
    let error = result.unwrap_err();
    assert_eq!(error.server().unwrap().sqlstate, "57P01");
    assert!(error.is_connection_lost());
    assert!(session.execute("select").await.is_err());
}

#[tokio::test]
async fn tokio_postgres_takes_over() {
    let server = start().await;
    for config in [
        server.local(),
        server.tcp("user=scram password='pencil \u{e4}' sslmode=require"),
    ] {
        let client = Arc::new(client(&config.with_dbname("shop")).await.unwrap());
        let row = client
            .query_one(
                "select $1::int4 + 1, current_database()::text, 'ä'::text",
                &[&41_i32],
            )
            .await
            .unwrap();
        assert_eq!(
            (
                row.get::<_, i32>(0),
                row.get::<_, &str>(1),
                row.get::<_, &str>(2)
            ),
            (42, "shop", "ä")
        );
        let both = tokio::join!(
            client.query("select 1", &[]),
            client.query("select pg_catalog.pg_sleep(0)", &[])
        );
        assert!(both.0.is_ok() && both.1.is_ok());
        let error = client
            .execute(
                "select pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())",
                &[],
            )
            .await
            .unwrap_err();
        assert!(error.is_closed() || error.code().is_some(), "{error}");
    }
    let refused = client(&Config::parse("host=127.0.0.1 port=1").unwrap()).await;
    assert!(refused.is_err_and(|error| error.is_cannot_connect()));
}
