//! `pgark manifest`.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use pgark_dump::manifest::SCHEMA;
use serde_json::Value;
use support::{Fixture, Major, Running, Server, observe, pgark, run, wait_until};

use crate::awkward::with_tablespaces_in_place;
use crate::schema::expect_valid;

/// `pgark manifest` of the server as `role`.
fn command(server: &Server, role: &str, args: &[&str]) -> Command {
    let mut command = pgark();
    command.args(["manifest", "-h", server.host(), "-U", role]);
    command.args(["-p", &server.port().to_string()]).args(args);
    command
}

#[test]
fn the_command_prints_it_and_its_schema() -> Result<()> {
    let server = Server::start(Major::V17)?;
    server.create_database("shop", "")?;
    Fixture::named("shop")?.fill(&server, "shop")?;
    let printed = |args: &[&str]| -> Result<Value> {
        let ran = observe(&mut command(&server, "postgres", args))?;
        ran.expect_silence()?;
        let told = serde_json::from_slice(&ran.stdout)?;
        expect_valid(&told)?;
        Ok(told)
    };
    let of_databases = |told: &Value| -> Vec<(String, bool)> {
        let databases = told["databases"].as_array().into_iter().flatten();
        let described = |db: &Value| db.get("schemas").is_some();
        let name = |db: &Value| db["name"].as_str().unwrap_or_default().to_owned();
        databases.map(|db| (name(db), described(db))).collect()
    };
    let all = |shop| {
        [
            ("postgres", shop),
            ("shop", shop),
            ("template0", false),
            ("template1", false),
        ]
        .map(|(name, described)| (name.to_owned(), described))
    };
    let told = printed(&["-j", "3"])?;
    ensure!(of_databases(&told) == all(true), "{told:#}");
    ensure!(told["host"] == server.host() && told["database"].is_null());
    let basic = printed(&["--basic"])?;
    ensure!(of_databases(&basic) == all(false), "{basic:#}");
    let one = printed(&["-d", "shop"])?;
    ensure!(
        one["database"] == "shop" && of_databases(&one) == [("shop".to_owned(), true)],
        "{one:#}"
    );
    let schema = run(pgark().args(["manifest", "--jsonschema"]))?;
    ensure!(schema == SCHEMA.as_bytes());
    observe(&mut command(&server, "postgres", &["-d", "nowhere"]))?
        .expect_code(8)?
        .expect_one_line(["\"nowhere\""])?;
    Ok(())
}

#[test]
fn what_cannot_be_read_is_told_once_and_the_rest_is_there() -> Result<()> {
    let server = Server::start(Major::V16)?;
    server.psql(
        "template1",
        "create role plain login;
         revoke execute on function pg_catalog.pg_get_expr(pg_node_tree, oid) from public;
         create table busy (i int primary key, t text default 'x');
         create table idle (i int)",
    )?;
    for db in ["a", "b", "c"] {
        server.create_database(db, "")?;
    }
    // Whoever asks for the size of such a table, or for the definition of its index, waits.
    let mut psql = server.tool("psql");
    psql.args(["-X", "-d", "a", "-c"])
        .arg("begin; lock table busy in access exclusive mode; select pg_sleep(60)");
    let _holder = Running::start(&mut psql)?;
    wait_until("the table is locked", || {
        let locks = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted \
                     and relation = 'busy'::regclass";
        Ok(server.psql("a", locks)? == "1")
    })?;
    let ran = observe(&mut command(&server, "plain", &["-j", "2"]))?;
    ran.expect_code(0)?.expect_one_line([
        "the manifest of database \"a\" and of 2 other databases is incomplete",
        "permission denied for function pg_get_expr",
    ])?;
    let told: Value = serde_json::from_slice(&ran.stdout)?;
    expect_valid(&told)?;
    for (place, db) in ["a", "b", "c"].iter().enumerate() {
        let relations = &told["databases"][place]["relations"];
        let [busy, idle] = [&relations[0], &relations[1]];
        ensure!(
            busy["name"] == "busy" && busy.get("columns").is_none() && busy["column_count"] == 0,
            "{busy:#}"
        );
        ensure!(busy["constraints"][0]["name"] == "busy_pkey", "{busy:#}");
        ensure!(busy["indexes"][0]["name"] == "busy_pkey", "{busy:#}");
        let is_open = *db != "a";
        ensure!(busy.get("bytes").is_some() == is_open, "{busy:#}");
        let definition = busy["indexes"][0].get("definition");
        ensure!(definition.is_some() == is_open, "{busy:#}");
        ensure!(idle["bytes"] == 0, "{idle:#}");
    }
    Ok(())
}

/// In a large database, where they are told by its files to who may list these.
#[test]
fn sizes_are_the_same_whoever_asks() -> Result<()> {
    let server = with_tablespaces_in_place(Major::V16).start()?;
    server.psql(
        "postgres",
        "create tablespace elsewhere location '';
         create table long (i int primary key, t text);
         alter table long alter t set storage external;
         insert into long select i, repeat('x', 100000) from generate_series(1, 100) i;
         create table moved (i int primary key, t text) tablespace elsewhere;
         insert into moved select i, repeat('x', 100) from generate_series(1, 10000) i;
         create index on moved (t);
         create table apart (i int) partition by range (i);
         create table apart_1 partition of apart for values from (0) to (9) tablespace elsewhere;
         insert into apart values (1);
         create materialized view seen as select * from moved;
         create view looks as select * from moved;
         create sequence counts;
         create unlogged table quick as select * from moved;
         select format('create table filler_%s (i int)', i) from generate_series(1, 100) i \\gexec
         vacuum analyze;
         checkpoint",
    )?;
    let sizes = |role: &str| -> Result<Vec<(String, i64)>> {
        let ran = observe(&mut command(&server, role, &["-j", "2"]))?;
        ran.expect_code(0)?;
        let told: Value = serde_json::from_slice(&ran.stdout)?;
        let relations = told["databases"][0]["relations"].as_array();
        let size = |relation: &Value| {
            let name = relation["name"].as_str().context("a name")?;
            Ok((
                name.to_owned(),
                relation["bytes"].as_i64().context("a size")?,
            ))
        };
        relations.context("relations")?.iter().map(size).collect()
    };
    let asked_for = sizes("postgres")?;
    ensure!(
        asked_for.iter().filter(|(_, bytes)| *bytes > 0).count() == 6,
        "{asked_for:?}"
    );
    // What is known of relations, over and over.
    server.psql(
        "postgres",
        "create role plain login;
         do $$ begin for i in 1 .. 20000 loop
           execute format('alter table filler_%s set (fillfactor = %s)', 1 + i % 100, 10 + i % 90);
         end loop; end $$",
    )?;
    let logged = |by: &str| Ok::<_, anyhow::Error>(server.log()?.matches(by).count());
    server.psql(
        "postgres",
        "alter system set log_statement = 'all'; select pg_reload_conf()",
    )?;
    ensure!(sizes("postgres")? == asked_for);
    ensure!(logged("pg_ls_dir(f.path)")? == 1);
    ensure!(sizes("plain")? == asked_for);
    ensure!(logged("pg_ls_dir(f.path)")? == 1);
    Ok(())
}
