//! Functions and what is made of them.

use super::{Generator, name};

impl Generator {
    pub(super) fn function(&mut self) {
        let name = self.qualified("fn");
        let (argument, result) = (self.random_type(), self.random_type());
        let parameter = self.name("p");
        let default = if self.random.one_in(3) {
            format!(" default {}", argument.values[0])
        } else {
            String::new()
        };
        let mut properties = String::new();
        for (chance, property) in [
            (3, " immutable"),
            (4, " strict"),
            (4, " security definer"),
            (6, " leakproof"),
            (4, " parallel safe"),
            (5, " cost 7.5"),
            (5, " set search_path to pg_catalog, \"$user\", 'a b'"),
            (6, " set work_mem to '3MB'"),
        ] {
            if self.random.one_in(chance) {
                properties.push_str(property);
            }
        }
        let body = *self.random.pick(&["$body$", "$$", "$_$"]);
        let (language, text) = if self.random.one_in(2) {
            ("sql", format!("select null::{}", result.sql))
        } else {
            ("plpgsql", "begin return null; -- it's \\ \nend".to_owned())
        };
        self.say(format!(
            "create function {name}({parameter} {}{default}, variadic \"rest\" integer[] default '{{}}') returns {}{properties} language {language} as {body}{text}{body}",
            argument.sql, result.sql
        ));
        self.note_routine("function", &name, &format!("{}, integer[]", argument.sql));
        if self.random.one_in(8) {
            let signature = format!("{name}({}, integer[])", argument.sql);
            self.say(format!(
                "alter function {signature} depends on extension plpgsql"
            ));
        }
    }

    fn note_routine(&mut self, kind: &'static str, name: &str, arguments: &str) {
        let signature = format!("{name}({arguments})");
        self.note(kind, &signature, kind);
        if self.random.one_in(6) {
            let owner = *self.random.pick(&name::ROLES);
            self.say(format!("alter {kind} {signature} owner to {owner}"));
        }
    }

    pub(super) fn procedure(&mut self) {
        let name = self.qualified("proc");
        let parameter = self.name("p");
        let data_type = self.random_type();
        self.say(format!(
            "create procedure {name}(inout {parameter} {}) language plpgsql as $$ begin null; end $$",
            data_type.sql
        ));
        self.note_routine("procedure", &name, &data_type.sql);
    }

    pub(super) fn atomic_function(&mut self) {
        let Some(table) = self.random_table(|_| true) else {
            return;
        };
        if self.major.number() < 14 {
            return;
        }
        let name = self.qualified("atomic");
        let table = self.tables[table].clone();
        self.say(format!(
            "create function {name}() returns bigint language sql begin atomic select count({}) from {}; select 1::bigint; end",
            table.columns[0].name, table.name
        ));
        self.note_routine("function", &name, "");
    }

    pub(super) fn aggregate(&mut self) {
        let name = self.qualified("agg");
        let (arguments, options) = *self.random.pick(&[
            ("integer", "sfunc = int4pl, stype = integer, initcond = '0', parallel = safe, combinefunc = int4pl"),
            ("*", "sfunc = int8inc, stype = int8, initcond = '0'"),
            ("text", "sfunc = textcat, stype = text"),
            ("integer", "sfunc = int4larger, stype = integer, sortop = >"),
            ("bigint", "sfunc = int8pl, stype = bigint, msfunc = int8pl, minvfunc = int8mi, mstype = bigint, minitcond = '0'"),
            ("float8 order by \"any\"", "sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra"),
        ]);
        self.say(format!("create aggregate {name}({arguments}) ({options})"));
        self.note("aggregate", &format!("{name}({arguments})"), "");
        if self.random.one_in(4) {
            let owner = *self.random.pick(&name::ROLES);
            self.say(format!(
                "alter aggregate {name}({arguments}) owner to {owner}"
            ));
        }
    }

    pub(super) fn operator(&mut self) {
        let schema = self.random.pick(&self.schemas).clone();
        let number = self.next;
        self.next += 1;
        // Signs that count: no operator twice.
        let mut signs = String::from("<%");
        let mut rest = number;
        while rest > 0 {
            signs.push(['@', '#', '&', '|'][(rest % 4) as usize]);
            rest /= 4;
        }
        let operator = format!("{schema}.{signs}%");
        let (arguments, properties) = *self.random.pick(&[
            ("integer, integer", "leftarg = integer, rightarg = integer, function = int4eq, restrict = eqsel, join = eqjoinsel, hashes, merges"),
            ("integer, integer", "leftarg = integer, rightarg = integer, function = int4lt, restrict = scalarltsel"),
            ("none, bigint", "rightarg = bigint, function = int8um"),
            ("text, text", "leftarg = text, rightarg = text, function = textcat"),
        ]);
        let mut properties = properties.to_owned();
        if properties.contains("int4eq") && self.random.one_in(2) {
            properties.extend([format!(", commutator = operator({operator})")]);
        }
        self.say(format!("create operator {operator} ({properties})"));
        self.commentable
            .push(format!("operator {operator} ({arguments})"));
    }

    pub(super) fn operator_class(&mut self) {
        let (class, family) = (self.qualified("opc"), self.qualified("opf"));
        let shape = self.random.below(4);
        if shape == 0 {
            self.say(format!("create operator family {family} using hash"));
            self.commentable
                .push(format!("operator family {family} using hash"));
            return;
        }
        let within = if shape == 1 {
            self.say(format!("create operator family {family} using btree"));
            self.say(format!(
                "alter operator family {family} using btree add operator 1 < (integer, bigint), function 1 (integer, bigint) btint48cmp(integer, bigint)"
            ));
            format!(" family {family}")
        } else {
            String::new()
        };
        let members = "operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint4cmp(integer, integer)";
        self.say(format!(
            "create operator class {class} for type integer using btree{within} as {members}"
        ));
        self.commentable
            .push(format!("operator class {class} using btree"));
    }

    pub(super) fn cast(&mut self) {
        let source = self.qualified("castable");
        self.say(format!("create type {source} as enum ('x', 'y')"));
        self.note("type", &source, "type");
        let context = *self.random.pick(&["", " as assignment", " as implicit"]);
        let how = if self.random.one_in(2) {
            let function = self.qualified("to_text");
            self.say(format!("create function {function}({source}) returns integer language sql immutable as 'select 1'"));
            format!("with function {function}({source})")
        } else {
            "with inout".to_owned()
        };
        self.say(format!("create cast ({source} as integer) {how}{context}"));
        self.commentable.push(format!("cast ({source} as integer)"));
    }

    pub(super) fn conversion(&mut self) {
        let name = self.qualified("conv");
        self.say(format!(
            "create conversion {name} for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8"
        ));
        self.note("conversion", &name, "");
    }

    /// A default that reads its own table through a function.
    pub(super) fn default_loop(&mut self) {
        if self.major.number() < 14 {
            return;
        }
        let (table, function, column) = (
            self.qualified("looped"),
            self.qualified("next"),
            self.name("n"),
        );
        self.say(format!("create table {table} ({column} bigint)"));
        self.say(format!("create function {function}() returns bigint language sql begin atomic select max({column}) from {table}; end"));
        self.say(format!(
            "alter table {table} alter {column} set default {function}()"
        ));
        self.note("table", &table, "table");
    }

    /// A check that takes its own table's rows.
    pub(super) fn check_loop(&mut self) {
        let (table, function, column) = (
            self.qualified("checked"),
            self.qualified("is_ok"),
            self.name("n"),
        );
        let constraint = self.name("ok");
        self.say(format!("create table {table} ({column} bigint)"));
        self.say(format!("create function {function}({table}) returns boolean language sql immutable as 'select true'"));
        self.say(format!(
            "alter table {table} add constraint {constraint} check ({function}({table}.*))",
        ));
        self.say(format!("insert into {table} values (1), (2)"));
        self.note("table", &table, "table");
    }
}
