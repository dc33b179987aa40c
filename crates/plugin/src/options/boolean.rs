use crate::Error;

/// Reads a boolean as Go's `strconv.ParseBool` does, with its error text, which is what the documentation of Plakar's
/// connectors leads users to expect, and the values that are taken.
pub(super) fn parse(key: &str, value: &str) -> Result<bool, Error> {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(Error::Option(format!(
            "{key}: strconv.ParseBool: parsing {value:?}: invalid syntax (accepted: true, false)"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_those_of_go() {
        for value in ["1", "t", "T", "TRUE", "true", "True"] {
            assert!(parse("compress", value).unwrap(), "{value}");
        }
        for value in ["0", "f", "F", "FALSE", "false", "False"] {
            assert!(!parse("compress", value).unwrap(), "{value}");
        }
        for value in ["yes", "on", "tRUE", " true", "2"] {
            let error = parse("compress", value).unwrap_err().to_string();
            let expected = format!(
                "compress: strconv.ParseBool: parsing \"{value}\": invalid syntax (accepted: true, false)"
            );
            assert_eq!(error, expected);
        }
    }
}
