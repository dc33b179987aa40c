//! Preparing passwords for SCRAM, as PostgreSQL does on both sides.
//!
//! RFC 4013; source: pg_saslprep, src/common/saslprep.c. It looks for characters that are not allowed before it
//! normalises, and the RFC after: a password of letters that only normalising makes allowed is left as it is.

use std::borrow::Cow;

use stringprep::tables;
use unicode_normalization::UnicodeNormalization;

/// The password as SCRAM takes it; one that cannot be prepared is taken as it is.
pub(crate) fn prepare(password: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(password) {
        Ok(text) if !text.is_ascii() => match mapped(text) {
            Some(mapped) => Cow::Owned(mapped.nfkc().collect::<String>().into_bytes()),
            None => Cow::Borrowed(password),
        },
        _ => Cow::Borrowed(password),
    }
}

/// The text with spaces of every kind made one and what does not print taken away; `None` if the rest is empty or not
/// allowed.
fn mapped(text: &str) -> Option<String> {
    let mapped: String = text
        .chars()
        .map(|c| {
            if tables::non_ascii_space_character(c) {
                ' '
            } else {
                c
            }
        })
        .filter(|c| !tables::commonly_mapped_to_nothing(*c))
        .collect();
    let is_allowed = |c| !is_prohibited(c) && !tables::unassigned_code_point(c);
    (!mapped.is_empty() && mapped.chars().all(is_allowed) && is_one_way(&mapped)).then_some(mapped)
}

/// RFC 4013, section 2.3.
fn is_prohibited(c: char) -> bool {
    tables::non_ascii_space_character(c)
        || tables::ascii_control_character(c)
        || tables::non_ascii_control_character(c)
        || tables::private_use(c)
        || tables::non_character_code_point(c)
        || tables::inappropriate_for_plain_text(c)
        || tables::inappropriate_for_canonical_representation(c)
        || tables::change_display_properties_or_deprecated(c)
        || tables::tagging_character(c)
}

/// Whether a text with letters that are read from right to left has no others, and begins and ends with one (RFC 3454,
/// section 6).
fn is_one_way(text: &str) -> bool {
    if !text.contains(tables::bidi_r_or_al) {
        return true;
    }
    let is_end = |c: Option<char>| c.is_some_and(tables::bidi_r_or_al);
    !text.contains(tables::bidi_l)
        && is_end(text.chars().next())
        && is_end(text.chars().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_prepared_as_by_postgresql() {
        for (password, prepared) in [
            ("pencil", "pencil"),
            ("with\x07control", "with\x07control"),
            // The examples of RFC 4013, section 3.
            ("I\u{ad}X", "IX"),
            ("\u{aa}", "a"),
            ("\u{2168}", "IX"),
            ("\u{e4}\x07", "\u{e4}\x07"),
            ("\u{627}1", "\u{627}1"),
            // Spaces, composition.
            ("a\u{a0}b\u{2003}c", "a b c"),
            ("a\u{308}", "\u{e4}"),
            // Nothing is left; not assigned in Unicode 3.2, before it becomes "A"; both directions.
            ("\u{ad}", "\u{ad}"),
            ("\u{1f130}", "\u{1f130}"),
            ("\u{5d0}a", "\u{5d0}a"),
            ("\u{5d0} \u{fb21}", "\u{5d0} \u{5d0}"),
            ("\u{1f512}", "\u{1f512}"),
        ] {
            assert_eq!(
                prepare(password.as_bytes()),
                prepared.as_bytes(),
                "{password:?}"
            );
        }
        assert_eq!(prepare(b"\xff\xe4"), &b"\xff\xe4"[..]);
    }

    proptest::proptest! {
        #[test]
        fn a_prepared_password_stays_what_it_is(password in ".*") {
            let once = prepare(password.as_bytes()).into_owned();
            proptest::prop_assert_eq!(prepare(&once), once.as_slice());
        }
    }
}
