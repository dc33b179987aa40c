//! Other roles and tablespaces in the place of those that an archive names.

use std::collections::HashMap;

use bstr::{BString, ByteSlice};
use pgark_sql::{Token, TokenKind, tokens};

use crate::TocEntry;

/// Names to put in the place of others, in owners, privileges, policies, user mappings, settings of roles in the database, and where
/// things are stored. The texts of functions and views are left as they are.
#[derive(Clone, Debug, Default)]
pub struct Renaming {
    roles: HashMap<BString, BString>,
    tablespaces: HashMap<BString, BString>,
}

impl Renaming {
    /// Has a role stand for another. The last word about a role counts.
    pub fn rename_role(&mut self, old: impl Into<BString>, new: impl Into<BString>) {
        self.roles.insert(old.into(), new.into());
    }

    /// Has a tablespace stand for another.
    pub fn rename_tablespace(&mut self, old: impl Into<BString>, new: impl Into<BString>) {
        self.tablespaces.insert(old.into(), new.into());
    }

    /// Whether nothing is renamed.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.tablespaces.is_empty()
    }

    /// Renames what an entry names.
    pub(crate) fn apply(&self, entry: &mut TocEntry, std_strings: bool) {
        rename(&mut entry.owner, &self.roles);
        rename(&mut entry.tablespace, &self.tablespaces);
        // After which words each kind of entry names a role.
        let words: &[&str] = match entry.desc.as_bytes() {
            b"ACL" | b"DEFAULT ACL" => &["TO", "FROM", "ROLE", "AUTHORIZATION"],
            b"POLICY" => &["TO"],
            b"USER MAPPING" => &["FOR"],
            b"DATABASE PROPERTIES" => &["ROLE"],
            b"DATABASE" => {
                rename_in_text(
                    &mut entry.defn,
                    &["TABLESPACE"],
                    &self.tablespaces,
                    std_strings,
                );
                return;
            }
            _ => return,
        };
        for text in [&mut entry.defn, &mut entry.drop_stmt] {
            rename_in_text(text, words, &self.roles, std_strings);
        }
    }
}

fn rename(name: &mut Option<BString>, names: &HashMap<BString, BString>) {
    if let Some(new) = name.as_ref().and_then(|name| names.get(name)) {
        *name = Some(new.clone());
    }
}

fn rename_in_text(
    text: &mut Option<BString>,
    words: &[&str],
    names: &HashMap<BString, BString>,
    std_strings: bool,
) {
    if let Some(text) = text.as_mut().filter(|_| !names.is_empty()) {
        *text = renamed(text, words, names, std_strings);
    }
}

/// A text with other names in the lists behind some words.
fn renamed(
    text: &[u8],
    words: &[&str],
    names: &HashMap<BString, BString>,
    std_strings: bool,
) -> BString {
    let mut found = BString::default();
    let mut place = Place::Elsewhere;
    let mut depth = 0_usize;
    for token in tokens(text, std_strings) {
        let new = token
            .name()
            .filter(|_| place == Place::Name)
            .and_then(|name| names.get(&name));
        match new {
            Some(new) => push_quoted(&mut found, new),
            None => found.extend_from_slice(token.text),
        }
        match token.text {
            b"(" => depth += 1,
            b")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        place = place.after(&token, words, depth);
    }
    found
}

/// Where in a text a token stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Elsewhere,
    /// Where a name of the list may stand.
    Name,
    /// Behind a name of the list.
    Behind,
}

impl Place {
    fn after(self, token: &Token<'_>, words: &[&str], depth: usize) -> Self {
        let opens_list = depth == 0 && words.iter().any(|word| token.is_word(word));
        match (self, token.text) {
            _ if token.kind == TokenKind::Blank => self,
            (Self::Name, b"=") | (Self::Behind, b",") => Self::Name,
            // The kind of a grantee, in old archives.
            (Self::Name, _) if token.is_word("GROUP") => self,
            (Self::Name, _) if token.name().is_some() => Self::Behind,
            _ if opens_list => Self::Name,
            _ => Self::Elsewhere,
        }
    }
}

/// Adds a name in quotes, which are never wrong.
fn push_quoted(text: &mut BString, name: &BString) {
    text.push(b'"');
    text.extend_from_slice(&name.replace(b"\"", b"\"\""));
    text.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DumpId;

    fn applied(desc: &str, defn: &str) -> TocEntry {
        let mut renaming = Renaming::default();
        renaming.rename_role("ann", "new \"ann");
        renaming.rename_role("Bob", "bob");
        renaming.rename_tablespace("fast", "slow");
        let mut entry = TocEntry {
            desc: desc.into(),
            owner: Some("ann".into()),
            tablespace: Some("fast".into()),
            defn: Some(defn.into()),
            ..TocEntry::new(DumpId(1))
        };
        renaming.apply(&mut entry, true);
        entry
    }

    #[test]
    fn owners_and_tablespaces_are_renamed() {
        let entry = applied("TABLE", "CREATE TABLE ann (a int);");
        assert_eq!(entry.owner.unwrap(), "new \"ann");
        assert_eq!(entry.tablespace.unwrap(), "slow");
        assert_eq!(entry.defn.unwrap(), "CREATE TABLE ann (a int);");
    }

    #[test]
    fn roles_in_statements_are_renamed_and_nothing_else() {
        for (desc, defn, expected) in [
            (
                "ACL",
                "SET SESSION AUTHORIZATION ann;\nGRANT SELECT(ann) ON TABLE ann.\"to\" TO ann WITH GRANT OPTION;\nRESET SESSION AUTHORIZATION;",
                "SET SESSION AUTHORIZATION \"new \"\"ann\";\nGRANT SELECT(ann) ON TABLE ann.\"to\" TO \"new \"\"ann\" WITH GRANT OPTION;\nRESET SESSION AUTHORIZATION;",
            ),
            (
                "ACL",
                "REVOKE ALL ON FUNCTION public.f(ann) FROM PUBLIC; GRANT ALL ON SCHEMA ann TO GROUP \"Bob\";",
                "REVOKE ALL ON FUNCTION public.f(ann) FROM PUBLIC; GRANT ALL ON SCHEMA ann TO GROUP \"bob\";",
            ),
            (
                "DEFAULT ACL",
                "ALTER DEFAULT PRIVILEGES FOR ROLE ann IN SCHEMA ann GRANT SELECT ON TABLES  TO \"Bob\";",
                "ALTER DEFAULT PRIVILEGES FOR ROLE \"new \"\"ann\" IN SCHEMA ann GRANT SELECT ON TABLES  TO \"bob\";",
            ),
            (
                "POLICY",
                "CREATE POLICY ann ON t FOR SELECT TO x, ann, Bob, \"Bob\" USING ((a SIMILAR TO ann));",
                "CREATE POLICY ann ON t FOR SELECT TO x, \"new \"\"ann\", Bob, \"bob\" USING ((a SIMILAR TO ann));",
            ),
            (
                "USER MAPPING",
                "CREATE USER MAPPING FOR ann SERVER ann OPTIONS (\n    ann 'ann'\n);",
                "CREATE USER MAPPING FOR \"new \"\"ann\" SERVER ann OPTIONS (\n    ann 'ann'\n);",
            ),
            (
                "DATABASE PROPERTIES",
                "ALTER ROLE ann IN DATABASE ann SET search_path TO 'ann';",
                "ALTER ROLE \"new \"\"ann\" IN DATABASE ann SET search_path TO 'ann';",
            ),
            (
                "DATABASE",
                "CREATE DATABASE fast WITH TEMPLATE = template0 TABLESPACE = fast;",
                "CREATE DATABASE fast WITH TEMPLATE = template0 TABLESPACE = \"slow\";",
            ),
            ("FUNCTION", "TO ann", "TO ann"),
        ] {
            assert_eq!(applied(desc, defn).defn.unwrap(), expected);
        }
    }
}
