//! Tokens are those of botocore.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use aws_credential_types::Credentials;
use pgark_aws_iam::{Login, token};
use serde_json::{Value, json};
use support::{kept_folder, python};

const HOSTS: [(&str, u16); 5] = [
    ("shop.c1a2b3.us-east-1.rds.amazonaws.com", 5432),
    ("Shop.Cluster-RO-C1A2B3.US-EAST-1.RDS.amazonaws.com", 5432),
    ("shop.proxy-c1a2b3.cn-north-1.rds.amazonaws.com.cn", 6543),
    ("127.0.0.1", 1),
    // The port of https is no part of the host that is signed.
    ("db.example.com", 443),
];
const USERS: [&str; 10] = [
    "backup",
    "Backup_1",
    "a b+é",
    "a&b=c",
    "100%",
    "%20",
    "~-._*'()!",
    "\"/?#[]@:;,$\\",
    "用户🐘",
    "\t\u{1}",
];
const REGIONS: [&str; 5] = [
    "us-east-1",
    "eu-central-1",
    "cn-north-1",
    "us-gov-west-1",
    "ap-southeast-4",
];

#[test]
fn tokens_are_those_of_botocore() -> Result<()> {
    let mut cases = Vec::new();
    for (at, user) in USERS.into_iter().enumerate() {
        for (nth, (host, port)) in HOSTS.into_iter().enumerate() {
            cases.push(json!({
                "host": host,
                "port": port,
                "user": user,
                // Every region meets every host.
                "region": REGIONS[(at + nth) % REGIONS.len()],
                "key": "AKIDEXAMPLE",
                "secret": "wJalr/XUtnFEMI+K7MDENG",
                "session_token": (at % 2 == 1).then_some("IQoJb3JpZ2lu//+X2VjE=="),
                "seconds": 951_782_399 + 86_400 * 37 * cases.len(),
            }));
        }
    }
    assert_eq!(cases.len(), 50);

    for (case, theirs) in cases.iter().zip(by_botocore(&cases)?) {
        assert_eq!(parts(&ours(case)?), parts(&theirs), "{case}");
    }
    Ok(())
}

fn ours(case: &Value) -> Result<String> {
    let text = |name: &str| case[name].as_str().context("no text");
    let login = Login {
        host: text("host")?,
        port: case["port"].as_u64().context("no port")?.try_into()?,
        user: text("user")?,
        region: text("region")?,
    };
    let credentials = Credentials::new(
        text("key")?,
        text("secret")?,
        case["session_token"].as_str().map(str::to_owned),
        None,
        "test",
    );
    let now = Duration::from_secs(case["seconds"].as_u64().context("no time")?);
    let token = token(&login, &credentials, SystemTime::UNIX_EPOCH + now)?;
    Ok(String::from_utf8(token.expose().to_vec())?)
}

fn by_botocore(cases: &[Value]) -> Result<Vec<String>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/aws/botocore_tokens.py");
    let mut python = python()
        .arg(script)
        .env("PYTHONPATH", kept_folder().join("wheels/botocore"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run python3")?;
    let mut input = python.stdin.take().context("no input")?;
    input.write_all(&serde_json::to_vec(cases)?)?;
    drop(input);
    let output = python.wait_with_output()?;
    ensure!(output.status.success(), "botocore: {}", output.status);
    let tokens: Vec<String> = serde_json::from_slice(&output.stdout)?;
    ensure!(
        tokens.len() == cases.len(),
        "botocore made {} tokens",
        tokens.len()
    );
    Ok(tokens)
}

/// What stands before the query, and the parameters in one order.
fn parts(token: &str) -> (&str, Vec<&str>) {
    let (address, query) = token.split_once("/?").unwrap_or((token, ""));
    let mut parameters: Vec<&str> = query.split('&').collect();
    parameters.sort_unstable();
    (address, parameters)
}
