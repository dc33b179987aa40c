//! Options of a source that choose objects, or how much is told of them.

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use serde_json::Value;
use support::{Fixture, Host, Major, Running, Server, side_by_side, wait_until};

use crate::judge::{expect_same_text, globals, with_known_key};
use crate::single::{expect_one_database, shop};

#[test]
fn objects_are_chosen_as_pg_dump_chooses_them() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let (server, db) = shop(major)?;
        server.psql(
            &db,
            "create schema \"Odd, schema\"; create table \"Odd, schema\".t (i int)",
        )?;
        let host = Host::new()?;
        let archive = host.join("archive");
        let uri = server.uri(&db);
        for (options, args) in [
            (
                &["exclude_tables=billing.*, crm.customer?"][..],
                &["-T", "billing.*", "-T", "crm.customer?"][..],
            ),
            (
                &["exclude_table_data=billing.invoices,CRM.*"],
                &[
                    "--exclude-table-data=billing.invoices",
                    "--exclude-table-data=CRM.*",
                ],
            ),
            (
                &["schemas=crm,\"Odd, schema\"", "jobs=3"],
                &["-n", "crm", "-n", "\"Odd, schema\""],
            ),
            (
                &["schemas=c?m", "exclude_tables=*_pkey,crm.customers"],
                &["-n", "c?m", "-T", "*_pkey", "-T", "crm.customers"],
            ),
        ] {
            let backup = host.backup(&uri, options)?;
            expect_one_database(&backup, server, &db, args, &archive)
                .with_context(|| format!("{options:?}"))?;
        }
        host.expect_failure(&uri, &["schemas=nowhere"], &["no matching schemas"])?;
        host.expect_failure(
            &uri,
            &["exclude_tables=a.b.c.d"],
            &["too many dotted names", "a.b.c.d"],
        )?;
        Ok(())
    });
}

#[test]
fn a_lock_is_waited_for_no_longer_than_the_option_allows() -> Result<()> {
    let server = Server::start(Major::V17)?;
    server.create_database("shop", "")?;
    server.psql("shop", "create table busy (i int)")?;
    let mut psql = server.tool("psql");
    psql.args(["-X", "-d", "shop", "-c"])
        .arg("begin; lock table busy in access exclusive mode; select pg_sleep(60)");
    let _holder = Running::start(&mut psql)?;
    wait_until("the table is locked", || {
        let locks = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted \
                     and relation = 'busy'::regclass";
        Ok(server.psql("shop", locks)? == "1")
    })?;
    let host = Host::new()?;
    host.expect_failure(
        &server.uri("shop"),
        &["lock_wait_timeout=200ms"],
        &["/00001-shop.dump", "could not lock tables", "57014"],
    )?;
    Ok(())
}

#[test]
fn passwords_are_left_out_without_a_warning_where_that_is_asked_for() -> Result<()> {
    let server = Server::start(Major::V18)?;
    server.psql(
        "postgres",
        "create role limited login; create role other login password 'secret'",
    )?;
    let host = Host::new()?;
    for role in ["postgres", "limited"] {
        let location = format!("postgres://{role}@127.0.0.1:{}/postgres", server.port());
        let backup = host.backup(&location, &["no_role_passwords=true"])?;
        ensure!(backup.ran.stderr.is_empty(), "{}", backup.ran.stderr);
        let ours = with_known_key(&backup.cat("/00000-globals.sql")?)?;
        ensure!(!ours.contains_str("PASSWORD"), "{}", ours.as_bstr());
        expect_same_text(&ours, &globals(&server, &["--no-role-passwords"])?)?;
    }
    Ok(())
}

#[test]
fn a_basic_manifest_tells_nothing_of_what_is_in_databases() -> Result<()> {
    let server = Server::start(Major::V16)?;
    server.create_database("shop", "")?;
    Fixture::named("shop")?.fill(&server, "shop")?;
    let host = Host::new()?;
    for source in ["", "shop"] {
        let manifest = |detail: &str, left_out: &[&str]| -> Result<Value> {
            let mut manifest = host.backup(&server.uri(source), &[detail])?.manifest()?;
            manifest["created_at"] = Value::Null;
            let databases = manifest["databases"].as_array_mut().context("databases")?;
            for database in databases {
                let database = database.as_object_mut().context("a database")?;
                for part in left_out {
                    let was_there = database.shift_remove(*part).is_some();
                    ensure!(was_there || source.is_empty(), "{detail}: no {part}");
                }
            }
            Ok(manifest)
        };
        // When it was dumped is said all the same.
        let when = ["lsn", "snapshot_time"];
        let what = ["extensions", "schemas", "relations"];
        let told = manifest("manifest=full", &[&when[..], &what].concat())?;
        let basic = manifest("manifest=basic", &when)?;
        ensure!(basic == told, "{basic:#}\nwhere\n{told:#}\nis right");
    }
    Ok(())
}
