//! Passwords and keys, and that no program tells them.

use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};

static SECRETS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Notes a text that must not be told from now on, and gives it back.
pub(crate) fn secret(text: &str) -> &str {
    let mut secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    if !secrets.iter().any(|known| known == text) {
        secrets.push(text.to_owned());
    }
    text
}

/// Notes the lines of a PEM private key, and gives it back.
pub(crate) fn secret_key(pem: String) -> String {
    for line in pem
        .lines()
        .filter(|line| line.len() > 20 && !line.starts_with('-'))
    {
        secret(line);
    }
    pem
}

/// An error if a program has told a secret.
pub(crate) fn expect_none(command: &str, told: &str) -> Result<()> {
    let secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    for secret in secrets.iter() {
        ensure!(
            !told.contains(secret.as_str()),
            "{command} told a secret:\n{told}"
        );
    }
    Ok(())
}
