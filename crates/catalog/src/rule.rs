//! Rewrite rules; the text of a view is one.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::{fetch, fetch_definitions};
use crate::oid::{CatalogId, Oid};

/// A rewrite rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its row in `pg_rewrite`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The relation's OID.
    pub relation: Oid,
    /// `1` SELECT, `2` UPDATE, `3` INSERT, `4` DELETE.
    pub event: u8,
    /// Whether it is an INSTEAD rule.
    pub is_instead: bool,
    /// `O`rigin, `D`isabled, `R`eplica or `A`lways.
    pub enabled: u8,
}

impl Rule {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Vec<Self>> {
        let sql = "select tableoid, oid, rulename, ev_class, ev_type, is_instead, ev_enabled from pg_catalog.pg_rewrite order by oid";
        fetch(session, "rewrite rules", sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                relation: f.oid()?,
                event: f.char(),
                is_instead: f.boolean()?,
                enabled: f.char(),
            })
        })
        .await
    }

    /// Whether the rule is what a SELECT from a view means.
    pub fn is_on_select(&self) -> bool {
        self.event == b'1' && self.is_instead
    }

    /// The `CREATE RULE` statements with semicolon, by OID.
    pub(crate) async fn fetch_definitions(
        session: &mut Session,
        rules: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, BString>> {
        let sql = |oids: &str| {
            format!(
                "select oid, pg_catalog.pg_get_ruledef(oid) from pg_catalog.unnest({oids}) r(oid)"
            )
        };
        fetch_definitions(session, "rewrite rules", rules, sql).await
    }
}

/// The queries of views and materialized views with semicolon, by the relation's OID.
pub(crate) async fn fetch_view_definitions(
    session: &mut Session,
    views: impl IntoIterator<Item = Oid>,
) -> Result<HashMap<Oid, BString>> {
    let sql = |oids: &str| {
        format!("select oid, pg_catalog.pg_get_viewdef(oid) from pg_catalog.unnest({oids}) r(oid)")
    };
    fetch_definitions(session, "views", views, sql).await
}

/// Which materialized views read which others, directly or through views: pairs of reader and source.
pub(crate) async fn fetch_refresh_order(session: &mut Session) -> Result<Vec<(Oid, Oid)>> {
    let sql = "with recursive w as ( \
          select c.oid as reader, d.refobjid as source, s.relkind \
          from pg_catalog.pg_class c \
          join pg_catalog.pg_rewrite r on r.ev_class = c.oid \
          join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid \
            and d.refobjid <> c.oid \
          join pg_catalog.pg_class s on s.oid = d.refobjid and s.relkind in ('m', 'v') \
          where c.relkind = 'm' \
          union \
          select w.reader, d.refobjid, s.relkind \
          from w \
          join pg_catalog.pg_rewrite r on r.ev_class = w.source \
          join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid \
            and d.refobjid <> w.source \
          join pg_catalog.pg_class s on s.oid = d.refobjid and s.relkind in ('m', 'v')) \
        select reader, source from w where relkind = 'm'";
    fetch(session, "materialized views", sql, |f| {
        Ok((f.oid()?, f.oid()?))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::Rule;
    use crate::oid::{CatalogId, Oid};

    #[test]
    fn a_view_s_text_is_an_instead_rule_on_select() {
        for (event, is_instead, expected) in [
            (b'1', true, true),
            (b'1', false, false),
            (b'2', true, false),
            (b'4', true, false),
        ] {
            let rule = Rule {
                id: CatalogId::NONE,
                name: "_RETURN".into(),
                relation: Oid(1),
                event,
                is_instead,
                enabled: b'O',
            };
            assert_eq!(rule.is_on_select(), expected);
        }
    }
}
