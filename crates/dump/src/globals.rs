//! What belongs to the cluster and to no database: roles, their settings and memberships, privileges on
//! parameters, tablespaces. The script is that of `pg_dumpall --globals-only` of the server's major
//! (src/bin/pg_dump/pg_dumpall.c).

mod membership;
mod parameter;
mod role;
mod tablespace;

use bitflags::bitflags;
use bstr::{BStr, BString};
use pgark_archive::RestrictKey;
use pgark_catalog::Server;
use pgark_connect::{Config, Session};
use pgark_sql::acl::{AclTarget, ObjectKind, build_acl_commands};
use pgark_sql::{Encoding, Quoter, put, text};
use pgark_wire::Rows;

use crate::cluster::IS_DUMPED;
use crate::error::{Error, Result};
use crate::session::{SAFE, execute, quoter};

/// Which globals are dumped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Scope {
    /// Roles and tablespaces.
    #[default]
    All,
    /// Roles with their settings, memberships and privileges on parameters.
    Roles,
    /// Tablespaces.
    Tablespaces,
    /// What stands before and after them alone.
    Neither,
}

bitflags! {
    /// What is left out of globals.
    #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
    pub struct GlobalsOmit: u8 {
        /// The roles' password hashes. Reading them takes the right to read pg_authid.
        const ROLE_PASSWORDS = 1;
        /// Comments.
        const COMMENTS = 1 << 1;
        /// Security labels.
        const SECURITY_LABELS = 1 << 2;
        /// Tablespaces.
        const TABLESPACES = 1 << 3;
        /// Privileges on parameters and tablespaces.
        const PRIVILEGES = 1 << 4;
    }
}

/// How to dump the globals, as pg_dumpall is told.
#[derive(Clone, Debug, Default)]
pub struct GlobalsOptions {
    /// Which.
    pub scope: Scope,
    /// Drop everything first.
    pub clean: bool,
    /// Drop with IF EXISTS.
    pub if_exists: bool,
    /// What is left out.
    pub omit: GlobalsOmit,
    /// The role to act as once logged in.
    pub role: Option<BString>,
    /// The key of the `\restrict` and `\unrestrict` lines; a random one where `None`.
    pub restrict_key: Option<RestrictKey>,
    /// Quote every identifier.
    pub quote_all_identifiers: bool,
    /// With `clean`: drop the databases first, as a script does that makes them too.
    pub drop_databases: bool,
}

impl GlobalsOptions {
    /// Whether roles are dumped.
    pub fn has_roles(&self) -> bool {
        matches!(self.scope, Scope::All | Scope::Roles)
    }

    fn has_tablespaces(&self) -> bool {
        matches!(self.scope, Scope::All | Scope::Tablespaces)
            && !self.omit.contains(GlobalsOmit::TABLESPACES)
    }
}

/// What ends the script.
pub(crate) const END: &str = "--\n-- PostgreSQL database cluster dump complete\n--\n\n";

/// The script that makes the globals of the server anew, through any of its databases.
///
/// # Errors
/// Where the server cannot be reached, is of an unknown major, or refuses one of the queries, as it does when passwords are
/// asked for and may not be read (see [`may_read_passwords`]).
///
/// # Cancel safety
/// Dropping the future closes the connection.
pub async fn dump(config: &Config, options: &GlobalsOptions) -> Result<Vec<u8>> {
    let mut script = dump_without_end(config, options).await?;
    script.extend_from_slice(END.as_bytes());
    Ok(script)
}

/// As [`dump`], up to where pg_dumpall puts databases.
pub(crate) async fn dump_without_end(config: &Config, options: &GlobalsOptions) -> Result<Vec<u8>> {
    let key = match &options.restrict_key {
        Some(key) => key.clone(),
        None => RestrictKey::random()?,
    };
    let (script, encoding) = dump_in_encoding(config, options, &key).await?;
    if encoding != Encoding::UTF8 || str::from_utf8(&script).is_ok() {
        return Ok(script);
    }
    // Made in an SQL_ASCII database, names may be anything, and are anything in all databases: pg_dumpall fails on them.
    tracing::warn!(
        "a name is not UTF-8: the globals are written without a conversion, and restored through an SQL_ASCII database only"
    );
    let mut config = config.clone();
    config.set("client_encoding", "SQL_ASCII")?;
    let (script, _) = dump_in_encoding(&config, options, &key).await?;
    Ok(script)
}

/// The script in the session's encoding, and which that is.
async fn dump_in_encoding(
    config: &Config,
    options: &GlobalsOptions,
    key: &RestrictKey,
) -> Result<(Vec<u8>, Encoding)> {
    let mut session = open(config, options).await?;
    let role_passwords = !options.omit.contains(GlobalsOmit::ROLE_PASSWORDS);
    let server = Server::fetch(&mut session, false).await?;
    let encoding = Encoding::from_name(&server.encoding)?;
    let cluster = Cluster {
        quoter: Quoter {
            major: server.major(),
            quote_all: options.quote_all_identifiers,
            std_strings: server.std_strings,
            encoding,
        },
        role_catalog: if role_passwords {
            "pg_catalog.pg_authid"
        } else {
            "pg_catalog.pg_roles"
        },
        role_passwords,
        comments: !options.omit.contains(GlobalsOmit::COMMENTS),
        security_labels: !options.omit.contains(GlobalsOmit::SECURITY_LABELS),
        privileges: !options.omit.contains(GlobalsOmit::PRIVILEGES),
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
    if options.clean {
        let if_exists = if options.if_exists { "IF EXISTS " } else { "" };
        if options.drop_databases {
            drop_databases(&cluster, &mut session, if_exists, &mut out).await?;
        }
        if options.has_tablespaces() {
            tablespace::drop_all(&cluster, &mut session, if_exists, &mut out).await?;
        }
        if options.has_roles() {
            role::drop_all(&cluster, &mut session, if_exists, &mut out).await?;
        }
    }
    if options.has_roles() {
        role::dump(&cluster, &mut session, &mut out).await?;
        membership::dump(&cluster, &mut session, &mut out).await?;
        if server.has_parameter_privileges() && cluster.privileges {
            parameter::dump(&cluster, &mut session, &mut out).await?;
        }
    }
    if options.has_tablespaces() {
        tablespace::dump(&cluster, &mut session, &mut out).await?;
    }
    if has_restricted_mode {
        put!(out, "\\unrestrict ", key, "\n\n");
    }
    close(session).await?;
    Ok((out, encoding))
}

/// Whether the user, or the role that the options say to act as, may read the roles' passwords, which lie in pg_authid; hosted services
/// keep it from everybody.
///
/// # Errors
/// Where the server cannot be reached or does not answer.
///
/// # Cancel safety
/// Dropping the future closes the connection.
pub async fn may_read_passwords(config: &Config, options: &GlobalsOptions) -> Result<bool> {
    let mut session = open(config, options).await?;
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
    comments: bool,
    security_labels: bool,
    privileges: bool,
}

/// A session in which nobody's operators stand in for those of the server: a role left out would be gone.
async fn open(config: &Config, options: &GlobalsOptions) -> Result<Session> {
    let mut session = pgark_connect::connect(config).await?;
    execute(&mut session, "secure the session", SAFE).await?;
    if let Some(role) = &options.role {
        let set = text!("set role ", quoter(&session)?.ident(role));
        execute(&mut session, "set the role", set).await?;
    }
    if options.quote_all_identifiers {
        let set = "set quote_all_identifiers = on";
        execute(&mut session, "set up the session", set).await?;
    }
    Ok(session)
}

/// What drops the databases that a restore makes anew (dropDBs).
async fn drop_databases(
    cluster: &Cluster,
    session: &mut Session,
    if_exists: &str,
    out: &mut Vec<u8>,
) -> Result<()> {
    let sql = format!(
        "select datname from pg_catalog.pg_database where {IS_DUMPED} \
         and datname not in ('template0', 'template1', 'postgres') order by datname"
    );
    put!(
        out,
        "--\n-- Drop databases (except postgres and template1)\n--\n\n"
    );
    for row in &read(session, "databases", &sql).await? {
        let name = cluster.quoter.ident(row.get(0).unwrap_or_default());
        put!(out, "DROP DATABASE ", if_exists, name, ";\n");
    }
    put!(out, "\n\n");
    Ok(())
}

/// Drops the objects that a query names, if there are any.
async fn drop_named(
    cluster: &Cluster,
    session: &mut Session,
    (what, statement): (&'static str, &str),
    sql: &str,
    out: &mut Vec<u8>,
) -> Result<()> {
    let rows = read(session, what, sql).await?;
    if !rows.is_empty() {
        put!(out, "--\n-- Drop ", what, "\n--\n\n");
    }
    for row in &rows {
        let name = cluster.quoter.ident(row.get(0).unwrap_or_default());
        put!(out, statement, name, ";\n");
    }
    put!(out, "\n\n");
    Ok(())
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

/// The statements that give roles what they may do with an object: its kind, its name and its owner's name, its ACL, and that of one on
/// which nothing was granted.
fn grants(
    cluster: &Cluster,
    (kind, name, owner): (ObjectKind, &BStr, &BStr),
    acl: &BStr,
    default: &BStr,
) -> Result<BString> {
    let target = AclTarget {
        kind,
        name: &cluster.quoter.ident(name),
        column: None,
        schema: None,
        owner,
    };
    build_acl_commands(&cluster.quoter, &target, acl, default).map_err(|source| Error::Sql {
        object: format!(
            "the privileges on {} \"{name}\"",
            kind.as_str().to_ascii_lowercase()
        ),
        source,
    })
}

/// The security labels of one shared catalogue's objects: OID, provider, label.
struct SecurityLabels(Vec<(BString, BString, BString)>);

impl SecurityLabels {
    /// Reads them, where they are wanted.
    async fn read(cluster: &Cluster, session: &mut Session, catalog: &str) -> Result<Self> {
        if !cluster.security_labels {
            return Ok(Self(Vec::new()));
        }
        let sql = format!(
            "select objoid, provider, label from pg_catalog.pg_shseclabel \
             where classoid = 'pg_catalog.{catalog}'::pg_catalog.regclass order by 1, 2"
        );
        let rows = read(session, "security labels", &sql).await?;
        let text = |value: Option<&BStr>| value.unwrap_or_default().to_owned();
        let labels = rows
            .iter()
            .map(|row| (text(row.get(0)), text(row.get(1)), text(row.get(2))));
        Ok(Self(labels.collect()))
    }

    /// Writes those of the object with an OID; its kind as a statement says it, its name quoted.
    fn put_those_of(
        &self,
        oid: &BStr,
        kind: &str,
        name: &BString,
        quoter: Quoter,
        out: &mut Vec<u8>,
    ) {
        for (_, provider, label) in self.0.iter().filter(|(of, ..)| of == oid) {
            let provider = quoter.ident(provider);
            let label = quoter.portable_literal(label);
            put!(
                out,
                "SECURITY LABEL FOR ",
                provider,
                " ON ",
                kind,
                " ",
                name,
                " IS ",
                label,
                ";\n"
            );
        }
    }
}
