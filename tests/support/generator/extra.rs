//! Views, and what stands beside the tables.

use super::{Generator, literal, name};

impl Generator {
    pub(super) fn view(&mut self) {
        let Some(table) = self.random_table(|_| true) else {
            return;
        };
        let name = self.qualified("view");
        let table = self.tables[table].clone();
        let column = table.columns[0].name.clone();
        let options = *self.random.pick(&[
            "",
            "",
            " with (security_barrier)",
            " with (security_barrier = false)",
        ]);
        let end = *self.random.pick(&[
            "",
            "",
            " with local check option",
            " with cascaded check option",
        ]);
        match self.views.as_slice() {
            [_, ..] if self.random.one_in(3) => {
                let source = self.random.pick(&self.views).clone();
                let more = self.name("more");
                self.say(format!(
                    "create view {name} as select x.*, 1 as {more} from {source} x"
                ));
                return self.note_view(name, "");
            }
            _ => {}
        }
        self.say(format!("create view {name}{options} as select {column}, 'it''s'::text as \"Text\" from {} where {column} is not null{end}", table.name));
        self.note_view(name, &column);
    }

    fn note_view(&mut self, name: String, column: &str) {
        self.note("view", &name, "table");
        if !column.is_empty() {
            self.commentable.push(format!("column {name}.{column}"));
            if self.random.one_in(4) {
                self.say(format!(
                    "alter view {name} alter column {column} set default null"
                ));
            }
        }
        if self.random.one_in(6) {
            let owner = *self.random.pick(&name::ROLES);
            self.say(format!("alter view {name} owner to {owner}"));
            // Its owner may not read what it reads, so that nothing else may be made of it.
            return;
        }
        self.views.push(name);
    }

    pub(super) fn materialized_view(&mut self) {
        let name = self.qualified("matview");
        let source = match self.views.as_slice() {
            [] => "(select 1 as one) as ones".to_owned(),
            some => self.random.pick(some).clone(),
        };
        let data = *self.random.pick(&["", " with no data"]);
        let options = *self.random.pick(&["", " with (fillfactor = 80)"]);
        self.say(format!("create materialized view {name}{options} as select count(*) as \"Count\" from {source}{data}"));
        self.note("materialized view", &name, "table");
        if self.random.one_in(2) {
            let index = self.name("mvi");
            self.say(format!("create index {index} on {name} (\"Count\")"));
        }
        if data.is_empty() {
            self.views.push(name);
        } else if self.random.one_in(2) {
            let reader = self.qualified("matview");
            self.say(format!(
                "create materialized view {reader} as select * from {name} with no data"
            ));
        }
    }

    /// A view that reads a function that returns the view's rows.
    pub(super) fn view_loop(&mut self) {
        let (view, function) = (self.qualified("ring"), self.qualified("ring_rows"));
        self.say(format!(
            "create view {view} as select 1 as x, 'a'::text as y"
        ));
        self.say(format!("create function {function}() returns setof {view} language sql as $$ select 1, 'b'::text $$"));
        self.say(format!(
            "create or replace view {view} as select x, y from {function}()"
        ));
        self.note("view", &view, "table");
        if self.random.one_in(2) {
            let other = self.qualified("on_ring");
            self.say(format!("create view {other} as select * from {view}"));
            self.views.push(other);
        }
    }

    /// A view whose grouping relies on a primary key.
    pub(super) fn grouped_view(&mut self) {
        let (table, view) = (self.qualified("grouped"), self.qualified("groups"));
        self.say(format!(
            "create table {table} (id integer primary key, a text, b text)"
        ));
        self.say(format!("insert into {table} values (1, 'a', 'b')"));
        let kind = *self.random.pick(&["view", "materialized view"]);
        self.say(format!(
            "create {kind} {view} as select id, a, b, count(*) from {table} group by id"
        ));
        if self.random.one_in(2) {
            let other = self.qualified("groups_again");
            self.say(format!(
                "create view {other} as select id, a from {view} where b is not null"
            ));
        }
        self.note("table", &table, "table");
        self.note(kind, &view, "table");
    }

    pub(super) fn text_search(&mut self) {
        let name = self.qualified("ts");
        match self.random.below(4) {
            0 => {
                let options = *self.random.pick(&[
                    "template = simple",
                    "template = simple, stopwords = 'english', accept = false",
                    "template = synonym, synonyms = 'synonym_sample'",
                ]);
                self.say(format!("create text search dictionary {name} ({options})"));
                self.note("text search dictionary", &name, "");
                self.dictionaries.push(name);
            }
            1 => {
                self.say(format!("create text search template {name} (init = dsimple_init, lexize = dsimple_lexize)"));
                self.note("text search template", &name, "");
            }
            2 => {
                self.say(format!(
                    "create text search parser {name} (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype, headline = prsd_headline)"
                ));
                self.note("text search parser", &name, "");
            }
            _ => {
                self.say(format!(
                    "create text search configuration {name} (parser = pg_catalog.\"default\")"
                ));
                let dictionary = match self.dictionaries.as_slice() {
                    [] => "pg_catalog.english_stem".to_owned(),
                    some => self.random.pick(some).clone(),
                };
                self.say(format!("alter text search configuration {name} add mapping for asciiword, word, email with {dictionary}, pg_catalog.simple"));
                self.note("text search configuration", &name, "");
            }
        }
    }

    pub(super) fn foreign_data(&mut self) {
        if self.servers.is_empty() || self.random.one_in(4) {
            let (wrapper, server) = (self.name("fdw"), self.name("srv"));
            self.say(format!(
                "create foreign data wrapper {wrapper} options (debug 'it''s', \"Odd\" 'b\\s')"
            ));
            let options = *self.random.pick(&["", " type 't' version '1.0'"]);
            self.say(format!("create server {server}{options} foreign data wrapper {wrapper} options (host 'h', \"Port\" '1')"));
            self.note("foreign data wrapper", &wrapper, "");
            self.grantable.push(("foreign data wrapper", wrapper));
            self.note("server", &server, "");
            self.grantable.push(("foreign server", server.clone()));
            let role = *self
                .random
                .pick(&["public", name::ROLES[0], name::ROLES[1]]);
            self.say(format!("create user mapping for {role} server {server} options (\"user\" 'u', password 'p''w')"));
            self.servers.push(server);
        }
        let server = self.random.pick(&self.servers).clone();
        let (table, first, second) = (self.qualified("far"), self.name("a"), self.name("b"));
        let data_type = self.random_type();
        self.say(format!(
            "create foreign table {table} ({first} integer options (\"Name\" 'x''y') not null, {second} {} default {}) server {server} options (\"table\" 't')",
            data_type.sql, data_type.values[0]
        ));
        self.note("foreign table", &table, "table");
        self.commentable.push(format!("column {table}.{second}"));
    }

    pub(super) fn event_trigger(&mut self) {
        let (name, function) = (self.name("evt"), self.qualified("on_ddl"));
        self.say(format!(
            "create function {function}() returns event_trigger language plpgsql as $$ begin end $$"
        ));
        let when = *self
            .random
            .pick(&["", " when tag in ('CREATE TABLE', 'DROP TABLE')"]);
        self.say(format!(
            "create event trigger {name} on ddl_command_end{when} execute function {function}()"
        ));
        let state = *self
            .random
            .pick(&["disable", "enable always", "enable replica", "enable"]);
        self.say(format!("alter event trigger {name} {state}"));
        self.note("event trigger", &name, "");
    }

    pub(super) fn publication(&mut self) {
        let name = self.name("pub");
        let table = self
            .random_table(|table| !table.is_unlogged)
            .map(|table| self.tables[table].clone());
        let options = *self.random.pick(&[
            "",
            " with (publish = 'insert, delete')",
            " with (publish_via_partition_root = true)",
        ]);
        let what = match (self.random.below(4), table) {
            (0, _) => " for all tables".to_owned(),
            (1, Some(table)) => format!(" for table only {}", table.name),
            (2, Some(table)) if self.major.number() >= 15 => {
                let first = &table.columns[0];
                // A filter knows the server's own types and collations alone.
                let filter = if first.data_type.sql.contains('"') || first.data_type.is_text {
                    String::new()
                } else {
                    format!(" where ({} is not null)", first.name)
                };
                format!(" for table only {} ({}){filter}", table.name, first.name)
            }
            (3, _) if self.major.number() >= 15 => {
                format!(" for tables in schema {}", self.random.pick(&self.schemas))
            }
            _ => String::new(),
        };
        self.say(format!("create publication {name}{what}{options}"));
        self.note("publication", &name, "");
    }

    pub(super) fn subscription(&mut self) {
        let name = self.name("sub");
        let options = *self.random.pick(&[
            "",
            if self.major.number() >= 14 {
                ", binary = true"
            } else {
                ""
            },
            ", synchronous_commit = 'remote_apply'",
        ]);
        self.say(format!(
            "create subscription {name} connection 'host=nowhere dbname=it''s' publication \"a b\", c with (connect = false, slot_name = none{options})"
        ));
        self.note("subscription", &name, "");
    }

    pub(super) fn access_method(&mut self) {
        let (method, table) = (self.name("am"), self.qualified("stored"));
        self.say(format!(
            "create access method {method} type table handler heap_tableam_handler"
        ));
        self.say(format!("create table {table} (a integer) using {method}"));
        self.note("access method", &method, "");
        self.note("table", &table, "table");
    }

    pub(super) fn large_object(&mut self) {
        // A number of its own, so that the same seed makes the same one.
        let oid = 700_000 + self.next;
        self.next += 1;
        let content = literal(self.random.pick::<&str>(&["", "\\x6f6e65", "\\x00ff5c"]));
        self.say(format!("select lo_from_bytea({oid}, {content}::bytea)"));
        self.commentable.push(format!("large object {oid}"));
        if self.random.one_in(2) {
            let owner = *self.random.pick(&name::ROLES);
            self.say(format!("alter large object {oid} owner to {owner}"));
        }
        if self.random.one_in(2) {
            self.say(format!(
                "grant select on large object {oid} to generated_reader"
            ));
        }
    }
}
