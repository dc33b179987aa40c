//! From the user's wishes to tokens.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use pgark_connect::{
    Cause, MadePassword, PasswordLogin, PasswordMaker, PasswordProvider, Preparing,
};
use pgark_wire::Secret;
use tokio::sync::{Mutex, OnceCell};

use crate::clock::Clock;
use crate::http::Client;
use crate::source::Sources;
use crate::{Error, Login, Result, region, token};

/// Credentials that end sooner are asked for anew.
const MARGIN: Duration = Duration::from_mins(5);

/// What the user says of AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The region that the servers are in; where there is none it is that of the host's name, and else that of AWS_REGION
    /// or the profile.
    pub region: Option<String>,
    /// The profile whose credentials are used, and no others; where there is none, the places are looked at where AWS's
    /// own programs look.
    pub profile: Option<String>,
    /// The server's own name, where it is dialled by another one, such as an alias.
    pub host: Option<String>,
}

/// Who makes tokens: looks for credentials when the first is wanted, and keeps them as long as they last.
#[derive(Debug)]
pub struct Iam {
    options: Options,
    clock: Arc<Clock>,
    /// What the environment and the configuration files say, read once.
    surroundings: OnceCell<Surroundings>,
    credentials: Mutex<Option<(Credentials, String)>>,
}

#[derive(Debug)]
struct Surroundings {
    region: Option<String>,
    sources: Sources,
}

impl Iam {
    /// Looks at nothing yet.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            clock: Arc::default(),
            surroundings: OnceCell::new(),
            credentials: Mutex::default(),
        }
    }

    /// Finds credentials, those of the time before if they last.
    ///
    /// # Errors
    /// [`Error::NoCredentials`]
    ///
    /// Cancel safe. To be awaited on a Tokio runtime.
    pub async fn tokens(&self) -> Result<Tokens> {
        let surroundings = self.surroundings().await;
        let mut kept = self.credentials.lock().await;
        let (credentials, source) = match &*kept {
            Some((credentials, source)) if lasts(credentials, SystemTime::now()) => {
                (credentials.clone(), source.clone())
            }
            _ => {
                let (credentials, source) = surroundings.sources.credentials().await?;
                let found = (credentials, source.to_owned());
                *kept = Some(found.clone());
                found
            }
        };
        Ok(Tokens {
            options: self.options.clone(),
            region: surroundings.region.clone(),
            credentials,
            source,
            clock: Arc::clone(&self.clock),
        })
    }

    async fn surroundings(&self) -> &Surroundings {
        self.surroundings
            .get_or_init(|| async {
                let config = ProviderConfig::without_region().with_http_client(Client {
                    clock: Arc::clone(&self.clock),
                });
                let mut files = ProfileFileRegionProvider::builder().configure(&config);
                if let Some(profile) = &self.options.profile {
                    files = files.profile_name(profile);
                }
                let files = files.build();
                let said = match EnvironmentVariableRegionProvider::new().region().await {
                    Some(region) => Some(region),
                    None => files.region().await,
                };
                let host = self.options.host.as_deref().and_then(region);
                // The services that hand out credentials are asked in a region too.
                let asked = said
                    .clone()
                    .or(self.options.region.clone().or(host).map(Region::new));
                Surroundings {
                    region: said.map(|region| region.to_string()),
                    sources: Sources::new(
                        &config.with_region(asked),
                        self.options.profile.as_deref(),
                    ),
                }
            })
            .await
    }
}

/// Whether credentials can be used for a while.
fn lasts(credentials: &Credentials, now: SystemTime) -> bool {
    credentials
        .expiry()
        .is_none_or(|expiry| expiry > now + MARGIN)
}

/// Makes tokens of credentials that have been found.
#[derive(Debug)]
pub struct Tokens {
    options: Options,
    region: Option<String>,
    credentials: Credentials,
    source: String,
    clock: Arc<Clock>,
}

impl Tokens {
    /// Makes a token for a server by the name that is dialled, good from `now` on.
    ///
    /// # Errors
    /// [`Error::Region`], [`Error::Host`] and [`Error::Signing`].
    pub fn token(&self, host: &str, port: u16, user: &str, now: SystemTime) -> Result<Secret> {
        let host = self.host(host);
        let region = self.region(host)?;
        let login = Login {
            host,
            port,
            user,
            region: &region,
        };
        token(&login, &self.credentials, now)
    }

    fn host<'a>(&'a self, dialled: &'a str) -> &'a str {
        self.options.host.as_deref().unwrap_or(dialled)
    }

    fn region(&self, host: &str) -> Result<String> {
        let said = self.options.region.clone();
        said.or_else(|| region(host))
            .or_else(|| self.region.clone())
            .ok_or_else(|| Error::Region {
                host: host.to_owned(),
            })
    }
}

impl PasswordProvider for Iam {
    fn prepare(&self) -> Preparing<'_> {
        Box::pin(async {
            let tokens = self.tokens().await?;
            Ok(Box::new(tokens) as Box<dyn PasswordMaker>)
        })
    }

    fn authorities(&self) -> &'static str {
        "the file https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem (in China https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem)"
    }
}

impl PasswordMaker for Tokens {
    fn make(&self, login: &PasswordLogin<'_>) -> Result<MadePassword, Cause> {
        let user = std::str::from_utf8(login.user)
            .map_err(|_| format!("the role \"{}\" is not UTF-8", login.user))?;
        let password = self.token(login.host, login.port, user, SystemTime::now())?;
        let host = self.host(login.host);
        let mut origin = format!(
            "the password was a token of AWS IAM for host \"{host}\", port {}, role \"{user}\", region \"{}\", made with the credentials of {}",
            login.port,
            self.region(host)?,
            self.source,
        );
        if let Some(problem) = self.clock.problem() {
            origin = format!("{origin}; {problem}");
        }
        Ok(MadePassword { password, origin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(options: Options, region: Option<&str>) -> Tokens {
        Tokens {
            options,
            region: region.map(str::to_owned),
            credentials: Credentials::new("AKIDEXAMPLE", "hunter2", None, None, "test"),
            source: "test".into(),
            clock: Arc::default(),
        }
    }

    #[test]
    fn a_region_is_said_or_in_the_name_or_in_the_surroundings() {
        let said = Options {
            region: Some("eu-west-1".into()),
            ..Options::default()
        };
        let rds = "a.b.us-east-2.rds.amazonaws.com";
        for (options, surroundings, host, region) in [
            (said.clone(), Some("sa-east-1"), rds, Some("eu-west-1")),
            (
                Options::default(),
                Some("sa-east-1"),
                rds,
                Some("us-east-2"),
            ),
            (
                Options::default(),
                Some("sa-east-1"),
                "alias",
                Some("sa-east-1"),
            ),
            (Options::default(), None, "alias", None),
        ] {
            let found = tokens(options, surroundings).region(host);
            assert_eq!(found.ok().as_deref(), region, "{host}");
        }
    }

    #[test]
    fn the_name_that_is_signed_may_be_another_than_the_one_dialled() {
        let options = Options {
            host: Some("a.b.us-east-2.rds.amazonaws.com".into()),
            ..Options::default()
        };
        let token = tokens(options, None).token("alias", 5432, "u", SystemTime::now());
        let token = String::from_utf8(token.unwrap().expose().to_vec()).unwrap();
        assert!(
            token.starts_with("a.b.us-east-2.rds.amazonaws.com:5432/?"),
            "{token}"
        );
        assert!(token.contains("%2Fus-east-2%2Frds-db%2F"), "{token}");
    }

    #[test]
    fn a_login_that_is_refused_tells_what_the_token_was() {
        let tokens = tokens(Options::default(), Some("eu-west-1"));
        let login = PasswordLogin::new("db", 5432, "u");
        let made = tokens.make(&login).unwrap();
        assert_eq!(
            made.origin,
            "the password was a token of AWS IAM for host \"db\", port 5432, role \"u\", region \"eu-west-1\", made with the credentials of test"
        );
    }

    #[test]
    fn credentials_that_are_about_to_end_are_not_kept() {
        let now = SystemTime::now();
        let ending = |after: Duration| Credentials::new("k", "s", None, Some(now + after), "test");
        assert!(!lasts(&ending(Duration::from_mins(5)), now));
        assert!(lasts(&ending(Duration::from_mins(6)), now));
        assert!(lasts(&Credentials::new("k", "s", None, None, "test"), now));
    }
}
