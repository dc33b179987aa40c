//! What will not work, looked for before anything is changed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bstr::{BString, ByteSlice};
use pgark_archive::{Header, Selection, TocEntry};
use pgark_connect::Session;

use crate::session::Server;
use crate::{Error, Options, Result, rds};

/// When to look for what will not work.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Preflight {
    /// Look, tell, and go on.
    #[default]
    On,
    /// Do not look.
    Off,
    /// Look, and do nothing else.
    Only,
}

const ROLES: &str = "select r.rolname from pg_catalog.pg_roles as r";
const TABLESPACES: &str = "select t.spcname from pg_catalog.pg_tablespace as t";
const EXTENSIONS: &str = "select e.name from pg_catalog.pg_available_extensions as e";
const RELATIONS: &str = "select n.nspname, c.relname from pg_catalog.pg_class as c \
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace \
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')";

/// How many names are told.
const SHOWN: usize = 5;

/// Looks for what the chosen entries need and the server has not, and for what stands in their way.
pub(crate) async fn look(
    session: &mut Session,
    server: Server,
    header: &Header,
    toc: &[TocEntry],
    selection: &Selection,
    options: &Options,
) -> Result<Vec<String>> {
    let chosen: Vec<&TocEntry> = selection.iter().map(|(place, _)| &toc[place]).collect();
    let mut foreseen = Vec::new();
    let major = header.server_version.as_ref().and_then(|version| {
        let digits = version.bytes().take_while(u8::is_ascii_digit).count();
        version[..digits].to_str().ok()?.parse::<u32>().ok()
    });
    if let Some(major) = major.filter(|major| *major > server.major) {
        foreseen.push(format!(
            "the archive comes from PostgreSQL {major}, the server is older: {}",
            server.major
        ));
    }
    if !options.script.no_owner {
        let owners = chosen.iter().filter_map(|entry| entry.owner.as_ref());
        tell_absent("role", owners, &names(session, ROLES).await?, &mut foreseen);
    }
    if !options.script.no_tablespaces {
        let tablespaces = chosen.iter().filter_map(|entry| entry.tablespace.as_ref());
        let known = names(session, TABLESPACES).await?;
        tell_absent("tablespace", tablespaces, &known, &mut foreseen);
    }
    let extensions = of_kind(&chosen, "EXTENSION").filter_map(|entry| entry.tag.as_ref());
    let known = names(session, EXTENSIONS).await?;
    tell_absent("extension", extensions, &known, &mut foreseen);
    if rds::is_rds(session).await? {
        rds::foresee(&chosen, options.script.no_owner, &mut foreseen);
    }
    if !options.script.clean && !options.script.create {
        tell_present(session, &chosen, &mut foreseen).await?;
    }
    Ok(foreseen)
}

fn of_kind<'e>(chosen: &[&'e TocEntry], kind: &'static str) -> impl Iterator<Item = &'e TocEntry> {
    chosen
        .iter()
        .copied()
        .filter(move |entry| entry.desc == kind)
}

async fn rows(session: &mut Session, sql: &str) -> Result<pgark_wire::Rows> {
    session.rows(sql).await.map_err(|source| Error::Session {
        doing: "look at what the server has",
        source,
    })
}

async fn names(session: &mut Session, sql: &str) -> Result<HashSet<BString>> {
    let rows = rows(session, sql).await?;
    let names = rows.iter().filter_map(|row| row.get(0));
    Ok(names.map(ToOwned::to_owned).collect())
}

/// Tells of names that the server does not know, once each.
fn tell_absent<'n>(
    kind: &str,
    wanted: impl Iterator<Item = &'n BString>,
    known: &HashSet<BString>,
    foreseen: &mut Vec<String>,
) {
    let mut absent: BTreeMap<&BString, usize> = BTreeMap::new();
    for name in wanted.filter(|name| !name.is_empty() && !known.contains(*name)) {
        *absent.entry(name).or_default() += 1;
    }
    for (name, entries) in absent {
        foreseen.push(format!(
            "{kind} \"{name}\" does not exist, and {entries} entries need it"
        ));
    }
}

/// Tells of relations that are there already.
async fn tell_present(
    session: &mut Session,
    chosen: &[&TocEntry],
    foreseen: &mut Vec<String>,
) -> Result<()> {
    let found = rows(session, RELATIONS).await?;
    let names = found
        .iter()
        .filter_map(|row| Some((row.get(0)?, row.get(1)?)));
    let known: HashSet<_> = names.collect();
    let present: BTreeSet<String> = of_kind(chosen, "TABLE")
        .chain(of_kind(chosen, "VIEW"))
        .filter_map(|entry| {
            let (schema, name) = (entry.namespace.as_ref()?, entry.tag.as_ref()?);
            let is_known = known.contains(&(schema.as_bstr(), name.as_bstr()));
            is_known.then(|| format!("{schema}.{name}"))
        })
        .collect();
    if !present.is_empty() {
        let shown: Vec<&str> = present.iter().take(SHOWN).map(String::as_str).collect();
        let more = if present.len() > SHOWN { ", …" } else { "" };
        foreseen.push(format!(
            "{} tables and views are there already: {}{more}",
            present.len(),
            shown.join(", ")
        ));
    }
    Ok(())
}
