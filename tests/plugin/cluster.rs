//! A backup of a whole cluster.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use serde_json::Value;
use support::{Backup, Fixture, Host, Major, Scratch, Server, side_by_side};

use crate::judge::{
    expect_archive_of_pg_dump, expect_restore, expect_same_text, globals, with_known_key,
};

const TEMPLATE0: &str = "template template0";
const SQL_ASCII: &str = "template template0 encoding 'SQL_ASCII' locale 'C'";

/// The databases that take connections in byte order, each with its record's name and the end of a CREATE DATABASE of its kind.
const DATABASES: [(&[u8], &str, &str); 12] = [
    (b"-dash", "/00001--dash.dump", TEMPLATE0),
    (b"..", "/00002-...dump", TEMPLATE0),
    (b"50%", "/00003-50%25.dump", TEMPLATE0),
    (
        "Größe mit Blank".as_bytes(),
        "/00004-Größe mit Blank.dump",
        TEMPLATE0,
    ),
    (b"a/b", "/00005-a%2Fb.dump", TEMPLATE0),
    (b"appdb", "/00006-appdb.dump", TEMPLATE0),
    (b"gr\xf6\xdfe", "/00007-gr%F6%DFe.dump", SQL_ASCII),
    (b"odd-name DB", "/00008-odd-name DB.dump", TEMPLATE0),
    (b"postgres", "/00009-postgres.dump", TEMPLATE0),
    (b"shop", "/00010-shop.dump", TEMPLATE0),
    (b"template1", "/00011-template1.dump", TEMPLATE0),
    (b"x=y", "/00012-x=y.dump", TEMPLATE0),
];

/// A cluster with a tablespace in `tablespace`.
pub(crate) fn start(major: Major, tablespace: &Scratch) -> Result<Server> {
    let server = Server::start(major)?;
    server.psql("postgres", include_str!("cluster.sql"))?;
    for (db, script) in [
        ("appdb", "e2e/appdb"),
        ("shop", "e2e/shop"),
        ("odd-name DB", "e2e/odd-name"),
    ] {
        Fixture::named(script)?.fill(&server, db)?;
    }
    server.psql(
        "appdb",
        format!(
            "create tablespace fast owner app_owner location '{}' with (seq_page_cost = 1.1);
             create table app.onfast (i int) tablespace fast;
             insert into app.onfast select generate_series(1, 100);",
            tablespace.path().display()
        ),
    )?;
    // A name that is no UTF-8 can be said in an SQL_ASCII database only.
    server.create_database("entry", SQL_ASCII)?;
    server.psql(
        "entry",
        b"create database \"gr\xf6\xdfe\" template entry;\n\\connect gr\xf6\xdfe\n\
          create table \"t\xe9\" (t text);\ninsert into \"t\xe9\" values ('\xe9\xff');\n\
          \\connect postgres\ndrop database entry;\n",
    )?;
    Ok(server)
}

#[test]
fn a_cluster_is_backed_up_whole_and_can_be_restored() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let tablespace = Scratch::new()?;
        let server = start(major, &tablespace)?;
        let host = Host::new()?;
        let backup = host.backup(&server.uri(""), &[])?;
        ensure!(
            backup.ran.stderr.is_empty(),
            "on stderr:\n{}",
            backup.ran.stderr
        );
        expect_records(&backup)?;
        backup.check()?;
        expect_manifest(&server, &backup.manifest()?, tablespace.path())?;
        expect_globals(&server, &backup)?;
        let scratch = Scratch::new()?;
        for (name, record, options) in DATABASES {
            let archive = scratch.join("archive");
            backup.take(record, &archive)?;
            expect_archive_of_pg_dump(&server, name.as_bstr(), &[], &archive)?;
            expect_restore(&server, name.as_bstr(), options, &archive)?;
        }
        Ok(())
    });
}

fn expect_records(backup: &Backup<'_>) -> Result<()> {
    let mut records = vec!["/00000-globals.sql"];
    records.extend(DATABASES.map(|(_, record, _)| record));
    records.push("/manifest.json");
    let order = backup.order();
    ensure!(order == records, "the records came as {order:#?}");
    records.sort_unstable();
    let mut files = backup.files()?;
    files.sort_unstable();
    ensure!(files == records, "the snapshot holds {files:#?}");
    Ok(())
}

fn expect_globals(server: &Server, backup: &Backup<'_>) -> Result<()> {
    let ours = with_known_key(&backup.cat("/00000-globals.sql")?)?;
    expect_same_text(&ours, &globals(server, &[])?).context("globals")?;
    ensure!(
        ours.contains_str("SCRAM-SHA-256$") && ours.contains_str("CREATE TABLESPACE fast "),
        "the globals lack what is looked for"
    );
    Ok(())
}

/// What a restore goes by. Every other field is looked at in the suite `globals`.
fn expect_manifest(server: &Server, manifest: &Value, tablespace: &Path) -> Result<()> {
    let ask = |sql: &str| -> Result<Value> {
        let answer = server.psql("postgres", sql)?;
        serde_json::from_str(&answer).with_context(|| format!("{sql}: {answer:?}"))
    };
    let expect = |what: &str, found: Value, expected: Value| {
        ensure!(
            found == expected,
            "{what}: {found:#} where the server has {expected:#}"
        );
        Ok(())
    };
    let of_each = |list: &str, field: &str| -> Value {
        let list = manifest[list].as_array().into_iter().flatten();
        list.map(|item| item[field].clone()).collect()
    };
    expect(
        "version",
        manifest["server_version"].clone(),
        ask("select to_json(current_setting('server_version'))")?,
    )?;
    expect(
        "version's number",
        manifest["server_version_num"].clone(),
        ask("show server_version_num")?,
    )?;
    expect(
        "roles",
        of_each("roles", "name"),
        ask("select json_agg(rolname order by rolname) from pg_roles")?,
    )?;
    let members = "select json_agg(coalesce(of, 'null') order by rolname) from pg_roles r left join lateral \
        (select json_agg(distinct p.rolname::text) of from pg_auth_members m join pg_roles p on p.oid = roleid where member = r.oid) m \
        on true";
    expect("memberships", of_each("roles", "member_of"), ask(members)?)?;
    let tablespaces = serde_json::json!([
        {"name": "fast", "owner": "app_owner", "location": tablespace, "options": ["seq_page_cost=1.1"]},
        {"name": "pg_default", "owner": "postgres", "location": ""},
        {"name": "pg_global", "owner": "postgres", "location": ""},
    ]);
    expect("tablespaces", manifest["tablespaces"].clone(), tablespaces)?;
    let mut names = DATABASES
        .map(|(name, ..)| name.to_str_lossy().into_owned())
        .to_vec();
    names.extend(["closed", "template0"].map(ToOwned::to_owned));
    // The server's order is that of the bytes, and so is DATABASES'.
    names.sort_unstable();
    expect("databases", of_each("databases", "name"), names.into())?;
    let described: Vec<_> = manifest["databases"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|database| database.get("relations").is_some())
        .filter_map(|database| database["name"].as_str())
        .collect();
    let expected: Vec<_> = DATABASES
        .iter()
        .filter(|(name, ..)| *name != b"template1")
        .map(|(name, ..)| name.to_str_lossy())
        .collect();
    ensure!(described == expected, "only {described:?} are described");
    Ok(())
}

#[test]
fn a_cluster_without_the_database_postgres_is_backed_up() -> Result<()> {
    let server = Server::start(Major::V17)?;
    server.create_database("shop", "")?;
    server.psql("shop", "drop database postgres")?;
    let host = Host::new()?;
    let files = host.backup(&server.uri(""), &[])?.files()?;
    assert_eq!(
        files,
        [
            "/00000-globals.sql",
            "/00001-shop.dump",
            "/00002-template1.dump",
            "/manifest.json"
        ]
    );
    Ok(())
}
