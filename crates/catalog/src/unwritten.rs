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
    /// `pg_operator`
    Operator,
    /// `pg_am`
    AccessMethod,
    /// `pg_opclass`
    OperatorClass,
    /// `pg_opfamily`
    OperatorFamily,
    /// `pg_ts_parser`
    TextSearchParser,
    /// `pg_ts_template`
    TextSearchTemplate,
    /// `pg_ts_dict`
    TextSearchDictionary,
    /// `pg_ts_config`
    TextSearchConfiguration,
    /// `pg_collation`
    Collation,
    /// `pg_conversion`
    Conversion,
    /// `pg_cast`
    Cast,
    /// `pg_transform`
    Transform,
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
    pub const ALL: [Self; 17] = [
        Self::Operator,
        Self::AccessMethod,
        Self::OperatorClass,
        Self::OperatorFamily,
        Self::TextSearchParser,
        Self::TextSearchTemplate,
        Self::TextSearchDictionary,
        Self::TextSearchConfiguration,
        Self::Collation,
        Self::Conversion,
        Self::Cast,
        Self::Transform,
        Self::EventTrigger,
        Self::Publication,
        Self::PublicationTable,
        Self::PublicationSchema,
        Self::Subscription,
    ];

    /// What a user calls it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::AccessMethod => "access method",
            Self::OperatorClass => "operator class",
            Self::OperatorFamily => "operator family",
            Self::TextSearchParser => "text search parser",
            Self::TextSearchTemplate => "text search template",
            Self::TextSearchDictionary => "text search dictionary",
            Self::TextSearchConfiguration => "text search configuration",
            Self::Collation => "collation",
            Self::Conversion => "conversion",
            Self::Cast => "cast",
            Self::Transform => "transform",
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
            Self::Operator => {
                "select tableoid, oid, oprname, oprnamespace, null, null, oprkind, oprleft, oprright, null, 0 from pg_catalog.pg_operator"
            }
            Self::AccessMethod => {
                "select tableoid, oid, amname, 0, null, null, null, 0, 0, null, 0 from pg_catalog.pg_am"
            }
            Self::OperatorClass => {
                "select c.tableoid, c.oid, c.opcname, c.opcnamespace, null, null, null, 0, 0, m.amname, 0 \
                 from pg_catalog.pg_opclass c join pg_catalog.pg_am m on m.oid = c.opcmethod"
            }
            Self::OperatorFamily => {
                "select f.tableoid, f.oid, f.opfname, f.opfnamespace, null, null, null, 0, 0, m.amname, 0 \
                 from pg_catalog.pg_opfamily f join pg_catalog.pg_am m on m.oid = f.opfmethod"
            }
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
            Self::Collation => {
                "select tableoid, oid, collname, collnamespace, null, null, null, 0, 0, null, collencoding from pg_catalog.pg_collation"
            }
            Self::Conversion => {
                "select tableoid, oid, conname, connamespace, null, null, null, 0, 0, null, 0 from pg_catalog.pg_conversion"
            }
            Self::Cast => {
                "select c.tableoid, c.oid, s.typname || ' ' || t.typname, 0, null, null, null, 0, 0, null, 0 \
                 from pg_catalog.pg_cast c join pg_catalog.pg_type s on s.oid = c.castsource \
                 join pg_catalog.pg_type t on t.oid = c.casttarget \
                 where not exists (select from pg_catalog.pg_range r where r.rngtypid = c.castsource and r.rngmultitypid = c.casttarget) \
                 order by c.castsource, c.casttarget"
            }
            Self::Transform => {
                "select f.tableoid, f.oid, t.typname || ' ' || l.lanname, 0, null, null, null, 0, 0, null, 0 \
                 from pg_catalog.pg_transform f join pg_catalog.pg_type t on t.oid = f.trftype \
                 join pg_catalog.pg_language l on l.oid = f.trflang order by f.trftype, f.trflang"
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
