use pgark_connect::Session;
use pgark_sql::acl::ObjectKind;
use pgark_sql::put;

use super::{Cluster, grants, read};
use crate::error::Result;

/// The roles' privileges on configuration parameters, which exist since 15 (dumpRoleGUCPrivs).
pub(super) async fn dump(
    cluster: &Cluster,
    session: &mut Session,
    out: &mut Vec<u8>,
) -> Result<()> {
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
        let owned = (ObjectKind::Parameter, value(0), value(1));
        put!(out, grants(cluster, owned, value(2), value(3))?);
    }
    put!(out, "\n\n");
    Ok(())
}
