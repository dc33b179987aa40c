//! Tables and what hangs on them.

use super::data_type::Type;
use super::{Generator, name};

/// A column.
#[derive(Clone)]
pub(super) struct Column {
    /// Quoted.
    pub(super) name: String,
    pub(super) data_type: Type,
    /// Whether rows give it a value.
    is_given: bool,
}

/// A table.
#[derive(Clone)]
pub(super) struct Table {
    /// Quoted, with its schema.
    pub(super) name: String,
    /// Quoted.
    pub(super) schema: String,
    pub(super) columns: Vec<Column>,
    /// Whether a role other than the script's owns it.
    pub(super) is_given_away: bool,
    pub(super) is_unlogged: bool,
    /// The columns of its keys.
    keys: Vec<Vec<usize>>,
    has_primary_key: bool,
    has_identity: bool,
    /// Whether rows are inserted at the end.
    takes_rows: bool,
}

impl Generator {
    /// One of the tables that a condition holds for.
    pub(super) fn random_table(&mut self, condition: impl Fn(&Table) -> bool) -> Option<usize> {
        let suited: Vec<usize> = (0..self.tables.len())
            .filter(|table| condition(&self.tables[*table]))
            .collect();
        (!suited.is_empty()).then(|| *self.random.pick(&suited))
    }

    pub(super) fn table(&mut self) {
        let name = self.qualified("t");
        let unlogged = self.random.one_in(12);
        let mut columns = vec![self.column(|data_type| data_type.is_ordered)];
        for _ in 0..self.random.below(6) {
            columns.push(self.column(|_| true));
        }
        let mut parts = Vec::new();
        let mut has_identity = false;
        for (place, column) in columns.iter_mut().enumerate() {
            let mut part = format!("{} {}", column.name, column.data_type.sql);
            if column.data_type.is_text && self.random.one_in(4) {
                let collation = match self.collations.as_slice() {
                    [] => "\"C\"".to_owned(),
                    some => self.random.pick(some).clone(),
                };
                part.extend([format!(" collate {collation}")]);
            }
            match self.random.below(7) {
                0 => part.extend([format!(" default {}", column.data_type.values[0])]),
                1 if column.data_type.values[0] != "null" => {
                    part.extend([format!(" default {} not null", column.data_type.values[0])]);
                    column.data_type.values.retain(|value| value != "null");
                }
                2 if column.data_type.sql == "bigint" && !has_identity => {
                    let when = *self.random.pick(&["always", "by default"]);
                    let options = *self.random.pick(&[
                        "",
                        " (start with 10 increment by 5)",
                        " (minvalue -5 start with -5 cache 3)",
                    ]);
                    part.extend([format!(" generated {when} as identity{options}")]);
                    column.is_given = false;
                    has_identity = true;
                }
                3 if place > 0 && column.data_type.sql == "integer" => {
                    part.push_str(" generated always as (length('abc') + 1) stored");
                    column.is_given = false;
                }
                _ => {}
            }
            parts.push(part);
        }
        let unlogged_word = if unlogged { "unlogged " } else { "" };
        let options = *self.random.pick(&[
            "",
            "",
            "",
            " with (fillfactor = 70, autovacuum_enabled = off)",
            " with (toast.autovacuum_enabled = false)",
        ]);
        self.say(format!(
            "create {unlogged_word}table {name} ({}){options}",
            parts.join(", ")
        ));
        let schema = schema_of(&name, &self.schemas);
        self.note("table", &name, "table");
        self.commentable
            .push(format!("column {name}.{}", columns[0].name));
        self.grantable.push(("table", name.clone()));
        let is_given_away = self.random.one_in(6);
        if is_given_away {
            let owner = *self.random.pick(&name::ROLES);
            self.say(format!("alter table {name} owner to {owner}"));
        }
        self.tables.push(Table {
            name,
            schema,
            columns,
            is_given_away,
            is_unlogged: unlogged,
            keys: Vec::new(),
            has_primary_key: false,
            has_identity,
            takes_rows: true,
        });
    }

    fn column(&mut self, suits: impl Fn(&Type) -> bool) -> Column {
        let mut data_type = self.random_type();
        while !suits(&data_type) {
            data_type = self.random_type();
        }
        Column {
            name: self.name("c"),
            data_type,
            is_given: true,
        }
    }

    /// Remembers a table of the same columns as another one.
    fn note_like(&mut self, name: String, columns: Vec<Column>, takes_rows: bool) {
        self.note("table", &name, "table");
        self.tables.push(Table {
            schema: schema_of(&name, &self.schemas),
            name,
            columns,
            is_given_away: false,
            is_unlogged: false,
            keys: Vec::new(),
            has_primary_key: false,
            has_identity: false,
            takes_rows,
        });
    }

    pub(super) fn child_table(&mut self) {
        let Some(parent) = self.random_table(|table| !table.is_unlogged && !table.has_identity)
        else {
            return;
        };
        let parent = self.tables[parent].clone();
        let name = self.qualified("child");
        let own = self.column(|_| true);
        let mut parts = vec![format!("{} {}", own.name, own.data_type.sql)];
        let first = &parent.columns[0];
        if first.is_given && !first.data_type.is_text && self.random.one_in(3) {
            // Defined here and there: the definitions are merged.
            parts.push(format!(
                "{} {} default {}",
                first.name, first.data_type.sql, first.data_type.values[0]
            ));
        }
        self.say(format!(
            "create table {name} ({}) inherits ({})",
            parts.join(", "),
            parent.name
        ));
        if first.is_given && self.random.one_in(3) {
            self.say(format!(
                "alter table {name} alter {} drop default",
                first.name
            ));
        }
        let mut columns = parent.columns.clone();
        columns.push(own);
        self.note_like(name, columns, parent.takes_rows);
    }

    pub(super) fn typed_table(&mut self) {
        let name = self.qualified("typed");
        let of = self.qualified("row_type");
        let (first, second) = (self.name("a"), self.name("b"));
        self.say(format!(
            "create type {of} as ({first} integer, {second} text)"
        ));
        let options = if self.random.one_in(2) {
            format!(" ({second} with options default 'x' not null)")
        } else {
            String::new()
        };
        self.say(format!("create table {name} of {of}{options}"));
        self.note("table", &name, "table");
    }

    pub(super) fn partitioned_table(&mut self) {
        let name = self.qualified("parts");
        let key = self.name("k");
        let other = self.column(|_| true);
        let columns = format!(
            "({key} integer not null, {} {})",
            other.name, other.data_type.sql
        );
        let way = *self.random.pick(&["range", "list", "hash"]);
        self.say(format!(
            "create table {name} {columns} partition by {way} ({key})"
        ));
        let bounds: &[&str] = match way {
            "range" => &[
                "from (minvalue) to (0)",
                "from (0) to (100)",
                "from (100) to (maxvalue)",
            ],
            "list" => &["in (1, 2)", "in (3)", "in (4, 5)"],
            _ => &[
                "with (modulus 3, remainder 0)",
                "with (modulus 3, remainder 1)",
                "with (modulus 3, remainder 2)",
            ],
        };
        if self.random.one_in(2) {
            let index = self.name("pk");
            self.say(format!(
                "alter table {name} add constraint {index} primary key ({key})"
            ));
        }
        if self.random.one_in(2) {
            let index = self.name("pi");
            self.say(format!("create index {index} on {name} ({key} desc)"));
        }
        for bound in bounds {
            let part = self.qualified("part");
            match self.random.below(4) {
                0 => {
                    // Attached later, with its columns in another order.
                    self.say(format!(
                        "create table {part} ({} {}, {key} integer not null)",
                        other.name, other.data_type.sql
                    ));
                    self.say(format!(
                        "alter table {name} attach partition {part} for values {bound}"
                    ));
                }
                1 if way != "hash" => {
                    self.say(format!("create table {part} partition of {name} for values {bound} partition by hash ({key})"));
                    let below = self.qualified("sub");
                    self.say(format!("create table {below} partition of {part} for values with (modulus 1, remainder 0)"));
                    self.note("table", &below, "table");
                }
                _ => {
                    self.say(format!("create table {part} partition of {name} ({} default {}) for values {bound}", other.name, other.data_type.values[0]));
                }
            }
            self.note("table", &part, "table");
        }
        if way != "hash" {
            let default = self.qualified("rest");
            if way == "list" {
                self.say(format!(
                    "create table {default} partition of {name} default"
                ));
            }
        }
        self.say(format!("insert into {name} ({key}) values (1), (2), (5)"));
        if self.random.one_in(2) {
            let trigger_function = self.random.pick(&self.trigger_functions).clone();
            let trigger = self.name("ptrg");
            self.say(format!("create trigger {trigger} after insert on {name} for each row execute function {trigger_function}()"));
        }
        self.note("table", &name, "table");
    }

    pub(super) fn key(&mut self) {
        let Some(table) =
            self.random_table(|table| table.takes_rows && table.columns[0].data_type.is_ordered)
        else {
            return;
        };
        let name = self.name("key");
        let target = self.tables[table].clone();
        let first = &target.columns[0];
        let has_null = first.data_type.values.iter().any(|value| value == "null");
        let (kind, rest) = if !target.has_primary_key && !has_null && self.random.one_in(2) {
            self.tables[table].has_primary_key = true;
            ("primary key", "")
        } else if self.major.number() >= 15 && !has_null && self.random.one_in(4) {
            ("unique nulls not distinct", "")
        } else {
            (
                "unique",
                *self
                    .random
                    .pick(&["", " deferrable", " deferrable initially deferred"]),
            )
        };
        let include = match target.columns.get(1) {
            Some(second) if self.random.one_in(4) => format!(" include ({})", second.name),
            _ => String::new(),
        };
        self.say(format!(
            "alter table {} add constraint {name} {kind} ({}){include}{rest}",
            target.name, first.name
        ));
        if rest.is_empty() {
            self.tables[table].keys.push(vec![0]);
        }
        self.commentable
            .push(format!("constraint {name} on {}", target.name));
        if kind == "primary key" && self.random.one_in(3) {
            self.say(format!("alter table {} cluster on {name}", target.name));
        }
        if kind == "primary key" && self.random.one_in(5) {
            self.say(format!(
                "alter table {} replica identity using index {name}",
                target.name
            ));
        }
    }

    pub(super) fn foreign_key(&mut self) {
        let Some(to) = self.random_table(|table| !table.keys.is_empty() && !table.is_unlogged)
        else {
            return;
        };
        let referenced = self.tables[to].clone();
        let column = referenced.columns[0].clone();
        let Some(from) = self.random_table(|table| {
            table
                .columns
                .iter()
                .any(|own| own.is_given && own.data_type.sql == column.data_type.sql)
        }) else {
            return;
        };
        let name = self.name("fk");
        let own = self.tables[from]
            .columns
            .iter()
            .find(|own| own.is_given && own.data_type.sql == column.data_type.sql);
        let own = own.map(|own| own.name.clone()).unwrap_or_default();
        let options = *self.random.pick(&[
            "",
            " on delete cascade on update set null",
            " deferrable initially deferred",
            " match full on delete restrict",
        ]);
        let table = self.tables[from].name.clone();
        // What rows there will be may break it.
        self.say(format!(
            "alter table {table} add constraint {name} foreign key ({own}) references {} ({}){options} not valid",
            referenced.name, column.name
        ));
        self.say(format!("alter table {table} disable trigger all"));
        self.say(format!(
            "alter table {} disable trigger all",
            referenced.name
        ));
        self.commentable
            .push(format!("constraint {name} on {table}"));
    }

    pub(super) fn check(&mut self) {
        let Some(table) = self.random_table(|_| true) else {
            return;
        };
        let name = self.name("check");
        let target = &self.tables[table];
        let (table, column) = (target.name.clone(), target.columns[0].name.clone());
        let option = *self.random.pick(&["", "", " no inherit", " not valid"]);
        self.say(format!("alter table {table} add constraint {name} check ({column} is not null or {column} is null){option}"));
        self.commentable
            .push(format!("constraint {name} on {table}"));
    }

    pub(super) fn exclusion(&mut self) {
        let name = self.qualified("booking");
        let (column, constraint) = (self.name("during"), self.name("excl"));
        let option = *self
            .random
            .pick(&["", " where (lower_inf(\"x\"))", " deferrable"]);
        self.say(format!(
            "create table {name} ({column} int4range, \"x\" int4range, constraint {constraint} exclude using gist ({column} with &&, \"x\" with =){option})"
        ));
        self.note("table", &name, "table");
    }

    pub(super) fn index(&mut self) {
        let Some(table) = self.random_table(|table| table.columns[0].data_type.is_ordered) else {
            return;
        };
        let name = self.name("idx");
        let target = self.tables[table].clone();
        let column = &target.columns[0];
        let what = match self.random.below(6) {
            0 => format!("(({} is null))", column.name),
            1 => format!("({} desc nulls last)", column.name),
            2 => format!("({}) where {} is not null", column.name, column.name),
            3 if column.data_type.is_text => format!("(lower({}) text_pattern_ops)", column.name),
            4 => format!("({}) with (fillfactor = 60)", column.name),
            _ => format!("({})", column.name),
        };
        self.say(format!("create index {name} on {} {what}", target.name));
        self.commentable
            .push(format!("index {}.{name}", target.schema));
        if what.contains("is null)") && self.random.one_in(2) {
            self.say(format!(
                "alter index {}.{name} alter column 1 set statistics 321",
                target.schema
            ));
        }
    }

    pub(super) fn extended_statistics(&mut self) {
        let Some(table) = self.random_table(|table| {
            table.columns.len() > 1
                && table.columns[..2]
                    .iter()
                    .all(|column| column.data_type.is_ordered && column.data_type.sql != "json")
        }) else {
            return;
        };
        let name = self.qualified("stat");
        let target = self.tables[table].clone();
        let kinds = *self
            .random
            .pick(&["", " (ndistinct)", " (mcv, dependencies)"]);
        self.say(format!(
            "create statistics {name}{kinds} on {}, {} from {}",
            target.columns[0].name, target.columns[1].name, target.name
        ));
        if self.random.one_in(3) {
            self.say(format!("alter statistics {name} set statistics 77"));
        }
        self.note("statistics", &name, "");
    }

    pub(super) fn table_property(&mut self) {
        let Some(table) = self.random_table(|_| true) else {
            return;
        };
        let target = self.tables[table].clone();
        let (table, column) = (&target.name, &target.columns[0].name);
        let change = match self.random.below(7) {
            0 => "replica identity full".to_owned(),
            1 => format!("alter {column} set statistics 99"),
            2 => format!("alter {column} set (n_distinct = -0.5)"),
            3 if target.columns[0].data_type.is_text => {
                format!("alter {column} set storage external")
            }
            4 => "set (parallel_workers = 3, user_catalog_table = true)".to_owned(),
            5 => "enable row level security, force row level security".to_owned(),
            _ => format!("add column {} integer default 5", self.name("late")),
        };
        self.say(format!("alter table {table} {change}"));
    }

    pub(super) fn policy(&mut self) {
        let Some(table) = self.random_table(|_| true) else {
            return;
        };
        let name = self.name("pol");
        let table = self.tables[table].name.clone();
        let kind = *self.random.pick(&["", " as restrictive"]);
        let command = *self.random.pick(&["all", "select", "delete"]);
        let to = *self.random.pick(&[
            "",
            " to public",
            " to generated_reader, \"generated Owner's\"",
        ]);
        self.say(format!(
            "create policy {name} on {table}{kind} for {command}{to} using (current_user = 'x')"
        ));
        if self.random.one_in(2) {
            self.say(format!("alter table {table} enable row level security"));
        }
        self.commentable.push(format!("policy {name} on {table}"));
    }

    pub(super) fn rule(&mut self) {
        let Some(table) = self.random_table(|table| !table.takes_rows || table.columns.len() > 2)
        else {
            return;
        };
        let name = self.name("rule");
        let table = self.tables[table].name.clone();
        self.say(format!(
            "create rule {name} as on update to {table} where false do also select 1 as \"one\""
        ));
        self.commentable.push(format!("rule {name} on {table}"));
        if self.random.one_in(3) {
            let state = *self
                .random
                .pick(&["disable", "enable always", "enable replica"]);
            self.say(format!("alter table {table} {state} rule {name}"));
        }
    }

    pub(super) fn trigger_function(&mut self) {
        let name = self.qualified("trg");
        self.say(format!("create function {name}() returns trigger language plpgsql as $t$ begin return new; end $t$"));
        self.trigger_functions.push(name);
    }

    pub(super) fn trigger(&mut self) {
        if self.random.one_in(5) {
            self.trigger_function();
        }
        let Some(table) = self.random_table(|_| true) else {
            return;
        };
        let name = self.name("trg");
        let target = self.tables[table].clone();
        let function = self.random.pick(&self.trigger_functions).clone();
        let (table, column) = (&target.name, &target.columns[0].name);
        let what = match self.random.below(5) {
            0 => format!(
                "before update of {column} on {table} for each row when (pg_trigger_depth() = 0)"
            ),
            1 => format!(
                "after delete on {table} referencing old table as \"gone\" for each statement"
            ),
            2 => format!("before insert or truncate on {table} for each statement"),
            3 => format!("before insert or update on {table} for each row"),
            _ => format!("after insert on {table} deferrable initially deferred for each row"),
        };
        let constraint = if what.contains("deferrable") {
            "constraint "
        } else {
            ""
        };
        let arguments = *self.random.pick(&["", "'a', 'it''s'", "1"]);
        self.say(format!(
            "create {constraint}trigger {name} {what} execute function {function}({arguments})"
        ));
        self.commentable.push(format!("trigger {name} on {table}"));
        let state = *self
            .random
            .pick(&["", "", "disable", "enable always", "enable replica"]);
        if !state.is_empty() {
            self.say(format!("alter table {table} {state} trigger {name}"));
        }
    }

    /// Rows for a table, as many as its types have values for.
    pub(super) fn rows(&mut self, table: usize) {
        let target = self.tables[table].clone();
        let given: Vec<&Column> = target
            .columns
            .iter()
            .filter(|column| column.is_given)
            .collect();
        if !target.takes_rows || given.is_empty() || self.random.one_in(5) {
            return;
        }
        // A key takes no value twice.
        let most = given
            .iter()
            .map(|column| column.data_type.values.len())
            .min()
            .unwrap_or_default();
        let names: Vec<&str> = given.iter().map(|column| column.name.as_str()).collect();
        let rows: Vec<String> = (0..most)
            .map(|row| {
                let values: Vec<&str> = given
                    .iter()
                    .map(|column| column.data_type.values[row].as_str())
                    .collect();
                format!("({})", values.join(", "))
            })
            .collect();
        self.say(format!("alter table {} disable trigger user", target.name));
        self.say(format!(
            "insert into {} ({}) values {}",
            target.name,
            names.join(", "),
            rows.join(", ")
        ));
    }
}

/// The schema of a qualified name, as it is written there.
fn schema_of(name: &str, schemas: &[String]) -> String {
    let is_it = |schema: &&String| {
        name.strip_prefix(schema.as_str())
            .is_some_and(|rest| rest.starts_with('.'))
    };
    schemas.iter().find(is_it).cloned().unwrap_or_default()
}
