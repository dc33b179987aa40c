use bstr::{BString, ByteSlice};

use crate::{Error, Quoter, Result, put, text};

/// A configuration setting kept with a database, role or function: an element `name=value` of
/// pg_db_role_setting.setconfig or pg_proc.proconfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The parameter.
    pub name: BString,
    /// Its value, or the elements of a list whose elements the server keeps quoted. To be written as literals,
    /// joined by `, `. Never empty.
    pub values: Vec<BString>,
}

/// Whose setting it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingTarget<'a> {
    /// A database, for every role.
    Database(&'a [u8]),
    /// A role, in every database.
    Role(&'a [u8]),
    /// A role in one database.
    RoleInDatabase {
        /// The role.
        role: &'a [u8],
        /// The database.
        database: &'a [u8],
    },
}

/// Parameters whose values are lists of names that the server keeps quoted (GUC_LIST_QUOTE in
/// src/backend/utils/misc/guc_tables.c). One list serves all majors: a server cannot hold a setting of a
/// parameter that it does not know.
const QUOTED_LISTS: &[&str] = &[
    "local_preload_libraries",
    "oauth_validator_libraries",
    "output_plugin_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

impl Setting {
    /// Reads an element `name=value`.
    ///
    /// # Errors
    /// [`Error::Setting`] if there is no `=`, or a list cannot be split.
    pub fn parse(item: &[u8]) -> Result<Self> {
        let malformed = |problem| Error::Setting {
            item: BString::from(item),
            problem,
        };
        let (name, value) = item
            .split_once_str("=")
            .ok_or_else(|| malformed("it has no value"))?;
        let is_quoted_list = QUOTED_LISTS
            .iter()
            .any(|list| name.eq_ignore_ascii_case(list.as_bytes()));
        let values = if is_quoted_list {
            split_list(value).map_err(malformed)?
        } else {
            vec![BString::from(value)]
        };
        Ok(Self {
            name: BString::from(name),
            values,
        })
    }
}

/// `ALTER DATABASE|ROLE … SET name TO value;` for an element of pg_db_role_setting.setconfig
/// (makeAlterConfigCommand in src/bin/pg_dump/dumputils.c).
///
/// # Errors
/// As [`Setting::parse`].
pub fn set_config_option(
    quoter: &Quoter,
    target: &SettingTarget<'_>,
    item: &[u8],
) -> Result<BString> {
    let setting = Setting::parse(item)?;
    let mut out = match target {
        SettingTarget::Database(name) => text!("ALTER DATABASE ", quoter.ident(name)),
        SettingTarget::Role(name) => text!("ALTER ROLE ", quoter.ident(name)),
        SettingTarget::RoleInDatabase { role, database } => {
            text!(
                "ALTER ROLE ",
                quoter.ident(role),
                " IN DATABASE ",
                quoter.ident(database)
            )
        }
    };
    let values = setting
        .values
        .iter()
        .map(|value| quoter.portable_literal(value));
    put!(
        out,
        " SET ",
        quoter.ident(&setting.name),
        " TO ",
        bstr::join(", ", values),
        ";\n"
    );
    Ok(out)
}

/// The elements of a comma-separated list, some in double quotes (SplitGUCList in src/fe_utils/string_utils.c).
///
/// An empty value is a list of one empty element, which means the same to the server. It comes from `SET
/// search_path FROM CURRENT` after `set_config('search_path', '', false)`. pg_dump makes no element of it and
/// writes `SET search_path TO ;`, which no server takes.
fn split_list(value: &[u8]) -> std::result::Result<Vec<BString>, &'static str> {
    let mut rest = value.trim_ascii_start();
    if rest.is_empty() {
        return Ok(vec![BString::default()]);
    }
    let mut elements = Vec::new();
    loop {
        let mut element = Vec::new();
        if let Some(mut quoted) = rest.strip_prefix(b"\"") {
            rest = loop {
                let (part, tail) = quoted
                    .split_once_str("\"")
                    .ok_or("a quoted element has no end")?;
                element.extend_from_slice(part);
                match tail.strip_prefix(b"\"") {
                    Some(tail) => {
                        element.push(b'"');
                        quoted = tail;
                    }
                    None => break tail,
                }
            };
        } else {
            let end = rest
                .iter()
                .position(|byte| *byte == b',' || byte.is_ascii_whitespace());
            let (bare, tail) = rest
                .split_at_checked(end.unwrap_or(rest.len()))
                .unwrap_or((rest, b""));
            if bare.is_empty() {
                return Err("an element is missing");
            }
            element.extend_from_slice(bare);
            rest = tail;
        }
        elements.push(BString::from(element));
        rest = match rest.trim_ascii_start() {
            [] => return Ok(elements),
            [b',', tail @ ..] => tail.trim_ascii_start(),
            _ => return Err("there is no comma between two elements"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Encoding;

    #[test]
    fn lists_are_split_and_other_values_are_not() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("work_mem=4MB", "work_mem", &["4MB"]),
            ("application_name=a=b, c", "application_name", &["a=b, c"]),
            ("application_name=", "application_name", &[""]),
            ("custom.list=\"a\", b", "custom.list", &["\"a\", b"]),
            ("search_path=public", "search_path", &["public"]),
            (
                "search_path=hc, \"a b\", \"$user\"",
                "search_path",
                &["hc", "a b", "$user"],
            ),
            (
                "Search_Path=\"a\"\"b\" ,\tc ",
                "Search_Path",
                &["a\"b", "c"],
            ),
            ("search_path=\"\"", "search_path", &[""]),
            ("search_path=\"\"\"\"", "search_path", &["\""]),
            ("search_path=\"a, b\"", "search_path", &["a, b"]),
            ("search_path=", "search_path", &[""]),
            ("search_path= ", "search_path", &[""]),
            (
                "session_preload_libraries=/a/b.so, $libdir/c",
                "session_preload_libraries",
                &["/a/b.so", "$libdir/c"],
            ),
        ];
        for (item, name, values) in cases {
            let setting = Setting::parse(item.as_bytes()).expect(item);
            assert_eq!(setting.name, *name, "{item}");
            assert_eq!(setting.values, *values, "{item}");
        }
    }

    #[test]
    fn malformed_settings_are_refused() {
        let cases = [
            ("search_path", "it has no value"),
            ("search_path=\"a", "a quoted element has no end"),
            ("search_path=\"a\"\"", "a quoted element has no end"),
            ("search_path=a b", "there is no comma between two elements"),
            (
                "search_path=\"a\"b",
                "there is no comma between two elements",
            ),
            ("search_path=,a", "an element is missing"),
            ("search_path=a,", "an element is missing"),
        ];
        for (item, problem) in cases {
            let error = Setting::parse(item.as_bytes()).expect_err(item);
            assert_eq!(
                error,
                Error::Setting {
                    item: BString::from(item),
                    problem
                }
            );
        }
    }

    #[test]
    fn command_names_whose_setting_it_is() {
        let quoter = Quoter::new(15, Encoding::UTF8);
        let cases = [
            (
                SettingTarget::Database(b"My DB"),
                "work_mem=4MB",
                r#"ALTER DATABASE "My DB" SET work_mem TO '4MB';"#,
            ),
            (
                SettingTarget::Role(b"user"),
                r"application_name=a\b",
                r#"ALTER ROLE "user" SET application_name TO E'a\\b';"#,
            ),
            (
                SettingTarget::RoleInDatabase {
                    role: b"r",
                    database: b"d",
                },
                "search_path=\"a b\", \"$user\", public",
                "ALTER ROLE r IN DATABASE d SET search_path TO 'a b', '$user', 'public';",
            ),
            (
                SettingTarget::Role(b"r"),
                "DateStyle=ISO, DMY",
                r#"ALTER ROLE r SET "DateStyle" TO 'ISO, DMY';"#,
            ),
            (
                SettingTarget::Role(b"r"),
                "my.opt=x",
                r#"ALTER ROLE r SET "my.opt" TO 'x';"#,
            ),
        ];
        for (target, item, expected) in cases {
            let command = set_config_option(&quoter, &target, item.as_bytes()).unwrap();
            assert_eq!(command, text!(expected, "\n"));
        }
    }
}
