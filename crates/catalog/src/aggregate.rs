//! Definitions of aggregates. Their identities are those of functions.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{Fields, fetch_of};
use crate::function::type_names;
use crate::oid::Oid;

/// One of the two ways in which an aggregate can be computed. Functions are SQL text, `-` for none.
#[derive(Clone, Debug)]
pub struct AggregateState {
    /// The function that takes one row in.
    pub transition: BString,
    /// The type of the state as SQL text.
    pub data_type: BString,
    /// The estimated size of the state, 0 for the server's own estimate.
    pub space: i32,
    /// The state before the first row.
    pub initial: Option<BString>,
    /// The function that makes the result of the state.
    pub finish: BString,
    /// Whether that function is given the arguments' types, too.
    pub finish_takes_arguments: bool,
    /// What that function does to the state: `r`ead, `s`hareable after, or `w`rite.
    pub finish_modifies: u8,
}

/// The definition of an aggregate. Functions are SQL text, `-` for none.
#[derive(Clone, Debug)]
pub struct AggregateDefinition {
    /// Arguments as in `CREATE AGGREGATE`; empty for `*`.
    pub arguments: BString,
    /// Arguments as they identify the aggregate; empty for `*`.
    pub identity_arguments: BString,
    /// The types of the arguments, each as SQL text.
    pub argument_types: Vec<BString>,
    /// `n`ormal, `o`rdered set or `h`ypothetical set.
    pub kind: u8,
    /// How it is computed.
    pub state: AggregateState,
    /// How it is computed over a moving frame; its transition function is `-` where it cannot.
    pub moving: AggregateState,
    /// The function that takes a row out of a moving frame.
    pub moving_inverse: BString,
    /// The function that makes one state of two.
    pub combine: BString,
    /// The function that writes a state down.
    pub serialize: BString,
    /// The function that reads a state.
    pub deserialize: BString,
    /// The operator whose order makes the aggregate a first row's, or invalid.
    pub sort_operator: Oid,
    /// `s`afe, `r`estricted or `u`nsafe for parallel plans.
    pub parallel: u8,
}

impl AggregateState {
    /// Its columns, each with the word `m` of a moving aggregate in it or without.
    fn columns(moving: &str) -> String {
        format!(
            "a.agg{moving}transfn, a.agg{moving}transtype::pg_catalog.regtype, a.agg{moving}transspace, a.agg{moving}initval, \
             a.agg{moving}finalfn, a.agg{moving}finalextra, a.agg{moving}finalmodify"
        )
    }

    fn take(f: &mut Fields<'_>) -> Result<Self> {
        Ok(Self {
            transition: f.text()?,
            data_type: f.text()?,
            space: f.number("a size")?,
            initial: f.optional_text(),
            finish: f.text()?,
            finish_takes_arguments: f.boolean()?,
            finish_modifies: f.char(),
        })
    }
}

impl AggregateDefinition {
    /// The definitions by OID, without those of aggregates that are gone meanwhile.
    pub(crate) async fn fetch(
        session: &mut Session,
        aggregates: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let sql = |oids: &str| {
            format!(
                "select p.oid, pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_identity_arguments(p.oid), {}, \
                   a.aggkind, {}, {}, a.aggminvtransfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggsortop, p.proparallel \
                 from pg_catalog.unnest({}) r(oid) join pg_catalog.pg_proc p on p.oid = r.oid \
                 join pg_catalog.pg_aggregate a on a.aggfnoid = p.oid",
                type_names("p.proargtypes"),
                AggregateState::columns(""),
                AggregateState::columns("m"),
                oids
            )
        };
        let rows = fetch_of(session, "aggregate definitions", aggregates, sql, |f| {
            let oid = f.oid()?;
            // The server's functions answer NULL of one that was dropped, even between one of them and the next.
            let (Some(arguments), Some(identity_arguments)) =
                (f.optional_text(), f.optional_text())
            else {
                return Ok(None);
            };
            Ok(Some((
                oid,
                Self {
                    arguments,
                    identity_arguments,
                    argument_types: f.texts()?,
                    kind: f.char(),
                    state: AggregateState::take(f)?,
                    moving: AggregateState::take(f)?,
                    moving_inverse: f.text()?,
                    combine: f.text()?,
                    serialize: f.text()?,
                    deserialize: f.text()?,
                    sort_operator: f.oid()?,
                    parallel: f.char(),
                },
            )))
        })
        .await?;
        Ok(rows.into_iter().flatten().collect())
    }
}
