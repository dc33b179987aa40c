//! Restoring onto RDS and Aurora, where nobody is superuser and some roles are AWS's own.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice};
use pgark_archive::TocEntry;
use pgark_connect::Session;
use pgark_sql::{Token, TokenKind, tokens};

use crate::{Error, Result};

/// Whether a server is one of RDS: the roles that every one has (RDS user guide, "Understanding the rds_superuser role").
const IS_RDS: &str = "select pg_catalog.count(*) = 2 from pg_catalog.pg_roles as r \
    where r.rolname in ('rdsadmin', 'rds_superuser')";

/// Roles of AWS's that do not begin with `rds_` (as listed by `\du` on servers of RDS and Aurora).
const RESERVED: &[&[u8]] = &[
    b"rdsadmin",
    b"rdsproxyadmin",
    b"rdsrepladmin",
    b"rdstopmgr",
    b"rdswriteforwarduser",
];

/// Rights that only a superuser, or a role that has them, may speak of, even to take them away (source: `AlterRole`, user.c).
const UNSPOKEN: &[&[u8]] = &[
    b"SUPERUSER",
    b"NOSUPERUSER",
    b"REPLICATION",
    b"NOREPLICATION",
    b"BYPASSRLS",
    b"NOBYPASSRLS",
];

/// Kinds of entries whose statements only a superuser may run (source: the commands' own checks in src/backend/commands).
const SUPERUSERS: &[&str] = &[
    "ACCESS METHOD",
    "FOREIGN DATA WRAPPER",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "SHELL TYPE",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
];

/// Whether globals are restored onto RDS.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OntoRds {
    /// As onto any other server.
    #[default]
    No,
    /// Without what RDS refuses.
    Yes,
    /// As the server's roles tell.
    AsFound,
}

/// Whether the server is one of RDS.
pub(crate) async fn is_rds(session: &mut Session) -> Result<bool> {
    let rows = session.rows(IS_RDS).await;
    let rows = rows.map_err(|source| Error::Session {
        doing: "learn whether the server is one of RDS",
        source,
    })?;
    Ok(rows.row(0).and_then(|row| row.get(0)) == Some("t".into()))
}

/// Whether a role is AWS's own.
fn is_reserved(role: &BStr) -> bool {
    role.starts_with(b"rds_") || RESERVED.contains(&role.as_bytes())
}

/// Takes out of a script of globals what RDS refuses to the role that restores.
#[derive(Debug)]
pub(crate) struct Sieve {
    own_role: BString,
    major: u32,
    /// How many statements about each role of AWS's were left out.
    reserved: BTreeMap<BString, usize>,
    is_own_role_left_out: bool,
}

impl Sieve {
    pub(crate) fn new(own_role: BString, major: u32) -> Self {
        Self {
            own_role,
            major,
            reserved: BTreeMap::new(),
            is_own_role_left_out: false,
        }
    }

    /// What is to be run of a statement, if it is to be run.
    pub(crate) fn pass(
        &mut self,
        statement: BString,
        warnings: &mut Vec<String>,
    ) -> Option<BString> {
        match fate(statement, &self.own_role, self.major) {
            Fate::Run(statement, warning) => {
                warnings.extend(warning);
                return Some(statement);
            }
            Fate::LeftOut(role) => *self.reserved.entry(role).or_default() += 1,
            Fate::Own => self.is_own_role_left_out = true,
        }
        None
    }

    /// Tells what was left out.
    pub(crate) fn tell(self, warnings: &mut Vec<String>) {
        let names: Vec<String> = self
            .reserved
            .keys()
            .map(|name| format!("\"{name}\""))
            .collect();
        if !names.is_empty() {
            warnings.push(format!(
                "roles that RDS keeps to itself are left out with their grants, {} statements in all: {}",
                self.reserved.values().sum::<usize>(),
                names.join(", ")
            ));
        }
        if self.is_own_role_left_out {
            warnings.push(format!(
                "role \"{}\", which restores, stays as it is",
                self.own_role
            ));
        }
    }
}

/// What becomes of a statement of a script of globals on RDS.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It is run, perhaps without a part, of which the warning tells.
    Run(BString, Option<String>),
    /// It is about a role of AWS's.
    LeftOut(BString),
    /// It is about the role that restores, which cannot change itself and has got what it needs.
    Own,
}

/// Takes out of a statement what RDS refuses to the role that restores.
fn fate(statement: BString, own_role: &BString, major: u32) -> Fate {
    let said: Vec<Token<'_>> = tokens(&statement, true).collect();
    let words: Vec<&Token<'_>> = said
        .iter()
        .filter(|token| token.kind != TokenKind::Blank)
        .collect();
    let is = |place: usize, word| words.get(place).is_some_and(|token| token.is_word(word));
    let name = |place: usize| words.get(place).and_then(|token| token.name());
    let is_of_role = is(1, "ROLE") && ["ALTER", "CREATE", "DROP"].iter().any(|word| is(0, word));
    let roles = if is_of_role {
        vec![name(2)]
    } else if is(0, "COMMENT") && is(2, "ROLE") {
        vec![name(3)]
    } else if is(0, "GRANT") && is(2, "TO") {
        vec![name(1), name(3)]
    } else {
        vec![]
    };
    if let Some(role) = roles
        .into_iter()
        .flatten()
        .find(|role| is_reserved(role.as_bstr()))
    {
        return Fate::LeftOut(role);
    }
    if is(0, "ALTER") && is_of_role && is(3, "WITH") {
        return match name(2) {
            Some(role) if role == *own_role => Fate::Own,
            role => unspoken(&said, role.unwrap_or_default().as_bstr()),
        };
    }
    if is(0, "GRANT") && is(2, "TO") {
        // From 16 on it has been granted the roles that it makes, and can grant them to itself no more.
        let is_done = major >= 16 && name(3).as_ref() == Some(own_role);
        return without_grantor(&said, own_role, major, is_done);
    }
    Fate::Run(statement, None)
}

/// `ALTER ROLE … WITH` without the rights that must not be spoken of.
fn unspoken(said: &[Token<'_>], role: &BStr) -> Fate {
    let is_unspoken =
        |token: &&Token<'_>| token.kind == TokenKind::Word && UNSPOKEN.contains(&token.text);
    let (lost, kept): (Vec<&Token<'_>>, Vec<_>) = said.iter().partition(is_unspoken);
    // What a role has not got by itself is lost on the way.
    let given: Vec<&[u8]> = lost
        .iter()
        .map(|token| token.text)
        .filter(|right| !right.starts_with(b"NO"))
        .collect();
    let warning = (!given.is_empty()).then(|| {
        format!(
            "role \"{role}\" does not get {}, which RDS gives to nobody",
            BString::from(given.join(&b" "[..]))
        )
    });
    Fate::Run(text(kept), warning)
}

/// `GRANT … TO …` without a grantor for whom nobody can grant: one that is AWS's and, before 16, when only superusers granted for others
/// (`AddRoleMems` in src/backend/commands/user.c) and nothing hung on it, any other. `is_done` where what AWS's has granted is granted
/// already.
fn without_grantor(said: &[Token<'_>], own_role: &BString, major: u32, is_done: bool) -> Fate {
    let words: Vec<(usize, &Token<'_>)> = said
        .iter()
        .enumerate()
        .filter(|(_, token)| token.kind != TokenKind::Blank)
        .collect();
    let clause = words.windows(3).find_map(|window| {
        let [(first, granted), (_, by), (last, grantor)] = window else {
            return None;
        };
        let role = grantor
            .name()
            .filter(|role| is_reserved(role.as_bstr()) || major < 16 && role != own_role)?;
        (granted.is_word("GRANTED") && by.is_word("BY")).then_some((first, last, role))
    });
    match clause {
        Some((.., role)) if is_done && is_reserved(role.as_bstr()) => Fate::Own,
        Some((first, last, _)) => {
            let kept = said[..*first].iter().chain(&said[last + 1..]);
            Fate::Run(text(kept.collect()), None)
        }
        None => Fate::Run(text(said.iter().collect()), None),
    }
}

fn text(tokens: Vec<&Token<'_>>) -> BString {
    let texts: Vec<&[u8]> = tokens.into_iter().map(|token| token.text).collect();
    texts.concat().into()
}

/// Tells of the chosen entries that RDS is known to refuse, by the reason.
pub(crate) fn foresee(chosen: &[&TocEntry], no_owner: bool, foreseen: &mut Vec<String>) {
    let mut refused: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for entry in chosen {
        for reason in reasons(entry, no_owner) {
            let shown = || {
                let tag = entry.tag.as_ref().map(ToString::to_string);
                format!("{} {}", entry.desc, tag.unwrap_or_default())
            };
            refused
                .entry(reason)
                .and_modify(|(count, _)| *count += 1)
                .or_insert_with(|| (1, shown()));
        }
    }
    for (reason, (count, first)) in refused {
        foreseen.push(format!(
            "the server is one of RDS: {reason}; entries: {count}, such as {first}"
        ));
    }
}

/// Why RDS refuses an entry, or a part of it.
fn reasons(entry: &TocEntry, no_owner: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    let desc = entry.desc.to_str_lossy();
    let statement = entry.defn.as_ref().map_or(&b""[..], |sql| sql.as_slice());
    if let Some(owner) = entry.owner.as_ref().filter(|_| !no_owner)
        && is_reserved(owner.as_bstr())
    {
        reasons.push(format!("nothing can be given to its role \"{owner}\""));
    }
    if SUPERUSERS.contains(&&*desc)
        || desc == "PROCEDURAL LANGUAGE"
        || (desc == "TYPE" && says(statement, &["INPUT", "="]))
    {
        reasons.push(format!("a superuser alone may make one of the kind {desc}"));
    }
    let is_routine = ["FUNCTION", "PROCEDURE", "AGGREGATE"].contains(&&*desc);
    if is_routine
        && ["c", "internal"]
            .iter()
            .any(|l| says(statement, &["LANGUAGE", l]))
    {
        reasons.push("a superuser alone may make a function of language c or internal".into());
    }
    if desc == "CAST" && says(statement, &["WITHOUT", "FUNCTION"]) {
        reasons.push("a superuser alone may make a CAST without a function".into());
    }
    if desc == "ACL"
        && entry
            .namespace
            .as_ref()
            .is_some_and(|name| name == "pg_catalog")
    {
        reasons.push("privileges on what is in pg_catalog are not to be granted".into());
    }
    if desc == "COMMENT"
        && entry
            .tag
            .as_ref()
            .is_some_and(|tag| tag == "EXTENSION plpgsql")
    {
        reasons.push("its extension plpgsql takes no comment".into());
    }
    reasons
}

/// Whether a statement has words and signs one after the other.
fn says(statement: &[u8], words: &[&str]) -> bool {
    let said: Vec<Token<'_>> = tokens(statement, true)
        .filter(|token| token.kind != TokenKind::Blank)
        .collect();
    said.windows(words.len()).any(|window| {
        window
            .iter()
            .zip(words)
            .all(|(token, word)| token.text.eq_ignore_ascii_case(word.as_bytes()))
    })
}

#[cfg(test)]
mod tests;
