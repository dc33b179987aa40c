use bstr::{BString, ByteSlice};

use crate::{Error, Result};

/// Whether a filter takes objects in or leaves them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterCommand {
    /// `include`
    Include,
    /// `exclude`
    Exclude,
}

impl FilterCommand {
    fn as_str(self) -> &'static str {
        match self {
            Self::Include => "include",
            Self::Exclude => "exclude",
        }
    }
}

/// What a filter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterObject {
    /// Tables and other relations.
    Table,
    /// The same with their partitions and children.
    TableAndChildren,
    /// The data of tables.
    TableData,
    /// The same with that of their partitions and children.
    TableDataAndChildren,
    /// Schemas and what they contain.
    Schema,
    /// Extensions.
    Extension,
    /// The rows of the tables of foreign servers.
    ForeignData,
    /// Databases.
    Database,
    /// Functions.
    Function,
    /// Indexes.
    Index,
    /// Triggers.
    Trigger,
}

impl FilterObject {
    /// Every kind as it stands in a filter file.
    const KEYWORDS: [(&str, Self); 11] = [
        ("table", Self::Table),
        ("table_and_children", Self::TableAndChildren),
        ("table_data", Self::TableData),
        ("table_data_and_children", Self::TableDataAndChildren),
        ("schema", Self::Schema),
        ("extension", Self::Extension),
        ("foreign_data", Self::ForeignData),
        ("database", Self::Database),
        ("function", Self::Function),
        ("index", Self::Index),
        ("trigger", Self::Trigger),
    ];

    fn from_keyword(keyword: &[u8]) -> Option<Self> {
        Self::KEYWORDS
            .iter()
            .find(|(known, _)| known.as_bytes() == keyword)
            .map(|(_, object)| *object)
    }

    fn keyword(self) -> &'static str {
        Self::KEYWORDS
            .iter()
            .find(|(_, object)| *object == self)
            .map_or("", |(keyword, _)| *keyword)
    }
}

/// One line of a filter file: what objects are taken in or left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterItem {
    /// Whether they are taken in or left out.
    pub command: FilterCommand,
    /// What they are.
    pub object: FilterObject,
    /// The pattern of their names.
    pub pattern: BString,
    /// The line on which the item begins, from 1.
    pub line: usize,
}

impl FilterItem {
    /// The error that the program that reads the file has no use for such an item.
    pub fn not_allowed(&self) -> Error {
        let object = self.object.keyword().replace('_', " ");
        let command = self.command.as_str();
        problem(
            self.line,
            format!("{command} filter for \"{object}\" is not allowed"),
        )
    }
}

/// Reads a filter file of pg_dump, pg_dumpall or pg_restore (src/bin/pg_dump/filter.c): on each line `include` or `exclude`, a kind of
/// object and a pattern; `#` begins a comment. A quoted name may go on over several lines.
///
/// # Errors
/// [`Error::Filter`] for a line that is none of these.
pub fn parse_filter(text: &[u8]) -> Result<Vec<FilterItem>> {
    let mut reader = FilterReader {
        rest: text,
        line: 0,
    };
    let mut items = Vec::new();
    while !reader.rest.is_empty() {
        reader.line += 1;
        reader.skip_blanks();
        if !matches!(reader.peek(), None | Some(b'#')) {
            items.push(reader.item()?);
        }
        reader.skip_line();
    }
    Ok(items)
}

fn problem(line: usize, problem: impl Into<String>) -> Error {
    Error::Filter {
        line,
        problem: problem.into(),
    }
}

struct FilterReader<'a> {
    rest: &'a [u8],
    line: usize,
}

impl FilterReader<'_> {
    /// The next byte of the line.
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied().filter(|byte| *byte != b'\n')
    }

    fn take(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    /// Whether there were any.
    fn skip_blanks(&mut self) -> bool {
        let before = self.rest.len();
        while self.peek().is_some_and(is_space) {
            self.take();
        }
        self.rest.len() < before
    }

    fn skip_line(&mut self) {
        let end = self.rest.find_byte(b'\n').map(|end| end + 1);
        self.rest = &self.rest[end.unwrap_or(self.rest.len())..];
    }

    fn item(&mut self) -> Result<FilterItem> {
        let line = self.line;
        let command = match self.keyword().as_slice() {
            b"include" => FilterCommand::Include,
            b"exclude" => FilterCommand::Exclude,
            _ => {
                let expected = "invalid filter command (expected \"include\" or \"exclude\")";
                return Err(problem(line, expected));
            }
        };
        let keyword = self.keyword();
        if keyword.is_empty() {
            return Err(problem(line, "missing filter object type"));
        }
        let object = FilterObject::from_keyword(&keyword).ok_or_else(|| {
            problem(
                line,
                format!("unsupported filter object type: \"{keyword}\""),
            )
        })?;
        Ok(FilterItem {
            command,
            object,
            pattern: self.pattern()?,
            line,
        })
    }

    fn keyword(&mut self) -> BString {
        self.skip_blanks();
        let mut keyword = BString::default();
        while let Some(byte) = self.peek().filter(|byte| !is_space(*byte)) {
            keyword.push(byte);
            self.take();
        }
        keyword
    }

    /// A pattern, written as the server writes names: one blank between words and after a comma, none about dots and parentheses but
    /// before a quoted name.
    fn pattern(&mut self) -> Result<BString> {
        self.skip_blanks();
        if self.peek().is_none() {
            return Err(problem(self.line, "missing object name pattern"));
        }
        let mut pattern = BString::default();
        let (mut wants_blank, mut found_blank) = (false, false);
        while self.peek().is_some_and(|byte| byte != b'#') {
            let ends_word = |byte: &u8| is_space(*byte) || b"#,.()\"".contains(byte);
            while let Some(byte) = self.peek().filter(|byte| !ends_word(byte)) {
                if wants_blank && found_blank {
                    pattern.push(b' ');
                    wants_blank = false;
                }
                pattern.push(byte);
                self.take();
            }
            wants_blank = true;
            match self.peek() {
                Some(b'"') => {
                    if found_blank {
                        pattern.push(b' ');
                    }
                    self.quoted(&mut pattern)?;
                }
                Some(b',') => {
                    pattern.extend_from_slice(b", ");
                    wants_blank = false;
                    self.take();
                }
                Some(byte @ (b'.' | b'(' | b')')) => {
                    pattern.push(byte);
                    wants_blank = false;
                    self.take();
                }
                _ => {}
            }
            found_blank = self.skip_blanks();
        }
        Ok(pattern)
    }

    /// A name between double quotes, which stay. `\n` and `\\` in it are a line end and a backslash.
    fn quoted(&mut self, pattern: &mut BString) -> Result<()> {
        pattern.extend(self.take());
        loop {
            match self.take() {
                None => return Err(problem(self.line, "unexpected end of file")),
                Some(b'"') => {
                    pattern.push(b'"');
                    if self.peek() != Some(b'"') {
                        return Ok(());
                    }
                    pattern.extend(self.take());
                }
                Some(b'\\') => match self.take() {
                    Some(b'n') => pattern.push(b'\n'),
                    Some(b'\\') => pattern.push(b'\\'),
                    _ => {}
                },
                Some(b'\r') => {}
                Some(byte) => {
                    self.line += usize::from(byte == b'\n');
                    pattern.push(byte);
                }
            }
        }
    }
}

/// `isspace` in the C locale.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> String {
        let mut items = parse_filter(format!("include table {text}").as_bytes()).unwrap();
        assert_eq!(items.len(), 1);
        items.remove(0).pattern.to_string()
    }

    #[test]
    fn a_line_is_command_object_and_pattern() {
        let text = "# comment\n\n  include table public.t* # here\nexclude\ttable_data_and_children  b\r\n\
                    include schema \"a\nb\"\nexclude extension x";
        let items = parse_filter(text.as_bytes()).unwrap();
        let shown: Vec<_> = items
            .iter()
            .map(|item| {
                (
                    item.line,
                    item.command,
                    item.object,
                    item.pattern.to_string(),
                )
            })
            .collect();
        use FilterCommand::{Exclude, Include};
        use FilterObject::{Extension, Schema, Table, TableDataAndChildren};
        let expected = [
            (3, Include, Table, "public.t*"),
            (4, Exclude, TableDataAndChildren, "b"),
            (5, Include, Schema, "\"a\nb\""),
            (7, Exclude, Extension, "x"),
        ];
        let expected = expected
            .map(|(line, command, object, pattern)| (line, command, object, pattern.to_owned()));
        assert_eq!(shown, expected);
    }

    #[test]
    fn every_kind_of_object_has_its_keyword() {
        for (keyword, object) in FilterObject::KEYWORDS {
            let text = format!("exclude {keyword} x");
            let items = parse_filter(text.as_bytes()).unwrap();
            assert_eq!(items[0].object, object);
            assert_eq!(
                items[0].not_allowed().to_string(),
                format!(
                    "line 1: exclude filter for \"{}\" is not allowed",
                    keyword.replace('_', " ")
                )
            );
        }
    }

    #[test]
    fn patterns_are_written_as_the_server_writes_names() {
        for (text, expected) in [
            ("t", "t"),
            (" a . b ", "a.b"),
            // A blank before a quoted name stays, as in pg_dump.
            ("\"A b\" . \"c\"", "\"A b\". \"c\""),
            ("f ( int ,text )", "f(int, text)"),
            ("double   precision", "double precision"),
            ("a \"b\"", "a \"b\""),
            ("\"say \"\"hi\"\"\"", "\"say \"\"hi\"\"\""),
            ("\"a\\nb\\\\c\\d\r\"", "\"a\nb\\c\""),
            ("\"a\nb\" . c", "\"a\nb\".c"),
            ("t#comment", "t"),
            ("\"#\"", "\"#\""),
            ("# nothing", ""),
        ] {
            assert_eq!(pattern(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_filter_is_named_with_its_line() {
        for (text, expected) in [
            (
                "\ninclud table t",
                "line 2: invalid filter command (expected \"include\" or \"exclude\")",
            ),
            ("include", "line 1: missing filter object type"),
            ("include \n", "line 1: missing filter object type"),
            (
                "include tables t",
                "line 1: unsupported filter object type: \"tables\"",
            ),
            ("include table  \n", "line 1: missing object name pattern"),
            (
                "include table t\ninclude table \"a\nb\n",
                "line 4: unexpected end of file",
            ),
        ] {
            let error = parse_filter(text.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), expected, "{text:?}");
        }
    }
}
