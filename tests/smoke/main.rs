//! The support library and the judges themselves.

mod empty_root;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::{Context, Result, ensure};
use support::{
    Certificates, Major, Scratch, Server, StopMode, archdiff, pgark, plakar, run, shared_server,
    side_by_side, wait_until,
};

const SAMPLE: &str = "create table t (id int primary key, note text);\n\
                      insert into t select i, 'row ' || i from generate_series(1, 100) i;\n";

#[test]
fn every_major_dumps_and_restores_itself() {
    let scratch = Scratch::new().expect("a folder");
    side_by_side(&Major::servers(), |&major| {
        let server = shared_server(major);
        let version = server.psql("postgres", "show server_version_num")?;
        ensure!(
            version.starts_with(&major.to_string()),
            "the server says {version}"
        );
        let source = server.fresh_database("smoke", "")?;
        server.psql(&source, SAMPLE)?;
        let archive = scratch.join(format!("{major}.dump"));
        server.pg_dump(&source, ["-Fc"], &archive)?;
        let same = archdiff(&archive, &archive, &[])?;
        ensure!(
            same.same && same.identical == same.total && same.total > 0,
            "{}",
            same.output
        );

        let copy = server.fresh_database("smoke", "")?;
        server.pg_restore(&copy, [""; 0], &archive)?;
        ensure!(server.psql(&copy, "select count(*), min(note) from t")? == "100|row 1");

        server.psql(&copy, "delete from t where id = 7")?;
        let less = scratch.join(format!("{major}.less.dump"));
        server.pg_dump(&copy, ["-Fc"], &less)?;
        ensure!(
            !archdiff(&archive, &less, &[])?.same,
            "a missing row goes unnoticed"
        );
        Ok(())
    });
}

#[test]
fn a_script_stops_at_its_first_error() {
    let server = shared_server(Major::V18);
    let error = server
        .psql("postgres", "select 1/0;\nselect 2;")
        .expect_err("division by zero");
    assert!(
        format!("{error:#}").contains("division by zero"),
        "{error:#}"
    );
}

#[test]
fn options_reach_the_server() -> Result<()> {
    let server = Server::with(Major::V17)
        .superuser("odd one")
        .password("sec ret")
        .auth("scram-sha-256")
        .initdb("--encoding=LATIN1")
        .initdb("--locale=C")
        .conf("work_mem = '7MB'")
        .tls(&Certificates::generate()?)
        .start()?;
    let shown = "select setting from pg_settings where name in ('work_mem', 'ssl', 'server_encoding') order by name";
    assert_eq!(server.psql("postgres", shown)?, "LATIN1\non\n7168");

    let mut wrong = server.tool("psql");
    wrong
        .env("PGPASSWORD", "wrong")
        .args(["-c", "select 1", "-d"])
        .arg(server.conninfo("postgres"));
    let error = run(&mut wrong).expect_err("a wrong password");
    assert!(
        format!("{error:#}").contains("password authentication failed"),
        "{error:#}"
    );
    Ok(())
}

#[test]
fn a_client_verifies_the_generated_certificates() -> Result<()> {
    for major in Major::servers().into_iter().filter(|major| major.has_tls()) {
        let certificates = Certificates::generate()?;
        let server = Server::with(major).tls(&certificates).start()?;
        let scratch = Scratch::new()?;
        let root = scratch.write("root.crt", &certificates.root)?;
        let mut psql = server.tool("psql");
        // By its name, for the clients before 15 verify no address.
        psql.arg(format!(
            "{} host=localhost hostaddr=127.0.0.1 sslmode=verify-full sslrootcert={}",
            server.conninfo("postgres"),
            root.display()
        ));
        let rows = run(psql.args([
            "-Atc",
            "select ssl from pg_stat_ssl where pid = pg_backend_pid()",
        ]))?;
        assert_eq!(rows, b"t\n");
    }
    Ok(())
}

#[test]
fn a_stopped_server_refuses_connections_and_leaves_no_folder() -> Result<()> {
    let mut server = Server::start(Major::V16)?;
    let folder = server.socket_dir().to_owned();
    server.stop(StopMode::Fast)?;
    assert!(server.log()?.contains("database system is shut down"));
    assert!(server.psql("postgres", "select 1").is_err());
    drop(server);
    assert!(!folder.exists());
    Ok(())
}

/// Set for the child that [`servers_end_with_a_killed_test_program`] starts of this very program: the file to leave the
/// server's folder in.
const CHILD: &str = "PGARK_SMOKE_CHILD";

#[test]
fn servers_end_with_a_killed_test_program() -> Result<()> {
    if let Some(told) = env::var_os(CHILD) {
        let server = shared_server(Major::V15);
        let part = PathBuf::from(&told).with_extension("part");
        fs::write(&part, server.socket_dir().as_os_str().as_encoded_bytes())?;
        fs::rename(part, told)?;
        thread::sleep(Duration::from_mins(1));
        return Ok(());
    }
    let scratch = Scratch::new()?;
    let told = scratch.join("told");
    let mut child = Command::new(env::current_exe()?)
        .args(["--exact", "servers_end_with_a_killed_test_program"])
        .env(CHILD, &told)
        .stdout(Stdio::null())
        .spawn()?;
    wait_until("the child has a server", || Ok(told.exists()))?;
    let folder = PathBuf::from(fs::read_to_string(&told)?);
    let pid = fs::read_to_string(folder.join("data/postmaster.pid"))?;
    let pid = pid.lines().next().context("a pid")?.to_owned();
    let postmaster = Path::new("/proc").join(pid);
    ensure!(postmaster.exists(), "the child's server runs");
    child.kill()?;
    child.wait()?;
    wait_until("the server has ended", || Ok(!postmaster.exists()))?;
    wait_until("its folder is gone", || Ok(!folder.exists()))
}

#[test]
fn pgark_and_plakar_are_there() -> Result<()> {
    assert!(Path::new(pgark().get_program()).is_file());
    let scratch = Scratch::new()?;
    let told = String::from_utf8(run(plakar().env("HOME", scratch.path()).arg("version"))?)?;
    ensure!(told.contains("v1.1."), "the program says {told}");
    Ok(())
}
