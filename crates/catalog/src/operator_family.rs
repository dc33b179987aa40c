//! Operator families, and the operators and functions that stand in them.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};

/// An operator family.
#[derive(Clone, Debug)]
pub struct OperatorFamily {
    /// Its row in `pg_opfamily`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID.
    pub schema: Oid,
    /// The owner.
    pub owner: Oid,
    /// The access method's name.
    pub access_method: BString,
}

impl OperatorFamily {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select f.tableoid, f.oid, f.opfname, f.opfnamespace, f.opfowner, m.amname \
                   from pg_catalog.pg_opfamily f join pg_catalog.pg_am m on m.oid = f.opfmethod";
        fetch(session, "operator families", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                owner: f.oid()?,
                access_method: f.text()?,
            })
        })
        .await
    }
}

/// An operator with a place in an operator family.
#[derive(Clone, Debug)]
pub struct FamilyOperator {
    /// The strategy's number.
    pub strategy: i16,
    /// The operator with argument types as SQL text.
    pub operator: BString,
    /// Schema and name of the family that orders by it, where it is there for ordering.
    pub sort_family: Option<(BString, BString)>,
}

/// A support function of an operator family.
#[derive(Clone, Debug)]
pub struct FamilyFunction {
    /// The support function's number.
    pub number: i16,
    /// The function with argument types as SQL text.
    pub function: BString,
    /// The left and right type that it serves, as SQL text.
    pub types: [BString; 2],
}

/// What stands in an operator family, as far as it belongs to one operator class or to none.
#[derive(Clone, Debug, Default)]
pub struct FamilyMembers {
    /// Operators by strategy.
    pub operators: Vec<FamilyOperator>,
    /// Functions by number.
    pub functions: Vec<FamilyFunction>,
}

/// Whose members are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MembersOf {
    /// A class, or the family itself for what belongs to no class.
    pub(crate) owner: Oid,
    /// The family.
    pub(crate) family: Oid,
}

/// How many owners are asked for in one statement, which the server plans for each of them.
const OWNERS_AT_ONCE: usize = 100;

impl FamilyMembers {
    /// The members of families that belong to no class, by OID.
    pub(crate) async fn fetch_loose(
        session: &mut Session,
        families: Vec<Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let families = families.into_iter().map(|family| MembersOf {
            owner: family,
            family,
        });
        Self::fetch(session, "pg_opfamily", &families.collect::<Vec<_>>()).await
    }

    /// The members by the OID of their owner, which is a row of `catalog`.
    ///
    /// Several members can have one number, and pg_dump leaves their order to the server's plan (dumpOpclass and dumpOpfamily in
    /// src/bin/pg_dump/pg_dump.c). So each owner's are asked for as there, with its OID as a constant, though for many at once.
    pub(crate) async fn fetch(
        session: &mut Session,
        catalog: &str,
        owners: &[MembersOf],
    ) -> Result<HashMap<Oid, Self>> {
        let mut members: HashMap<Oid, Self> = HashMap::new();
        for owners in owners.chunks(OWNERS_AT_ONCE) {
            let sql = union_all(owners.iter().map(|of| operators_of(catalog, *of)));
            let operators = fetch(session, "operators of operator families", &sql, |f| {
                Ok((
                    f.oid()?,
                    FamilyOperator {
                        strategy: f.number("a strategy")?,
                        operator: f.text()?,
                        sort_family: f.optional_text().zip(f.optional_text()),
                    },
                ))
            });
            for (owner, operator) in operators.await? {
                members.entry(owner).or_default().operators.push(operator);
            }
            let sql = union_all(owners.iter().map(|of| functions_of(catalog, *of)));
            let functions = fetch(session, "functions of operator families", &sql, |f| {
                Ok((
                    f.oid()?,
                    FamilyFunction {
                        number: f.number("a support function's number")?,
                        function: f.text()?,
                        types: [f.text()?, f.text()?],
                    },
                ))
            });
            for (owner, function) in functions.await? {
                members.entry(owner).or_default().functions.push(function);
            }
        }
        Ok(members)
    }
}

fn operators_of(catalog: &str, of: MembersOf) -> String {
    let MembersOf { owner, family } = of;
    format!(
        "(select {owner}::pg_catalog.oid, o.amopstrategy, o.amopopr::pg_catalog.regoperator, n.nspname, f.opfname \
         from pg_catalog.pg_amop o \
         join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_amop'::pg_catalog.regclass and d.objid = o.oid \
         left join pg_catalog.pg_opfamily f on f.oid = o.amopsortfamily \
         left join pg_catalog.pg_namespace n on n.oid = f.opfnamespace \
         where d.refclassid = 'pg_catalog.{catalog}'::pg_catalog.regclass and d.refobjid = '{owner}'::pg_catalog.oid \
           and o.amopfamily = '{family}'::pg_catalog.oid \
         order by o.amopstrategy)"
    )
}

fn functions_of(catalog: &str, of: MembersOf) -> String {
    let owner = of.owner;
    format!(
        "(select {owner}::pg_catalog.oid, p.amprocnum, p.amproc::pg_catalog.regprocedure, \
           p.amproclefttype::pg_catalog.regtype, p.amprocrighttype::pg_catalog.regtype \
         from pg_catalog.pg_amproc p, pg_catalog.pg_depend d \
         where d.refclassid = 'pg_catalog.{catalog}'::pg_catalog.regclass and d.refobjid = '{owner}'::pg_catalog.oid \
           and d.classid = 'pg_catalog.pg_amproc'::pg_catalog.regclass and d.objid = p.oid \
         order by p.amprocnum)"
    )
}

fn union_all(queries: impl Iterator<Item = String>) -> String {
    queries.collect::<Vec<_>>().join(" union all ")
}
