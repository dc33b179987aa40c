//! What an archive would run that a careful person wants to know before it is restored.

use bstr::{BString, ByteSlice};
use pgark_archive::{EntryName, TocEntry};
use pgark_sql::tokens;
use serde::Serialize;

/// Something that is worth a look.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// A program is run on the server (`COPY … PROGRAM`, or an option of that name).
    Program,
    /// Code in a language that is not confined.
    UntrustedLanguage,
    /// Code in C, of a library on the server.
    NativeFunction,
    /// A function that runs with its owner's rights.
    SecurityDefiner,
    /// Code that runs at every login.
    LoginTrigger,
    /// Code that runs at definitions, whoever makes them.
    EventTrigger,
    /// The server would fetch data from another; it comes back disabled.
    Subscription,
    /// The server can reach another.
    ForeignServer,
    /// A language, with functions of its own.
    Language,
    /// An extension, whose script the server has.
    Extension,
    /// A setting of the whole server.
    ServerSetting,
}

impl Concern {
    /// A few words for it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Program => "runs a program on the server",
            Self::UntrustedLanguage => "code in an untrusted language",
            Self::NativeFunction => "function in C",
            Self::SecurityDefiner => "runs with its owner's rights",
            Self::LoginTrigger => "runs at every login",
            Self::EventTrigger => "event trigger",
            Self::Subscription => "subscription",
            Self::ForeignServer => "reaches another server",
            Self::Language => "makes a language",
            Self::Extension => "runs an extension's script",
            Self::ServerSetting => "changes the whole server's settings",
        }
    }
}

/// An entry with what is worth a look in it.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What it is.
    pub concern: Concern,
    /// The entry.
    pub entry: EntryName,
}

/// Looks through entries for what would run with more rights, or at other times, than one may think.
pub fn inspect(toc: &[TocEntry]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in toc {
        for concern in concerns(entry) {
            findings.push(Finding {
                concern,
                entry: EntryName::of(entry),
            });
        }
    }
    findings
}

fn concerns(entry: &TocEntry) -> Vec<Concern> {
    let texts = [&entry.defn, &entry.copy_stmt];
    let texts = texts.into_iter().flatten();
    let words: Vec<BString> = texts.flat_map(|text| words(text)).collect();
    let has = |sequence: &[&str]| {
        words.windows(sequence.len()).any(|found| {
            found
                .iter()
                .zip(sequence)
                .all(|(found, wanted)| found == wanted)
        })
    };
    let mut concerns = Vec::new();
    match entry.desc.as_bytes() {
        b"EVENT TRIGGER" if has(&["on", "login"]) => concerns.push(Concern::LoginTrigger),
        b"EVENT TRIGGER" => concerns.push(Concern::EventTrigger),
        b"SUBSCRIPTION" => concerns.push(Concern::Subscription),
        b"SERVER" | b"FOREIGN DATA WRAPPER" | b"USER MAPPING" => {
            concerns.push(Concern::ForeignServer);
        }
        b"PROCEDURAL LANGUAGE" => concerns.push(Concern::Language),
        b"EXTENSION" => concerns.push(Concern::Extension),
        _ => {}
    }
    let language = words
        .windows(2)
        .find(|pair| pair[0] == "language")
        .map(|pair| &pair[1]);
    match language.map(|name| name.as_bytes()) {
        Some(b"c" | b"internal") => concerns.push(Concern::NativeFunction),
        // By custom, the names of languages that are not confined end so.
        Some(name) if name.ends_with(b"u") => concerns.push(Concern::UntrustedLanguage),
        _ => {}
    }
    for (sequence, concern) in [
        (&["security", "definer"][..], Concern::SecurityDefiner),
        (&["program"], Concern::Program),
        (&["alter", "system"], Concern::ServerSetting),
    ] {
        if has(sequence) {
            concerns.push(concern);
        }
    }
    concerns
}

/// The words of a text in small letters, names in quotes as they are; without comments and strings.
fn words(text: &[u8]) -> Vec<BString> {
    tokens(text, true)
        .filter_map(|token| token.name())
        .collect()
}

#[cfg(test)]
mod tests {
    use pgark_archive::DumpId;

    use super::*;

    fn found(desc: &str, defn: &str) -> Vec<Concern> {
        concerns(&TocEntry {
            desc: desc.into(),
            defn: Some(defn.into()),
            ..TocEntry::new(DumpId(1))
        })
    }

    #[test]
    fn what_runs_with_more_rights_is_found() {
        for (desc, defn, expected) in [
            (
                "FUNCTION",
                "CREATE FUNCTION f() RETURNS void LANGUAGE plpython3u SECURITY DEFINER AS $$x$$;",
                &[Concern::UntrustedLanguage, Concern::SecurityDefiner][..],
            ),
            (
                "FUNCTION",
                "CREATE FUNCTION f() RETURNS void LANGUAGE c AS '$libdir/x', 'f';",
                &[Concern::NativeFunction],
            ),
            (
                "EVENT TRIGGER",
                "CREATE EVENT TRIGGER e ON login\n EXECUTE FUNCTION f();",
                &[Concern::LoginTrigger],
            ),
            (
                "EVENT TRIGGER",
                "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();",
                &[Concern::EventTrigger],
            ),
            (
                "TABLE DATA",
                "COPY t FROM PROGRAM 'rm';",
                &[Concern::Program],
            ),
            (
                "FOREIGN TABLE",
                "CREATE FOREIGN TABLE t () SERVER s OPTIONS (program 'rm');",
                &[Concern::Program],
            ),
            (
                "SUBSCRIPTION",
                "CREATE SUBSCRIPTION s …",
                &[Concern::Subscription],
            ),
            (
                "TABLE",
                "ALTER SYSTEM SET a = 1;",
                &[Concern::ServerSetting],
            ),
        ] {
            assert_eq!(found(desc, defn), expected, "{defn}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_not_found() {
        for defn in [
            "CREATE FUNCTION f() LANGUAGE sql AS $b$ security definer $b$;",
            "COMMENT ON TABLE t IS 'from program, language c, security definer';",
            "-- alter system\nCREATE TABLE t ();",
            "CREATE TABLE t (a text DEFAULT 'it''s program');",
            "CREATE TABLE t (\"a b\" int, c int);",
            "'",
            "\"",
            "$x",
        ] {
            assert_eq!(found("TABLE", defn), [], "{defn}");
        }
    }
}
