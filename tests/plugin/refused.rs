//! What is refused: plakar fails, says why, and keeps no snapshot.

use anyhow::{Result, ensure};
use support::{Host, Major, Server, shared_server};

#[test]
fn what_cannot_be_used_is_named() -> Result<()> {
    let server = shared_server(Major::V17);
    let host = Host::new()?;
    let cluster = server.uri("");
    let port = server.port();
    for (source, options, words) in [
        (
            cluster.clone(),
            &["schema_only=true", "data_only=true"][..],
            &["schema_only and data_only are mutually exclusive"][..],
        ),
        (
            cluster.clone(),
            &["ssl_mode=bogus"],
            &["ssl_mode", "\"bogus\"", "verify-full"],
        ),
        (
            cluster.clone(),
            &["compress=maybe"],
            &["compress", "\"maybe\""],
        ),
        (cluster.clone(), &["port=0"], &["port", "\"0\""]),
        (
            cluster.clone(),
            &["ssl_cert=/a", "ssl_cert_data=b"],
            &["ssl_cert and ssl_cert_data are mutually exclusive"],
        ),
        (
            server.uri("nosuchdb"),
            &[],
            &["\"nosuchdb\"", "127.0.0.1", "3D000"],
        ),
        (
            cluster.clone(),
            &["database=No Such"],
            &["\"No Such\"", "3D000"],
        ),
        (
            server.uri("template0"),
            &[],
            &["\"template0\"", "not currently accepting connections"],
        ),
        (
            "postgres://postgres@127.0.0.1:1/".to_owned(),
            &[],
            &["127.0.0.1", "port 1", "Connection refused"],
        ),
        (
            format!("postgres://nobody_here@127.0.0.1:{port}/"),
            &[],
            &["\"nobody_here\"", "28000"],
        ),
        (
            "postgres://no-such-host.invalid/".to_owned(),
            &[],
            &["no-such-host.invalid"],
        ),
        // 17 is built with OpenSSL, but has no certificate here.
        (cluster, &["ssl_mode=require"], &["127.0.0.1", "TLS"]),
    ] {
        host.expect_failure(&source, options, words)?;
    }
    ensure!(host.snapshots()?.is_empty(), "a snapshot is left");
    Ok(())
}

#[test]
fn a_wrong_password_is_refused_and_not_shown() -> Result<()> {
    let server = Server::with(Major::V15)
        .password("right")
        .auth("scram-sha-256")
        .start()?;
    let host = Host::new()?;
    let told = host.expect_failure(
        &server.uri("postgres"),
        &["password=hunter2"],
        &["password authentication failed", "\"postgres\"", "28P01"],
    )?;
    ensure!(!told.contains("hunter2"), "{told}");
    host.expect_failure(&server.uri("postgres"), &[], &["password", "127.0.0.1"])?;
    Ok(())
}
