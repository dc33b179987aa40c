//! What may have been meant by a word that does not exist.

use bstr::ByteSlice;

/// The word that is nearest to a wrong one, if it is near enough to have been meant.
pub(crate) fn nearest(
    wrong: &[u8],
    words: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let wrong = wrong.to_str_lossy().to_lowercase();
    words
        .map(|word| (distance(&wrong, word), word))
        .min()
        .filter(|(distance, _)| *distance <= wrong.chars().count().div_ceil(3))
        .map(|(_, word)| word)
}

/// How many characters must be added, taken away or replaced to make one word of another.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    // A longer word than this is no slip of the pen, and would cost time.
    for (i, a) in from.chars().take(100).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyword::KEYWORDS;

    #[test]
    fn the_nearest_word_is_the_one_that_was_meant() {
        for (wrong, meant) in [
            ("hots", Some("host")),
            ("databse", None),
            ("dbnam", Some("dbname")),
            ("SSLMODE", Some("sslmode")),
            ("ssl_mode", Some("sslmode")),
            ("pasword", Some("password")),
            ("nonsense", None),
            ("", None),
        ] {
            let names = KEYWORDS.iter().map(|keyword| keyword.name);
            assert_eq!(nearest(wrong.as_bytes(), names), meant, "{wrong}");
        }
    }
}
