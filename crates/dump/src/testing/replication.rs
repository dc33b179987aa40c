//! Publications, subscriptions, and what else belongs to a database as a whole.

use pgark_catalog::{
    CatalogId, EventTrigger, Oid, Publication, PublicationFilter, PublicationMember, SecurityLabel,
    Subscription,
};

use super::{Fixture, OWNER};

/// `pg_event_trigger`
const EVENT_TRIGGER: Oid = Oid(3_466);
/// `pg_subscription`
const SUBSCRIPTION: Oid = Oid(6_100);
/// `pg_publication`
const PUBLICATION: Oid = Oid(6_104);
/// `pg_publication_rel`
const PUBLICATION_TABLE: Oid = Oid(6_106);
/// `pg_publication_namespace`
const PUBLICATION_SCHEMA: Oid = Oid(6_237);

impl Fixture {
    /// An event trigger that calls the function 9001.
    pub(crate) fn event_trigger(&mut self, name: &str) -> &mut EventTrigger {
        let id = self.row(EVENT_TRIGGER);
        self.catalog.event_triggers.push(EventTrigger {
            id,
            name: name.into(),
            owner: OWNER,
            event: "sql_drop".into(),
            tags: "".into(),
            function: Oid(9_001),
            enabled: b'O',
        });
        self.catalog.event_triggers.last_mut().unwrap()
    }

    pub(crate) fn publication(&mut self, name: &str) -> &mut Publication {
        let id = self.row(PUBLICATION);
        self.catalog.publications.push(Publication {
            id,
            name: name.into(),
            owner: OWNER,
            all_tables: false,
            insert: true,
            update: true,
            delete: true,
            truncate: true,
            via_root: false,
            generated_columns: b'n',
        });
        self.catalog.publications.last_mut().unwrap()
    }

    /// A table in a publication, all of it.
    pub(crate) fn publication_table(&mut self, publication: &str, table: CatalogId) -> CatalogId {
        let id = self.row(PUBLICATION_TABLE);
        let member = publication_member(id, publication, table.oid);
        self.catalog.publication_tables.push(member);
        let all = PublicationFilter {
            columns: None,
            rows: None,
        };
        self.definitions.publication_filters.insert(id.oid, all);
        id
    }

    pub(crate) fn publication_schema(&mut self, publication: &str, schema: Oid) -> CatalogId {
        let id = self.row(PUBLICATION_SCHEMA);
        let member = publication_member(id, publication, schema);
        self.catalog.publication_schemas.push(member);
        id
    }

    pub(crate) fn subscription(&mut self, name: &str) -> &mut Subscription {
        let id = self.row(SUBSCRIPTION);
        self.catalog.subscriptions.push(Subscription {
            id,
            name: name.into(),
            owner: OWNER,
            conninfo: pgark_wire::Secret::new("host=h"),
            slot: Some("slot".into()),
            synchronous_commit: "off".into(),
            publications: vec!["p".into()],
            binary: false,
            streaming: b'f',
            two_phase: b'd',
            disable_on_error: false,
            password_required: true,
            run_as_owner: false,
            failover: false,
            origin: "any".into(),
        });
        self.catalog.subscriptions.last_mut().unwrap()
    }

    pub(crate) fn label(&mut self, id: CatalogId, column: i32, provider: &str, label: &str) {
        self.labels.push(SecurityLabel {
            id,
            column,
            provider: provider.into(),
            label: label.into(),
        });
    }
}

fn publication_member(id: CatalogId, publication: &str, member: Oid) -> PublicationMember {
    PublicationMember {
        id,
        member,
        publication: publication.into(),
        owner: OWNER,
    }
}
