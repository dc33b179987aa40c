//! A backup by a role that may not do everything.

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use support::{Host, Major, Server, side_by_side};

use crate::judge::{expect_archive_of_pg_dump, expect_same_text, globals, with_known_key};

const SHOP: &str = "
create role limited login;
create role other login password 'secret';
create table item (id int);
insert into item values (1);
create table receipt (id int);
insert into receipt values (2);
grant select on item to limited;
";

/// A server with a database `shop`, and the location that leads to `database` as the role `limited`.
fn start(major: Major) -> Result<(Server, impl Fn(&str) -> String)> {
    let server = Server::start(major)?;
    server.create_database("shop", "")?;
    server.psql("shop", SHOP)?;
    let port = server.port();
    Ok((server, move |database: &str| {
        format!("postgres://limited@127.0.0.1:{port}/{database}")
    }))
}

/// What keeps the role from the database's content, how that is undone, and what names it.
const OBSTACLES: [(&str, &str, &[&str]); 4] = [
    (
        "",
        "grant select on receipt to limited",
        &["permission denied for table receipt", "42501"],
    ),
    (
        "create schema shut; create table shut.t (i int)",
        "drop schema shut cascade",
        &["permission denied for schema shut", "42501"],
    ),
    (
        "create sequence shut",
        "drop sequence shut",
        &["sequence", "shut", "permission"],
    ),
    // Rows that a policy hides are not left out in silence either.
    (
        "alter table item enable row level security",
        "alter table item disable row level security",
        &["public.item", "row-level security", "42501"],
    ),
];

#[test]
fn what_may_not_be_read_is_named_and_fails_the_backup() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let (server, location) = start(major)?;
        let host = Host::new()?;
        for (obstacle, undo, words) in OBSTACLES {
            server.psql("shop", obstacle)?;
            for (database, record) in [("", "/00002-shop.dump"), ("shop", "/00001-shop.dump")] {
                let told = host.expect_failure(&location(database), &[], words)?;
                ensure!(
                    told.contains(&format!("backup is incomplete: {record}: ")),
                    "{record} is not blamed alone:\n{told}"
                );
            }
            server.psql("shop", undo)?;
        }
        let backup = host.backup(&location("shop"), &[])?;
        let archive = host.join("archive");
        backup.take("/00001-shop.dump", &archive)?;
        expect_archive_of_pg_dump(&server, "shop".into(), &[], &archive)
    });
}

#[test]
fn a_role_that_may_not_read_passwords_is_warned_once_and_gets_the_rest() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let (server, location) = start(major)?;
        server.psql(
            "shop",
            "grant select on receipt to limited; alter role other set work_mem = '5MB'",
        )?;
        let host = Host::new()?;
        for source in ["", "shop"] {
            let backup = host.backup(&location(source), &[])?;
            let warnings: Vec<_> = backup.ran.stderr.lines().collect();
            ensure!(
                matches!(warnings[..], [line] if line.contains("WARN")
                    && line.contains("passwords") && line.contains("pg_authid")),
                "{warnings:#?}"
            );
            let ours = with_known_key(&backup.cat("/00000-globals.sql")?)?;
            let oracle = globals(&server, &["--no-role-passwords", "-U", "limited"])?;
            expect_same_text(&ours, &oracle).context("globals")?;
            ensure!(
                ours.contains_str("CREATE ROLE other;") && !ours.contains_str("PASSWORD"),
                "{}",
                ours.as_bstr()
            );
        }
        // Who may read them gets them, superuser or not.
        server.psql("postgres", "grant pg_read_all_data to limited")?;
        let backup = host.backup(&location("postgres"), &[])?;
        ensure!(backup.ran.stderr.is_empty(), "{}", backup.ran.stderr);
        let ours = with_known_key(&backup.cat("/00000-globals.sql")?)?;
        ensure!(ours.contains_str("SCRAM-SHA-256$"), "{}", ours.as_bstr());
        expect_same_text(&ours, &globals(&server, &["-U", "limited"])?).context("globals")
    });
}

#[test]
fn a_database_that_may_not_be_connected_to_fails_the_backup_unless_excluded() -> Result<()> {
    let (server, location) = start(Major::V16)?;
    server.psql("shop", "revoke connect on database shop from public")?;
    let host = Host::new()?;
    let told = host.expect_failure(
        &location(""),
        &[],
        &[
            "/00002-shop.dump",
            "permission denied for database \"shop\"",
            "42501",
        ],
    )?;
    ensure!(
        told.contains("the manifest of database \"shop\" is incomplete"),
        "{told}"
    );
    host.backup(&location(""), &["exclude_databases=shop"])?;
    Ok(())
}
