//! `pgark verify` of dumps, without a server.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use support::{Ran, Scratch, observe, pgark, run};

const ARCHIVES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/archives");

fn verify(archive: &Path) -> Result<Ran> {
    observe(pgark().arg("verify").arg(archive))
}

fn script(archive: &Path) -> Result<Ran> {
    observe(
        pgark()
            .args(["restore", "--restrict-key=same", "-f", "-"])
            .arg(archive),
    )
}

#[test]
fn sound_archives_are_verified() -> Result<()> {
    let mut verified = 0;
    for file in fs::read_dir(ARCHIVES)? {
        let archive = file?.path();
        if archive.extension().is_some_and(|name| name == "dump") {
            verify(&archive)?
                .expect_code(0)?
                .expect_one_line(["read to its end"])?;
            verified += 1;
        }
    }
    ensure!(verified >= 12, "only {verified} archives");
    let archive = Path::new(ARCHIVES).join("pg17-file.dump");
    observe(pgark().args(["verify", "-q"]).arg(&archive))?.expect_silence()?;
    observe(pgark().args(["verify", "-s"]).arg(&archive))?
        .expect_code(2)?
        .expect_one_line(["--skip-checksums", "is a dump"])?;
    observe(pgark().args(["verify", "-P"]).arg(&archive))?
        .expect_code(0)?
        .expect_words(["(100%)"])
        .map(drop)
}

#[test]
fn an_archive_that_is_cut_off_is_found() -> Result<()> {
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let whole = fs::read(Path::new(ARCHIVES).join("pg17-file.dump"))?;
    for length in (5..whole.len()).step_by(whole.len() / 100) {
        fs::write(&archive, &whole[..length])?;
        verify(&archive)?
            .expect_code(9)?
            .expect_one_line(["corrupt archive"])
            .with_context(|| format!("{length} bytes"))?;
    }
    Ok(())
}

#[test]
fn damage_in_rows_is_found_unless_it_changes_nothing() -> Result<()> {
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let whole = fs::read(Path::new(ARCHIVES).join("pg17-file.dump"))?;
    fs::write(&archive, &whole)?;
    let sound = script(&archive)?;
    let listed = run(pgark().args(["list", "--json"]).arg(&archive))?;
    let listed: serde_json::Value = serde_json::from_slice(&listed)?;
    let entries = listed["entries"].as_array().context("entries")?;
    let first = |desc: &str| {
        let of_kind = entries.iter().filter(|entry| entry["desc"] == desc);
        let places = of_kind.filter_map(|entry| entry["data_offset"].as_u64());
        usize::try_from(places.min().context("an entry with data")?).context("a place")
    };
    // The OIDs of large objects, behind the rows, have nothing to be held against.
    let rows = first("TABLE DATA")?..first("BLOBS")?;
    let step = rows.len() / 200;
    let (mut found, mut tried) = (0, 0);
    for place in rows.step_by(step) {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place % 8);
        fs::write(&archive, damaged)?;
        let ran = verify(&archive)?;
        tried += 1;
        if ran.code == Some(9) {
            ran.expect_one_line(["corrupt archive"])?;
            found += 1;
        } else {
            ran.expect_code(0)?;
            let restored = script(&archive)?;
            ensure!(
                (restored.code, restored.stdout) == (sound.code, sound.stdout.clone()),
                "damage at byte {place} is not found"
            );
        }
    }
    ensure!(found * 10 > tried * 9, "{found} of {tried} are found");
    Ok(())
}
