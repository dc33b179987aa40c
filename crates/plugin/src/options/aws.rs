//! What `postgres+aws` has beside `postgres`: logins by tokens of AWS IAM.

use pgark_connect::Config;

use crate::Error;

/// Options that are read here.
pub(super) const OWN: &[&str] = &["iam_host", "profile", "region"];

/// The database of every server of RDS that belongs to RDS, and that nobody else can log in to.
pub(super) const RESERVED_DATABASE: &str = "rdsadmin";

/// Refuses what does not go with tokens, before the environment is looked at.
pub(super) fn examine(config: &Config) -> Result<(), Error> {
    let problem = if config.get("password").is_some() {
        "password is refused: a token of AWS IAM, made anew for every connection, takes its place"
    } else if config.get("user").is_none() {
        "username is required for IAM authentication"
    } else {
        return Ok(());
    };
    Err(Error::Option(format!("postgres+aws: {problem}")))
}

/// Has each login done by a token of AWS IAM.
#[cfg(feature = "aws")]
pub(super) fn by_token<'a>(
    config: Config,
    said: impl Fn(&str) -> Option<&'a str>,
) -> Result<Config, Error> {
    let said = |key| said(key).map(str::to_owned);
    let iam = pgark_aws_iam::Iam::new(pgark_aws_iam::Options {
        region: said("region"),
        profile: said("profile"),
        host: said("iam_host"),
    });
    Ok(config.with_password_provider(std::sync::Arc::new(iam))?)
}

/// Refuses: what makes tokens was left out when this program was built.
#[cfg(not(feature = "aws"))]
pub(super) fn by_token<'a>(
    _: Config,
    _: impl Fn(&str) -> Option<&'a str>,
) -> Result<Config, Error> {
    let reason = "postgres+aws: this program was built without the feature \"aws\"";
    Err(Error::Option(reason.into()))
}

#[cfg(all(test, feature = "aws"))]
mod tests {
    use crate::options::{Options, Protocol, RestoreOptions};

    const LOCATION: (&str, &str) = (
        "location",
        "postgres+aws://backup@a.b.eu-west-1.rds.amazonaws.com",
    );

    fn options(said: &[(&str, &str)]) -> Result<Options, crate::Error> {
        let pairs = said
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        Options::parse("postgres+aws", &pairs.collect())
    }

    #[test]
    fn the_database_of_rds_is_left_out_unless_something_is_said() {
        for (said, excluded) in [
            (None, &["rdsadmin"][..]),
            (Some(""), &[]),
            (Some("a, b"), &["a", "b"]),
        ] {
            let said: Vec<_> = std::iter::once(LOCATION)
                .chain(said.map(|said| ("exclude_databases", said)))
                .collect();
            let options = options(&said).unwrap();
            assert_eq!(options.selection.choice.excluded, excluded);
            assert_eq!(options.protocol, Protocol::PostgresAws);
            assert_eq!(options.protocol.kind(), "postgresql+aws");
            assert_eq!(options.origin, "a.b.eu-west-1.rds.amazonaws.com");
        }
    }

    #[test]
    fn what_does_not_go_with_tokens_is_refused() {
        for (said, problem) in [
            (
                &[LOCATION, ("password", "hunter2")][..],
                "password is refused: a token of AWS IAM, made anew for every connection, takes its place",
            ),
            (
                &[("location", "postgres+aws://u:hunter2@h")],
                "password is refused: a token of AWS IAM, made anew for every connection, takes its place",
            ),
            (
                &[("location", "postgres+aws://h")],
                "username is required for IAM authentication",
            ),
        ] {
            let error = options(said).unwrap_err();
            assert_eq!(error.to_string(), format!("postgres+aws: {problem}"));
        }
        let error = options(&[LOCATION, ("ssl_mode", "disable")]).unwrap_err();
        assert!(error.to_string().contains("over TLS only"), "{error}");
        let error = options(&[LOCATION, ("host", "/run")]).unwrap_err();
        assert!(error.to_string().contains("over TLS only"), "{error}");
        let error = options(&[("location", "postgres://h")]).unwrap_err();
        assert!(error.to_string().contains("invalid location"), "{error}");
    }

    #[test]
    fn a_server_of_rds_takes_restores() {
        let pairs = [
            LOCATION,
            ("region", "eu-west-1"),
            ("profile", "p"),
            ("iam_host", "h"),
        ]
        .map(|(key, value)| (key.into(), value.into()));
        let options = RestoreOptions::parse("postgres+aws", &pairs.into()).unwrap();
        assert_eq!(options.protocol.kind(), "postgresql+aws");
        assert!(options.config.get("sslmode").is_some());
    }
}
