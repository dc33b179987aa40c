//! Passwords and keys, and that no program tells them.

use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};
use bstr::ByteSlice;

/// What is in every password that works, be it quoted in any way.
const PASSWORD_WORD: &str = "swordfish";

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
    // What is told may be long, and others have something to look at meanwhile.
    let secrets = SECRETS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let is_told = |secret: &String| told.as_bytes().contains_str(secret);
    ensure!(
        !forms(PASSWORD_WORD.as_bytes()).iter().any(is_told),
        "{command} told the password:\n{told}"
    );
    ensure!(
        !secrets.iter().any(is_told),
        "{command} told a secret:\n{told}"
    );
    Ok(())
}

/// A text with stars in the place of what must not be told.
pub(crate) fn hidden(text: &str) -> String {
    let secrets = SECRETS.lock().unwrap_or_else(PoisonError::into_inner);
    let text = secrets.iter().fold(text.to_owned(), |text, secret| {
        text.replace(secret.as_str(), "***")
    });
    text.replace(PASSWORD_WORD, "***")
}

/// The ways in which a log could show bytes: as text, as numbers, in hexadecimal digits, in base64 from any place on.
fn forms(bytes: &[u8]) -> Vec<String> {
    let hex = |separator: &str| {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.join(separator)
    };
    let numbers: Vec<String> = bytes.iter().map(ToString::to_string).collect();
    let mut forms = vec![
        String::from_utf8_lossy(bytes).into_owned(),
        numbers.join(", "),
        hex(""),
        hex("").to_uppercase(),
        hex(" "),
    ];
    // Three bytes are four letters; those that other bytes share are left out.
    forms.extend((0..3).map(|at| base64(&bytes[at..])));
    forms
}

/// Whole groups of three bytes in base64.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks_exact(3).flat_map(|group| {
        let number = group
            .iter()
            .fold(0, |number: usize, byte| number << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(LETTERS[number >> shift & 63]))
    });
    groups.collect()
}

#[test]
fn a_password_is_found_in_every_form() {
    for told in [
        "swordfish&7",
        "[115, 119, 111, 114, 100, 102, 105, 115, 104, 38]",
        "73776f726466697368",
        "73776F726466697368",
        "73 77 6f 72 64 66 69 73 68",
        // "swordfish", "xswordfish" and "xxswordfish" in base64.
        "c3dvcmRmaXNo",
        "eHN3b3JkZmlzaA==",
        "eHhzd29yZGZpc2g=",
    ] {
        assert!(expect_none("it", told).is_err(), "{told}");
    }
    assert!(expect_none("it", "nothing").is_ok());
}
