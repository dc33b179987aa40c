//! Objects that take part in the order of a dump but whose text pgark does not write yet.
//!
//! Each of these kinds gets a file of its own when it is written; here stand only their identities.

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;

/// A kind of object without a file of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum UnwrittenKind {
    /// `pg_ts_parser`
    TextSearchParser,
    /// `pg_ts_template`
    TextSearchTemplate,
    /// `pg_ts_dict`
    TextSearchDictionary,
    /// `pg_ts_config`
    TextSearchConfiguration,
    /// `pg_event_trigger`
    EventTrigger,
    /// `pg_publication`
    Publication,
    /// `pg_publication_rel`
    PublicationTable,
    /// `pg_publication_namespace`
    PublicationSchema,
    /// `pg_subscription`
    Subscription,
}

/// What else orders objects of one kind that bear the same name in the same schema.
#[derive(Clone, Debug, Default)]
pub struct NaturalKey {
    /// An operator's kind: `l` for prefix, `b` for infix.
    pub operator_kind: u8,
    /// An operator's left and right type.
    pub types: [Oid; 2],
    /// The access method of an operator class or family, or the publication of a member.
    pub owner_name: BString,
    /// A collation's encoding.
    pub encoding: i32,
}

/// An object of a kind whose text pgark does not write yet.
#[derive(Clone, Debug)]
pub struct Unwritten {
    /// Its kind.
    pub kind: UnwrittenKind,
    /// Its row.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The schema's OID, or invalid.
    pub schema: Oid,
    /// Privileges, where the kind has any.
    pub acl: Option<Acl>,
    /// Its place among objects of one name.
    pub key: NaturalKey,
}

impl UnwrittenKind {
    /// In the order in which pg_dump 18 collects them (getSchemaData in src/bin/pg_dump/common.c).
    pub const ALL: [Self; 9] = [
        Self::TextSearchParser,
        Self::TextSearchTemplate,
        Self::TextSearchDictionary,
        Self::TextSearchConfiguration,
        Self::EventTrigger,
        Self::Publication,
        Self::PublicationTable,
        Self::PublicationSchema,
        Self::Subscription,
    ];

    /// What a user calls it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::TextSearchParser => "text search parser",
            Self::TextSearchTemplate => "text search template",
            Self::TextSearchDictionary => "text search dictionary",
            Self::TextSearchConfiguration => "text search configuration",
            Self::EventTrigger => "event trigger",
            Self::Publication => "publication",
            Self::PublicationTable => "publication of table",
            Self::PublicationSchema => "publication of schema",
            Self::Subscription => "subscription",
        }
    }

    /// Selects row, name, schema, ACL, default ACL, operator kind, two types, name of an owner and encoding.
    fn query(self) -> &'static str {
        match self {
            Self::TextSearchParser => {
                "select tableoid, oid, prsname, prsnamespace, null, null, null, 0, 0, null, 0 from pg_catalog.pg_ts_parser"
            }
            Self::TextSearchTemplate => {
                "select tableoid, oid, tmplname, tmplnamespace, null, null, null, 0, 0, null, 0 from pg_catalog.pg_ts_template"
            }
            Self::TextSearchDictionary => {
                "select tableoid, oid, dictname, dictnamespace, null, null, null, 0, 0, null, 0 from pg_catalog.pg_ts_dict"
            }
            Self::TextSearchConfiguration => {
                "select tableoid, oid, cfgname, cfgnamespace, null, null, null, 0, 0, null, 0 from pg_catalog.pg_ts_config"
            }
            Self::EventTrigger => {
                "select tableoid, oid, evtname, 0, null, null, null, 0, 0, null, 0 from pg_catalog.pg_event_trigger order by oid"
            }
            Self::Publication => {
                "select tableoid, oid, pubname, 0, null, null, null, 0, 0, null, 0 from pg_catalog.pg_publication"
            }
            Self::PublicationTable => {
                "select r.tableoid, r.oid, c.relname, c.relnamespace, null, null, null, 0, 0, p.pubname, 0 \
                 from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid \
                 join pg_catalog.pg_class c on c.oid = r.prrelid"
            }
            Self::PublicationSchema => {
                "select s.tableoid, s.oid, n.nspname, 0, null, null, null, 0, 0, p.pubname, 0 \
                 from pg_catalog.pg_publication_namespace s join pg_catalog.pg_publication p on p.oid = s.pnpubid \
                 join pg_catalog.pg_namespace n on n.oid = s.pnnspid"
            }
            Self::Subscription => {
                "select tableoid, oid, subname, 0, null, null, null, 0, 0, null, 0 from pg_catalog.pg_subscription \
                 where subdbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())"
            }
        }
    }
}

impl Unwritten {
    pub(crate) async fn fetch(session: &mut Session, kind: UnwrittenKind) -> Result<Vec<Self>> {
        fetch(session, kind.noun(), kind.query(), |f| {
            Ok(Self {
                kind,
                id: f.catalog_id()?,
                name: f.text()?,
                schema: f.oid()?,
                acl: {
                    let (current, default) = (f.optional_text(), f.optional_text());
                    default.map(|default| Acl { current, default })
                },
                key: NaturalKey {
                    operator_kind: f.char(),
                    types: [f.oid()?, f.oid()?],
                    owner_name: f.text_or_empty(),
                    encoding: f.number("an encoding")?,
                },
            })
        })
        .await
    }
}

/// Counts the subscriptions of the database, which any role may do.
pub(crate) async fn count_subscriptions(session: &mut Session) -> Result<u64> {
    let sql = "select pg_catalog.count(*) from pg_catalog.pg_subscription \
               where subdbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())";
    let counts = fetch(session, "subscriptions", sql, |f| {
        f.number::<u64>("a count")
    })
    .await?;
    Ok(counts.into_iter().sum())
}
