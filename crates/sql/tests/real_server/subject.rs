use pgark_sql::acl::ObjectKind;

/// A kind of object: how to make and remove one, and where the server keeps its privileges.
pub(crate) struct Subject {
    pub(crate) kind: ObjectKind,
    pub(crate) schema: Option<&'static str>,
    /// The object's name in GRANT, `#` standing for the number of the scenario.
    pub(crate) name: &'static str,
    pub(crate) column: Option<&'static str>,
    pub(crate) one: &'static str,
    pub(crate) create: &'static str,
    pub(crate) drop: &'static str,
    /// The columns of its privileges and of those by default, and where to find them.
    pub(crate) acl: &'static str,
}

pub(crate) const fn subject(
    kind: ObjectKind,
    name: &'static str,
    one: &'static str,
    create: &'static str,
    drop: &'static str,
    acl: &'static str,
) -> Subject {
    Subject {
        kind,
        schema: None,
        name,
        column: None,
        one,
        create,
        drop,
        acl,
    }
}

/// Kinds of objects within a database, whose privileges pg_dump writes.
pub(crate) const LOCAL: &[Subject] = &[
    Subject {
        schema: Some("s"),
        ..subject(
            ObjectKind::Table,
            "\"T #\"",
            "select, update",
            "create table s.\"T #\" (a int); alter table s.\"T #\" owner to \"own er\"",
            "drop table s.\"T #\"",
            "relacl, acldefault('r', relowner) from pg_class where oid = 's.\"T #\"'::regclass",
        )
    },
    Subject {
        schema: Some("s"),
        ..subject(
            ObjectKind::Table,
            "view#",
            "delete, trigger",
            "create view s.view# as select 1 as a; alter view s.view# owner to \"own er\"",
            "drop view s.view#",
            "relacl, acldefault('r', relowner) from pg_class where oid = 's.view#'::regclass",
        )
    },
    Subject {
        schema: Some("s"),
        column: Some("\"c 1\""),
        ..subject(
            ObjectKind::Table,
            "columns#",
            "references",
            "create table s.columns# (\"c 1\" int, d int); alter table s.columns# owner to \"own er\"",
            "drop table s.columns#",
            "attacl, acldefault('c', relowner) from pg_attribute join pg_class c on c.oid = attrelid
                where attrelid = 's.columns#'::regclass and attname = 'c 1'",
        )
    },
    Subject {
        schema: Some("s"),
        ..subject(
            ObjectKind::Sequence,
            "seq#",
            "usage",
            "create sequence s.seq#; alter sequence s.seq# owner to \"own er\"",
            "drop sequence s.seq#",
            "relacl, acldefault('s', relowner) from pg_class where oid = 's.seq#'::regclass",
        )
    },
    Subject {
        schema: Some("s"),
        ..subject(
            ObjectKind::Function,
            "\"F #\"(a integer, b text)",
            "execute",
            "create function s.\"F #\"(a integer, b text) returns int language sql as 'select 1';
                alter function s.\"F #\" owner to \"own er\"",
            "drop function s.\"F #\"",
            "proacl, acldefault('f', proowner) from pg_proc where oid = 's.\"F #\"'::regproc",
        )
    },
    Subject {
        schema: Some("s"),
        ..subject(
            ObjectKind::Procedure,
            "proc#()",
            "execute",
            "create procedure s.proc#() language sql as 'select 1'; alter procedure s.proc# owner to \"own er\"",
            "drop procedure s.proc#",
            "proacl, acldefault('f', proowner) from pg_proc where oid = 's.proc#'::regproc",
        )
    },
    Subject {
        schema: Some("s"),
        ..subject(
            ObjectKind::Type,
            "domain#",
            "usage",
            "create domain s.domain# as int; alter domain s.domain# owner to \"own er\"",
            "drop domain s.domain#",
            "typacl, acldefault('T', typowner) from pg_type where oid = 's.domain#'::regtype",
        )
    },
    subject(
        ObjectKind::Schema,
        "\"S #\"",
        "create",
        "create schema \"S #\" authorization \"own er\"",
        "drop schema \"S #\"",
        "nspacl, acldefault('n', nspowner) from pg_namespace where nspname = 'S #'",
    ),
    subject(
        ObjectKind::Language,
        "\"L #\"",
        "usage",
        "create trusted language \"L #\" handler plpgsql_call_handler; alter language \"L #\" owner to \"own er\"",
        "drop language \"L #\"",
        "lanacl, acldefault('l', lanowner) from pg_language where lanname = 'L #'",
    ),
    subject(
        ObjectKind::ForeignDataWrapper,
        "fdw#",
        "usage",
        "create foreign data wrapper fdw#; alter role \"own er\" superuser;
            alter foreign data wrapper fdw# owner to \"own er\"; alter role \"own er\" nosuperuser",
        "drop foreign data wrapper fdw#",
        "fdwacl, acldefault('F', fdwowner) from pg_foreign_data_wrapper where fdwname = 'fdw#'",
    ),
    subject(
        ObjectKind::ForeignServer,
        "\"Server #\"",
        "usage",
        "create foreign data wrapper of#; grant usage on foreign data wrapper of# to \"own er\";
            create server \"Server #\" foreign data wrapper of#; alter server \"Server #\" owner to \"own er\"",
        "drop foreign data wrapper of# cascade",
        "srvacl, acldefault('S', srvowner) from pg_foreign_server where srvname = 'Server #'",
    ),
    subject(
        ObjectKind::LargeObject,
        "500#",
        "update",
        "select from lo_create(500#); alter large object 500# owner to \"own er\"",
        "select from lo_unlink(500#)",
        "lomacl, acldefault('L', lomowner) from pg_largeobject_metadata where oid = 500#",
    ),
];

/// Kinds of objects that all databases share, whose privileges pg_dumpall writes.
pub(crate) const SHARED: &[Subject] = &[
    subject(
        ObjectKind::Tablespace,
        "\"space #\"",
        "create",
        "set allow_in_place_tablespaces = on; create tablespace \"space #\" owner \"own er\" location ''",
        "drop tablespace \"space #\"",
        "spcacl, acldefault('t', spcowner) from pg_tablespace where spcname = 'space #'",
    ),
    subject(
        ObjectKind::Parameter,
        "\"my.parameter#\"",
        "alter system",
        "",
        "revoke all on parameter my.parameter# from alice, \"Bob B\", \"c=d/e\", \"we\"\"ird\", \"user\", \"zoë\",
            \"own er\", public cascade",
        "paracl, acldefault('p', 10) from (values (1)) v left join pg_parameter_acl on parname = 'my.parameter#'",
    ),
];
