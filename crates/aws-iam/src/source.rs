//! The places where credentials may be.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;

use crate::{Error, Result};

/// How long one place may take. A program or a service that asks a person is given the time.
const PATIENCE: Duration = Duration::from_mins(1);

/// A place where credentials may be.
struct Source {
    name: String,
    provider: Box<dyn ProvideCredentials>,
}

/// All places, in the order in which they are looked at.
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    /// The places of AWS's own programs, in their order; the profile alone where one is named.
    pub(crate) fn new(config: &ProviderConfig, profile: Option<&str>) -> Self {
        let mut files = ProfileFileCredentialsProvider::builder().configure(config);
        if let Some(profile) = profile {
            files = files.profile_name(profile);
            let name = format!("profile \"{profile}\" of the configuration files");
            return Self(vec![source(name, files.build())]);
        }
        let named = std::env::var("AWS_PROFILE").unwrap_or_else(|_| "default".into());
        Self(vec![
            source(
                "environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)",
                EnvironmentVariableCredentialsProvider::new(),
            ),
            source(
                format!("profile \"{named}\" of the configuration files"),
                files.build(),
            ),
            source(
                "web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN)",
                WebIdentityTokenCredentialsProvider::builder()
                    .configure(config)
                    .build(),
            ),
            source(
                "container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI)",
                EcsCredentialsProvider::builder().configure(config).build(),
            ),
            source(
                "instance metadata",
                ImdsCredentialsProvider::builder().configure(config).build(),
            ),
        ])
    }

    /// The credentials of the first place that has some, and the place's name.
    ///
    /// # Errors
    /// [`Error::NoCredentials`]. A place that is set up and fails ends the search, lest somebody else be asked in its
    /// name.
    pub(crate) async fn credentials(&self) -> Result<(Credentials, &str)> {
        let mut tried = Vec::new();
        for Source { name, provider } in &self.0 {
            let asked = tokio::time::timeout(PATIENCE, provider.provide_credentials()).await;
            let (why, is_absent) = match asked {
                Ok(Ok(credentials)) => return Ok((credentials, name)),
                Ok(Err(error)) => (
                    reasons(&error),
                    matches!(error, CredentialsError::CredentialsNotLoaded(_)),
                ),
                Err(_) => (format!("no answer within {} s", PATIENCE.as_secs()), false),
            };
            tried.push(format!("{name}: {why}"));
            if !is_absent {
                break;
            }
        }
        Err(Error::NoCredentials { tried })
    }
}

fn source(name: impl Into<String>, provider: impl ProvideCredentials + 'static) -> Source {
    Source {
        name: name.into(),
        provider: Box::new(provider),
    }
}

/// What an error and its causes say. The first says only of what sort the error is, and gives way to its cause.
fn reasons(error: &CredentialsError) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.iter().any(|said| said.contains(&text)) {
            said.push(text);
        }
        cause = error.source();
    }
    match error {
        CredentialsError::CredentialsNotLoaded(_) if said.is_empty() => {
            "nothing is set up there".into()
        }
        _ if said.is_empty() => error.to_string(),
        _ => said.join(": "),
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|source| &source.name))
            .finish()
    }
}
