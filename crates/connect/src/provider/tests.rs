use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Counts how often it is asked.
#[derive(Debug, Default)]
struct Counting(Arc<AtomicUsize>);

struct Maker(Arc<AtomicUsize>);

impl PasswordProvider for Counting {
    fn prepare(&self) -> Preparing<'_> {
        Box::pin(async { Ok(Box::new(Maker(Arc::clone(&self.0))) as Box<dyn PasswordMaker>) })
    }

    fn authorities(&self) -> &'static str {
        "a file"
    }
}

impl PasswordMaker for Maker {
    fn make(&self, login: &PasswordLogin<'_>) -> Result<MadePassword, Cause> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(MadePassword {
            password: Secret::new(login.host),
            origin: "made up".into(),
        })
    }
}

/// Never answers.
#[derive(Debug)]
struct Failing;

impl PasswordProvider for Failing {
    fn prepare(&self) -> Preparing<'_> {
        Box::pin(async { Err("nobody knows".into()) })
    }

    fn authorities(&self) -> &'static str {
        "a file"
    }
}

fn with(text: &str) -> Result<Config> {
    // No file in a home folder stands for authorities.
    Config::parse(format!("user=u {text}"))?.with_password_provider(Arc::new(Counting::default()))
}

#[test]
fn the_mode_is_one_that_encrypts() {
    for (said, mode) in [
        ("sslmode=allow", "require"),
        ("sslmode=prefer", "require"),
        ("sslmode=require", "require"),
        ("sslmode=verify-ca", "verify-ca"),
        ("sslmode=verify-full sslrootcert=x", "verify-full"),
        ("sslrootcert=x", "verify-full"),
        ("sslrootcert=system", "verify-full"),
        ("sslmode=require sslrootcert=x", "require"),
    ] {
        let config = with(&format!("host=h {said}")).unwrap();
        assert_eq!(config.get("sslmode"), Some(mode.into()), "{said}");
        config.check().unwrap();
    }
    let error = with("host=h sslmode=disable").unwrap_err();
    assert!(error.is_bad_option());
    assert_eq!(
        error.to_string(),
        "connection option sslmode is \"disable\": a password that is made for each login is sent over TLS only"
    );
}

#[test]
fn what_leads_to_a_login_without_tls_is_refused() {
    for (text, problem) in [
        (
            "host=/run",
            "host is \"/run\": a password that is made for each login is sent over TLS only",
        ),
        (
            "host=h,@x",
            "host is \"@x\": a password that is made for each login is sent over TLS only",
        ),
        (
            "host=h require_auth=scram-sha-256",
            "require_auth is \"scram-sha-256\": a password that is made for each login needs the method password",
        ),
    ] {
        let error = with(text).unwrap().check().unwrap_err();
        assert_eq!(error.to_string(), format!("connection option {problem}"));
    }
    let mut later = with("host=h").unwrap();
    later.set("sslmode", "prefer").unwrap();
    let error = later.check().unwrap_err();
    assert!(
        error.to_string().contains("sslmode is \"prefer\""),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_without_tls_has_no_password_made() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; 8]).await.unwrap();
        stream.write_all(b"N").await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        rest
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let config = Config::parse(format!("host=127.0.0.1 port={port} user=u"))
        .unwrap()
        .with_password_provider(Arc::new(Counting(Arc::clone(&asked))))
        .unwrap();
    let error = crate::connect(&config).await.unwrap_err();
    assert!(error.is_cannot_connect(), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("the server does not support it"),
        "{error}"
    );
    assert_eq!(served.await.unwrap(), b"");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn nobody_is_dialled_where_no_password_can_be_made() {
    let config = Config::parse("host=127.0.0.1 port=1 user=u")
        .unwrap()
        .with_password_provider(Arc::new(Failing))
        .unwrap();
    let error = crate::connect(&config).await.unwrap_err();
    assert!(error.is_login_refused());
    assert_eq!(
        error.to_string(),
        "cannot make a password for the login: nobody knows"
    );
}
