//! Definitions of types and functions, read for the selected objects alone and in sets.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch_definitions, fetch_of};
use crate::function::type_names;
use crate::oid::Oid;
use crate::server::Server;

/// The definition of a function or procedure.
#[derive(Clone, Debug)]
pub struct FunctionDefinition {
    /// Arguments as in `CREATE FUNCTION`.
    pub arguments: BString,
    /// Arguments as they identify the function.
    pub identity_arguments: BString,
    /// The types of the input arguments, each as SQL text.
    pub argument_types: Vec<BString>,
    /// The result; `None` for a procedure.
    pub result: Option<BString>,
    /// Whether it returns a set.
    pub returns_set: bool,
    /// `f`unction, `p`rocedure or `w`indow function.
    pub kind: u8,
    /// The language's name.
    pub language: BString,
    /// The source text, or the link symbol.
    pub source: BString,
    /// The object file.
    pub binary: Option<BString>,
    /// The parsed body of an SQL-standard function.
    pub sql_body: Option<BString>,
    /// `i`mmutable, `s`table or `v`olatile.
    pub volatility: u8,
    /// Whether NULL in gives NULL out.
    pub is_strict: bool,
    /// Whether it runs with its owner's privileges.
    pub is_security_definer: bool,
    /// Whether it tells nothing of its arguments.
    pub is_leakproof: bool,
    /// `s`afe, `r`estricted or `u`nsafe for parallel plans.
    pub parallel: u8,
    /// Settings, each `name=value`.
    pub settings: Vec<BString>,
    /// The cost as the server prints it.
    pub cost: BString,
    /// The estimated number of rows as the server prints it.
    pub rows: BString,
    /// The planner support function, `-` for none.
    pub support: BString,
    /// The types for which transforms are used, each as SQL text.
    pub transforms: Vec<BString>,
}

impl FunctionDefinition {
    /// The definitions by OID, without those of functions that are gone meanwhile.
    pub(crate) async fn fetch(
        session: &mut Session,
        server: &Server,
        functions: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let sql_body = if server.has_sql_bodies() {
            "p.prosqlbody is not null, pg_catalog.pg_get_function_sqlbody(p.oid)"
        } else {
            "false, null"
        };
        let sql = |oids: &str| {
            format!(
                "select p.oid, pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_identity_arguments(p.oid), {}, \
                   pg_catalog.pg_get_function_result(p.oid), p.proretset, p.prokind, l.lanname, p.prosrc, p.probin, \
                   {sql_body}, p.provolatile, p.proisstrict, p.prosecdef, p.proleakproof, p.proparallel, p.proconfig, \
                   p.procost, p.prorows, p.prosupport, {} \
                 from pg_catalog.unnest({}) r(oid) join pg_catalog.pg_proc p on p.oid = r.oid \
                 join pg_catalog.pg_language l on l.oid = p.prolang",
                type_names("p.proargtypes"),
                type_names("p.protrftypes"),
                oids
            )
        };
        let rows = fetch_of(session, "function definitions", functions, sql, |f| {
            let oid = f.oid()?;
            // The server's functions answer NULL of one that was dropped, even between one of them and the next.
            let (arguments, identity_arguments) = (f.optional_text(), f.optional_text());
            let (Some(arguments), Some(identity_arguments)) = (arguments, identity_arguments)
            else {
                return Ok(None);
            };
            Ok(Some((
                oid,
                Self {
                    arguments,
                    identity_arguments,
                    argument_types: f.texts()?,
                    result: f.optional_text(),
                    returns_set: f.boolean()?,
                    kind: f.char(),
                    language: f.text()?,
                    source: f.text()?,
                    binary: f.optional_text(),
                    sql_body: match (f.boolean()?, f.optional_text()) {
                        (true, None) => return Ok(None),
                        (_, sql_body) => sql_body,
                    },
                    volatility: f.char(),
                    is_strict: f.boolean()?,
                    is_security_definer: f.boolean()?,
                    is_leakproof: f.boolean()?,
                    parallel: f.char(),
                    settings: f.texts()?,
                    cost: f.text()?,
                    rows: f.text()?,
                    support: f.text()?,
                    transforms: f.texts()?,
                },
            )))
        })
        .await?;
        Ok(rows.into_iter().flatten().collect())
    }
}

/// The definition of a range type.
#[derive(Clone, Debug)]
pub struct RangeDefinition {
    /// The multirange type as SQL text.
    pub multirange: Option<BString>,
    /// The subtype as SQL text.
    pub subtype: BString,
    /// Schema and name of the operator class, where it is not the subtype's default.
    pub operator_class: Option<(BString, BString)>,
    /// The collation, where it is not the subtype's own, else invalid.
    pub collation: Oid,
    /// The canonical function, `-` for none.
    pub canonical: BString,
    /// The subtype difference function, `-` for none.
    pub subtype_diff: BString,
}

impl RangeDefinition {
    pub(crate) async fn fetch(
        session: &mut Session,
        server: &Server,
        types: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let multirange = if server.has_multiranges() {
            "pg_catalog.format_type(r.rngmultitypid, null)"
        } else {
            "null"
        };
        let sql = |oids: &str| {
            format!(
                "select r.rngtypid, {multirange}, pg_catalog.format_type(r.rngsubtype, null), \
                   c.opcdefault, n.nspname, c.opcname, case when r.rngcollation <> t.typcollation then r.rngcollation else 0 end, \
                   r.rngcanonical, r.rngsubdiff \
                 from pg_catalog.pg_range r \
                 join pg_catalog.pg_type t on t.oid = r.rngsubtype \
                 join pg_catalog.pg_opclass c on c.oid = r.rngsubopc \
                 join pg_catalog.pg_namespace n on n.oid = c.opcnamespace \
                 where r.rngtypid = any ({oids})"
            )
        };
        let rows = fetch_of(session, "range types", types, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    multirange: f.optional_text(),
                    subtype: f.text()?,
                    operator_class: {
                        let (is_default, schema, name) = (f.boolean()?, f.text()?, f.text()?);
                        (!is_default).then_some((schema, name))
                    },
                    collation: f.oid_or_invalid()?,
                    canonical: f.text()?,
                    subtype_diff: f.text()?,
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}

/// The definition of a domain, its CHECK constraints apart.
#[derive(Clone, Debug)]
pub struct DomainDefinition {
    /// Whether NULL is refused.
    pub is_not_null: bool,
    /// The base type as SQL text.
    pub base_type: BString,
    /// The default as SQL text.
    pub default: Option<BString>,
    /// The default as a plain value, where there is no expression.
    pub default_literal: Option<BString>,
    /// The collation, where it is not the base type's own, else invalid.
    pub collation: Oid,
}

impl DomainDefinition {
    pub(crate) async fn fetch(
        session: &mut Session,
        types: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let sql = |oids: &str| {
            format!(
                "select t.oid, t.typnotnull, pg_catalog.format_type(t.typbasetype, t.typtypmod), \
                   pg_catalog.pg_get_expr(t.typdefaultbin, 'pg_catalog.pg_type'::pg_catalog.regclass), t.typdefault, \
                   case when t.typcollation <> b.typcollation then t.typcollation else 0 end \
                 from pg_catalog.pg_type t left join pg_catalog.pg_type b on b.oid = t.typbasetype \
                 where t.oid = any ({oids})"
            )
        };
        let rows = fetch_of(session, "domains", types, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    is_not_null: f.boolean()?,
                    base_type: f.text()?,
                    default: f.optional_text(),
                    default_literal: f.optional_text(),
                    collation: f.oid_or_invalid()?,
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}

/// An attribute of a composite type.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its number, from 1.
    pub number: i32,
    /// Its name.
    pub name: BString,
    /// Its type as SQL text.
    pub type_name: BString,
    /// The collation, where it is not the type's own, else invalid.
    pub collation: Oid,
}

impl Attribute {
    /// The attributes of composite types in order, dropped ones left out, by the type's OID.
    pub(crate) async fn fetch(
        session: &mut Session,
        types: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Vec<Self>>> {
        let sql = |oids: &str| {
            format!(
                "select c.oid, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
                   case when a.attcollation <> t.typcollation then a.attcollation else 0 end \
                 from pg_catalog.unnest({oids}) r(oid) join pg_catalog.pg_type c on c.oid = r.oid \
                 join pg_catalog.pg_attribute a on a.attrelid = c.typrelid \
                 left join pg_catalog.pg_type t on t.oid = a.atttypid \
                 where not a.attisdropped and a.attnum > 0 order by c.oid, a.attnum"
            )
        };
        let rows = fetch_of(session, "composite types", types, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    number: f.number("an attribute number")?,
                    name: f.text()?,
                    type_name: f.text()?,
                    collation: f.oid_or_invalid()?,
                },
            ))
        })
        .await?;
        Ok(grouped(rows))
    }
}

/// The labels of enums in order, by the type's OID.
pub(crate) async fn fetch_enum_labels(
    session: &mut Session,
    types: impl IntoIterator<Item = Oid>,
) -> Result<HashMap<Oid, Vec<BString>>> {
    let sql = |oids: &str| {
        format!(
            "select enumtypid, enumlabel from pg_catalog.pg_enum where enumtypid = any ({oids}) order by enumtypid, enumsortorder"
        )
    };
    Ok(grouped(
        fetch_of(session, "enum labels", types, sql, |f| {
            Ok((f.oid()?, f.text()?))
        })
        .await?,
    ))
}

/// Partition keys of partitioned tables as SQL text, by OID.
pub(crate) async fn fetch_partition_keys(
    session: &mut Session,
    tables: impl IntoIterator<Item = Oid>,
) -> Result<HashMap<Oid, BString>> {
    let sql = |oids: &str| {
        format!(
            "select oid, pg_catalog.pg_get_partkeydef(oid) from pg_catalog.unnest({oids}) r(oid)"
        )
    };
    fetch_definitions(session, "partition keys", tables, sql).await
}

/// Partition bounds as SQL text, by the partition's OID.
pub(crate) async fn fetch_partition_bounds(
    session: &mut Session,
    tables: impl IntoIterator<Item = Oid>,
) -> Result<HashMap<Oid, BString>> {
    let sql = |oids: &str| {
        format!(
            "select c.oid, pg_catalog.pg_get_expr(c.relpartbound, c.oid) \
             from pg_catalog.unnest({oids}) r(oid) join pg_catalog.pg_class c on c.oid = r.oid"
        )
    };
    fetch_definitions(session, "partition bounds", tables, sql).await
}

/// Types as SQL text, by OID.
pub(crate) async fn fetch_type_names(
    session: &mut Session,
    types: impl IntoIterator<Item = Oid>,
) -> Result<HashMap<Oid, BString>> {
    let sql = |oids: &str| {
        format!(
            "select oid, pg_catalog.format_type(oid, null) from pg_catalog.unnest({oids}) r(oid)"
        )
    };
    fetch_definitions(session, "type names", types, sql).await
}

/// The names of functions as SQL text, by OID. A function that was dropped meanwhile has none.
pub(crate) async fn fetch_function_names(
    session: &mut Session,
    functions: impl IntoIterator<Item = Oid>,
) -> Result<HashMap<Oid, BString>> {
    // The name of a function that is not there is its number.
    let sql = |oids: &str| {
        format!(
            "select r.oid, r.oid::pg_catalog.regproc from pg_catalog.unnest({oids}) r(oid) \
             where r.oid::pg_catalog.regproc::pg_catalog.text <> r.oid::pg_catalog.text"
        )
    };
    Ok(
        fetch_of(session, "names of functions", functions, sql, |f| {
            Ok((f.oid()?, f.text()?))
        })
        .await?
        .into_iter()
        .collect(),
    )
}

/// Gathers values under their keys, keeping their order.
pub(crate) fn grouped<T>(rows: Vec<(Oid, T)>) -> HashMap<Oid, Vec<T>> {
    let mut groups: HashMap<Oid, Vec<T>> = HashMap::new();
    for (oid, value) in rows {
        groups.entry(oid).or_default().push(value);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::grouped;
    use crate::oid::Oid;

    #[test]
    fn values_are_gathered_in_the_order_in_which_they_came() {
        let groups = grouped(vec![
            (Oid(2), 'a'),
            (Oid(1), 'b'),
            (Oid(2), 'c'),
            (Oid(2), 'a'),
        ]);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[&Oid(2)], ['a', 'c', 'a']);
        assert_eq!(groups[&Oid(1)], ['b']);
    }
}
