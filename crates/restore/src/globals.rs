//! Running a script of globals: roles, memberships, tablespaces.

use std::sync::Arc;

use bstr::{BString, ByteSlice};
use pgark_connect::{Config, Session};
use pgark_sql::{Piece, Splitter, Token, TokenKind, tokens};
use pgark_wire::Error as WireError;

use crate::rds::{self, OntoRds, Sieve};
use crate::report::{Ended, Failure, Report};
use crate::{Error, Result, Watch, session};

/// An object of this name exists already (`ERRCODE_DUPLICATE_OBJECT` in src/backend/utils/errcodes.txt).
const DUPLICATE_OBJECT: &str = "42710";

/// What the role that restores keeps, whatever the script says of it.
const KEPT: &[&[u8]] = &[
    b"NOSUPERUSER",
    b"NOLOGIN",
    b"NOCREATEROLE",
    b"NOCREATEDB",
    b"NOREPLICATION",
    b"NOBYPASSRLS",
];

/// How a script of globals is run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct GlobalsOptions {
    /// Whether the first error ends it.
    pub exit_on_error: bool,
    /// Whether roles of AWS's and what RDS refuses are left out.
    pub rds: OntoRds,
}

/// Runs a script that pg_dumpall or pgark made of a cluster's roles and tablespaces, statement by statement.
///
/// Roles and tablespaces that exist already are altered instead of made. The role that restores keeps its rights, so that it can come
/// to the script's end. `\restrict` and `\unrestrict` are passed over; no other command to psql is obeyed. Passwords in statements
/// that fail are not shown.
///
/// # Errors
/// Where nothing was changed: the server cannot be reached. What goes wrong later stands in the report.
pub async fn restore_globals(
    config: &Config,
    script: &[u8],
    options: GlobalsOptions,
    watch: Arc<Watch>,
) -> Result<Report> {
    let (mut session, server) = session::open(config, &watch).await?;
    let onto_rds = match options.rds {
        OntoRds::No => false,
        OntoRds::Yes => true,
        OntoRds::AsFound => rds::is_rds(&mut session).await?,
    };
    let own_role = own_role(&mut session).await?;
    let mut sieve = onto_rds.then(|| Sieve::new(own_role.clone(), server.major));
    let mut report = Report::default();
    for piece in pieces(script) {
        report.wanted += 1;
        if watch.is_stopped() {
            report.ended = Ended::Cancelled;
            break;
        }
        let (text, outcome) = match piece {
            Piece::Command(command) => match obey(&command) {
                Ok(()) => {
                    report.restored += 1;
                    continue;
                }
                Err(message) => (command, Err(message)),
            },
            Piece::Statement(statement) => {
                let passed = match &mut sieve {
                    Some(sieve) => sieve.pass(statement, &mut report.warnings),
                    None => Some(statement),
                };
                let Some(statement) = passed else {
                    report.wanted -= 1;
                    continue;
                };
                let statement = kept_rights(statement, &own_role, &mut report.warnings);
                let run = session.execute(&statement).await;
                if let Err(error) = &run
                    && !session.is_ready()
                {
                    report.ended = Ended::ConnectionLost(error.to_string());
                    break;
                }
                let failure = run
                    .err()
                    .filter(|error| !is_there_already(&statement, error));
                (statement, failure.map_or(Ok(()), |error| Err(Some(error))))
            }
        };
        let failure = match outcome {
            Ok(()) => {
                report.restored += 1;
                continue;
            }
            Err(Some(error)) => Failure::new(None, &text, &error),
            Err(None) => Failure::refused(&text, "a command to psql, which is not obeyed"),
        };
        report.failed += 1;
        report.failures.push(failure);
        if options.exit_on_error {
            report.ended = Ended::AtError;
            break;
        }
    }
    if let Some(sieve) = sieve {
        sieve.tell(&mut report.warnings);
    }
    if session.is_ready() {
        // It has done all that it was to do.
        let _ = session.close().await;
    }
    Ok(report)
}

fn pieces(script: &[u8]) -> impl Iterator<Item = Piece> {
    let mut splitter = Splitter::new(true);
    let mut rest = script.chunks(16 * 1024);
    std::iter::from_fn(move || {
        loop {
            if let Some(piece) = splitter.next_piece() {
                return Some(piece);
            }
            match rest.next() {
                Some(portion) => splitter.push(portion),
                None => return splitter.finish(),
            }
        }
    })
}

async fn own_role(session: &mut Session) -> Result<BString> {
    let rows = session.rows("select current_user").await;
    let rows = rows.map_err(|source| Error::Session {
        doing: "learn the role's name",
        source,
    })?;
    let name = rows.row(0).and_then(|row| row.get(0));
    Ok(name.unwrap_or_default().to_owned())
}

/// The restricted mode of psql, which is ours always, needs nothing done.
fn obey(command: &BString) -> Result<(), Option<WireError>> {
    let word = without_comments(command)
        .split(|byte| byte.is_ascii_whitespace())
        .next();
    match word {
        Some(b"\\restrict" | b"\\unrestrict") => Ok(()),
        _ => Err(None),
    }
}

/// Whether a statement failed because what it makes is there, to be altered by those that follow.
fn is_there_already(statement: &BString, error: &WireError) -> bool {
    let is_duplicate = error
        .server()
        .is_some_and(|server| server.sqlstate == DUPLICATE_OBJECT);
    let code = without_comments(statement);
    is_duplicate && (code.starts_with(b"CREATE ROLE ") || code.starts_with(b"CREATE TABLESPACE "))
}

/// The statement behind the comments that precede it.
fn without_comments(statement: &[u8]) -> &[u8] {
    let mut rest = statement.trim_ascii_start();
    while rest.starts_with(b"--") {
        let end = rest.find_byte(b'\n').map_or(rest.len(), |end| end + 1);
        rest = rest[end..].trim_ascii_start();
    }
    rest
}

/// `ALTER ROLE` of the role that restores, without what would take its rights away.
fn kept_rights(statement: BString, own_role: &BString, warnings: &mut Vec<String>) -> BString {
    let said: Vec<Token<'_>> = tokens(&statement, true).collect();
    let mut head = said.iter().filter(|token| token.kind != TokenKind::Blank);
    let mut next_is = |word| head.next().is_some_and(|token| token.is_word(word));
    let is_own = next_is("ALTER")
        && next_is("ROLE")
        && head.next().and_then(Token::name).as_ref() == Some(own_role)
        && head.next().is_some_and(|token| token.is_word("WITH"));
    let takes = |token: &Token<'_>| token.kind == TokenKind::Word && KEPT.contains(&token.text);
    let (lost, kept): (Vec<_>, Vec<_>) = said.iter().partition(|token| takes(token));
    if !is_own || lost.is_empty() {
        return statement;
    }
    let text = |tokens: &[Token<'_>], between: &[u8]| {
        let texts: Vec<&[u8]> = tokens.iter().map(|token| token.text).collect();
        BString::from(texts.join(between))
    };
    warnings.push(format!(
        "role \"{own_role}\", which restores, keeps its rights: {} is not done",
        text(&lost, b" ")
    ));
    text(&kept, b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(statement: &str, own_role: &str) -> (String, usize) {
        let mut warnings = Vec::new();
        let kept = kept_rights(statement.into(), &own_role.into(), &mut warnings);
        (kept.to_string(), warnings.len())
    }

    #[test]
    fn the_role_that_restores_is_not_demoted() {
        let script = "--\n-- Roles\n--\n\nALTER ROLE \"a \"\"b\" WITH NOSUPERUSER INHERIT NOLOGIN PASSWORD 'NOLOGIN';";
        assert_eq!(
            kept(script, "a \"b"),
            (
                script
                    .replace("NOSUPERUSER", "")
                    .replace("NOLOGIN PASS", " PASS"),
                1
            )
        );
        assert_eq!(kept(script, "a"), (script.to_owned(), 0));
        assert_eq!(
            kept("ALTER ROLE x WITH CREATEDB NOLOGIN;", "x").0,
            "ALTER ROLE x WITH CREATEDB ;"
        );
        for other in [
            "ALTER ROLE x SET a TO 'b';",
            "ALTER ROLE x WITH SUPERUSER;",
            "CREATE ROLE x;",
            "GRANT a TO x;",
        ] {
            assert_eq!(kept(other, "x"), (other.to_owned(), 0));
        }
    }

    #[test]
    fn no_command_but_that_of_the_restricted_mode_is_obeyed() {
        for command in [
            "\\restrict abc\n",
            "\n\\unrestrict abc",
            "--\n-- x\n\\restrict x\n",
        ] {
            assert!(obey(&command.into()).is_ok());
        }
        for command in ["\\! rm\n", "\\i x", "\\connect x", "\\restricted", "\\"] {
            assert!(obey(&command.into()).is_err(), "{command}");
        }
    }
}
