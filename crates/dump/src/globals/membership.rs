use std::collections::HashSet;

use bstr::{BStr, BString};
use pgark_connect::Session;
use pgark_sql::{Quoter, put};

use super::{Cluster, read};
use crate::error::{Error, Result};

/// The role that initdb made.
const BOOTSTRAP_SUPERUSER: &str = "10";

/// A row of pg_auth_members with names. A name is `None` where its role is gone.
#[derive(Debug, Clone)]
struct Membership {
    role: Option<BString>,
    member: Option<BString>,
    grantor: Option<BString>,
    grantor_oid: BString,
    admin: bool,
    /// Since 16: INHERIT and SET, which belonged to the member before.
    options: Option<GrantOptions>,
}

#[derive(Debug, Clone, Copy)]
struct GrantOptions {
    inherit: bool,
    set: bool,
}

/// The roles' memberships in each other (dumpRoleMembership).
pub(super) async fn dump(
    cluster: &Cluster,
    session: &mut Session,
    out: &mut Vec<u8>,
) -> Result<()> {
    let has_options = cluster.quoter.major >= 16;
    let sql = format!(
        "select r.rolname, m.rolname, g.rolname, a.grantor, a.admin_option{} \
         from pg_catalog.pg_auth_members a \
         left join {roles} r on r.oid = a.roleid \
         left join {roles} m on m.oid = a.member \
         left join {roles} g on g.oid = a.grantor \
         where not (r.rolname ~ '^pg_' and m.rolname ~ '^pg_') \
         order by 1, 2, 3",
        if has_options {
            ", a.inherit_option, a.set_option"
        } else {
            ""
        },
        roles = cluster.role_catalog,
    );
    let rows = read(session, "role memberships", &sql).await?;
    let memberships: Vec<_> = rows
        .iter()
        .map(|row| {
            let name = |column| row.get(column).map(ToOwned::to_owned);
            let is_on = |column| row.get(column) == Some(BStr::new("t"));
            Membership {
                role: name(0),
                member: name(1),
                grantor: name(2),
                grantor_oid: name(3).unwrap_or_default(),
                admin: is_on(4),
                options: has_options.then(|| GrantOptions {
                    inherit: is_on(5),
                    set: is_on(6),
                }),
            }
        })
        .collect();
    if !memberships.is_empty() {
        put!(out, "--\n-- Role memberships\n--\n\n");
    }
    emit(cluster.quoter, &memberships, out)?;
    put!(out, "\n\n");
    Ok(())
}

/// Writes the grants so that each can be run: since 16, who grants a role must hold it WITH ADMIN OPTION already, except
/// for the bootstrap superuser.
fn emit(quoter: Quoter, memberships: &[Membership], out: &mut Vec<u8>) -> Result<()> {
    for grants in memberships.chunk_by(|a, b| a.role == b.role) {
        let Some(role) = grants.first().and_then(|grant| grant.role.as_ref()) else {
            tracing::warn!("ignoring memberships in roles that no longer exist");
            continue;
        };
        let mut admins = HashSet::new();
        let mut waiting: Vec<_> = grants.iter().collect();
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|grant| {
                let Some(member) = &grant.member else {
                    tracing::warn!(
                        "ignoring the membership of a role that no longer exists in role \"{role}\""
                    );
                    return false;
                };
                let is_legal = grant.options.is_none()
                    || grant.grantor_oid == BOOTSTRAP_SUPERUSER
                    || grant
                        .grantor
                        .as_ref()
                        .is_none_or(|grantor| admins.contains(grantor));
                if is_legal {
                    if grant.admin {
                        admins.insert(member);
                    }
                    put_grant(quoter, role, member, grant, out);
                }
                !is_legal
            });
            if waiting.len() == before {
                return Err(Error::MembershipOrder(role.clone()));
            }
        }
    }
    Ok(())
}

fn put_grant(
    quoter: Quoter,
    role: &BString,
    member: &BString,
    grant: &Membership,
    out: &mut Vec<u8>,
) {
    put!(
        out,
        "GRANT ",
        quoter.ident(role),
        " TO ",
        quoter.ident(member)
    );
    let mut options = Vec::new();
    if grant.admin {
        options.push("ADMIN OPTION");
    }
    if let Some(GrantOptions { inherit, set }) = grant.options {
        options.push(if inherit {
            "INHERIT TRUE"
        } else {
            "INHERIT FALSE"
        });
        if !set {
            options.push("SET FALSE");
        }
    }
    if !options.is_empty() {
        put!(out, " WITH ", options.join(", "));
    }
    if let Some(grantor) = &grant.grantor {
        put!(out, " GRANTED BY ", quoter.ident(grantor));
    } else {
        tracing::warn!(
            "who granted role \"{role}\" to \"{member}\" no longer exists and is left out"
        );
    }
    put!(out, ";\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use pgark_sql::Encoding;

    fn grant(
        role: &str,
        member: &str,
        grantor: &str,
        admin: bool,
        options: Option<(bool, bool)>,
    ) -> Membership {
        Membership {
            role: Some(role.into()),
            member: Some(member.into()),
            grantor: (!grantor.is_empty()).then(|| grantor.into()),
            grantor_oid: if grantor == "boot" {
                BOOTSTRAP_SUPERUSER.into()
            } else {
                "16400".into()
            },
            admin,
            options: options.map(|(inherit, set)| GrantOptions { inherit, set }),
        }
    }

    fn script(major: u32, memberships: &[Membership]) -> Result<String> {
        let mut out = Vec::new();
        emit(Quoter::new(major, Encoding::UTF8), memberships, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn since_16_a_grantor_comes_after_its_own_grant() {
        let on = Some((true, true));
        let found = script(
            18,
            &[
                grant("r", "a", "b", false, Some((false, false))),
                grant("r", "b", "c", true, on),
                grant("r", "c", "boot", true, on),
                grant("s", "a", "boot", false, on),
            ],
        );
        assert_eq!(
            found.unwrap(),
            "GRANT r TO c WITH ADMIN OPTION, INHERIT TRUE GRANTED BY boot;\n\
             GRANT r TO b WITH ADMIN OPTION, INHERIT TRUE GRANTED BY c;\n\
             GRANT r TO a WITH INHERIT FALSE, SET FALSE GRANTED BY b;\n\
             GRANT s TO a WITH INHERIT TRUE GRANTED BY boot;\n"
        );
    }

    #[test]
    fn before_16_the_order_is_that_of_the_names() {
        let found = script(
            15,
            &[
                grant("r", "a", "b", true, None),
                grant("r", "b", "", false, None),
            ],
        );
        assert_eq!(
            found.unwrap(),
            "GRANT r TO a WITH ADMIN OPTION GRANTED BY b;\nGRANT r TO b;\n"
        );
    }

    #[test]
    fn a_circle_of_grantors_is_an_error_and_not_a_loop() {
        let on = Some((true, true));
        let circle = [
            grant("r", "a", "b", true, on),
            grant("r", "b", "a", true, on),
        ];
        let error = script(17, &circle).unwrap_err().to_string();
        assert!(error.contains("\"r\""), "{error}");
    }
}
