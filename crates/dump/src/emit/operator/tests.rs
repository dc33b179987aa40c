use pgark_catalog::{CatalogId, Oid, OperatorDefinition};

use crate::error::Error;
use crate::testing::{Fixture, PG_CATALOG};

fn definition(f: &mut Fixture, id: CatalogId) -> &mut OperatorDefinition {
    f.definitions.operators.get_mut(&id.oid).unwrap()
}

#[test]
fn clauses_stand_in_pg_dump_s_order() {
    let mut f = Fixture::new(18);
    let id = f.operator("===");
    let arguments = ",\n    LEFTARG = integer,\n    RIGHTARG = integer";
    assert_eq!(
        f.text("OPERATOR", "==="),
        format!("CREATE OPERATOR s.=== (\n    FUNCTION = s.f{arguments}\n);\n")
    );
    let schema = f.schema;
    f.schema = PG_CATALOG;
    let negator = f.operator("<>");
    f.schema = schema;
    let operator = definition(&mut f, id);
    operator.function = "\"S (x\".\"f(\"(integer,integer)".into();
    operator.commutator = id.oid;
    operator.negator = negator.oid;
    operator.restrict = "eqsel(internal,oid,internal,integer)".into();
    operator.join = "eqjoinsel(internal,oid,internal,smallint,internal)".into();
    operator.can_merge = true;
    operator.can_hash = true;
    assert_eq!(
        f.text("OPERATOR", "==="),
        format!(
            "CREATE OPERATOR s.=== (\n    FUNCTION = \"S (x\".\"f(\"{arguments},\n    COMMUTATOR = OPERATOR(s.===),\n    \
             NEGATOR = OPERATOR(pg_catalog.<>),\n    MERGES,\n    HASHES,\n    RESTRICT = eqsel,\n    JOIN = eqjoinsel\n);\n"
        )
    );
}

#[test]
fn an_operator_is_named_by_its_types() {
    for (kind, left, create, identity) in [
        (
            b'b',
            "integer",
            "    LEFTARG = integer,\n    RIGHTARG = integer",
            "@ (integer, integer)",
        ),
        (b'l', "-", "    RIGHTARG = integer", "@ (NONE, integer)"),
    ] {
        let mut f = Fixture::new(18);
        let id = f.operator("@");
        f.operator_mut(id).kind = kind;
        definition(&mut f, id).types[0] = left.into();
        f.comment(id, 0, "why");
        let entry = f.entry("OPERATOR", "@");
        assert_eq!(
            entry.defn.unwrap(),
            format!("CREATE OPERATOR s.@ (\n    FUNCTION = s.f,\n{create}\n);\n")
        );
        assert_eq!(
            entry.drop_stmt.unwrap(),
            format!("DROP OPERATOR s.{identity};\n")
        );
        assert_eq!(
            (entry.namespace, entry.owner),
            (Some("s".into()), Some("alice".into()))
        );
        let comment = f.entry("COMMENT", &format!("OPERATOR {identity}"));
        assert_eq!(
            comment.defn.unwrap(),
            format!("COMMENT ON OPERATOR s.{identity} IS 'why';\n")
        );
        assert_eq!(comment.owner, Some("alice".into()));
    }
}

#[test]
fn an_operator_that_was_only_named_is_left_to_the_one_that_names_it() {
    let mut f = Fixture::new(18);
    let id = f.operator("@");
    f.operator_mut(id).is_defined = false;
    f.comment(id, 0, "why");
    assert!(f.list().is_empty());
}

#[test]
fn what_is_gone_is_an_error() {
    let mut f = Fixture::new(18);
    let id = f.operator("@");
    definition(&mut f, id).commutator = Oid(1);
    assert_eq!(
        f.try_emit().unwrap_err().to_string(),
        "operator \"s.@\" refers to operator with OID 1, which does not exist"
    );
    f.definitions.operators.clear();
    let gone = f.try_emit().unwrap_err();
    assert!(matches!(gone, Error::Dropped(object) if object == "operator \"s.@\""));
}
