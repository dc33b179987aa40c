//! `pgark verify --restore-with`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use support::{Fixture, Major, Ran, Scratch, observe, pgark, side_by_side};

use crate::case::{By, Case};

#[test]
fn an_archive_is_verified_by_restoring_it_twice() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let case = Case::of_fixture(major, &Fixture::named("shop")?)?;
        let real = case.command(By::PgRestore, "postgres");
        let bin = Path::new(real.get_program())
            .parent()
            .context("pg_restore stands in no folder")?;

        let ran = verify(&case, bin)?;
        ensure!(ran.code == Some(0), "{ran:?}");
        ensure!(
            ran.stderr.contains("archive successfully verified"),
            "{ran:?}"
        );

        // One that restores something else.
        let scratch = Scratch::new()?;
        let fake = scratch.join("pg_restore");
        let bin = bin.display();
        fs::write(
            &fake,
            format!(
                "#!/bin/sh\n\"{bin}/pg_restore\" \"$@\" || exit\n\
                 \"{bin}/psql\" -qX -d \"$PGDATABASE\" -c 'create view public.more as select 1' \
                 -c 'insert into crm.signed (signed_by) values (2)'\n"
            ),
        )?;
        fs::set_permissions(&fake, Permissions::from_mode(0o755))?;
        let ran = verify(&case, scratch.path())?;
        ensure!(ran.code == Some(9), "{ran:?}");
        for told in [
            "VIEW public.more: only in the first",
            "TABLE DATA crm.signed: other data",
        ] {
            ensure!(ran.stderr.contains(told), "{ran:?}");
        }

        let ran = verify(&case, Path::new("/nowhere"))?;
        ensure!(ran.code == Some(1), "{ran:?}");
        ensure!(
            ran.stderr.contains("could not run \"/nowhere/pg_restore\""),
            "{ran:?}"
        );

        let left = "select count(*) from pg_database where datname like 'pgark_verify%'";
        ensure!(
            case.server.psql("postgres", left)? == "0",
            "databases were left"
        );
        Ok(())
    });
}

fn verify(case: &Case, bin: &Path) -> Result<Ran> {
    let mut command = pgark();
    command.arg("verify").arg(&case.archive);
    command.arg("--restore-with").arg(bin);
    command.arg("-d").arg(case.server.conninfo("postgres"));
    observe(&mut command)
}
