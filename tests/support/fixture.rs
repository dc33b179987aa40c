//! The schemas in `fixtures/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{fmt, fs};

use anyhow::{Context, Error, Result, ensure};

use crate::{Major, Server, shared_server, wait_until};

/// What PostgreSQL's own tools make of a fixture's archive; said in its head by `-- roundtrip: differs` or `-- restore: fails`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restore {
    /// It loads, and a dump of the result equals the dump of the original.
    Identical,
    /// It loads, and a dump of the result is another.
    Differs,
    /// It cannot be loaded on every server.
    Fails,
}

/// A script that fills an empty database.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Where it stands below `fixtures/`, without `.sql`.
    pub name: String,
    /// The script.
    pub path: PathBuf,
    /// What its archive is good for.
    pub restore: Restore,
    oldest: u32,
    changes_public: bool,
    /// How many statements a major may refuse, with what hangs on them; said in the head by `-- refused by 13: 30`.
    refused: BTreeMap<u32, usize>,
}

impl Fixture {
    /// Every fixture of a database: the scripts of `fixtures/` itself and of its folders `quirks`, `kinds`, `apps` and `encodings`.
    ///
    /// # Errors
    /// Where one of the folders is not there or holds no script.
    pub fn all() -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for folder in ["", "apps", "encodings", "kinds", "quirks"] {
            all.extend(Self::of_folder(folder)?);
        }
        Ok(all)
    }

    /// The fixtures of one folder below `fixtures/`, by name.
    ///
    /// # Errors
    /// Where it is not there or holds no script.
    pub fn of_folder(folder: &str) -> Result<Vec<Self>> {
        let path = root().join(folder);
        let read = || format!("cannot read {}", path.display());
        let mut paths = Vec::new();
        for file in fs::read_dir(&path).with_context(read)? {
            let file = file.with_context(read)?.path();
            if file.extension().is_some_and(|extension| extension == "sql") {
                paths.push(file);
            }
        }
        ensure!(!paths.is_empty(), "no script in {}", path.display());
        paths.sort();
        paths.into_iter().map(Self::read).collect()
    }

    /// The fixture `name`, such as `shop` or `quirks/01-names`.
    pub fn named(name: &str) -> Result<Self> {
        Self::read(root().join(format!("{name}.sql")))
    }

    /// The hard cases, which are not among [`Fixture::all`]: they hold objects of every kind. The columns of a child come back in
    /// another order.
    pub fn hard_cases() -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/hardcases.sql");
        Ok(Self {
            name: "hardcases".to_owned(),
            restore: Restore::Differs,
            ..Self::read(script)?
        })
    }

    fn read(path: PathBuf) -> Result<Self> {
        let script = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let script = String::from_utf8_lossy(&script);
        let head: Vec<&str> = script
            .lines()
            .take_while(|line| line.starts_with("--") || line.is_empty())
            .collect();
        let says = |line: &str| head.contains(&line);
        let name = path.with_extension("");
        let name = name.strip_prefix(root()).unwrap_or(&name);
        let name = name.display().to_string();
        Ok(Self {
            restore: if says("-- restore: fails") {
                Restore::Fails
            } else if says("-- roundtrip: differs") {
                Restore::Differs
            } else {
                Restore::Identical
            },
            changes_public: says("-- changes public"),
            oldest: oldest_major(&name),
            refused: head
                .iter()
                .filter_map(|line| refused_statements(line))
                .collect(),
            name,
            path,
        })
    }

    /// By what fixtures take turns (see [`by_turns`](crate::by_turns)).
    pub fn turn(&self) -> usize {
        self.name.bytes().map(usize::from).sum()
    }

    /// Whether this major can load it: `NAME-17.sql` is for 17 and later.
    pub fn applies_to(&self, major: Major) -> bool {
        major.number() >= self.oldest
    }

    /// Whether a dump loses what it changes of the schema public, as that of pg_dump does before 15; said in its head by
    /// `-- changes public`.
    pub fn loses_public(&self, major: Major) -> bool {
        self.changes_public && major < Major::V15
    }

    /// The end of the CREATE DATABASE that it needs.
    pub fn database_options(&self) -> &'static str {
        match self.name.as_str() {
            "encodings/latin1" => "template template0 encoding 'LATIN1' locale 'C'",
            "encodings/sql_ascii" => "template template0 encoding 'SQL_ASCII' locale 'C'",
            _ => "template template0",
        }
    }

    /// Makes a database that nobody else uses, fills it and returns its name.
    pub fn load(&self, server: &Server) -> Result<String> {
        let db = self.empty_database(server)?;
        self.fill(server, &db)?;
        Ok(db)
    }

    /// Runs the script in the database `db`, which nobody else uses. Of one that is written for newer majors, an older one has what
    /// it knows.
    pub fn fill(&self, server: &Server, db: &str) -> Result<()> {
        self.run_script(server, db)?;
        // A session drops its temporary objects when psql has gone already, and pg_dump counts them while they are there.
        let sessions = format!(
            "select count(*) from pg_stat_activity where datname = '{db}' and backend_type = 'client backend'"
        );
        wait_until("the end of the script's session", || {
            Ok(server.psql("postgres", &sessions)? == "0")
        })
    }

    fn run_script(&self, server: &Server, db: &str) -> Result<()> {
        let Some(most) = self.refused.get(&server.major().number()) else {
            return server.psql_file(db, &self.path);
        };
        let refused = server.psql_file_to_its_end(db, &self.path)?;
        ensure!(
            (1..=*most).contains(&refused.len()),
            "PostgreSQL {} refuses {} statements of {self} where at most {most} are expected:\n{}",
            server.major(),
            refused.len(),
            refused.join("\n")
        );
        Ok(())
    }

    /// Makes an empty database of the kind that it needs.
    pub fn empty_database(&self, server: &Server) -> Result<String> {
        let name = self.name.rsplit('/').next().unwrap_or_default();
        server.fresh_database(name, self.database_options())
    }

    /// The database on the [`shared_server`] that holds it, loaded once in a test program. Nobody may change it.
    pub fn database(&self, major: Major) -> Result<String> {
        type Loaded = Arc<OnceLock<Result<String, String>>>;
        static LOADED: Mutex<BTreeMap<(Major, String), Loaded>> = Mutex::new(BTreeMap::new());
        // Fixtures create roles of one name, so that two at once can meet in the same row.
        static LOADING: [Mutex<()>; Major::servers().len()] =
            [const { Mutex::new(()) }; Major::servers().len()];
        let loaded = LOADED
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry((major, self.name.clone()))
            .or_default()
            .clone();
        let database = loaded.get_or_init(|| {
            let server = shared_server(major);
            let _alone = LOADING[major as usize]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            self.load(server).map_err(|error| format!("{error:#}"))
        });
        database.clone().map_err(Error::msg)
    }
}

impl fmt::Display for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Reads the rule of the suffix: `-16` to `-99` at a name's end is the first major that can load it.
fn oldest_major(name: &str) -> u32 {
    name.rsplit_once('-')
        .map(|(_, suffix)| suffix)
        .filter(|suffix| suffix.len() == 2)
        .and_then(|suffix| suffix.parse().ok())
        .unwrap_or(0)
}

/// Reads a line such as `-- refused by 13: 30`.
fn refused_statements(line: &str) -> Option<(u32, usize)> {
    let (major, most) = line.strip_prefix("-- refused by ")?.split_once(": ")?;
    Some((major.parse().ok()?, most.parse().ok()?))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ stands in the project's folder")
        .join("fixtures")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_names_the_first_major() {
        for (name, oldest) in [
            ("shop", 0),
            ("quirks/40-syntax-16", 16),
            ("quirks/42-features-18", 18),
            ("apps/a-b", 0),
            ("quirks/01-names", 0),
        ] {
            assert_eq!(oldest_major(name), oldest, "{name}");
        }
    }

    #[test]
    fn the_head_says_how_much_a_major_refuses() {
        assert_eq!(refused_statements("-- refused by 13: 30"), Some((13, 30)));
        for line in [
            "-- refused by all: 3",
            "-- refused by 13",
            "refused by 13: 3",
        ] {
            assert_eq!(refused_statements(line), None, "{line}");
        }
    }

    #[test]
    fn the_fixtures_are_found_with_what_their_heads_say() -> Result<()> {
        let all = Fixture::all()?;
        for (name, restore) in [
            ("shop", Restore::Identical),
            ("encodings/latin1", Restore::Identical),
            ("quirks/90-differs", Restore::Differs),
            ("quirks/92-unresolvable", Restore::Fails),
        ] {
            let found = all.iter().find(|fixture| fixture.name == name);
            assert_eq!(
                found.map(|fixture| fixture.restore),
                Some(restore),
                "{name}"
            );
        }
        Ok(())
    }
}
