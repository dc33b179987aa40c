//! Restores onto a server that has the roles of RDS, by a role that is no superuser.

use anyhow::{Result, ensure};
use support::{Major, Ran, Scratch, Server, observe, pgark, run, side_by_side};

/// What a server of RDS has, whose bootstrap superuser is AWS's own.
const LIKE_RDS: &str = "
create role rds_superuser;
create role rds_replication;
grant pg_monitor, pg_signal_backend to rds_superuser with admin option;
grant rds_replication to rds_superuser with admin option;
create role master login createdb createrole;
grant rds_superuser to master with admin option;
";

const ROLES: &str = "
set role master;
create role app login password 'secret' connection limit 3;
create role reader;
reset role;
grant reader to app;
create role watcher superuser;
comment on role app is 'shop';
alter role app set search_path = x;
";

fn start(major: Major) -> Result<Server> {
    let server = Server::with(major).superuser("rdsadmin").start()?;
    server.psql("postgres", LIKE_RDS)?;
    Ok(server)
}

fn as_master(server: &Server, db: &str) -> String {
    format!(
        "host={} port={} user=master dbname={db}",
        server.host(),
        server.port()
    )
}

fn restore_globals(server: &Server, script: &[u8], args: &[&str]) -> Result<Ran> {
    let scratch = Scratch::new()?;
    let file = scratch.write("globals.sql", script)?;
    let mut command = pgark();
    command.args(["globals", "--restore"]).arg(file);
    command.arg("-d").arg(as_master(server, "postgres"));
    observe(command.args(args))
}

#[test]
fn what_rds_keeps_to_itself_is_left_out_of_globals() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let (source, target) = (start(major)?, start(major)?);
        source.psql("postgres", ROLES)?;
        let script = run(source.tool("pg_dumpall").arg("--globals-only"))?;
        for _ in 0..2 {
            let ran = restore_globals(&target, &script, &["--rds"])?;
            ran.expect_code(0)?.expect_words([
                "roles that RDS keeps to itself are left out with their grants",
                "\"rds_replication\", \"rds_superuser\", \"rdsadmin\"",
                "role \"watcher\" does not get SUPERUSER",
                "role \"master\", which restores, stays as it is",
            ])?;
        }
        let roles = "select rolname, rolcanlogin, rolconnlimit, rolconfig, pg_has_role(oid, 'reader', 'usage')
                     from pg_roles where rolname in ('app', 'reader') order by 1";
        ensure!(target.psql("postgres", roles)? == source.psql("postgres", roles)?);
        let ran = restore_globals(&start(major)?, &script, &[])?;
        ran.expect_code(7)?;
        Ok(())
    });
}

#[test]
fn the_preflight_foresees_what_rds_refuses() -> Result<()> {
    let major = Major::V17;
    let (source, target) = (Server::start(major)?, start(major)?);
    source.psql(
        "postgres",
        "create foreign data wrapper w;
         create function f() returns int language internal as 'pg_backend_pid';
         create operator family o using btree;
         create type complex;
         create function complex_in(cstring) returns complex language internal immutable strict as 'int8in';
         create function complex_out(complex) returns cstring language internal immutable strict as 'int8out';
         create type complex (input = complex_in, output = complex_out, internallength = 8, passedbyvalue, alignment = double);
         create cast (int8 as complex) without function;
         grant execute on function pg_stat_reset() to public;
         create table fine (a int)",
    )?;
    target.psql("postgres", "create database shop owner master")?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    source.pg_dump("postgres", ["-Fc"], &archive)?;
    let preflight = |conninfo: String| -> Result<Ran> {
        let mut command = pgark();
        command.args(["restore", "--preflight=only", "-O", "-d"]);
        observe(command.arg(conninfo).arg(&archive))
    };
    preflight(as_master(&target, "shop"))?
        .expect_code(4)?
        .expect_words([
            "the server is one of RDS: a superuser alone may make one of the kind FOREIGN DATA WRAPPER; entries: 1, such as FOREIGN DATA WRAPPER w",
            "a superuser alone may make one of the kind OPERATOR FAMILY",
            "a superuser alone may make one of the kind SHELL TYPE",
            "a superuser alone may make one of the kind TYPE",
            "a superuser alone may make a function of language c or internal; entries: 3",
            "a superuser alone may make a CAST without a function",
            "privileges on what is in pg_catalog are not to be granted",
        ])?;
    ensure!(
        target
            .psql("shop", "select to_regclass('fine')")?
            .is_empty()
    );
    // What is foreseen is what happens: the one table that is left is there.
    let mut command = pgark();
    command.args(["restore", "-O", "-d"]);
    command.arg(as_master(&target, "shop")).arg(&archive);
    observe(&mut command)?.expect_code(7)?;
    ensure!(target.psql("shop", "select to_regclass('fine')")? == "fine");
    let other = Server::start(major)?;
    preflight(other.conninfo("postgres"))?.expect_code(0)?;
    Ok(())
}
