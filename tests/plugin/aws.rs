//! Backups and restores of a server that asks for tokens of AWS IAM.

use std::fs;

use anyhow::{Result, ensure};
use support::{Host, Rds, database_text};

/// What a server of RDS has besides its superuser: a role that does for one, and a master who has it.
const LIKE_RDS: &str = "
create role rds_superuser;
grant pg_monitor, pg_signal_backend to rds_superuser;
create role master login createdb createrole;
grant rds_superuser to master with admin option;
create role app login password 'secret';
";

#[test]
fn a_server_of_rds_is_backed_up_and_restored_by_tokens() -> Result<()> {
    let (source, target) = (rds()?, rds()?);
    source.server().psql(
        "postgres",
        "create database rdsadmin owner rdsadmin; create database shop owner master",
    )?;
    source.server().psql(
        "shop",
        "set role master; create table item (id int primary key, note text);
         insert into item select n, 'n' || n from generate_series(1, 1000) n;
         grant select on item to app",
    )?;
    target.server().psql(
        "postgres",
        "drop role app; create database shop owner master",
    )?;

    let host = Host::new()?;
    let folder = host.join("home/.aws");
    fs::create_dir_all(&folder)?;
    fs::write(
        folder.join("credentials"),
        format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            Rds::KEY,
            Rds::SECRET
        ),
    )?;
    let location = |rds: &Rds| format!("postgres+aws://master@127.0.0.1:{}", rds.server().port());
    let options = |rds: &Rds| {
        [
            format!("region={}", Rds::REGION),
            format!("ssl_root_cert={}", rds.root_certificate().display()),
        ]
    };
    let given = options(&source);
    let backup = host.backup(
        &location(&source),
        &[
            &given[0],
            &given[1],
            "exclude_databases=rdsadmin,template1,postgres",
        ],
    )?;
    ensure!(
        backup.files()? == ["/00000-globals.sql", "/00001-shop.dump", "/manifest.json"],
        "{:?}",
        backup.files()?
    );
    let told = &backup.ran.stderr;
    ensure!(
        told.matches("roles are backed up without their passwords")
            .count()
            == 1,
        "{told}"
    );
    ensure!(
        source
            .shown("master")
            .iter()
            .all(|shown| shown.problem.is_none())
    );

    let given = options(&target);
    let ran = backup.restore(&location(&target), &[&given[0], &given[1]])?;
    ran.expect_code(0)?
        .expect_words(["roles that RDS keeps to itself are left out with their grants"])?;
    ensure!(
        database_text(target.server(), "shop", &[])?
            == database_text(source.server(), "shop", &[])?
    );
    let roles = "select rolname from pg_roles where rolname = 'app'";
    ensure!(target.server().psql("postgres", roles)? == "app");
    Ok(())
}

#[test]
fn a_database_of_rds_is_left_out_unless_something_is_said() -> Result<()> {
    let rds = rds()?;
    rds.server().psql("postgres", "create database rdsadmin")?;
    let host = Host::new()?;
    let folder = host.join("home/.aws");
    fs::create_dir_all(&folder)?;
    let keys = format!(
        "[other]\naws_access_key_id = {}\naws_secret_access_key = {}\nregion = {}\n",
        Rds::KEY,
        Rds::SECRET,
        Rds::REGION
    );
    fs::write(folder.join("credentials"), keys)?;
    let location = format!("postgres+aws://master@127.0.0.1:{}", rds.server().port());
    let root = format!("ssl_root_cert={}", rds.root_certificate().display());
    for (said, is_there) in [(None, false), (Some("exclude_databases="), true)] {
        let mut options = vec!["profile=other", &root];
        options.extend(said);
        let files = host.backup(&location, &options)?.files()?;
        let found = files.iter().any(|file| file.ends_with("-rdsadmin.dump"));
        ensure!(found == is_there, "{said:?}: {files:?}");
    }
    host.expect_failure(
        &format!(
            "postgres+aws://master:secret@127.0.0.1:{}",
            rds.server().port()
        ),
        &[&root],
        &["postgres+aws: password is refused"],
    )?;
    host.expect_failure(
        &location,
        &["region=us-east-1", "profile=other", &root],
        &["region \"us-east-1\"", "role \"master\""],
    )?;
    Ok(())
}

fn rds() -> Result<Rds> {
    let rds = Rds::start()?;
    rds.server().psql("postgres", LIKE_RDS)?;
    Ok(rds)
}
