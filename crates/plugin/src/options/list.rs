//! Values that are lists, their items separated by commas.

use bstr::BString;

use crate::Error;

/// Names, each as it stands but for blanks around it.
pub(super) fn names(list: Option<&str>) -> Vec<BString> {
    items(list.unwrap_or_default().split(','))
}

/// Patterns of names: a comma between double quotes is part of a name.
pub(super) fn patterns(key: &str, list: Option<&str>) -> Result<Vec<BString>, Error> {
    let list = list.unwrap_or_default();
    let mut is_quoted = false;
    let parts = list.split(|c| {
        is_quoted ^= c == '"';
        c == ',' && !is_quoted
    });
    let patterns = items(parts);
    if is_quoted {
        return Err(Error::Option(format!(
            "{key}: a double quote is not closed in \"{list}\" (accepted: patterns as pg_dump takes them, separated by commas)"
        )));
    }
    Ok(patterns)
}

fn items<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<BString> {
    parts
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(BString::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_parted_outside_of_quotes() {
        for (list, expected) in [
            ("", &[][..]),
            (" a.* , b,,", &["a.*", "b"]),
            ("\"x,y\".\"q\"\"u,o\" , z", &["\"x,y\".\"q\"\"u,o\"", "z"]),
        ] {
            assert_eq!(
                patterns("schemas", Some(list)).unwrap(),
                expected,
                "{list:?}"
            );
        }
        let error = patterns("schemas", Some("a,\"b")).unwrap_err().to_string();
        assert!(
            error.starts_with("schemas: ") && error.contains("accepted"),
            "{error}"
        );
    }

    #[test]
    fn names_have_no_quotes() {
        assert_eq!(names(Some(" a ,\"b,c\"")), ["a", "\"b", "c\""]);
        assert!(names(None).is_empty());
    }
}
