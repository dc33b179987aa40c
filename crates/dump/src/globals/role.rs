use bstr::{BStr, BString, ByteSlice};
use pgark_connect::Session;
use pgark_sql::{SettingTarget, parse_array, put, set_config_option, text};

use super::{Cluster, SecurityLabels, drop_named, read};
use crate::error::{Error, Result};

/// The words of a role's attributes, as they follow `NO` where the attribute is off, in the order of the query.
const ATTRIBUTES: [&str; 7] = [
    "SUPERUSER",
    "INHERIT",
    "CREATEROLE",
    "CREATEDB",
    "LOGIN",
    "REPLICATION",
    "BYPASSRLS",
];

/// What drops the roles (dropRoles).
pub(super) async fn drop_all(
    cluster: &Cluster,
    session: &mut Session,
    if_exists: &str,
    out: &mut Vec<u8>,
) -> Result<()> {
    let sql = format!(
        "select rolname from {} where rolname !~ '^pg_' order by 1",
        cluster.role_catalog
    );
    let what = ("roles", &*format!("DROP ROLE {if_exists}"));
    drop_named(cluster, session, what, &sql, out).await
}

/// Roles and their settings (dumpRoles, dumpUserConfig). Settings come after all roles, whose names they may mention.
pub(super) async fn dump(
    cluster: &Cluster,
    session: &mut Session,
    out: &mut Vec<u8>,
) -> Result<()> {
    let quoter = &cluster.quoter;
    // OID, name, comment, password, limit, end, then the attributes.
    let sql = format!(
        "select oid, rolname, pg_catalog.shobj_description(oid, 'pg_authid'), rolpassword, rolconnlimit, rolvaliduntil, \
         rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls \
         from {} where rolname !~ '^pg_' order by 2",
        cluster.role_catalog
    );
    let rows = read(session, "roles", &sql).await?;
    let labels = SecurityLabels::read(cluster, session, "pg_authid").await?;
    if !rows.is_empty() {
        put!(out, "--\n-- Roles\n--\n\n");
    }
    for row in &rows {
        let oid = row.get(0).unwrap_or_default();
        let name = quoter.ident(row.get(1).unwrap_or_default());
        put!(out, "CREATE ROLE ", name, ";\nALTER ROLE ", name, " WITH");
        for (column, attribute) in (6..).zip(ATTRIBUTES) {
            let is_on = row.get(column) == Some(BStr::new("t"));
            put!(out, if is_on { " " } else { " NO" }, attribute);
        }
        if let Some(limit) = row.get(4).filter(|limit| *limit != "-1") {
            put!(out, " CONNECTION LIMIT ", limit);
        }
        if let Some(password) = row.get(3).filter(|_| cluster.role_passwords) {
            put!(out, " PASSWORD ", quoter.portable_literal(password));
        }
        if let Some(end) = row.get(5) {
            put!(out, " VALID UNTIL '", end, "'");
        }
        put!(out, ";\n");
        if let Some(comment) = row.get(2).filter(|_| cluster.comments) {
            let comment = quoter.portable_literal(comment);
            put!(out, "COMMENT ON ROLE ", name, " IS ", comment, ";\n");
        }
        labels.put_those_of(oid, "ROLE", &name, *quoter, out);
    }

    let settings = settings(session).await?;
    // Up to 13 the headings are repeated, the inner one for each setting.
    let repeats_headings = quoter.major < 14;
    if !rows.is_empty() && !repeats_headings {
        put!(out, "\n--\n-- User Configurations\n--\n");
    }
    for row in &rows {
        let (oid, name) = (
            row.get(0).unwrap_or_default(),
            row.get(1).unwrap_or_default(),
        );
        for (_, config) in settings.iter().filter(|(of, _)| of == oid) {
            // The pg_dumpall of releases before August 2025 lets a line end out of the comment, and the rest of the name with it.
            let shown = name.replace("\n", " ").replace("\r", " ");
            let heading = text!("--\n-- User Config \"", shown, "\"\n--\n\n");
            if repeats_headings {
                put!(out, "--\n-- User Configurations\n--\n\n");
            } else {
                put!(out, "\n", heading);
            }
            let malformed = |source| Error::Sql {
                object: format!("the settings of role \"{name}\""),
                source,
            };
            for item in parse_array(config)
                .map_err(malformed)?
                .into_iter()
                .flatten()
            {
                if repeats_headings {
                    put!(out, heading);
                }
                put!(
                    out,
                    set_config_option(quoter, &SettingTarget::Role(name), &item)
                        .map_err(malformed)?
                );
            }
        }
    }
    put!(out, "\n\n");
    Ok(())
}

/// The settings that roles have in every database: OID of the role, array of `name=value`.
async fn settings(session: &mut Session) -> Result<Vec<(BString, BString)>> {
    let sql = "select setrole, setconfig from pg_catalog.pg_db_role_setting \
               where setdatabase = 0 and setrole <> 0 \
               and pg_catalog.cardinality(setconfig) > 0";
    let rows = read(session, "settings of roles", sql).await?;
    let text = |value: Option<&BStr>| value.unwrap_or_default().to_owned();
    Ok(rows
        .iter()
        .map(|row| (text(row.get(0)), text(row.get(1))))
        .collect())
}
