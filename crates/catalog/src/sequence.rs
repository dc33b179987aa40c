//! Sequences: how they count and how far they have come.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;
use pgark_sql::{Quoter, text};

use crate::error::{Error, Result};
use crate::fields::{fetch, fetch_of, oid_array};
use crate::oid::Oid;
use crate::relation::Relation;
use crate::server::Server;

/// How a sequence counts.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// `smallint`, `integer` or `bigint`.
    pub type_name: BString,
    /// The first value.
    pub start: i64,
    /// The step.
    pub increment: i64,
    /// The greatest value.
    pub max: i64,
    /// The least value.
    pub min: i64,
    /// How many values a session takes at once.
    pub cache: i64,
    /// Whether it begins anew when it is used up.
    pub cycles: bool,
}

impl Sequence {
    pub(crate) async fn fetch(
        session: &mut Session,
        sequences: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let sql = |oids: &str| {
            format!(
                "select seqrelid, pg_catalog.format_type(seqtypid, null), seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle \
                 from pg_catalog.pg_sequence where seqrelid = any ({oids})"
            )
        };
        let rows = fetch_of(session, "sequences", sequences, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    type_name: f.text()?,
                    start: f.number("a number")?,
                    increment: f.number("a number")?,
                    max: f.number("a number")?,
                    min: f.number("a number")?,
                    cache: f.number("a number")?,
                    cycles: f.boolean()?,
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}

/// How far a sequence has come.
#[derive(Clone, Copy, Debug)]
pub struct SequencePosition {
    /// The last value.
    pub last_value: i64,
    /// Whether that value was given out.
    pub is_called: bool,
}

impl SequencePosition {
    /// Positions are outside of any transaction; each sequence is a relation of its own, so they are asked for by many a statement.
    const AT_ONCE: usize = 500;

    /// Reads the positions of some sequences; `names` are their relations with their schemas' names.
    ///
    /// # Errors
    /// A sequence that may not be read, or that was dropped meanwhile, is an error that names it.
    pub(crate) async fn fetch(
        session: &mut Session,
        server: &Server,
        quoter: &Quoter,
        names: &[(&Relation, &[u8])],
    ) -> Result<HashMap<Oid, Self>> {
        let mut positions = HashMap::new();
        for batch in names.chunks(Self::AT_ONCE) {
            let mut sql = BString::default();
            if server.has_sequence_data_function() {
                sql = text!(
                    "select r.oid, s.last_value, s.is_called from pg_catalog.unnest(",
                    oid_array(batch.iter().map(|(sequence, _)| sequence.id.oid)),
                    ") r(oid), pg_catalog.pg_get_sequence_data(r.oid) s"
                );
            } else {
                for (i, (sequence, schema)) in batch.iter().enumerate() {
                    let join = if i == 0 { "" } else { " union all " };
                    let name = quoter.qualified(Some(schema), &sequence.name);
                    pgark_sql::put!(
                        sql,
                        join,
                        "select ",
                        sequence.id.oid.to_string(),
                        ", last_value, is_called from ",
                        name
                    );
                }
            }
            let what = "positions of sequences";
            let rows = session
                .rows(&sql)
                .await
                .map_err(|source| Error::Query { what, source })?;
            for row in &rows {
                let mut f = crate::fields::Fields::new(row, what);
                let (oid, last_value, is_called) =
                    (f.oid()?, f.optional_number("a number")?, f.boolean()?);
                if let Some(last_value) = last_value {
                    positions.insert(
                        oid,
                        Self {
                            last_value,
                            is_called,
                        },
                    );
                }
            }
        }
        match names
            .iter()
            .find(|(sequence, _)| !positions.contains_key(&sequence.id.oid))
        {
            None => Ok(positions),
            Some((sequence, _)) => Err(Self::why_unreadable(session, sequence).await?),
        }
    }

    /// Tells a sequence that may not be read from one that is gone.
    async fn why_unreadable(session: &mut Session, sequence: &Relation) -> Result<Error> {
        let sql = format!(
            "select pg_catalog.has_sequence_privilege({}::pg_catalog.oid, 'SELECT') is not null",
            sequence.id.oid
        );
        let is_there = fetch(session, "a sequence", &sql, |f| f.boolean()).await?;
        let (kind, name) = ("sequence", sequence.name.clone());
        Ok(if is_there == [true] {
            Error::Unreadable { kind, name }
        } else {
            Error::Dropped { kind, name }
        })
    }
}
