//! Databases put together by hand: a plan and its entries with no server.
//!
//! Everything that is added goes to the schema [`Fixture::schema`] and belongs to [`OWNER`]; what a case is about is changed through the
//! public fields and the `…_mut` methods afterwards.

mod conversion;
mod foreign;
mod object;
mod operator;
mod relation;
mod replication;
mod text_search;

pub(crate) use conversion::signature;
pub(crate) use operator::family_operator;

use bstr::BString;
use pgark_archive::{DumpId, TocEntry};
use pgark_catalog::{
    Acl, Catalog, CatalogId, ColumnPrivileges, Comment, Comments, ConfigTable, Database,
    Definitions, Dependency, Details, InitialPrivileges, Oid, Roles, Schema, SecurityLabel,
    SecurityLabels, Server, catalog_oid,
};
use pgark_sql::{Encoding, Quoter};

use crate::dialect::Dialect;
use crate::emit::Emitter;
use crate::error::Result;
use crate::names::Names;
use crate::options::Options;
use crate::plan::{Node, NodeId, Object, Plan, Selection};

/// The owner of everything, called `alice`.
pub(crate) const OWNER: Oid = Oid(16_390);
/// The role that owns the schema public unless told otherwise.
pub(crate) const PG_DATABASE_OWNER: Oid = Oid(6_171);
/// The schema `pg_catalog`.
pub(crate) const PG_CATALOG: Oid = Oid(11);
/// The schema `public`.
pub(crate) const PUBLIC: Oid = Oid(2_200);

/// A database under construction.
#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) catalog: Catalog,
    pub(crate) details: Details,
    pub(crate) definitions: Definitions,
    pub(crate) options: Options,
    /// The objects that the options name.
    pub(crate) names: Names,
    /// Where new objects go.
    pub(crate) schema: Oid,
    roles: Vec<(Oid, BString)>,
    comments: Vec<Comment>,
    labels: Vec<SecurityLabel>,
    next_oid: u32,
}

impl Fixture {
    /// A database on a server of some major, with the schemas `pg_catalog`, `public` and `s`.
    pub(crate) fn new(major: u32) -> Self {
        let mut fixture = Self::empty(major);
        for (oid, name, owner) in [
            (PG_CATALOG, "pg_catalog", Oid(10)),
            (PUBLIC, "public", PG_DATABASE_OWNER),
        ] {
            let id = CatalogId {
                table: catalog_oid::NAMESPACE,
                oid,
            };
            fixture.catalog.schemas.push(schema(id, name, owner));
        }
        // As initdb leaves it, so that there is nothing to say of it.
        let owner = "pg_database_owner";
        let granted = format!("{{{owner}=UC/{owner},=U/{owner}}}");
        fixture.catalog.initial_privileges.push(InitialPrivileges {
            id: Self::schema_row(PUBLIC),
            column: 0,
            acl: granted.as_str().into(),
        });
        fixture.schema_mut(PUBLIC).acl.current = Some(granted.into());
        fixture.comment(Self::schema_row(PUBLIC), 0, "standard public schema");
        fixture.schema = fixture.schema("s");
        fixture
    }

    /// A database without schemas.
    pub(crate) fn empty(major: u32) -> Self {
        let mut catalog = Catalog::default();
        catalog.server = Server {
            version_num: major * 10_000 + 99,
            version: format!("{major}.4").into(),
            encoding: "UTF8".into(),
            std_strings: true,
            in_recovery: false,
            empty: Vec::new(),
        };
        catalog.database = Database {
            name: "db".into(),
            owner: OWNER,
            encoding: "UTF8".into(),
            locale_provider: b'c',
            collate: "C".into(),
            ctype: "C".into(),
            connection_limit: -1,
            tablespace: "pg_default".into(),
            ..Database::default()
        };
        Self {
            catalog,
            details: Details::default(),
            definitions: Definitions::default(),
            options: Options::default(),
            names: Names::default(),
            schema: Oid::INVALID,
            roles: [
                (Oid(10), "postgres"),
                (PG_DATABASE_OWNER, "pg_database_owner"),
                (OWNER, "alice"),
            ]
            .map(|(oid, name)| (oid, name.into()))
            .into(),
            comments: Vec::new(),
            labels: Vec::new(),
            next_oid: 20_000,
        }
    }

    /// A row that no other object has. OIDs ascend.
    pub(crate) fn row(&mut self, table: Oid) -> CatalogId {
        self.next_oid += 1;
        CatalogId {
            table,
            oid: Oid(self.next_oid),
        }
    }

    pub(crate) fn role(&mut self, name: &str) -> Oid {
        let oid = self.row(Oid::INVALID).oid;
        self.roles.push((oid, name.into()));
        oid
    }

    /// Privileges of a column that are those that it had from the start.
    pub(crate) fn column_privileges(&mut self, relation: Oid) {
        self.catalog.column_privileges.push(ColumnPrivileges {
            relation,
            column: "c".into(),
            acl: None,
            initial: None,
        });
    }

    pub(crate) fn schema(&mut self, name: &str) -> Oid {
        let id = self.row(catalog_oid::NAMESPACE);
        self.catalog.schemas.push(schema(id, name, OWNER));
        id.oid
    }

    pub(crate) fn schema_mut(&mut self, oid: Oid) -> &mut Schema {
        let place = |schema: &Schema| schema.id.oid == oid;
        let found = self.catalog.schemas.iter().position(place).unwrap();
        &mut self.catalog.schemas[found]
    }

    pub(crate) fn depends(&mut self, object: CatalogId, on: CatalogId, kind: u8) {
        self.catalog
            .dependencies
            .push(Dependency { object, on, kind });
    }

    pub(crate) fn comment(&mut self, id: CatalogId, column: i32, text: &str) {
        self.comments.push(Comment {
            id,
            column,
            text: text.into(),
        });
    }

    /// The row of a schema.
    pub(crate) fn schema_row(oid: Oid) -> CatalogId {
        CatalogId {
            table: catalog_oid::NAMESPACE,
            oid,
        }
    }

    /// Puts the lists into the order in which the server gives them.
    pub(crate) fn complete(&mut self) {
        let details = &mut self.details;
        details.columns.sort_by_key(|c| (c.relation, c.number));
        details.defaults.sort_by_key(|d| (d.relation, d.column));
        details.checks.sort_by_key(|c| (c.on, c.name.clone()));
        details
            .domain_constraints
            .sort_by_key(|c| (c.on, c.name.clone()));
        details
            .indexes
            .sort_by_key(|i| (i.relation, i.name.clone()));
        details
            .foreign_keys
            .sort_by_key(|k| (k.relation, k.name.clone()));
        self.catalog.inheritance.sort_by_key(|link| link.child);
        self.catalog.comments = Comments::new(self.comments.clone());
        self.catalog.security_labels = SecurityLabels::new(self.labels.clone());
        self.catalog.roles = Roles::new(self.roles.clone());
        self.catalog = std::mem::take(&mut self.catalog).indexed();
    }

    fn dialect(&self) -> Dialect {
        Dialect::of(&self.catalog.server)
    }

    pub(crate) fn quoter(&self) -> Quoter {
        Quoter {
            std_strings: self.catalog.server.std_strings,
            ..Quoter::new(
                self.catalog.server.major(),
                Encoding::from_name("UTF8").unwrap(),
            )
        }
    }

    pub(crate) fn selection(&mut self) -> Selection {
        self.complete();
        Selection::choose(&self.catalog, self.names.clone(), self.dialect())
    }

    /// The graph, not yet ordered.
    pub(crate) fn plan(&mut self) -> Plan<'_> {
        let selection = self.selection();
        Plan::build(
            &self.catalog,
            &self.details,
            &selection,
            &self.options,
            self.dialect(),
        )
    }

    /// The graph in order.
    pub(crate) fn ordered(&mut self) -> Plan<'_> {
        let mut plan = self.plan();
        plan.order();
        plan
    }

    /// All entries.
    pub(crate) fn try_emit(&mut self) -> Result<Vec<TocEntry>> {
        let (definitions, options) = (self.definitions.clone(), self.options.clone());
        let (dialect, quoter) = (self.dialect(), self.quoter());
        let plan = self.ordered();
        Emitter::new(&plan, &definitions, &options, dialect, quoter).emit()
    }

    /// All entries.
    pub(crate) fn emit(&mut self) -> Vec<TocEntry> {
        self.try_emit().unwrap()
    }

    /// The entry of a kind and tag, if there is one.
    pub(crate) fn find(&mut self, desc: &str, tag: &str) -> Option<TocEntry> {
        let mut entries = self.emit().into_iter();
        entries.find(|entry| entry.desc == desc && tag_of(entry) == tag)
    }

    /// The entry of a kind and tag.
    pub(crate) fn entry(&mut self, desc: &str, tag: &str) -> TocEntry {
        match self.find(desc, tag) {
            Some(entry) => entry,
            None => panic!("no {desc} {tag} among {:#?}", self.list()),
        }
    }

    /// The statement of the entry of a kind and tag.
    pub(crate) fn text(&mut self, desc: &str, tag: &str) -> String {
        self.entry(desc, tag).defn.unwrap_or_default().to_string()
    }

    /// Kinds and tags of all entries but those of every archive and of the schema `s`.
    pub(crate) fn list(&mut self) -> Vec<String> {
        let mut entries = list(&self.emit()).split_off(4);
        entries.retain(|entry| entry != "SCHEMA s");
        entries
    }

    /// Kinds and tags of the entries that an entry depends on; `-` for what is not in the archive.
    pub(crate) fn dependencies(&mut self, desc: &str, tag: &str) -> Vec<String> {
        let entries = self.emit();
        let name = |id: &DumpId| {
            let found = entries.iter().find(|entry| entry.dump_id == *id);
            found.map_or("-".into(), |entry| {
                format!("{} {}", entry.desc, tag_of(entry))
            })
        };
        let of = self.entry(desc, tag).dependencies;
        of.iter().map(name).collect()
    }
}

/// A configuration table of which all rows belong to the user.
pub(crate) fn config_table(table: CatalogId) -> ConfigTable {
    ConfigTable {
        table: table.oid,
        condition: None,
    }
}

/// Privileges that were never changed.
pub(crate) fn acl(default: &str) -> Acl {
    Acl {
        current: None,
        default: default.into(),
    }
}

fn schema(id: CatalogId, name: &str, owner: Oid) -> Schema {
    Schema {
        id,
        name: name.into(),
        owner,
        acl: acl("{alice=UC/alice}"),
    }
}

/// The tag of an entry, empty where it has none.
pub(crate) fn tag_of(entry: &TocEntry) -> String {
    entry.tag.clone().unwrap_or_default().to_string()
}

fn list(entries: &[TocEntry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| format!("{} {}", entry.desc, tag_of(entry)))
        .collect()
}

/// What nodes are, for a user.
pub(crate) fn described(plan: &Plan<'_>, nodes: &[NodeId]) -> Vec<String> {
    nodes.iter().map(|id| plan.describe(*id)).collect()
}

/// The node of an object that is there.
pub(crate) fn node<'a>(plan: &'a Plan<'_>, object: Object) -> &'a Node {
    plan.node(plan.find(object).unwrap())
}

/// What an object depends on.
pub(crate) fn depends_on(plan: &Plan<'_>, object: Object) -> Vec<String> {
    described(plan, &node(plan, object).dependencies)
}
