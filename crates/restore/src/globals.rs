//! Running a script of globals: roles, memberships, tablespaces.

use std::sync::Arc;

use bstr::{BString, ByteSlice};
use pgark_connect::{Config, Session};
use pgark_sql::{Piece, Splitter, Token, TokenKind, tokens};
use pgark_wire::{Error as WireError, Method};

use crate::rds::{self, OntoRds, Sieve};
use crate::report::{Ended, Failure, Report};
use crate::{Error, Result, Watch, session};

/// An object of this name exists already (`ERRCODE_DUPLICATE_OBJECT` in src/backend/utils/errcodes.txt).
const DUPLICATE_OBJECT: &str = "42710";

/// What the role that restores does not lose, whatever the script says of it.
const RIGHTS: &[&[u8]] = &[
    b"NOSUPERUSER",
    b"NOLOGIN",
    b"NOCREATEROLE",
    b"NOCREATEDB",
    b"NOREPLICATION",
    b"NOBYPASSRLS",
];

/// What it does not get where it logs in by a password, for it has to log in again: to the databases that are restored next.
const PASSWORD: &[&[u8]] = &[b"PASSWORD", b"VALID", b"UNTIL"];

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
/// to the script's end, and its password if it logged in by one. `\restrict` and `\unrestrict` are passed over; no other command to psql
/// is obeyed. Passwords in statements that fail are not shown.
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
    let kept = match session.method() {
        Method::None => RIGHTS.to_vec(),
        _ => [RIGHTS, PASSWORD].concat(),
    };
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
                let statement = without_losses(statement, &own_role, &kept, &mut report.warnings);
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

/// `ALTER ROLE` of the role that restores, without the words that are `kept` from it, and the values of these.
fn without_losses(
    statement: BString,
    own_role: &BString,
    kept: &[&[u8]],
    warnings: &mut Vec<String>,
) -> BString {
    let said: Vec<Token<'_>> = tokens(&statement, true).collect();
    let mut head = said.iter().filter(|token| token.kind != TokenKind::Blank);
    let mut next_is = |word| head.next().is_some_and(|token| token.is_word(word));
    let is_own = next_is("ALTER")
        && next_is("ROLE")
        && head.next().and_then(Token::name).as_ref() == Some(own_role)
        && head.next().is_some_and(|token| token.is_word("WITH"));
    if !is_own {
        return statement;
    }
    let (mut words, mut rest, mut is_lost) = (Vec::new(), BString::default(), false);
    for token in &said {
        if token.kind == TokenKind::Word {
            is_lost = kept.contains(&token.text);
            words.extend(is_lost.then_some(token.text));
        }
        if !(is_lost && matches!(token.kind, TokenKind::Word | TokenKind::String)) {
            rest.extend_from_slice(token.text);
        }
    }
    if words.is_empty() {
        return statement;
    }
    warnings.push(format!(
        "role \"{own_role}\" restores, and stays as it is: {} is not done",
        words.join(&b" "[..]).as_bstr()
    ));
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(statement: &str, own_role: &str) -> (String, usize) {
        let mut warnings = Vec::new();
        let kept = without_losses(statement.into(), &own_role.into(), RIGHTS, &mut warnings);
        (kept.to_string(), warnings.len())
    }

    #[test]
    fn a_password_that_is_needed_again_is_kept_with_its_time() {
        let mut warnings = Vec::new();
        let script = "ALTER ROLE x WITH CREATEDB PASSWORD 'pass;word' VALID UNTIL '2020-01-01' ;";
        let kept = [RIGHTS, PASSWORD].concat();
        assert_eq!(
            without_losses(script.into(), &"x".into(), &kept, &mut warnings),
            "ALTER ROLE x WITH CREATEDB      ;"
        );
        assert_eq!(
            warnings,
            ["role \"x\" restores, and stays as it is: PASSWORD VALID UNTIL is not done"]
        );
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
