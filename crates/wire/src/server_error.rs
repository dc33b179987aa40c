//! Errors and notices as the server reports them.

use std::fmt;

use bstr::{BStr, BString, ByteSlice};

use crate::OneLine;

/// An error or a notice of the server, whole (manual: "Error and Notice Message Fields").
///
/// Texts are byte strings in the session's encoding; [`Display`](fmt::Display) shows them on one line, control
/// characters written out and bytes that are not UTF-8 replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerError {
    /// ERROR, FATAL, PANIC, WARNING, NOTICE, DEBUG, INFO or LOG in the server's language.
    pub severity: BString,
    /// The same, never translated.
    pub severity_nonlocalized: BString,
    /// The five characters of the SQLSTATE code.
    pub sqlstate: String,
    /// The primary message.
    pub message: BString,
    /// A second message with more detail.
    pub detail: Option<BString>,
    /// What might be done about it.
    pub hint: Option<BString>,
    /// Where in the statement, counted in characters from 1.
    pub position: Option<u32>,
    /// The same in [`internal_query`](Self::internal_query).
    pub internal_position: Option<u32>,
    /// A statement that the server made itself, such as one inside a function.
    pub internal_query: Option<BString>,
    /// The call stack, a line an entry, the innermost first.
    pub context: Option<BString>,
    /// The schema concerned.
    pub schema: Option<BString>,
    /// The table concerned.
    pub table: Option<BString>,
    /// The column concerned.
    pub column: Option<BString>,
    /// The data type concerned.
    pub data_type: Option<BString>,
    /// The constraint concerned.
    pub constraint: Option<BString>,
    /// The server's source file, line and routine, for bug reports.
    pub source: [Option<BString>; 3],
}

impl ServerError {
    /// Reads the body of an ErrorResponse or NoticeResponse; `None` if it is malformed. Unknown fields are
    /// passed over, as the manual asks.
    pub(crate) fn parse(mut body: &[u8]) -> Option<Self> {
        let mut error = Self::default();
        loop {
            let (&field, rest) = body.split_first()?;
            if field == 0 {
                return rest.is_empty().then_some(error);
            }
            let end = rest.find_byte(0)?;
            let value = BString::from(&rest[..end]);
            body = &rest[end + 1..];
            error.set(field, value);
        }
    }

    fn set(&mut self, field: u8, value: BString) {
        let position = |value: &BString| value.to_str().ok().and_then(|text| text.parse().ok());
        match field {
            b'S' => self.severity = value,
            b'V' => self.severity_nonlocalized = value,
            b'C' => self.sqlstate = value.to_str_lossy().into_owned(),
            b'M' => self.message = value,
            b'D' => self.detail = Some(value),
            b'H' => self.hint = Some(value),
            b'P' => self.position = position(&value),
            b'p' => self.internal_position = position(&value),
            b'q' => self.internal_query = Some(value),
            b'W' => self.context = Some(value),
            b's' => self.schema = Some(value),
            b't' => self.table = Some(value),
            b'c' => self.column = Some(value),
            b'd' => self.data_type = Some(value),
            b'n' => self.constraint = Some(value),
            b'F' => self.source[0] = Some(value),
            b'L' => self.source[1] = Some(value),
            b'R' => self.source[2] = Some(value),
            _ => {}
        }
    }

    /// The severity for programs: never translated where the server says so (9.6 and later do).
    pub fn level(&self) -> &BStr {
        if self.severity_nonlocalized.is_empty() {
            self.severity.as_bstr()
        } else {
            self.severity_nonlocalized.as_bstr()
        }
    }

    /// Whether the code belongs to a class, such as "28" (invalid authorization).
    pub fn is_class(&self, class: &str) -> bool {
        self.sqlstate.len() == 5 && self.sqlstate.starts_with(class)
    }

    /// Whether the server ended the session with it.
    pub fn is_fatal(&self) -> bool {
        self.level() == "FATAL" || self.level() == "PANIC"
    }

    /// Writes a notice to the log at the level that fits its severity.
    pub(crate) fn log(&self) {
        match self.level().as_bytes() {
            b"WARNING" => tracing::warn!(target: "pgark::server", "{self}"),
            b"NOTICE" | b"INFO" => tracing::info!(target: "pgark::server", "{self}"),
            _ => tracing::debug!(target: "pgark::server", "{self}"),
        }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} (SQLSTATE {})",
            OneLine(&self.severity),
            OneLine(&self.message),
            OneLine(&self.sqlstate)
        )?;
        if let Some(detail) = &self.detail {
            write!(f, "; detail: {}", OneLine(detail))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; hint: {}", OneLine(hint))?;
        }
        Ok(())
    }
}

impl std::error::Error for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_kept() {
        let body = b"SFEHLER\0VERROR\0C42P01\0Mno table \xe4\0Dd\0Hh\0P15\0p7\0qselect\0Wctx\0ssch\0ttab\0ccol\0dtyp\0ncon\0Ff.c\0L12\0Rf\0?new\0\0";
        let error = ServerError::parse(body).unwrap();
        let some = |text: &str| Some(BString::from(text));
        assert_eq!(
            error,
            ServerError {
                severity: "FEHLER".into(),
                severity_nonlocalized: "ERROR".into(),
                sqlstate: "42P01".into(),
                message: BString::from(&b"no table \xe4"[..]),
                detail: some("d"),
                hint: some("h"),
                position: Some(15),
                internal_position: Some(7),
                internal_query: some("select"),
                context: some("ctx"),
                schema: some("sch"),
                table: some("tab"),
                column: some("col"),
                data_type: some("typ"),
                constraint: some("con"),
                source: [some("f.c"), some("12"), some("f")],
            }
        );
        assert_eq!(
            error.to_string(),
            "FEHLER: no table \u{fffd} (SQLSTATE 42P01); detail: d; hint: h"
        );
        assert!(error.is_class("42") && !error.is_class("28") && !error.is_fatal());
    }

    #[test]
    fn a_report_stays_on_its_line() {
        let body = b"SERROR\0C00000\0Mfirst\npgark: error: second\0D\x1b[31mred\0H\r\0\0";
        let error = ServerError::parse(body).unwrap();
        assert_eq!(
            error.to_string(),
            "ERROR: first\\npgark: error: second (SQLSTATE 00000); detail: \\u{1b}[31mred; hint: \\r"
        );
    }

    #[test]
    fn a_malformed_report_is_refused() {
        for body in [&b""[..], b"S", b"SERROR", b"SERROR\0", b"SERROR\0\0x"] {
            assert_eq!(ServerError::parse(body), None, "{body:?}");
        }
    }
}
