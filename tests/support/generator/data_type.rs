//! Data types: those of the server that columns are made of, and those that a schema makes.

use super::{Generator, literal, name};

/// A type that columns can have.
#[derive(Clone)]
pub(super) struct Type {
    /// As SQL.
    pub(super) sql: String,
    /// Values as SQL expressions, different from each other.
    pub(super) values: Vec<String>,
    /// Whether a B-tree can order it.
    pub(super) is_ordered: bool,
    /// Whether it has a collation.
    pub(super) is_text: bool,
}

/// The server's own.
pub(super) fn builtin() -> Vec<Type> {
    let known: [(&str, &[&str], bool); 22] = [
        ("integer", &["1", "-7", "2147483647"], true),
        ("bigint", &["1", "-9223372036854775808", "42"], true),
        ("smallint", &["1", "2", "3"], true),
        ("text", &["'a'", "E'tab\\t\\\\N'", "'ünï'"], true),
        ("character varying(20)", &["'v'", "''", "'x y'"], true),
        ("character(4)", &["'c'", "'dd'", "'éé'"], true),
        ("name", &["'n'", "'N'", "'m m'"], true),
        ("numeric(12,3)", &["1.5", "-0.001", "'NaN'"], true),
        ("double precision", &["0.1", "'-Infinity'", "1e-300"], true),
        ("boolean", &["true", "false", "null"], true),
        (
            "date",
            &["'2024-02-29'", "'infinity'", "'0044-03-15 BC'"],
            true,
        ),
        (
            "timestamp with time zone",
            &["'2024-02-29 12:00+02'", "'-infinity'", "'epoch'"],
            true,
        ),
        (
            "timestamp(3) without time zone",
            &["'2024-02-29 12:00:00.5'", "'epoch'", "'infinity'"],
            true,
        ),
        (
            "interval day to second(2)",
            &["'1 day'", "'-2 hours'", "'0.25 s'"],
            true,
        ),
        (
            "uuid",
            &[
                "'00000000-0000-0000-0000-000000000001'",
                "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
                "null",
            ],
            true,
        ),
        ("bytea", &["'\\x00ff'", "''", "'\\x5c'"], true),
        ("jsonb", &["'{\"a\": [1, null]}'", "'[]'", "'\"s\"'"], true),
        ("json", &["'{\"b\":  1}'", "'null'", "'[1]'"], false),
        (
            "inet",
            &["'10.0.0.1'", "'::1/64'", "'192.168.0.0/16'"],
            true,
        ),
        ("integer[]", &["'{1,2}'", "'{}'", "'[0:1]={3,4}'"], true),
        (
            "text[]",
            &["'{a,NULL,\"b c\"}'", "'{{x},{y}}'", "'{}'"],
            true,
        ),
        ("int4range", &["'[1,5)'", "'empty'", "'(,3]'"], true),
    ];
    known
        .into_iter()
        .map(|(sql, values, is_ordered)| Type {
            sql: sql.into(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            is_ordered,
            is_text: matches!(sql, "text" | "character varying(20)" | "character(4)"),
        })
        .collect()
}

impl Generator {
    pub(super) fn random_type(&mut self) -> Type {
        self.random.pick(&self.types).clone()
    }

    fn note_type(&mut self, name: &str, values: Vec<String>, is_ordered: bool) {
        self.note("type", name, "type");
        if self.random.one_in(5) {
            let owner = *self.random.pick(&name::ROLES);
            self.say(format!("alter type {name} owner to {owner}"));
        }
        self.types.push(Type {
            sql: name.to_owned(),
            values,
            is_ordered,
            is_text: false,
        });
    }

    pub(super) fn enumeration(&mut self) {
        let name = self.qualified("mood");
        let labels: Vec<String> = ["sad", "it''s ok", "Happy!", "back\\slash"]
            .iter()
            .take(1 + self.random.place(4))
            .map(|label| format!("'{label}'"))
            .collect();
        self.say(format!(
            "create type {name} as enum ({})",
            labels.join(", ")
        ));
        if self.random.one_in(2) {
            self.say(format!(
                "alter type {name} add value 'early' before {}",
                labels[0]
            ));
        }
        self.note_type(&name, labels, true);
    }

    pub(super) fn composite(&mut self) {
        let name = self.qualified("pair");
        let (first, second) = (self.name("a"), self.name("b"));
        let types = [self.random_type(), self.random_type()];
        self.say(format!(
            "create type {name} as ({first} {}, {second} {})",
            types[0].sql, types[1].sql
        ));
        self.commentable.push(format!("column {name}.{second}"));
        if self.random.one_in(3) {
            let third = self.name("c");
            self.say(format!(
                "alter type {name} drop attribute {first}, add attribute {third} integer"
            ));
            self.note_type(&name, vec!["null".into()], false);
            return;
        }
        let values = (0..2)
            .map(|i| {
                let value = |data_type: &Type| data_type.values[i % data_type.values.len()].clone();
                format!("row({}, {})::{name}", value(&types[0]), value(&types[1]))
            })
            .collect();
        self.note_type(&name, values, false);
    }

    pub(super) fn domain(&mut self) {
        let base = self.random_type();
        let name = self.qualified("dom");
        let mut options = String::new();
        if base.is_text && self.random.one_in(3) {
            options.push_str(" collate \"C\"");
        }
        if self.random.one_in(2) {
            options.extend([format!(" default {}", base.values[0])]);
        }
        if self.random.one_in(2) {
            let constraint = self.name("dc");
            options.extend([format!(
                " constraint {constraint} check (value is not null or true)"
            )]);
            self.commentable
                .push(format!("constraint {constraint} on domain {name}"));
        }
        self.say(format!("create domain {name} as {}{options}", base.sql));
        self.note("domain", &name, "type");
        if self.random.one_in(4) {
            let constraint = self.name("dn");
            self.say(format!(
                "alter domain {name} add constraint {constraint} check (value is distinct from null) not valid"
            ));
            // No column is made of it, lest a NULL be refused.
            return;
        }
        self.types.push(Type {
            sql: name,
            is_text: false,
            ..base
        });
    }

    pub(super) fn range(&mut self) {
        let name = self.qualified("span");
        let (subtype, low, high) = *self.random.pick(&[
            ("numeric", "1.5", "2.5"),
            ("text", "a", "b"),
            ("time", "10:00", "11:00"),
        ]);
        let mut options = String::new();
        if subtype == "text" && self.random.one_in(2) {
            options.push_str(", collation = \"C\", subtype_opclass = pg_catalog.text_pattern_ops");
        }
        if self.major.number() >= 14 && self.random.one_in(3) {
            let multirange = self.qualified("spans");
            options.extend([format!(", multirange_type_name = {multirange}")]);
        }
        self.say(format!(
            "create type {name} as range (subtype = {subtype}{options})"
        ));
        let values = vec![literal(&format!("[{low},{high})")), "'empty'".into()];
        self.note_type(&name, values, true);
    }

    pub(super) fn base_type(&mut self) {
        let name = self.qualified("base");
        let (input, output) = (self.qualified("base_in"), self.qualified("base_out"));
        self.say(format!("create type {name}"));
        self.say(format!("create function {input}(cstring) returns {name} language internal immutable strict as 'textin'"));
        self.say(format!("create function {output}({name}) returns cstring language internal immutable strict as 'textout'"));
        let mut options = String::new();
        for (chance, option) in [
            (2, ", category = 'U'"),
            (2, ", default = 'it''s'"),
            (3, ", delimiter = ';'"),
            (3, ", storage = external"),
            (4, ", preferred = true"),
            (4, ", collatable = true"),
        ] {
            if self.random.one_in(chance) {
                options.push_str(option);
            }
        }
        self.say(format!(
            "create type {name} (input = {input}, output = {output}, internallength = variable, alignment = int4{options})"
        ));
        self.note_type(&name, vec!["'one'".into(), "'two'".into()], false);
    }

    pub(super) fn shell_type(&mut self) {
        let name = self.qualified("shell");
        self.say(format!("create type {name}"));
        self.commentable.push(format!("type {name}"));
    }

    pub(super) fn collation(&mut self) {
        let name = self.qualified("coll");
        let builtin = [
            "provider = builtin, locale = 'C.UTF-8'",
            "provider = builtin, locale = 'C'",
        ];
        let libc = [
            "provider = libc, locale = 'C'",
            "lc_collate = 'C', lc_ctype = 'POSIX'",
        ];
        let options: &[&str] = if self.major.number() >= 17 && self.random.one_in(2) {
            &builtin
        } else {
            &libc
        };
        let options = *self.random.pick(options);
        self.say(format!("create collation {name} ({options})"));
        self.note("collation", &name, "");
        self.collations.push(name);
    }
}
