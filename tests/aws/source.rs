//! Every place where credentials may be.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::json;
use support::{Ran, Rds, Scratch, TokenRules, observe, pgark, without_aws};

use crate::endpoint::{Answer, Endpoint, Request, check_signature};

/// What a service hands out.
const HANDED: (&str, &str, &str) = ("ASIAHANDED", "handed/Secret+1", "IQoJb3Jp//Z2lu+X2VjE==");

/// What a proof is: of a container, a web identity, a login by SSO.
const PROOF: &str = "eyJhbGciOiJub25lIn0.proof";

const ROLE: &str = "arn:aws:iam::123456789012:role/backup";

/// `pgark token` with nothing of AWS around it but a home folder.
struct Case {
    scratch: Scratch,
    command: Command,
}

impl Case {
    fn new() -> Result<Self> {
        let scratch = Scratch::new()?;
        let mut command = without_aws(pgark());
        command
            .env("HOME", scratch.path())
            .args(["token", "-h", "db.example.com", "-U", "backup"])
            .args(["--region", Rds::REGION]);
        Ok(Self { scratch, command })
    }

    fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.command.env(name, value);
        self
    }

    /// Writes a file below `.aws` in the home folder.
    fn file(&self, name: &str, content: &str) -> Result<String> {
        let path = self.scratch.join(".aws").join(name);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(&path, content)?;
        Ok(path.display().to_string())
    }

    fn run(&mut self) -> Result<Ran> {
        observe(&mut self.command)
    }

    /// The token must be signed with a key and carry the session token that belongs to it.
    fn expect_token_of(
        &mut self,
        (key, secret, session): (&str, &str, Option<&str>),
    ) -> Result<Ran> {
        let ran = self.run()?;
        ran.expect_code(0)?;
        let session = session.map(str::to_owned);
        let rules = TokenRules {
            host: "db.example.com".into(),
            port: 5432,
            region: Rds::REGION.into(),
            lifetime: Duration::from_mins(15),
            keys: HashMap::from([(key.to_owned(), (secret.to_owned(), session))]),
        };
        let token = String::from_utf8_lossy(&ran.stdout).into_owned();
        let signed = rules.check(token.trim_end(), "backup", Timestamp::now());
        signed.with_context(|| format!("{}: {token}", ran.command))?;
        Ok(ran)
    }

    fn expect_handed(&mut self) -> Result<Ran> {
        let (key, secret, session) = HANDED;
        self.expect_token_of((key, secret, Some(session)))
    }
}

const OWN: (&str, &str, Option<&str>) = (Rds::KEY, Rds::SECRET, None);

fn own_keys() -> String {
    let (key, secret, _) = OWN;
    format!("aws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
}

fn in_an_hour() -> Timestamp {
    Timestamp::now() + Duration::from_hours(1)
}

/// Credentials as containers and instances are given them.
fn handed_json() -> String {
    let (key, secret, session) = HANDED;
    json!({
        "Code": "Success", "Type": "AWS-HMAC",
        "AccessKeyId": key, "SecretAccessKey": secret, "Token": session,
        "Expiration": in_an_hour().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
    .to_string()
}

/// The answer of STS to `action`.
fn handed_xml(action: &str) -> String {
    let (key, secret, session) = HANDED;
    let expiry = in_an_hour().strftime("%Y-%m-%dT%H:%M:%SZ");
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><AssumedRoleUser><AssumedRoleId>AROA:pgark</AssumedRoleId><Arn>{ROLE}</Arn></AssumedRoleUser><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{session}</SessionToken><Expiration>{expiry}</Expiration></Credentials></{action}Result></{action}Response>"
    )
}

fn refused(problem: &str) -> Answer {
    let body = format!(
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>{problem}</Message></Error></ErrorResponse>"
    );
    (403, body)
}

/// STS, for callers who sign with the key of the tests.
fn sts() -> Result<Endpoint> {
    Endpoint::start(0, |request| {
        if request.body.contains("Action=AssumeRoleWithWebIdentity") {
            return if request.body.contains(&format!("WebIdentityToken={PROOF}")) {
                (200, handed_xml("AssumeRoleWithWebIdentity"))
            } else {
                refused("no such identity")
            };
        }
        if let Err(problem) = check_signature(request, OWN.0, OWN.1, None) {
            return refused(&format!("{problem:#}"));
        }
        if request.body.contains("Action=AssumeRole&") && request.body.contains("backup") {
            (200, handed_xml("AssumeRole"))
        } else {
            refused("not this role")
        }
    })
}

#[test]
fn the_environment() -> Result<()> {
    let mut case = Case::new()?;
    let (key, secret, session) = HANDED;
    case.set("AWS_ACCESS_KEY_ID", key)
        .set("AWS_SECRET_ACCESS_KEY", secret)
        .set("AWS_SESSION_TOKEN", session);
    case.expect_handed()?.expect_silence()?;
    Ok(())
}

#[test]
fn configuration_files() -> Result<()> {
    let mut case = Case::new()?;
    case.file("credentials", &format!("[default]\n{}", own_keys()))?;
    case.expect_token_of(OWN)?;

    let mut case = Case::new()?;
    case.file("config", &format!("[profile two]\n{}", own_keys()))?;
    case.set("AWS_PROFILE", "two").expect_token_of(OWN)?;

    let mut case = Case::new()?;
    let path = case.file("elsewhere", &format!("[default]\n{}", own_keys()))?;
    case.set("AWS_SHARED_CREDENTIALS_FILE", &path)
        .expect_token_of(OWN)?;

    // What is named goes before the environment.
    let mut case = Case::new()?;
    case.file("credentials", &format!("[two]\n{}", own_keys()))?;
    case.set("AWS_ACCESS_KEY_ID", "AKIDOTHER")
        .set("AWS_SECRET_ACCESS_KEY", "other");
    case.command.args(["--profile", "two"]);
    case.expect_token_of(OWN)?;

    let mut case = Case::new()?;
    case.set("AWS_ACCESS_KEY_ID", OWN.0)
        .set("AWS_SECRET_ACCESS_KEY", OWN.1);
    case.command.args(["--profile", "absent"]);
    case.run()?
        .expect_code(3)?
        .expect_one_line(["profile \"absent\" of the configuration files: "])?;
    Ok(())
}

#[test]
fn a_region_of_a_profile() -> Result<()> {
    for (variable, profile) in [(Some(Rds::REGION), "us-east-1"), (None, Rds::REGION)] {
        let mut case = Case::new()?;
        case.file("credentials", &format!("[default]\n{}", own_keys()))?;
        case.file("config", &format!("[default]\nregion = {profile}\n"))?;
        let mut command = without_aws(pgark());
        command.env("HOME", case.scratch.path()).args([
            "token",
            "-h",
            "db.example.com",
            "-U",
            "backup",
        ]);
        case.command = command;
        if let Some(region) = variable {
            case.set("AWS_REGION", region);
        }
        case.expect_token_of(OWN)?;
    }
    let mut case = Case::new()?;
    case.set("AWS_ACCESS_KEY_ID", OWN.0)
        .set("AWS_SECRET_ACCESS_KEY", OWN.1);
    let mut command = without_aws(pgark());
    command.args(["token", "-h", "db.example.com", "-U", "backup"]);
    command.env("AWS_ACCESS_KEY_ID", OWN.0);
    command.env("AWS_SECRET_ACCESS_KEY", OWN.1);
    case.command = command;
    case.run()?
        .expect_code(2)?
        .expect_one_line(["the region of host \"db.example.com\" is not known"])?;
    Ok(())
}

#[test]
fn a_role_that_a_profile_assumes() -> Result<()> {
    let sts = sts()?;
    for source in [
        format!("source_profile = base\n[profile base]\n{}", own_keys()),
        "credential_source = Environment\n".to_owned(),
    ] {
        let mut case = Case::new()?;
        case.file(
            "config",
            &format!("[profile assuming]\nrole_arn = {ROLE}\n{source}"),
        )?;
        if source.contains("Environment") {
            case.set("AWS_ACCESS_KEY_ID", OWN.0)
                .set("AWS_SECRET_ACCESS_KEY", OWN.1);
        }
        case.set("AWS_ENDPOINT_URL_STS", &sts.url());
        case.command.args(["--profile", "assuming"]);
        case.expect_handed()?;
    }
    ensure!(sts.count() == 2);

    let mut case = Case::new()?;
    case.file(
        "config",
        &format!(
            "[profile assuming]\nrole_arn = {ROLE}\nsource_profile = base\n[profile base]\naws_access_key_id = {}\naws_secret_access_key = wrong\n",
            OWN.0
        ),
    )?;
    case.set("AWS_ENDPOINT_URL_STS", &sts.url());
    case.command.args(["--profile", "assuming"]);
    case.run()?
        .expect_code(3)?
        .expect_one_line(["AccessDenied", "its signature is wrong"])?;
    Ok(())
}

#[test]
fn a_web_identity() -> Result<()> {
    let sts = sts()?;
    let mut case = Case::new()?;
    let proof = case.file("proof", PROOF)?;
    case.set("AWS_WEB_IDENTITY_TOKEN_FILE", &proof)
        .set("AWS_ROLE_ARN", ROLE)
        .set("AWS_ENDPOINT_URL_STS", &sts.url());
    case.expect_handed()?;
    case.file("proof", "another")?;
    case.run()?
        .expect_code(3)?
        .expect_one_line(["web identity", "no such identity"])?;
    Ok(())
}

#[test]
fn single_sign_on_by_its_cached_token() -> Result<()> {
    let portal = Endpoint::start(0, |request| {
        let (key, secret, session) = HANDED;
        let is_asked_well = request.method == "GET"
            && request.path.starts_with("/federation/credentials?")
            && request.path.contains("account_id=123456789012")
            && request.path.contains("role_name=backup");
        if !is_asked_well || request.header("x-amz-sso_bearer_token") != PROOF {
            return (401, json!({"message": "who are you"}).to_string());
        }
        let role = json!({
            "accessKeyId": key, "secretAccessKey": secret, "sessionToken": session,
            "expiration": in_an_hour().as_millisecond(),
        });
        (200, json!({"roleCredentials": role}).to_string())
    })?;
    let mut case = Case::new()?;
    case.file(
        "config",
        "[default]\nsso_session = pgark\nsso_account_id = 123456789012\nsso_role_name = backup\n\
         [sso-session pgark]\nsso_region = eu-west-1\nsso_start_url = https://example.com/start\n",
    )?;
    case.set("AWS_ENDPOINT_URL_SSO", &portal.url());
    case.run()?.expect_code(3)?;
    // SHA-1 of the session's name.
    case.file(
        "sso/cache/4ca3dd02a199f8d839a017d306f7656df82b1130.json",
        &json!({
            "accessToken": PROOF, "region": "eu-west-1", "startUrl": "https://example.com/start",
            "expiresAt": in_an_hour().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        })
        .to_string(),
    )?;
    case.expect_handed()?;
    Ok(())
}

/// A container's service, whose clock is ahead by so many seconds.
fn container(ahead: i64) -> Result<Endpoint> {
    Endpoint::start(ahead, |request| {
        if request.path == "/creds" && request.header("authorization") == PROOF {
            (200, handed_json())
        } else {
            (403, json!({"message": "no such container"}).to_string())
        }
    })
}

#[test]
fn a_container_of_ecs_and_eks() -> Result<()> {
    let service = container(0)?;
    let url = format!("{}/creds", service.url());
    let mut case = Case::new()?;
    case.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)
        .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", PROOF);
    case.expect_handed()?.expect_silence()?;

    let mut case = Case::new()?;
    let proof = case.file("proof", PROOF)?;
    case.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)
        .set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &proof);
    case.expect_handed()?;

    case.file("proof", "another")?;
    case.run()?.expect_code(3)?.expect_one_line(["container"])?;
    Ok(())
}

#[test]
fn the_metadata_of_an_instance() -> Result<()> {
    let metadata = Endpoint::start(0, |request: &Request| {
        let folder = "/latest/meta-data/iam/security-credentials";
        match (request.method.as_str(), request.path.trim_end_matches('/')) {
            ("PUT", "/latest/api/token")
                if !request
                    .header("x-aws-ec2-metadata-token-ttl-seconds")
                    .is_empty() =>
            {
                (200, PROOF.to_owned())
            }
            // The second version serves nobody without a token.
            _ if request.header("x-aws-ec2-metadata-token") != PROOF => (401, String::new()),
            ("GET", path) if path == folder => (200, "backup".to_owned()),
            ("GET", path) if path == format!("{folder}/backup") => (200, handed_json()),
            _ => (404, String::new()),
        }
    })?;
    let mut case = Case::new()?;
    case.command.env_remove("AWS_EC2_METADATA_DISABLED");
    case.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata.url());
    case.expect_handed()?.expect_silence()?;
    Ok(())
}

#[test]
fn a_program_that_a_profile_names() -> Result<()> {
    let (key, secret, session) = HANDED;
    let told = json!({
        "Version": 1, "AccessKeyId": key, "SecretAccessKey": secret, "SessionToken": session,
        "Expiration": in_an_hour().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    let mut case = Case::new()?;
    let program = case.file("program", &format!("#!/bin/sh\necho '{told}'\n"))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    case.file(
        "config",
        &format!("[default]\ncredential_process = {program}\n"),
    )?;
    case.expect_handed()?;

    case.file("program", "#!/bin/sh\nexit 7\n")?;
    case.run()?
        .expect_code(3)?
        .expect_one_line(["profile \"default\"", "7"])?;
    Ok(())
}

#[test]
fn a_clock_that_is_off_is_told() -> Result<()> {
    for (ahead, told) in [(600, "behind"), (-600, "ahead of"), (200, "")] {
        let service = container(ahead)?;
        let mut case = Case::new()?;
        case.set(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            &format!("{}/creds", service.url()),
        )
        .set("AWS_CONTAINER_AUTHORIZATION_TOKEN", PROOF);
        let ran = case.expect_handed()?;
        if told.is_empty() {
            ran.expect_silence()?;
        } else {
            ran.expect_words(["this machine's clock is ", &format!(" s {told} AWS's")])?;
        }
    }
    Ok(())
}
