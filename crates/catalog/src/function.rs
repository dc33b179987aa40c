//! Functions, procedures and aggregates.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::{Error, Result};
use crate::fields::{Fields, fetch};
use crate::oid::{CatalogId, Oid, catalog};
use crate::privilege::{Acl, InitialPrivileges};

/// A function, procedure or aggregate.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its row in `pg_proc`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
    /// Types of its input arguments.
    pub argument_types: Vec<Oid>,
    /// Privileges.
    pub acl: Acl,
}

impl Function {
    /// Reads those that a dump can have to do with, and the aggregates among them by themselves: not the ones in `pg_catalog` unless a
    /// user's cast or transform uses them, which may be where `are_used`, or their privileges are not those of `initial`, and not the ones
    /// that come into being with another object (a range type's constructors).
    ///
    /// They come as they lie in the catalogue, which is how pg_dump gets them: where functions need each other in a loop, it shows.
    pub(crate) async fn fetch(
        session: &mut Session,
        initial: &[InitialPrivileges],
        are_used: bool,
    ) -> Result<(Vec<Self>, Vec<Self>)> {
        let used = if are_used {
            "or p.prokind <> 'a' \
               and p.oid in (select castfunc from pg_catalog.pg_cast where oid >= 16384 \
                 union all select trffromsql from pg_catalog.pg_transform where oid >= 16384 \
                 union all select trftosql from pg_catalog.pg_transform where oid >= 16384)"
        } else {
            ""
        };
        // No function loses its list of privileges again; those that have one are compared here, which costs the server less than a join.
        let wanted = format!("p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace {used}");
        let sql = format!(
            "select p.tableoid, p.oid, p.proname, p.pronamespace, p.proowner, p.proargtypes, p.proacl, \
               pg_catalog.acldefault('f', p.proowner), p.prokind = 'a', {wanted} \
             from pg_catalog.pg_proc p \
             where ({wanted} or p.proacl is not null) \
               and (p.prokind = 'a' \
                 or not exists (select from pg_catalog.pg_depend where classid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
                                and objid = p.oid and deptype = 'i')) \
             order by p.ctid"
        );
        let of_functions = |privileges: &&InitialPrivileges| {
            privileges.id.table == catalog::PROC && privileges.column == 0
        };
        let initial: HashMap<Oid, &BString> = (initial.iter().filter(of_functions))
            .map(|privileges| (privileges.id.oid, &privileges.acl))
            .collect();
        let routines = fetch(session, "functions", sql, |f| {
            let function = Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
                argument_types: f.numbers()?.into_iter().map(Oid).collect(),
                acl: Acl::take(f),
            };
            let (is_aggregate, is_wanted) = (f.boolean()?, f.boolean()?);
            let is_changed =
                function.acl.current.as_ref() != initial.get(&function.id.oid).copied();
            Ok((is_wanted || is_changed).then_some((function, is_aggregate)))
        })
        .await?;
        let (aggregates, functions): (Vec<_>, Vec<_>) =
            (routines.into_iter().flatten()).partition(|(_, is_aggregate)| *is_aggregate);
        let alone = |routines: Vec<(Self, bool)>| routines.into_iter().map(|(f, _)| f).collect();
        Ok((alone(functions), alone(aggregates)))
    }
}

/// Selects the names of types as SQL text, in the order of an array of their OIDs.
pub(crate) fn type_names(types: &str) -> String {
    format!(
        "array(select pg_catalog.format_type(t.oid, null) \
           from pg_catalog.unnest({types}) with ordinality t(oid, i) order by t.i)"
    )
}

/// A function as other objects name it.
#[derive(Clone, Debug)]
pub struct FunctionSignature {
    /// The schema's name.
    pub schema: BString,
    /// Its name.
    pub name: BString,
    /// The types of its input arguments, each as SQL text.
    pub argument_types: Vec<BString>,
}

impl FunctionSignature {
    /// Selects the function whose OID is in `column`, from what [`Self::join`] joins as `alias`.
    pub(crate) fn columns(alias: &str, column: &str) -> String {
        format!(
            "{column}::pg_catalog.oid, {alias}_schema.nspname, {alias}.proname, {}",
            type_names(&format!("{alias}.proargtypes"))
        )
    }

    /// Joins the function whose OID is in `column`.
    pub(crate) fn join(alias: &str, column: &str) -> String {
        format!(
            "left join pg_catalog.pg_proc {alias} on {alias}.oid = {column} \
             left join pg_catalog.pg_namespace {alias}_schema on {alias}_schema.oid = {alias}.pronamespace"
        )
    }

    /// The function of the row, `None` where the OID is invalid.
    pub(crate) fn take(f: &mut Fields<'_>, what: &'static str) -> Result<Option<Self>> {
        let oid = f.oid()?;
        let (schema, name, argument_types) = (f.optional_text(), f.optional_text(), f.texts()?);
        match (schema, name) {
            _ if !oid.is_valid() => Ok(None),
            (Some(schema), Some(name)) => Ok(Some(Self {
                schema,
                name,
                argument_types,
            })),
            _ => Err(Error::Dangling {
                what: what.into(),
                target: "function",
                oid: oid.0,
            }),
        }
    }
}
