//! Asking a person for the password.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use bstr::BString;
use pgark_wire::Secret;

use crate::{Error, Result};

/// Whose password is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PasswordRequest {
    /// The user who logs in.
    pub user: BString,
    /// Host, address and port, or the socket, of the server that asks; `None` before one has.
    pub server: Option<String>,
}

/// When a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// When a server wants a password and none is known.
    WhenNeeded,
    /// Before the first server is tried, whatever else is known.
    Always,
}

type Ask = dyn Fn(&PasswordRequest) -> io::Result<Option<Secret>> + Send + Sync;

/// A way to ask, and the answer once there is one.
#[derive(Clone)]
pub(crate) struct Prompt {
    pub(crate) asking: Asking,
    ask: Arc<Ask>,
    answer: Arc<OnceLock<Result<Option<Secret>, String>>>,
}

impl Prompt {
    pub(crate) fn new(
        asking: Asking,
        ask: impl Fn(&PasswordRequest) -> io::Result<Option<Secret>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            asking,
            ask: Arc::new(ask),
            answer: Arc::default(),
        }
    }

    /// What has been answered before.
    pub(crate) fn answered(&self) -> Option<Secret> {
        self.answer.get()?.clone().ok()?
    }

    /// Asks, or gives the answer of the time before. Cancel safe: a question that has been put stays.
    pub(crate) async fn ask(&self, request: PasswordRequest) -> Result<Option<Secret>> {
        let Self { ask, answer, .. } = self.clone();
        let answered = tokio::task::spawn_blocking(move || {
            answer
                .get_or_init(|| ask(&request).map_err(|error| error.to_string()))
                .clone()
        })
        .await;
        answered
            .unwrap_or_else(|error| Err(error.to_string()))
            .map_err(|problem| Error::Password { problem })
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prompt")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_answer_serves_for_ever() {
        let request = PasswordRequest {
            user: "u".into(),
            server: None,
        };
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let prompt = Prompt::new(Asking::WhenNeeded, move |request| {
            assert_eq!(request.user, "u");
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok(Some(Secret::new("p")))
        });
        assert_eq!(prompt.answered(), None);
        for _ in 0..2 {
            let copy = prompt.clone();
            assert_eq!(
                copy.ask(request.clone()).await.unwrap(),
                Some(Secret::new("p"))
            );
        }
        assert_eq!(prompt.answered(), Some(Secret::new("p")));
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 1);

        let broken = Prompt::new(Asking::Always, |_| Err(io::Error::other("no terminal")));
        let error = broken.ask(request).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot ask for the password: no terminal"
        );
        assert!(error.is_login_refused());
    }
}
