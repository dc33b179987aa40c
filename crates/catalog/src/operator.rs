//! Operators.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch, fetch_of};
use crate::oid::{CatalogId, Oid};

/// An operator.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Its row in `pg_operator`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
    /// `l` for prefix, `b` for infix.
    pub kind: u8,
    /// The types to its left and right; invalid on the left of a prefix operator.
    pub types: [Oid; 2],
    /// Whether it has a function. One without was only named, as another's commutator or negator.
    pub is_defined: bool,
}

impl Operator {
    /// Reads all operators, built-in ones included, since users' operators name them.
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select tableoid, oid, oprname, oprnamespace, oprowner, oprkind, oprleft, oprright, oprcode::pg_catalog.oid <> 0 \
                   from pg_catalog.pg_operator";
        fetch(session, "operators", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
                kind: f.char(),
                types: [f.oid()?, f.oid()?],
                is_defined: f.boolean()?,
            })
        })
        .await
    }
}

/// The definition of an operator.
#[derive(Clone, Debug)]
pub struct OperatorDefinition {
    /// Its function with argument types.
    pub function: BString,
    /// The types to its left and right as SQL text.
    pub types: [BString; 2],
    /// Its commutator, or invalid.
    pub commutator: Oid,
    /// Its negator, or invalid.
    pub negator: Oid,
    /// The selectivity estimator for restrictions with argument types, `-` for none.
    pub restrict: BString,
    /// The selectivity estimator for joins with argument types, `-` for none.
    pub join: BString,
    /// Whether merge joins can use it.
    pub can_merge: bool,
    /// Whether hash joins can use it.
    pub can_hash: bool,
}

impl OperatorDefinition {
    /// The definitions by OID.
    pub(crate) async fn fetch(
        session: &mut Session,
        operators: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let sql = |oids: &str| {
            format!(
                "select oid, oprcode::pg_catalog.regprocedure, oprleft::pg_catalog.regtype, oprright::pg_catalog.regtype, \
                   oprcom, oprnegate, oprrest::pg_catalog.regprocedure, oprjoin::pg_catalog.regprocedure, oprcanmerge, oprcanhash \
                 from pg_catalog.pg_operator where oid = any ({oids})"
            )
        };
        let rows = fetch_of(session, "operator definitions", operators, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    function: f.text()?,
                    types: [f.text()?, f.text()?],
                    commutator: f.oid()?,
                    negator: f.oid()?,
                    restrict: f.text()?,
                    join: f.text()?,
                    can_merge: f.boolean()?,
                    can_hash: f.boolean()?,
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}
