use bstr::BStr;
use pgark_connect::Session;
use pgark_sql::acl::ObjectKind;
use pgark_sql::put;

use super::{Cluster, SecurityLabels, drop_named, grants, read};
use crate::error::Result;

/// What drops the tablespaces (dropTablespaces).
pub(super) async fn drop_all(
    cluster: &Cluster,
    session: &mut Session,
    if_exists: &str,
    out: &mut Vec<u8>,
) -> Result<()> {
    let sql = "select spcname from pg_catalog.pg_tablespace where spcname !~ '^pg_' order by 1";
    let what = ("tablespaces", &*format!("DROP TABLESPACE {if_exists}"));
    drop_named(cluster, session, what, sql, out).await
}

/// Tablespaces but for the built-in ones (dumpTablespaces).
pub(super) async fn dump(
    cluster: &Cluster,
    session: &mut Session,
    out: &mut Vec<u8>,
) -> Result<()> {
    let quoter = &cluster.quoter;
    let sql = "select oid, spcname, pg_catalog.pg_get_userbyid(spcowner), pg_catalog.pg_tablespace_location(oid), \
               spcacl, pg_catalog.acldefault('t', spcowner), pg_catalog.array_to_string(spcoptions, ', '), \
               pg_catalog.shobj_description(oid, 'pg_tablespace') \
               from pg_catalog.pg_tablespace where spcname !~ '^pg_' order by 1";
    let rows = read(session, "tablespaces", sql).await?;
    let labels = SecurityLabels::read(cluster, session, "pg_tablespace").await?;
    if !rows.is_empty() {
        put!(out, "--\n-- Tablespaces\n--\n\n");
    }
    for row in &rows {
        let value = |column| row.get(column).unwrap_or_default();
        let name = quoter.ident(value(1));
        let owner = quoter.ident(value(2));
        let location = quoter.portable_literal(location(value(3), quoter.major));
        put!(
            out,
            "CREATE TABLESPACE ",
            name,
            " OWNER ",
            owner,
            " LOCATION ",
            location,
            ";\n"
        );
        if !value(6).is_empty() {
            put!(out, "ALTER TABLESPACE ", name, " SET (", value(6), ");\n");
        }
        if cluster.privileges {
            let owned = (ObjectKind::Tablespace, value(1), value(2));
            put!(out, grants(cluster, owned, value(4), value(5))?);
        }
        if cluster.comments && !value(7).is_empty() {
            let comment = quoter.portable_literal(value(7));
            put!(out, "COMMENT ON TABLESPACE ", name, " IS ", comment, ";\n");
        }
        labels.put_those_of(value(0), "TABLESPACE", &name, *quoter, out);
    }
    put!(out, "\n\n");
    Ok(())
}

/// A tablespace inside the data directory has a relative path, which CREATE TABLESPACE takes as the empty string only;
/// pg_dumpall knows that since 17.
fn location(path: &BStr, major: u32) -> &BStr {
    if major >= 17 && !path.starts_with(b"/") {
        BStr::new("")
    } else {
        path
    }
}
