//! A password is never told.

use anyhow::{Result, ensure};
use support::{Certificates, Major, Server, observe, pgark};

const PASSWORD: &str = "hunter2secret";

#[test]
fn no_password_is_on_stderr_however_much_is_told() -> Result<()> {
    let server = Server::with(Major::V17)
        .password(PASSWORD)
        .auth("scram-sha-256")
        .tls(&Certificates::generate()?)
        .start()?;
    let (host, port) = (server.host(), server.port());
    let conninfo = server.conninfo("postgres");
    let uri =
        |password: &str, rest: &str| format!("postgres://postgres:{password}@{host}:{port}/{rest}");
    let (wrong, short) = ("hunter2secretx", "hunter2secre");
    let cases: [(String, Option<&str>, i32); 12] = [
        (conninfo.clone(), Some(PASSWORD), 0),
        (format!("{conninfo} password={PASSWORD}"), None, 0),
        (uri(PASSWORD, "postgres"), None, 0),
        (conninfo.clone(), Some(wrong), 3),
        (format!("{conninfo} password={short}"), None, 3),
        (uri(wrong, "postgres"), None, 3),
        (uri(PASSWORD, "no-such-db"), None, 8),
        // Mistakes in a string that holds the password.
        (uri(PASSWORD, "postgres?bogus=1"), None, 2),
        (
            format!("postgres://postgres:{PASSWORD}@[{host}:{port}/postgres"),
            None,
            2,
        ),
        (
            format!("postgres://postgres:{PASSWORD}%zz@{host}:{port}/postgres"),
            None,
            2,
        ),
        (format!("host={host} password='{PASSWORD}"), None, 2),
        (format!("host={host} password={PASSWORD} port=x"), None, 2),
    ];
    for (name, variable, code) in cases {
        for level in [&[][..], &["-v"], &["-vv"], &["-vvv"]] {
            let mut command = pgark();
            command
                .args(["dump", "-s", "-d", &name])
                .args(level)
                .env("RUST_LOG", "trace");
            if let Some(password) = variable {
                command.env("PGPASSWORD", password);
            }
            let ran = observe(&mut command)?;
            ran.expect_code(code)?;
            ensure!(
                !ran.stderr.contains("hunter2"),
                "{} told the password:\n{}",
                ran.command,
                ran.stderr
            );
            ensure!(
                !level.contains(&"-vv") || !ran.stderr.is_empty(),
                "nothing is told, so this proves nothing"
            );
        }
    }
    Ok(())
}
