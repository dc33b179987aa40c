//! pgark called by the names of PostgreSQL's own programs, beside these.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{
    Fixture, Major, Scratch, Server, ensure_same_text, observe, pgark, pgark_as, run,
    shared_server, side_by_side,
};

fn tools(server: &Server, tool: &str) -> [Command; 2] {
    let mut ours = pgark_as(tool);
    ours.env("PGHOST", server.host())
        .env("PGPORT", server.port().to_string())
        .env("PGUSER", server.superuser());
    [server.tool(tool), ours]
}

#[test]
fn pg_dump_writes_what_pg_dump_writes() {
    side_by_side(&Major::all(), |&major| {
        let db = Fixture::named("shop")?.database(major)?;
        for args in [
            &[][..],
            &["-s", "-O"],
            &["-Fp", "-a", "--inserts"],
            &["-C", "-c", "--if-exists"],
            &["--format=plain", "-x", "-n", "public"],
            &["--no-sync", "--lock-wait-timeout=10s"],
        ] {
            let scripts = tools(shared_server(major), "pg_dump").map(|mut tool| {
                tool.args(["--restrict-key=key"]).args(args);
                run(tool.arg(&db)).map(|script| without(&script, &["-- Dumped by"]))
            });
            let [theirs, ours] = scripts;
            ensure_same_text(&theirs?, &ours?).with_context(|| format!("{args:?}"))?;
        }
        Ok(())
    });
}

/// A script without the lines that begin so.
fn without(script: &[u8], starts: &[&str]) -> Vec<u8> {
    let text = String::from_utf8_lossy(script).into_owned();
    let lines = text.split_inclusive('\n');
    let lines = lines.filter(|line| !starts.iter().any(|start| line.starts_with(start)));
    lines.collect::<String>().into_bytes()
}

#[test]
fn pg_restore_restores_what_pg_dump_has_dumped() -> Result<()> {
    let server = shared_server(Major::V15);
    let db = Fixture::named("shop")?.database(Major::V15)?;
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let [_, mut dump] = tools(server, "pg_dump");
    run(dump.args(["-Fc", "-Z", "5", "-f"]).arg(&archive).arg(&db))?;
    for args in [&["-l"][..], &["-f", "-", "-Fc"], &["-s", "-C", "-f", "-"]] {
        let [theirs, ours] = tools(server, "pg_restore").map(|mut tool| {
            let script = run(tool.args(args).arg(&archive));
            script.map(|script| without(&script, &["\\restrict ", "\\unrestrict "]))
        });
        ensure_same_text(&theirs?, &ours?).with_context(|| format!("{args:?}"))?;
    }
    let [original, restored] = [db.clone(), {
        let new = server.fresh_database("called", "")?;
        let [_, mut restore] = tools(server, "pg_restore");
        observe(restore.args(["-e", "-d", &new]).arg(&archive))?.expect_silence()?;
        // A second time all is there already, which is no success.
        let [theirs, ours] = tools(server, "pg_restore")
            .map(|mut tool| observe(tool.args(["-d", &new]).arg(&archive)));
        theirs?.expect_code(1)?;
        ours?
            .expect_code(1)?
            .expect_words(["pg_restore: error: "])?;
        new
    }]
    .map(|db| support::database_text(server, &db, &[]));
    // Its rows are there twice where no key kept them out; definitions are compared.
    let definitions = |text: Vec<u8>| {
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines = text
            .lines()
            .filter(|line| line.starts_with("CREATE ") || line.starts_with("ALTER "));
        lines.map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    ensure!(definitions(original?) == definitions(restored?));
    Ok(())
}

#[test]
fn pg_basebackup_and_pg_verifybackup_go_together() -> Result<()> {
    let server = shared_server(Major::V17);
    let scratch = Scratch::new()?;
    let folder = scratch.join("backup");
    let [_, mut backup] = tools(server, "pg_basebackup");
    run(backup
        .args(["-c", "fast", "-X", "fetch", "-D"])
        .arg(&folder))?;
    for mut verify in tools(server, "pg_verifybackup") {
        run(verify.arg(&folder))?;
    }
    fs::write(folder.join("global/pg_filenode.map"), "damaged")?;
    for mut verify in tools(server, "pg_verifybackup") {
        let ran = observe(verify.arg(&folder))?;
        ran.expect_code(1)?
            .expect_words(["pg_verifybackup: error: ", "global/pg_filenode.map"])?;
    }
    for (option, name) in [("-t", "--target"), ("--incremental=x", "--incremental")] {
        let ran = observe(pgark_as("pg_basebackup").args(["-D", "x", option]))?;
        ran.expect_code(1)?.expect_words([name])?;
    }
    Ok(())
}

#[test]
fn failures_have_the_codes_of_the_tools() -> Result<()> {
    let server = shared_server(Major::V16);
    for (tool, args) in [
        ("pg_dump", &["--no-such-option"][..]),
        ("pg_dump", &["-s", "-a"]),
        ("pg_dump", &["absent"]),
        ("pg_dump", &["-h", "127.0.0.1", "-p", "1"]),
        ("pg_restore", &["absent"]),
        ("pg_restore", &["-d", "postgres", "absent"]),
        ("pg_basebackup", &["-D"]),
        ("pg_verifybackup", &["absent"]),
    ] {
        for mut command in tools(server, tool) {
            observe(command.args(args))?
                .expect_code(1)
                .with_context(|| format!("{tool} {args:?}"))?;
        }
    }
    Ok(())
}

/// As people write them: each tool by its name, from the PATH.
const NIGHTLY: &str = r#"
set -eu -o pipefail
version=$(pg_dump --version | sed -E 's/^pg_dump \(PostgreSQL\) ([0-9]+).*/\1/')
[ "$version" -ge 17 ] || { echo "an old pg_dump: $version" >&2; exit 1; }
pg_dumpall --globals-only --no-role-passwords | grep -v restrict > "$OUT/globals.sql"
pg_dump --schema-only --no-owner --dbname="$DB" | grep -v -e restrict -e 'Dumped by' | gzip -n > "$OUT/schema.sql.gz"
pg_dump -Fc -Z6 --file="$OUT/db.dump" "$DB"
pg_restore --list "$OUT/db.dump" | grep -c 'TABLE DATA' > "$OUT/tables"
if pg_dump -Fc --file=/dev/null absent 2> /dev/null; then exit 1; fi
if pg_restore --no-such-option 2> /dev/null; then exit 1; else echo $? > "$OUT/code"; fi
"#;

#[test]
fn a_script_that_calls_the_tools_runs_unchanged() -> Result<()> {
    let server = shared_server(Major::V17);
    let db = Fixture::named("shop")?.database(Major::V17)?;
    let links = Scratch::new()?;
    for tool in ["pg_dump", "pg_dumpall", "pg_restore"] {
        symlink(pgark().get_program(), links.join(tool))?;
    }
    let theirs = server.bin("pg_dump");
    let folders = [theirs.parent().context("a folder")?, links.path()];
    let outputs = folders.map(|folder| nightly(server, &db, folder));
    let [theirs, ours] = outputs;
    for ((name, theirs), (_, ours)) in theirs?.into_iter().zip(ours?) {
        ensure!(theirs == ours, "{name} differs");
    }
    Ok(())
}

/// What the script leaves behind, but for the archive itself.
fn nightly(server: &Server, db: &str, tools: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let out = Scratch::new()?;
    let mut script = Command::new("bash");
    script
        .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
        .env("OUT", out.path())
        .env("DB", db)
        .env("PGHOST", server.host())
        .env("PGPORT", server.port().to_string())
        .env("PGUSER", server.superuser());
    run(script.args(["-c", NIGHTLY]))?;
    let mut files = Vec::new();
    for file in fs::read_dir(out.path())? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if name == "db.dump" {
            continue;
        }
        let content = fs::read(file.path())?;
        files.push((name, content));
    }
    files.sort();
    ensure!(files.len() == 4, "{} files", files.len());
    Ok(files)
}
