use pgark_archive::Section;
use pgark_catalog::{DomainDefinition, Oid, RelationKind};

use crate::testing::Fixture;

#[test]
fn a_constraint_that_is_not_valid_is_added_after_data() {
    let mut f = Fixture::new(18);
    let table = f.table_of("T", &["a"]);
    let check = f.check(table, "C");
    f.details.checks[0].is_validated = false;
    f.details.checks[0].definition = "CHECK ((a > 0)) NOT VALID".into();
    let not_null = f.constraint(table, "nn", b'n', "NOT NULL a NOT VALID");
    f.depends(not_null.id, table, b'a');
    f.details.invalid_not_null.push(not_null.clone());
    for (id, desc, name, definition) in [
        (
            check,
            "CHECK CONSTRAINT",
            "C",
            "\"C\" CHECK ((a > 0)) NOT VALID",
        ),
        (not_null.id, "CONSTRAINT", "nn", "nn NOT NULL a NOT VALID"),
    ] {
        let entry = f.entry(desc, &format!("T {name}"));
        assert_eq!(
            entry.defn.unwrap(),
            format!("ALTER TABLE s.\"T\"\n    ADD CONSTRAINT {definition};\n")
        );
        let quoted = definition.split(' ').next().unwrap();
        assert_eq!(
            entry.drop_stmt.unwrap(),
            format!("ALTER TABLE s.\"T\" DROP CONSTRAINT {quoted};\n")
        );
        assert_eq!(entry.section, Section::PostData);
        assert_eq!((entry.table_oid, entry.oid), (2606, id.oid.0));
        f.comment(id, 0, "why");
        assert_eq!(
            f.text("COMMENT", &format!("CONSTRAINT {quoted} ON \"T\"")),
            format!("COMMENT ON CONSTRAINT {quoted} ON s.\"T\" IS 'why';\n")
        );
    }
}

#[test]
fn a_constraint_that_is_inherited_is_not_added_again() {
    let mut f = Fixture::new(18);
    let table = f.table_of("t", &["a"]);
    f.check(table, "c");
    f.details.checks[0].is_validated = false;
    assert!(f.find("CHECK CONSTRAINT", "t c").is_some());
    f.details.checks[0].is_local = false;
    assert!(f.find("CHECK CONSTRAINT", "t c").is_none());
}

#[test]
fn a_domain_s_constraint_is_added_to_it() {
    for (kind, desc) in [(b'c', "CHECK CONSTRAINT"), (b'n', "CONSTRAINT")] {
        let mut f = Fixture::new(18);
        let domain = f.data_type("D", b'd');
        let definition = DomainDefinition {
            is_not_null: true,
            base_type: "integer".into(),
            default: None,
            default_literal: None,
            collation: Oid::INVALID,
        };
        f.definitions.domains.insert(domain.oid, definition);
        let constraint = f.domain_constraint(domain, "C", kind);
        constraint.is_validated = false;
        constraint.definition = "SOMETHING NOT VALID".into();
        let entry = f.entry(desc, "D C");
        assert_eq!(
            entry.defn.unwrap(),
            "ALTER DOMAIN s.\"D\"\n    ADD CONSTRAINT \"C\" SOMETHING NOT VALID;\n"
        );
        assert_eq!(
            entry.drop_stmt.unwrap(),
            "ALTER DOMAIN s.\"D\" DROP CONSTRAINT \"C\";\n"
        );
        assert_eq!(
            (entry.namespace, entry.owner),
            (Some("s".into()), Some("alice".into()))
        );
        assert_eq!(entry.section, Section::PostData);
    }
}

#[test]
fn a_foreign_key_of_a_partitioned_table_is_for_all_its_partitions() {
    for (kind, only) in [
        (RelationKind::Table, "ONLY "),
        (RelationKind::PartitionedTable, ""),
    ] {
        let mut f = Fixture::new(18);
        let table = f.relation(kind, "t");
        f.definitions
            .partition_keys
            .insert(table.oid, "LIST (a)".into());
        let key = f.foreign_key("Fk", table, table, table);
        f.comment(key, 0, "why");
        let entry = f.entry("FK CONSTRAINT", "t Fk");
        assert_eq!(
            entry.defn.unwrap(),
            format!(
                "ALTER TABLE {only}s.t\n    ADD CONSTRAINT \"Fk\" FOREIGN KEY (a) REFERENCES s.r(a);\n"
            )
        );
        assert_eq!(
            entry.drop_stmt.unwrap(),
            format!("ALTER TABLE {only}s.t DROP CONSTRAINT \"Fk\";\n")
        );
        assert_eq!(entry.section, Section::PostData);
        assert_eq!(
            f.text("COMMENT", "CONSTRAINT \"Fk\" ON t"),
            "COMMENT ON CONSTRAINT \"Fk\" ON s.t IS 'why';\n"
        );
    }
}
