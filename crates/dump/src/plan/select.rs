//! Which objects a dump is to hold, as far as that can be told before any table is locked.

use std::collections::HashSet;

use bstr::{BString, ByteSlice};
use pgark_catalog::{Catalog, CatalogId, DataType, DetailsOf, Oid, Relation, RelationKind, Schema};

use super::Components;
use crate::dialect::Dialect;
use crate::names::Names;
use crate::options::{Omit, Options};

/// What is wanted of schemas, extensions and relations, and of what they contain.
#[derive(Debug)]
pub(crate) struct Selection {
    /// What is wanted of each schema itself.
    pub(crate) schemas: Vec<Components>,
    /// What is wanted of the objects in each schema.
    schema_contents: Vec<Components>,
    /// What is wanted of each extension, and of its members as far as they have changed.
    pub(crate) extensions: Vec<Components>,
    /// What is wanted of each relation.
    pub(crate) relations: Vec<Components>,
    /// Relations whose columns and indexes must be known.
    pub(crate) is_interesting: Vec<bool>,
    /// The direct parents of each relation, as places in `catalog.relations`.
    pub(crate) parents: Vec<Vec<usize>>,
    /// What the user has named.
    pub(crate) names: Names,
}

/// The owner of the schema `public` unless it was changed: `pg_database_owner` (src/include/catalog/pg_authid.dat).
const PG_DATABASE_OWNER: Oid = Oid(6171);

impl Selection {
    /// Chooses among schemas, extensions and relations.
    pub(crate) fn choose(catalog: &Catalog, names: Names, dialect: Dialect) -> Self {
        let mut selection = Self {
            schemas: Vec::new(),
            schema_contents: Vec::new(),
            extensions: catalog
                .extensions
                .iter()
                .map(|extension| of_extension(&names, extension.id.oid))
                .collect(),
            relations: Vec::new(),
            is_interesting: vec![false; catalog.relations.len()],
            parents: parents(catalog),
            names,
        };
        for schema in &catalog.schemas {
            let (wanted, contents) = of_schema(&selection.names, schema, dialect);
            selection
                .schemas
                .push(selection.of_member(catalog, schema.id).unwrap_or(wanted));
            selection.schema_contents.push(contents);
        }
        selection.choose_relations(catalog);
        selection
    }

    fn choose_relations(&mut self, catalog: &Catalog) {
        for relation in &catalog.relations {
            self.relations.push(self.of_relation(catalog, relation));
        }
        for (i, wanted) in self.relations.iter().enumerate() {
            self.is_interesting[i] = wanted
                .intersects(Components::DEFINITION | Components::DATA | Components::STATISTICS);
        }
        // A sequence that a column owns goes with its table; an identity is part of it.
        for (i, sequence) in catalog.relations.iter().enumerate() {
            let Some(owner) = sequence.owning_column else {
                continue;
            };
            let Some(table) = catalog.relation_index(owner.relation) else {
                continue;
            };
            if owner.is_identity {
                self.relations[i] = self.relations[table];
            } else {
                let of_table = self.relations[table];
                self.relations[i] |= of_table;
            }
            if !self.relations[i].is_empty() {
                self.is_interesting[i] = true;
                self.is_interesting[table] = true;
            }
        }
        for i in 0..catalog.relations.len() {
            if !self.relations[i].is_empty() {
                for parent in &self.parents[i] {
                    self.is_interesting[*parent] = true;
                }
            }
        }
        for (table, _) in self.config_tables(catalog) {
            self.is_interesting[table] = true;
        }
    }

    /// Whether more than the privileges of a relation is written. Its parents need not be, interesting as they are.
    pub(crate) fn is_written(&self, relation: usize) -> bool {
        self.relations[relation]
            .intersects(Components::DEFINITION | Components::DATA | Components::STATISTICS)
    }

    /// What is wanted of a member of an extension: its privileges as far as they have changed. `None` when it is no member.
    pub(crate) fn of_member(&self, catalog: &Catalog, id: CatalogId) -> Option<Components> {
        catalog
            .members
            .get(&id)
            .map(|extension| self.extensions[*extension] & Components::ACL)
    }

    /// What is wanted of an object, by its extension, by its schema or, where it has none, by whether everything is wanted.
    pub(crate) fn of_object(&self, catalog: &Catalog, id: CatalogId, schema: Oid) -> Components {
        self.of_member(catalog, id)
            .unwrap_or_else(|| match catalog.schema_index(schema) {
                Some(schema) => self.schema_contents[schema],
                None => all_if(!self.names.is_partial),
            })
    }

    fn of_relation(&self, catalog: &Catalog, relation: &Relation) -> Components {
        if relation.kind == RelationKind::CompositeType {
            // Written as a type; the relation only carries dependencies.
            return Components::empty();
        }
        if let Some(wanted) = self.of_member(catalog, relation.id) {
            return wanted;
        }
        let oid = relation.id.oid;
        match &self.names.tables {
            _ if self.names.excluded_tables.contains(&oid) => Components::empty(),
            Some(tables) => all_if(tables.contains(&oid)),
            None => self.of_object(catalog, relation.id, relation.schema),
        }
    }

    /// What is wanted of a type. Row types follow their relation, though only that is written.
    pub(crate) fn of_type(&self, catalog: &Catalog, data_type: &DataType) -> Components {
        if data_type.is_row_type() {
            catalog
                .relation_index(data_type.relation)
                .map_or(Components::empty(), |relation| self.relations[relation])
        } else {
            self.of_object(catalog, data_type.id, data_type.schema)
        }
    }

    /// The configuration tables of extensions whose rows are wanted, with the condition for these, as the extensions tell them
    /// (`processExtensionTables` in src/bin/pg_dump/pg_dump.c).
    pub(crate) fn config_tables(&self, catalog: &Catalog) -> Vec<(usize, Option<BString>)> {
        let mut tables = Vec::new();
        for (extension, wanted) in catalog.extensions.iter().zip(&self.extensions) {
            if self.is_extension_left_out(extension.id.oid) {
                continue;
            }
            let is_written = wanted.contains(Components::DEFINITION);
            for config in &extension.config_tables {
                if let Some(table) = catalog.relation_index(config.table)
                    && self.is_config_table_wanted(catalog, &catalog.relations[table], is_written)
                {
                    tables.push((table, config.condition.clone()));
                }
            }
        }
        tables
    }

    /// Whether other extensions are named, or this one is excluded.
    fn is_extension_left_out(&self, extension: Oid) -> bool {
        self.names.excluded_extensions.contains(&extension)
            || (self.names.extensions.as_ref()).is_some_and(|named| !named.contains(&extension))
    }

    /// The rows go with the extension. Where that is not written, they do with the table or its schema, if these are named.
    fn is_config_table_wanted(
        &self,
        catalog: &Catalog,
        table: &Relation,
        is_extension_written: bool,
    ) -> bool {
        let names = &self.names;
        let is_named = (names.tables.as_ref()).is_some_and(|tables| tables.contains(&table.id.oid));
        let is_schema_wanted = catalog
            .schema_index(table.schema)
            .is_some_and(|schema| self.schemas[schema].contains(Components::DATA));
        (is_extension_written || is_named || is_schema_wanted)
            && !names.excluded_tables.contains(&table.id.oid)
            && !names.excluded_schemas.contains(&table.schema)
    }

    /// The tables that must be locked before they are asked for more, as places in `catalog.relations`.
    pub(crate) fn tables_to_lock<'a>(
        &'a self,
        catalog: &'a Catalog,
    ) -> impl Iterator<Item = usize> + 'a {
        let needs_lock =
            Components::DEFINITION | Components::DATA | Components::STATISTICS | Components::POLICY;
        (0..catalog.relations.len()).filter(move |i| {
            self.relations[*i].intersects(needs_lock) && catalog.relations[*i].kind.is_lockable()
        })
    }

    /// Tables, among which are all whose rows will be written.
    pub(crate) fn tables_with_rows(&self, catalog: &Catalog, options: &Options) -> Vec<Oid> {
        let config_tables: HashSet<usize> = self
            .config_tables(catalog)
            .into_iter()
            .map(|(table, _)| table)
            .collect();
        let has_rows = |place: &usize| {
            options.data_of(RelationKind::Table)
                && catalog.relations[*place].kind == RelationKind::Table
                && (self.relations[*place].contains(Components::DATA)
                    || config_tables.contains(place))
        };
        let places = (0..catalog.relations.len()).filter(has_rows);
        places
            .map(|place| catalog.relations[place].id.oid)
            .collect()
    }

    /// Whose details the plan needs.
    pub(crate) fn details_of(&self, catalog: &Catalog, options: &Options) -> DetailsOf {
        let chosen = |filter: &dyn Fn(usize) -> bool| -> Vec<Oid> {
            (0..catalog.relations.len())
                .filter(|i| filter(*i))
                .map(|i| catalog.relations[i.to_owned()].id.oid)
                .collect()
        };
        let defined = |i: usize| self.relations[i].contains(Components::DEFINITION);
        DetailsOf {
            relations: chosen(&|i| {
                self.is_interesting[i] && catalog.relations[i].kind != RelationKind::Sequence
            }),
            // The keys of a partitioned table have no triggers, nor have those that are not enforced.
            foreign_keys: chosen(&|i| {
                let relation = &catalog.relations[i];
                let may_have_keys = relation.has_triggers
                    || relation.kind == RelationKind::PartitionedTable
                    || catalog.server.has_unenforced_foreign_keys();
                defined(i) && may_have_keys
            }),
            triggers: chosen(&|i| defined(i) && catalog.relations[i].has_triggers),
            policies: chosen(&|i| {
                !options.omits(Omit::POLICIES)
                    && self.relations[i].contains(Components::POLICY)
                    && catalog.relations[i].kind.is_lockable()
            }),
            domains: {
                let is_wanted = |data_type: &&DataType| {
                    data_type.kind == b'd'
                        && self
                            .of_type(catalog, data_type)
                            .contains(Components::DEFINITION)
                };
                let domains = catalog.types.iter().filter(is_wanted);
                let mut domains: Vec<Oid> = domains.map(|domain| domain.id.oid).collect();
                domains.sort();
                domains
            },
            definitions: options.schema(),
        }
    }
}

fn all_if(is_wanted: bool) -> Components {
    if is_wanted {
        Components::all()
    } else {
        Components::empty()
    }
}

/// What is wanted of a schema, and of what it contains (`selectDumpableNamespace` in src/bin/pg_dump/pg_dump.c).
fn of_schema(names: &Names, schema: &Schema, dialect: Dialect) -> (Components, Components) {
    let (none, all) = (Components::empty(), Components::all());
    if names.tables.is_some() || names.excluded_schemas.contains(&schema.id.oid) {
        return (none, none);
    }
    if let Some(schemas) = &names.schemas {
        let wanted = all_if(schemas.contains(&schema.id.oid));
        return (wanted, wanted);
    }
    match schema.name.as_bytes() {
        // Privileges of built-in objects that were changed since initdb.
        b"pg_catalog" => (Components::ACL, Components::ACL),
        b"information_schema" => (none, none),
        name if name.starts_with(b"pg_") => (none, none),
        // Every database has it.
        b"public" if !dialect.writes_public_schema() => (Components::ACL, all),
        // It is mentioned only where it has another owner.
        b"public" if schema.owner == PG_DATABASE_OWNER => (all - Components::DEFINITION, all),
        _ => (all, all),
    }
}

/// What is wanted of an extension (`selectDumpableExtension` in src/bin/pg_dump/pg_dump.c).
fn of_extension(names: &Names, extension: Oid) -> Components {
    if extension.is_builtin() {
        // It is there in every database; its members' privileges may have changed.
        return Components::ACL;
    }
    let is_wanted = match &names.extensions {
        Some(named) => named.contains(&extension),
        None => !names.is_partial,
    };
    all_if(is_wanted && !names.excluded_extensions.contains(&extension))
}

fn parents(catalog: &Catalog) -> Vec<Vec<usize>> {
    let mut parents = vec![Vec::new(); catalog.relations.len()];
    for link in &catalog.inheritance {
        // pg_inherits holds indexes of partitions too, which are found with their tables.
        if let (Some(child), Some(parent)) = (
            catalog.relation_index(link.child),
            catalog.relation_index(link.parent),
        ) {
            parents[child].push(parent);
        }
    }
    parents
}

#[cfg(test)]
mod tests;
