//! Whose definitions a plan needs.

use pgark_catalog::{Oid, RelationKind, Wanted};

use crate::options::Options;
use crate::plan::{Components, Node, Object, Plan};

impl Plan<'_> {
    /// Everything that the emitters will look up.
    pub(crate) fn wanted_definitions(&self, options: &Options) -> Wanted {
        let mut wanted = Wanted::default();
        for node in self
            .nodes
            .iter()
            .filter(|node| !node.components().is_empty())
        {
            if let Object::Data(relation) = node.object {
                let kind = self.catalog.relations[relation].kind;
                if kind == RelationKind::Sequence && options.data_of(kind) {
                    wanted
                        .positions
                        .push(self.catalog.relations[relation].id.oid);
                }
            } else if let Some(relation) = self.planner_statistics_of(node.object) {
                wanted.planner_statistics.push(relation);
            } else if options.schema() {
                self.want(node, &mut wanted);
            }
        }
        wanted
    }

    /// The relation or index of which an object is what the planner knows.
    fn planner_statistics_of(&self, object: Object) -> Option<Oid> {
        match object {
            Object::RelationStatistics(i) => Some(self.catalog.relations[i].id.oid),
            Object::IndexStatistics(i) => Some(self.details.indexes[i].id.oid),
            _ => None,
        }
    }

    fn want(&self, node: &Node, wanted: &mut Wanted) {
        let oid = node.id.oid;
        match node.object {
            Object::Function(_) => wanted.functions.push(oid),
            Object::Aggregate(_) => wanted.aggregates.push(oid),
            Object::Operator(_) => wanted.operators.push(oid),
            Object::OperatorClass(_) => wanted.operator_classes.push(oid),
            Object::OperatorFamily(_) => wanted.operator_families.push(oid),
            Object::Collation(_) => wanted.collations.push(oid),
            Object::Conversion(_) => wanted.conversions.push(oid),
            Object::Cast(_) => wanted.casts.push(oid),
            Object::Transform(_) => wanted.transforms.push(oid),
            Object::Type(i)
                if !self.catalog.types[i].is_row_type()
                    && !self.catalog.types[i].is_generated() =>
            {
                match self.catalog.types[i].kind {
                    b'e' => wanted.enums.push(oid),
                    b'r' => wanted.ranges.push(oid),
                    b'd' => wanted.domains.push(oid),
                    b'c' => wanted.composites.push(oid),
                    b'b' => wanted.base_types.push(oid),
                    _ => {}
                }
            }
            Object::Relation(i) if node.components().contains(Components::DEFINITION) => {
                let relation = &self.catalog.relations[i];
                if relation.is_partition && !self.dialect.attaches_partitions_apart() {
                    wanted.partitions.push(oid);
                }
                match relation.kind {
                    RelationKind::View | RelationKind::MaterializedView => wanted.views.push(oid),
                    RelationKind::Sequence => wanted.sequences.push(oid),
                    RelationKind::PartitionedTable => wanted.partitioned.push(oid),
                    RelationKind::ForeignTable => wanted.foreign_tables.push(oid),
                    _ => {}
                }
                wanted
                    .type_names
                    .extend(Some(relation.of_type).filter(|of_type| of_type.is_valid()));
            }
            Object::ForeignDataWrapper(i) => {
                let wrapper = &self.catalog.foreign_data_wrappers[i];
                want_names([wrapper.handler, wrapper.validator], wanted);
            }
            Object::TextSearchParser(i) => {
                let parser = &self.catalog.text_search_parsers[i];
                want_names(
                    [
                        parser.start,
                        parser.next_token,
                        parser.end,
                        parser.headline,
                        parser.token_types,
                    ],
                    wanted,
                );
            }
            Object::TextSearchTemplate(i) => {
                let template = &self.catalog.text_search_templates[i];
                want_names([template.init, template.lexize], wanted);
            }
            Object::TextSearchConfiguration(_) => wanted.text_search_configurations.push(oid),
            Object::EventTrigger(i) => {
                want_names([self.catalog.event_triggers[i].function], wanted)
            }
            Object::PublicationTable(_) => wanted.publication_tables.push(oid),
            Object::TableAttach(i) => wanted.partitions.push(self.catalog.relations[i].id.oid),
            Object::Rule(i) if node.is_separate && !self.catalog.rules[i].is_on_select() => {
                wanted.rules.push(oid)
            }
            Object::Statistics(_) => wanted.statistics.push(oid),
            _ => {}
        }
    }
}

/// Some of these functions may be invalid, which stands for none.
fn want_names(functions: impl IntoIterator<Item = Oid>, wanted: &mut Wanted) {
    let functions = functions.into_iter().filter(|oid| oid.is_valid());
    wanted.function_names.extend(functions);
}

#[cfg(test)]
mod tests {
    use pgark_catalog::{CatalogId, Oid, RelationKind};

    use crate::options::Content;
    use crate::testing::{Fixture, PG_CATALOG};

    fn oids<const N: usize>(ids: [CatalogId; N]) -> [Oid; N] {
        ids.map(|id| id.oid)
    }

    #[test]
    fn definitions_are_wanted_of_what_is_written() {
        let mut f = Fixture::new(18);
        let table = f.table("t");
        f.row_type(table);
        let view = f.view(RelationKind::View, "v", "x");
        let materialized = f.view(RelationKind::MaterializedView, "m", "x");
        let whole = f.partitioned("whole", "LIST (a)");
        let part = f.table("part");
        f.partition(part, whole, "DEFAULT");
        let sequence = f.sequence("q");
        let rule = f.rule(table, "r", b'2');
        let statistics = f.statistics(table, "st");
        let function = f.function("f", &[]);
        let (composite, _) = f.composite("c");
        f.relation_mut(table).of_type = composite.oid;
        f.relation_mut(table).acl.current = Some("{}".into());
        let foreign_table = f.foreign_table("ft", "srv");
        let wrapper = f.foreign_data_wrapper("w");
        (wrapper.handler, wrapper.validator) = (Oid(9_001), Oid(9_002));
        f.foreign_data_wrapper("bare");
        // 9001 to 9004 are the parser's, the first of them all the others'.
        let parser = f.text_search_parser("tp");
        parser.headline = Oid(9_005);
        let parser = parser.id;
        f.text_search_template("tt").init = Oid(9_006);
        let configuration = f.text_search_configuration("tc", parser);
        f.event_trigger("evt").function = Oid(9_007);
        let published = f.publication_table("pub", table);
        let [domain, enumeration, range] = [b'd', b'e', b'r'].map(|kind| f.data_type("x", kind));
        f.data_type("base", b'b');
        f.schema = PG_CATALOG;
        f.function("not_wanted", &[]);
        f.data_type("not_wanted", b'e');
        // Its arguments must be known to change its privileges.
        let granted = f.function("granted", &[]);
        f.catalog.functions[2].acl.current = Some("{}".into());
        let options = f.options.clone();
        let wanted = f.plan().wanted_definitions(&options);
        assert_eq!(wanted.functions, oids([function, granted]));
        assert_eq!(wanted.enums, oids([enumeration]));
        assert_eq!(wanted.ranges, oids([range]));
        assert_eq!(wanted.domains, oids([domain]));
        assert_eq!(wanted.composites, oids([composite]));
        assert_eq!(wanted.views, oids([view, materialized]));
        assert_eq!(wanted.rules, oids([rule]));
        assert_eq!(wanted.statistics, oids([statistics]));
        assert_eq!(wanted.partitioned, oids([whole]));
        assert_eq!(wanted.partitions, oids([part]));
        assert_eq!(wanted.type_names, oids([composite]));
        assert_eq!(wanted.foreign_tables, oids([foreign_table]));
        let mut names = wanted.function_names;
        names.sort_unstable();
        names.dedup();
        assert_eq!(names, (9_001..=9_007).map(Oid).collect::<Vec<_>>());
        assert_eq!(wanted.text_search_configurations, oids([configuration]));
        assert_eq!(wanted.publication_tables, oids([published]));
        assert_eq!(wanted.sequences, oids([sequence]));
        assert_eq!(wanted.positions, oids([sequence]));
    }

    #[test]
    fn a_dump_of_a_part_wants_the_definitions_of_that_part() {
        for (content, sequences, positions) in [
            (Content::All, 1, 1),
            (Content::SchemaOnly, 1, 0),
            (Content::DataOnly, 0, 1),
        ] {
            let mut f = Fixture::new(18);
            f.options.content = content;
            f.sequence("q");
            let options = f.options.clone();
            let wanted = f.plan().wanted_definitions(&options);
            assert_eq!(
                (wanted.sequences.len(), wanted.positions.len()),
                (sequences, positions),
                "{content:?}"
            );
        }
    }
}
