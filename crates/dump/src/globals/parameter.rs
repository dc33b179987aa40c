use pgark_connect::Session;
use pgark_sql::acl::{AclTarget, ObjectKind, build_acl_commands};
use pgark_sql::put;

use super::{Cluster, read};
use crate::error::{Error, Result};

/// The roles' privileges on configuration parameters, which exist since 15 (dumpRoleGUCPrivs).
pub(super) async fn dump(
    cluster: &Cluster,
    session: &mut Session,
    out: &mut Vec<u8>,
) -> Result<()> {
    let quoter = &cluster.quoter;
    let sql = "select parname, pg_catalog.pg_get_userbyid(10), paracl, pg_catalog.acldefault('p', 10) \
               from pg_catalog.pg_parameter_acl order by 1";
    let rows = read(session, "privileges on parameters", sql).await?;
    if !rows.is_empty() {
        put!(
            out,
            "--\n-- Role privileges on configuration parameters\n--\n\n"
        );
    }
    for row in &rows {
        let value = |column| row.get(column).unwrap_or_default();
        let target = AclTarget {
            kind: ObjectKind::Parameter,
            name: &quoter.ident(value(0)),
            column: None,
            schema: None,
            owner: value(1),
        };
        let grants = build_acl_commands(quoter, &target, value(2), value(3));
        let object = || format!("the privileges on parameter \"{}\"", value(0));
        put!(
            out,
            grants.map_err(|source| Error::Sql {
                object: object(),
                source
            })?
        );
    }
    put!(out, "\n\n");
    Ok(())
}
