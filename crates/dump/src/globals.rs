//! What belongs to the cluster and to no database: roles, their settings and memberships, privileges on
//! parameters, tablespaces. The script is that of `pg_dumpall --globals-only` of the server's major
//! (src/bin/pg_dump/pg_dumpall.c).

mod membership;
mod parameter;
mod role;
mod tablespace;

use std::hash::{BuildHasher, RandomState};

use bstr::BString;
use pgark_catalog::Server;
use pgark_connect::{Config, Session};
use pgark_sql::{Encoding, Quoter, put};
use pgark_wire::Rows;

use crate::error::{Error, Result};
use crate::session::SAFE;

/// How to dump the globals.
#[derive(Debug, Clone)]
pub struct GlobalsOptions {
    /// Include the roles' password hashes, which takes the right to read pg_authid.
    pub role_passwords: bool,
    /// The key of the `\restrict` and `\unrestrict` lines, letters and digits only; a random one where `None`.
    pub restrict_key: Option<String>,
}

impl Default for GlobalsOptions {
    /// With passwords and a random key.
    fn default() -> Self {
        Self {
            role_passwords: true,
            restrict_key: None,
        }
    }
}

/// The script that makes the globals of the server anew, through any of its databases.
///
/// # Errors
/// Where the server cannot be reached, is of an unknown major, or refuses one of the queries, as it does when passwords are
/// asked for and may not be read (see [`may_read_passwords`]).
///
/// # Cancel safety
/// Dropping the future closes the connection.
pub async fn dump(config: &Config, options: GlobalsOptions) -> Result<Vec<u8>> {
    let key = options.restrict_key.unwrap_or_else(random_key);
    let (script, encoding) = dump_in_encoding(config, options.role_passwords, &key).await?;
    if encoding != Encoding::UTF8 || str::from_utf8(&script).is_ok() {
        return Ok(script);
    }
    // Made in an SQL_ASCII database, names may be anything, and are anything in all databases: pg_dumpall fails on them.
    tracing::warn!(
        "a name is not UTF-8: the globals are written without a conversion, and restored through an SQL_ASCII database only"
    );
    let mut config = config.clone();
    config.set("client_encoding", "SQL_ASCII")?;
    let (script, _) = dump_in_encoding(&config, options.role_passwords, &key).await?;
    Ok(script)
}

/// The script in the session's encoding, and which that is.
async fn dump_in_encoding(
    config: &Config,
    role_passwords: bool,
    key: &str,
) -> Result<(Vec<u8>, Encoding)> {
    let mut session = open(config).await?;
    let server = Server::fetch(&mut session, false).await?;
    let encoding = Encoding::from_name(&server.encoding)?;
    let cluster = Cluster {
        quoter: Quoter {
            major: server.major(),
            quote_all: false,
            std_strings: server.std_strings,
            encoding,
        },
        role_catalog: if role_passwords {
            "pg_catalog.pg_authid"
        } else {
            "pg_catalog.pg_roles"
        },
        role_passwords,
    };

    // A psql that knows none of it is led by what it does not know.
    let has_restricted_mode = server.is_since_august_2025();
    let mut out = Vec::new();
    put!(out, "--\n-- PostgreSQL database cluster dump\n--\n\n");
    if has_restricted_mode {
        put!(out, "\\restrict ", key, "\n\n");
    }
    put!(out, "SET default_transaction_read_only = off;\n\n");
    put!(out, "SET client_encoding = '", server.encoding, "';\n");
    if server.std_strings {
        put!(out, "SET standard_conforming_strings = on;\n\n");
    } else {
        put!(out, "SET standard_conforming_strings = off;\n");
        put!(out, "SET escape_string_warning = off;\n\n");
    }
    role::dump(&cluster, &mut session, &mut out).await?;
    membership::dump(&cluster, &mut session, &mut out).await?;
    if server.has_parameter_privileges() {
        parameter::dump(&cluster, &mut session, &mut out).await?;
    }
    tablespace::dump(&cluster, &mut session, &mut out).await?;
    if has_restricted_mode {
        put!(out, "\\unrestrict ", key, "\n\n");
    }
    put!(
        out,
        "--\n-- PostgreSQL database cluster dump complete\n--\n\n"
    );
    close(session).await?;
    Ok((out, encoding))
}

/// Whether the user may read the roles' passwords, which lie in pg_authid; hosted services keep it from everybody.
///
/// # Errors
/// Where the server cannot be reached or does not answer.
pub async fn may_read_passwords(config: &Config) -> Result<bool> {
    let mut session = open(config).await?;
    let sql = "select pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select')";
    let rows = read(&mut session, "privileges on pg_authid", sql).await?;
    close(session).await?;
    Ok(rows.row(0).and_then(|row| row.get(0)) == Some("t".into()))
}

/// What the sections of the script have in common.
struct Cluster {
    quoter: Quoter,
    /// Where roles are read: pg_authid has the passwords, pg_roles is for everybody.
    role_catalog: &'static str,
    role_passwords: bool,
}

/// A key that the server cannot guess, so that nothing it sends can end the restricted mode.
fn random_key() -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // A keyed hash whose key is the system's randomness.
    let random = RandomState::new();
    let words = (0_u64..).map(|counter| random.hash_one(counter));
    // Six bits each; those beyond the letters are thrown again, so that none is favoured.
    let letters = words.filter_map(|word| LETTERS.get(usize::from(word.to_le_bytes()[0] & 63)));
    letters.take(63).copied().map(char::from).collect()
}

/// A session in which nobody's operators stand in for those of the server: a role left out would be gone.
async fn open(config: &Config) -> Result<Session> {
    let mut session = pgark_connect::connect(config).await?;
    let doing = "secure the session";
    let secured = session.execute(SAFE).await;
    secured.map_err(|source| Error::Session { doing, source })?;
    Ok(session)
}

async fn read(session: &mut Session, what: &'static str, sql: &str) -> Result<Rows> {
    let rows = session.rows(sql).await;
    Ok(rows.map_err(|source| pgark_catalog::Error::Query { what, source })?)
}

async fn close(session: Session) -> Result<()> {
    let doing = "close the connection";
    session
        .close()
        .await
        .map_err(|source| Error::Session { doing, source })
}

/// The security labels of one shared catalogue's objects: OID, provider, label.
async fn security_labels(
    session: &mut Session,
    catalog: &str,
) -> Result<Vec<(BString, BString, BString)>> {
    let sql = format!(
        "select objoid, provider, label from pg_catalog.pg_shseclabel \
         where classoid = 'pg_catalog.{catalog}'::pg_catalog.regclass order by 1, 2"
    );
    let rows = read(session, "security labels", &sql).await?;
    let text = |value: Option<&bstr::BStr>| value.unwrap_or_default().to_owned();
    Ok(rows
        .iter()
        .map(|row| (text(row.get(0)), text(row.get(1)), text(row.get(2))))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_keys_are_63_letters_and_digits_and_differ() {
        let keys = [random_key(), random_key()];
        for key in &keys {
            assert_eq!(key.len(), 63);
            assert!(
                key.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                "{key}"
            );
        }
        assert_ne!(keys[0], keys[1]);
    }
}
