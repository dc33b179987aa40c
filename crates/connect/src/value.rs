//! Reading the values of options.

use std::path::PathBuf;

use bstr::{BStr, ByteSlice};

use crate::keyword::{self, Keyword};
use crate::nearest::nearest;
use crate::{Config, Error, Result};

/// An option whose value is one of several words. An empty value is none of them, as for libpq.
pub(crate) fn choice<T: Copy>(
    config: &Config,
    name: &'static str,
    words: &[(&'static str, T)],
) -> Result<Option<T>> {
    let Some(value) = config.said(name) else {
        return Ok(None);
    };
    if let Some((_, choice)) = words.iter().find(|(word, _)| value == word) {
        return Ok(Some(*choice));
    }
    Err(no_such_word(
        name,
        value,
        words.iter().map(|(word, _)| *word),
    ))
}

/// The error about a word that an option, or one of its elements, cannot be.
pub(crate) fn no_such_word(
    name: &'static str,
    value: &BStr,
    words: impl Iterator<Item = &'static str> + Clone,
) -> Error {
    let mut problem = format!(
        "it must be one of {}",
        words.clone().collect::<Vec<_>>().join(", ")
    );
    if let Some(near) = nearest(value, words) {
        problem = format!("{problem} (the nearest is \"{near}\")");
    }
    bad(name, value, problem)
}

/// An option whose value is a whole number; as for libpq, an empty value is none.
pub(crate) fn integer(config: &Config, name: &'static str) -> Result<Option<i32>> {
    let Some(value) = config.said(name) else {
        return Ok(None);
    };
    let number = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    number
        .map(Some)
        .ok_or_else(|| bad(name, value, "it is no whole number"))
}

/// An option whose value is a file's name.
pub(crate) fn path(config: &Config, name: &'static str) -> Result<Option<PathBuf>> {
    config
        .get(name)
        .map(|value| match value.to_path() {
            Ok(path) => Ok(path.to_owned()),
            Err(_) => Err(bad(name, value, "it is no path")),
        })
        .transpose()
}

/// An option whose value cannot be used; a secret value is not shown.
pub(crate) fn bad(name: &'static str, value: &BStr, problem: impl Into<String>) -> Error {
    let shown = keyword::find(name.as_bytes()).is_some_and(Keyword::is_shown);
    Error::BadOption {
        name,
        value: if shown {
            value.to_string()
        } else {
            "***".into()
        },
        problem: problem.into(),
    }
}
