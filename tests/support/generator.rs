//! Random schemas from a seed, for comparisons on databases that nobody thought of.
//!
//! The same seed and major give the same script on every machine. Each statement is valid where it stands, so that a script that fails to
//! load is a fault of the generator.

mod data_type;
mod extra;
mod name;
mod random;
mod routine;
mod table;

use crate::Major;
use data_type::Type;
use name::quote;
use random::Random;
use table::Table;

/// How many random objects a schema has at the least.
const OBJECTS: usize = 90;

/// The script that makes the schema of a seed, for a database of its own.
pub fn generated_schema(seed: u64, major: Major) -> String {
    let mut generator = Generator::new(seed, major);
    generator.found();
    for _ in 0..OBJECTS {
        generator.random_object();
    }
    generator.finish()
}

struct Generator {
    random: Random,
    major: Major,
    sql: String,
    /// The number of the next name, so that no two are the same.
    next: u32,
    keywords: Vec<&'static str>,
    /// Quoted, as all names are that are kept.
    schemas: Vec<String>,
    types: Vec<Type>,
    tables: Vec<Table>,
    views: Vec<String>,
    trigger_functions: Vec<String>,
    sequences: Vec<String>,
    collations: Vec<String>,
    dictionaries: Vec<String>,
    servers: Vec<String>,
    /// What comments and grants go to: the words between `ON` and `IS`.
    commentable: Vec<String>,
    grantable: Vec<(&'static str, String)>,
}

/// How often something is made, and what makes it.
type Kind = (u32, fn(&mut Generator));

/// Everything that can be made at random.
const KINDS: [Kind; 44] = [
    (2, Generator::schema),
    (4, Generator::enumeration),
    (3, Generator::composite),
    (4, Generator::domain),
    (2, Generator::range),
    (2, Generator::base_type),
    (1, Generator::shell_type),
    (4, Generator::collation),
    (10, Generator::table),
    (3, Generator::child_table),
    (4, Generator::partitioned_table),
    (2, Generator::typed_table),
    (6, Generator::key),
    (6, Generator::foreign_key),
    (4, Generator::check),
    (6, Generator::index),
    (2, Generator::exclusion),
    (3, Generator::extended_statistics),
    (3, Generator::table_property),
    (3, Generator::policy),
    (3, Generator::rule),
    (4, Generator::trigger),
    (4, Generator::sequence),
    (6, Generator::view),
    (4, Generator::materialized_view),
    (2, Generator::view_loop),
    (2, Generator::grouped_view),
    (2, Generator::default_loop),
    (2, Generator::check_loop),
    (6, Generator::function),
    (3, Generator::procedure),
    (3, Generator::atomic_function),
    (3, Generator::aggregate),
    (3, Generator::operator),
    (2, Generator::operator_class),
    (2, Generator::cast),
    (1, Generator::conversion),
    (3, Generator::text_search),
    (3, Generator::foreign_data),
    (1, Generator::event_trigger),
    (2, Generator::publication),
    (1, Generator::subscription),
    (1, Generator::access_method),
    (2, Generator::large_object),
];

impl Generator {
    fn new(seed: u64, major: Major) -> Self {
        Self {
            random: Random::new(seed),
            major,
            sql: String::new(),
            next: 1,
            keywords: name::KEYWORDS.to_vec(),
            schemas: vec!["public".into()],
            types: data_type::builtin(),
            tables: Vec::new(),
            views: Vec::new(),
            trigger_functions: Vec::new(),
            sequences: Vec::new(),
            collations: Vec::new(),
            dictionaries: Vec::new(),
            servers: Vec::new(),
            commentable: Vec::new(),
            grantable: Vec::new(),
        }
    }

    /// What all others build on.
    fn found(&mut self) {
        self.say("set client_min_messages = error");
        self.say("set check_function_bodies = off");
        for role in name::ROLES {
            // Roles belong to the cluster, which other schemas are loaded into at the same time.
            self.say(format!(
                "do $$ begin create role {role}; exception when others then null; end $$"
            ));
        }
        for _ in 0..3 {
            self.schema();
        }
        self.enumeration();
        self.domain();
        for _ in 0..6 {
            self.table();
        }
        self.trigger_function();
    }

    fn random_object(&mut self) {
        let total = KINDS.iter().map(|(weight, _)| weight).sum();
        let mut at = self.random.below(total);
        for (weight, make) in KINDS {
            if at < weight {
                make(self);
                break;
            }
            at -= weight;
        }
        match self.random.below(6) {
            0 => self.comment(),
            1 => self.grant(),
            2 if self.random.one_in(6) => self.default_privileges(),
            _ => {}
        }
    }

    fn finish(mut self) -> String {
        for table in 0..self.tables.len() {
            self.rows(table);
        }
        for name in std::mem::take(&mut self.sequences) {
            if self.random.one_in(3) {
                self.say(format!("select nextval({})", literal(&name)));
            }
        }
        self.sql
    }

    /// Adds a statement.
    fn say(&mut self, statement: impl AsRef<str>) {
        self.sql.push_str(statement.as_ref());
        self.sql.push_str(";\n");
    }

    /// A new name, quoted.
    fn name(&mut self, stem: &str) -> String {
        let number = self.next;
        self.next += 1;
        quote(&name::odd(
            &mut self.random,
            &mut self.keywords,
            stem,
            number,
        ))
    }

    /// A new name in a random schema, quoted.
    fn qualified(&mut self, stem: &str) -> String {
        let schema = self.random.pick(&self.schemas).clone();
        format!("{schema}.{}", self.name(stem))
    }

    fn schema(&mut self) {
        let name = self.name("schema");
        let owner = *self.random.pick(&name::ROLES);
        let authorization = if self.random.one_in(3) {
            format!(" authorization {owner}")
        } else {
            String::new()
        };
        self.say(format!("create schema {name}{authorization}"));
        self.note("schema", &name, "schema");
        self.schemas.push(name);
    }

    /// Remembers an object for comments and, where `grant` names its kind, for grants.
    fn note(&mut self, comment: &str, name: &str, grant: &'static str) {
        self.commentable.push(format!("{comment} {name}"));
        if !grant.is_empty() {
            self.grantable.push((grant, name.to_owned()));
        }
    }

    fn comment(&mut self) {
        if self.commentable.is_empty() {
            return;
        }
        let on = self.random.pick(&self.commentable).clone();
        let texts = [
            "plain",
            "it's",
            "back\\slash",
            "two\nlines",
            "ünïcødé 💾",
            "$$ -- /* ",
        ];
        let text = literal(self.random.pick::<&str>(&texts));
        self.say(format!("comment on {on} is {text}"));
    }

    fn grant(&mut self) {
        if self.grantable.is_empty() {
            return;
        }
        let (kind, name) = self.random.pick(&self.grantable).clone();
        let role = *self.random.pick(&name::GRANTEES);
        let privileges: &[&str] = match kind {
            "schema" => &["usage", "create", "all"],
            "table" => &["select", "insert, update", "all", "references, trigger"],
            "sequence" => &["usage", "select", "all"],
            "function" | "procedure" => &["execute"],
            _ => &["usage", "all"],
        };
        let privilege = *self.random.pick(privileges);
        let grant = if self.random.one_in(4) {
            format!("revoke {privilege} on {kind} {name} from {role}")
        } else {
            let option = if role != "public" && self.random.one_in(3) {
                " with grant option"
            } else {
                ""
            };
            format!("grant {privilege} on {kind} {name} to {role}{option}")
        };
        self.say(grant);
    }

    fn default_privileges(&mut self) {
        let role = *self.random.pick(&name::ROLES);
        let (kind, privilege) = *self.random.pick(&[
            ("tables", "select"),
            ("sequences", "usage"),
            ("functions", "execute"),
            ("types", "usage"),
        ]);
        let to = *self.random.pick(&name::GRANTEES);
        let within = if self.random.one_in(2) {
            format!(" in schema {}", self.random.pick(&self.schemas))
        } else {
            String::new()
        };
        self.say(format!(
            "alter default privileges for role {role}{within} grant {privilege} on {kind} to {to}"
        ));
    }

    fn sequence(&mut self) {
        // A sequence can belong to a column of a table of its own schema and owner alone.
        let owner = if self.random.one_in(3) {
            self.random_table(|table| !table.is_given_away)
        } else {
            None
        };
        let name = match owner {
            Some(table) => {
                let schema = self.tables[table].schema.clone();
                format!("{schema}.{}", self.name("seq"))
            }
            None => self.qualified("seq"),
        };
        let mut options = String::new();
        for (chance, option) in [
            (3, " as smallint"),
            (3, " increment by -3"),
            (4, " maxvalue 9000"),
            (4, " cache 7"),
            (3, " cycle"),
        ] {
            if self.random.one_in(chance) {
                options.push_str(option);
            }
        }
        let unlogged = owner.is_none() && self.major.number() >= 15 && self.random.one_in(6);
        let unlogged = if unlogged { "unlogged " } else { "" };
        self.say(format!("create {unlogged}sequence {name}{options}"));
        self.note("sequence", &name, "sequence");
        if let Some(table) = owner.map(|table| &self.tables[table]) {
            let statement = format!(
                "alter sequence {name} owned by {}.{}",
                table.name, table.columns[0].name
            );
            self.say(statement);
        }
        self.sequences.push(name);
    }
}

/// A string literal for any content.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if text.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::{generated_schema, literal};
    use crate::Major;

    #[test]
    fn a_seed_makes_the_same_schema_every_time_and_another_seed_another() {
        let schema = generated_schema(7, Major::V18);
        assert_eq!(schema, generated_schema(7, Major::V18));
        assert_ne!(schema, generated_schema(8, Major::V18));
        assert!(schema.lines().count() > super::OBJECTS);
    }

    #[test]
    fn literals_keep_quotes_and_backslashes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\b'"), "E'a\\\\b'''");
    }
}
