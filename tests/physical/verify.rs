//! `pgark verify` and pg_verifybackup on the same damage.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{Major, Scratch, Server, observe, run, side_by_side};

use crate::world::{World, basebackup, pg_verifybackup, verify};

/// Something that is done to a backup, or said to both programs.
struct Case {
    name: &'static str,
    damage: fn(&Path) -> Result<()>,
    arguments: &'static [&'static str],
    is_good: bool,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.arguments.join(" "))
    }
}

fn flip(path: &Path, place: u64) -> Result<()> {
    let file = File::options().read(true).write(true).open(path)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, place)?;
    file.write_all_at(&[byte[0] ^ 4], place)?;
    Ok(())
}

/// The first file below a folder whose name begins with something.
fn find(folder: &Path, prefix: &str) -> Result<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    names.sort();
    let is_it = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(prefix))
            && path.is_file()
    };
    names
        .into_iter()
        .find(is_it)
        .with_context(|| format!("no {prefix} in {}", folder.display()))
}

/// The folder of a database, and a file of a tablespace.
fn database(data: &Path) -> PathBuf {
    data.join("base/1")
}

fn tablespace_file(data: &Path) -> Result<PathBuf> {
    for link in fs::read_dir(data.join("pg_tblspc"))? {
        for version in fs::read_dir(link?.path())? {
            for folder in fs::read_dir(version?.path())? {
                for file in fs::read_dir(folder?.path())? {
                    let path = file?.path();
                    if fs::metadata(&path)?.len() > 10_000 {
                        return Ok(path);
                    }
                }
            }
        }
    }
    anyhow::bail!("no file in a tablespace")
}

fn wal(data: &Path) -> Result<PathBuf> {
    find(&data.join("pg_wal"), "0")
}

/// Changes the manifest's text, and its checksum with it.
fn edit(data: &Path, change: impl Fn(&str) -> String) -> Result<()> {
    let path = data.join("backup_manifest");
    let text = fs::read_to_string(&path)?;
    let place = text.find("\"Manifest-Checksum\"").context("a checksum")?;
    let lines = change(&text[..place]);
    ensure!(lines != text[..place], "nothing has changed");
    let mut sum = Command::new("sha256sum");
    let sum = String::from_utf8(support::run_with_input(&mut sum, lines.as_bytes())?)?;
    fs::write(
        path,
        format!("{lines}\"Manifest-Checksum\": \"{}\"}}\n", &sum[..64]),
    )?;
    Ok(())
}

const fn bad(name: &'static str, damage: fn(&Path) -> Result<()>) -> Case {
    Case {
        name,
        damage,
        arguments: &[],
        is_good: false,
    }
}

const fn good(
    name: &'static str,
    damage: fn(&Path) -> Result<()>,
    arguments: &'static [&'static str],
) -> Case {
    Case {
        name,
        damage,
        arguments,
        is_good: true,
    }
}

const fn bad_with(
    name: &'static str,
    damage: fn(&Path) -> Result<()>,
    arguments: &'static [&'static str],
) -> Case {
    Case {
        name,
        damage,
        arguments,
        is_good: false,
    }
}

fn write(path: impl AsRef<Path>, content: &[u8]) -> Result<()> {
    fs::write(&path, content).with_context(|| format!("cannot write {}", path.as_ref().display()))
}

fn cut(path: impl AsRef<Path>, by: u64) -> Result<()> {
    let file = File::options().write(true).open(path)?;
    Ok(file.set_len(file.metadata()?.len() - by)?)
}

fn grow(path: impl AsRef<Path>) -> Result<()> {
    let file = File::options().write(true).open(path)?;
    Ok(file.set_len(file.metadata()?.len() + 8192)?)
}

/// The place in the log's file where the backup's records begin.
fn start(data: &Path) -> Result<u64> {
    let label = fs::read_to_string(data.join("backup_label"))?;
    let lsn = label
        .split_once("LOCATION: ")
        .and_then(|(_, rest)| rest.split([' ', '\n']).next()?.split_once('/'));
    let (_, low) = lsn.context("no place in the label")?;
    Ok(u64::from_str_radix(low, 16)? % (16 << 20))
}

fn cases() -> Vec<Case> {
    vec![
        good("untouched", |_| Ok(()), &[]),
        good("untouched, quietly", |_| Ok(()), &["-q"]),
        good("untouched, to the first error", |_| Ok(()), &["-e"]),
        good(
            "untouched, without checksums and log",
            |_| Ok(()),
            &["-s", "-n"],
        ),
        good(
            "settings changed",
            |d| write(d.join("postgresql.auto.conf"), b"x = 1\n"),
            &[],
        ),
        good(
            "settings missing",
            |d| Ok(fs::remove_file(d.join("postgresql.auto.conf"))?),
            &[],
        ),
        good(
            "a standby's signal",
            |d| write(d.join("standby.signal"), b""),
            &[],
        ),
        good(
            "a recovery's signal",
            |d| write(d.join("recovery.signal"), b""),
            &[],
        ),
        good("more log", |d| write(d.join("pg_wal/extra"), b"x"), &[]),
        good(
            "an empty folder",
            |d| Ok(fs::create_dir(d.join("new"))?),
            &[],
        ),
        good(
            "an empty folder missing",
            |d| Ok(fs::remove_dir(d.join("pg_notify"))?),
            &[],
        ),
        good(
            "an ignored file",
            |d| write(d.join("extra"), b""),
            &["-i", "extra"],
        ),
        good(
            "an ignored folder",
            |d| Ok(fs::remove_dir_all(d.join("pg_xact"))?),
            &["-i", "pg_xact"],
        ),
        good(
            "a flipped bit unread",
            |d| flip(&find(&database(d), "1")?, 100),
            &["-s"],
        ),
        good(
            "missing log unread",
            |d| Ok(fs::remove_file(wal(d)?)?),
            &["-n"],
        ),
        good("damaged log unread", |d| flip(&wal(d)?, start(d)?), &["-n"]),
        good(
            "a file through a link",
            |d| {
                fs::rename(d.join("PG_VERSION"), d.join("pg_wal/v"))?;
                Ok(symlink(d.join("pg_wal/v"), d.join("PG_VERSION"))?)
            },
            &[],
        ),
        bad("a flipped bit in a table", |d| {
            flip(&find(&database(d), "1")?, 100)
        }),
        bad("a flipped bit at a table's end", |d| {
            let file = find(&database(d), "12")?;
            let size = fs::metadata(&file)?.len();
            flip(&file, size - 1)
        }),
        bad("a flipped bit in a tablespace", |d| {
            flip(&tablespace_file(d)?, 9000)
        }),
        bad("a flipped bit in the label", |d| {
            flip(&d.join("backup_label"), 10)
        }),
        bad("a flipped bit in the configuration", |d| {
            flip(&d.join("postgresql.conf"), 200)
        }),
        bad("a flipped bit in the transactions' state", |d| {
            flip(&d.join("pg_xact/0000"), 1000)
        }),
        bad("a flipped bit in the version", |d| {
            flip(&d.join("PG_VERSION"), 0)
        }),
        bad("a flipped bit in a relation map", |d| {
            flip(&d.join("global/pg_filenode.map"), 30)
        }),
        bad("a flipped bit in pg_control", |d| {
            flip(&d.join("global/pg_control"), 100)
        }),
        bad("a flipped bit in pg_control's padding", |d| {
            flip(&d.join("global/pg_control"), 5000)
        }),
        bad("a table missing", |d| {
            Ok(fs::remove_file(find(&database(d), "1")?)?)
        }),
        bad("a file of a tablespace missing", |d| {
            Ok(fs::remove_file(tablespace_file(d)?)?)
        }),
        bad("the label missing", |d| {
            Ok(fs::remove_file(d.join("backup_label"))?)
        }),
        bad("pg_control missing", |d| {
            Ok(fs::remove_file(d.join("global/pg_control"))?)
        }),
        bad("a folder missing", |d| {
            Ok(fs::remove_dir_all(d.join("pg_multixact"))?)
        }),
        bad("a database missing", |d| {
            Ok(fs::remove_dir_all(database(d))?)
        }),
        bad("a link to a tablespace missing", |d| {
            let link = fs::read_dir(d.join("pg_tblspc"))?
                .next()
                .context("a link")??;
            Ok(fs::remove_file(link.path())?)
        }),
        bad("a link to a tablespace that leads nowhere", |d| {
            let link = fs::read_dir(d.join("pg_tblspc"))?
                .next()
                .context("a link")??
                .path();
            fs::remove_file(&link)?;
            Ok(symlink("/nowhere/at/all", link)?)
        }),
        bad("an extra file", |d| write(d.join("extra"), b"")),
        bad("an extra file in a database", |d| {
            write(database(d).join("99999"), b"x")
        }),
        bad("an extra file in a tablespace", |d| {
            write(tablespace_file(d)?.with_file_name("99999"), b"x")
        }),
        bad("an extra folder with a file", |d| {
            fs::create_dir(d.join("new"))?;
            write(d.join("new/file"), b"x")
        }),
        bad("another ignored", |d| write(d.join("extra"), b"")),
        bad_with(
            "an ignored name that only begins so",
            |d| write(d.join("extras"), b""),
            &["-i", "extra"],
        ),
        bad("a truncated table", |d| {
            cut(find(&database(d), "12")?, 8192)
        }),
        bad("a truncated byte", |d| cut(find(&database(d), "12")?, 1)),
        bad("an emptied file", |d| write(d.join("PG_VERSION"), b"")),
        bad("a longer table", |d| grow(find(&database(d), "12")?)),
        bad("a longer file in a tablespace", |d| {
            grow(tablespace_file(d)?)
        }),
        bad_with(
            "a truncated table unread",
            |d| cut(find(&database(d), "12")?, 8192),
            &["-s"],
        ),
        bad_with(
            "a table missing, unread",
            |d| Ok(fs::remove_file(find(&database(d), "1")?)?),
            &["-s", "-n"],
        ),
        bad("a folder instead of a file", |d| {
            fs::remove_file(d.join("PG_VERSION"))?;
            Ok(fs::create_dir(d.join("PG_VERSION"))?)
        }),
        bad("a pipe", |d| {
            run(Command::new("mkfifo").arg(d.join("pipe"))).map(drop)
        }),
        bad("no manifest", |d| {
            Ok(fs::remove_file(d.join("backup_manifest"))?)
        }),
        bad("an empty manifest", |d| {
            write(d.join("backup_manifest"), b"")
        }),
        bad("a flipped bit in the manifest", |d| {
            flip(&d.join("backup_manifest"), 400)
        }),
        bad("a truncated manifest", |d| {
            cut(d.join("backup_manifest"), 30)
        }),
        bad("a manifest without its last line end", |d| {
            cut(d.join("backup_manifest"), 1)
        }),
        bad("a manifest of another version", |d| {
            edit(d, |text| text.replacen("Version\": ", "Version\": 9", 1))
        }),
        bad("a manifest with another size", |d| {
            edit(d, |text| text.replacen("\"Size\": 3,", "\"Size\": 4,", 1))
        }),
        bad("a manifest with another checksum", |d| {
            edit(d, |text| {
                text.replacen("\"Checksum\": \"", "\"Checksum\": \"00", 1)
            })
        }),
        bad("a manifest with a file twice", |d| {
            edit(d, |text| {
                let line = text.lines().nth(3).unwrap_or_default();
                text.replacen(line, &format!("{line}\n{line}"), 1)
            })
        }),
        bad("a manifest with a file that is not there", |d| {
            edit(d, |text| {
                text.replacen("\"Files\": [", "\"Files\": [\n{ \"Path\": \"ghost\", \"Size\": 0, \"Last-Modified\": \"2026-01-01 00:00:00 GMT\" },", 1)
            })
        }),
        bad("a manifest without a file", |d| {
            edit(d, |text| {
                let line = text.lines().nth(4).unwrap_or_default();
                text.replacen(&format!("{line}\n"), "", 1)
            })
        }),
        bad("a manifest of another algorithm", |d| {
            edit(d, |text| text.replacen("CRC32C", "MD5", 1))
        }),
        good(
            "a manifest elsewhere",
            |d| Ok(fs::rename(d.join("backup_manifest"), d.join("pg_wal/m"))?),
            &["-m", "pg_wal/m"],
        ),
        bad_with(
            "a manifest that is not elsewhere",
            |_| Ok(()),
            &["-m", "pg_wal/m"],
        ),
        bad("log missing", |d| Ok(fs::remove_file(wal(d)?)?)),
        bad("the log's folder missing", |d| {
            Ok(fs::remove_dir_all(d.join("pg_wal"))?)
        }),
        bad("a flipped bit in a record", |d| {
            flip(&wal(d)?, start(d)? + 40)
        }),
        bad("a flipped bit in a record's length", |d| {
            flip(&wal(d)?, start(d)?)
        }),
        bad("a flipped bit in a record's link", |d| {
            flip(&wal(d)?, start(d)? + 8)
        }),
        bad("a flipped bit in a record's checksum", |d| {
            flip(&wal(d)?, start(d)? + 20)
        }),
        bad("a flipped bit in a page's magic", |d| flip(&wal(d)?, 0)),
        bad("a flipped bit in a page's address", |d| flip(&wal(d)?, 9)),
        bad("a flipped bit in the file size that the log says", |d| {
            flip(&wal(d)?, 34)
        }),
        bad("truncated log", |d| {
            let file = File::options().write(true).open(wal(d)?)?;
            Ok(file.set_len(64)?)
        }),
        bad("empty log", |d| write(wal(d)?, b"")),
        bad("log of zeros", |d| write(wal(d)?, &vec![0; 16 << 20])),
        good(
            "log elsewhere",
            |d| Ok(fs::rename(d.join("pg_wal"), d.join("../elsewhere"))?),
            &["-w", "../elsewhere"],
        ),
        bad_with(
            "log that is not elsewhere",
            |_| Ok(()),
            &["-w", "../nowhere"],
        ),
        bad("log of the range of another backup", |d| {
            edit(d, |text| {
                let place = text.find("End-LSN\": \"").map_or(0, |place| place + 11);
                let end = text[place..]
                    .find('"')
                    .map_or(place, |length| place + length);
                format!("{}FF/0{}", &text[..place], &text[end..])
            })
        }),
    ]
}

/// Arguments that name something in the backup lead there.
fn arguments(case: &Case, data: &Path) -> Vec<String> {
    let is_path = |text: &str| text.contains('/');
    case.arguments
        .iter()
        .map(|text| {
            if is_path(text) {
                data.join(text).display().to_string()
            } else {
                (*text).to_owned()
            }
        })
        .collect()
}

/// Copies a backup: hard links do, but for what is to be changed in place.
fn copy(from: &Path, to: &Path) -> Result<()> {
    run(Command::new("cp").arg("-a").arg(from).arg(to)).map(drop)
}

fn expect_agreement(major: Major, backup: &Path, case: &Case) -> Result<()> {
    let scratch = Scratch::new()?;
    let data = scratch.join("data");
    copy(backup, &data)?;
    // The tablespaces too are a copy.
    for link in fs::read_dir(data.join("pg_tblspc"))? {
        let link = link?;
        let place = scratch.join(link.file_name());
        copy(&fs::read_link(link.path())?, &place)?;
        fs::remove_file(link.path())?;
        symlink(place, link.path())?;
    }
    (case.damage)(&data)?;
    let arguments = arguments(case, &data);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ours = verify(&data, &arguments)?;
    ours.expect_code(if case.is_good { 0 } else { 9 })?;
    ensure!(
        case.is_good || ours.stderr.contains("error: "),
        "nothing is said: {ours:?}"
    );
    if let Some(theirs) = pg_verifybackup(major, &data, &arguments)? {
        ensure!(
            theirs.code == Some(i32::from(!case.is_good)),
            "pg_verifybackup does not agree: {theirs:?}\nwith {}",
            ours.stderr
        );
    }
    Ok(())
}

fn expect_agreements(major: Major, keep: impl Fn(usize) -> bool) {
    let world = World::start(major, true).expect("a server");
    let folder = Scratch::new().expect("a folder");
    let data = folder.join("data");
    let mut command = world.basebackup(&[]);
    let ran = observe(
        command
            .arg("-D")
            .arg(&data)
            .args(world.mappings(folder.path())),
    );
    ran.expect("pgark runs").expect_silence().expect("a backup");
    let cases: Vec<Case> = cases()
        .into_iter()
        .enumerate()
        .filter(|(place, _)| keep(*place))
        .map(|(_, case)| case)
        .collect();
    side_by_side(&cases, |case| expect_agreement(major, &data, case));
}

#[test]
fn damage_is_found_where_pg_verifybackup_finds_it() {
    assert!(cases().iter().filter(|case| !case.is_good).count() >= 60);
    expect_agreements(Major::V17, |_| true);
}

#[test]
#[ignore = "long: every damage on every major"]
fn damage_is_found_on_every_major() {
    for major in [Major::V15, Major::V16, Major::V18] {
        expect_agreements(major, |_| true);
    }
}

#[test]
fn another_systems_files_are_found() -> Result<()> {
    let (one, other) = (Server::start(Major::V17)?, Server::start(Major::V17)?);
    let folder = Scratch::new()?;
    let (ours, theirs) = (folder.join("one"), folder.join("other"));
    observe(basebackup(&one).arg("-D").arg(&ours))?.expect_silence()?;
    observe(basebackup(&other).arg("-D").arg(&theirs))?.expect_silence()?;
    fs::copy(
        theirs.join("global/pg_control"),
        ours.join("global/pg_control"),
    )?;
    verify(&ours, &["-s", "-n"])?
        .expect_code(9)?
        .expect_words(["is of the system"])?;
    let ran = pg_verifybackup(Major::V17, &ours, &["-s", "-n"])?.context("17 has it")?;
    ran.expect_code(1).map(drop)
}

#[test]
fn damaged_archives_are_found() -> Result<()> {
    let world = World::start(Major::V16, true)?;
    let folder = Scratch::new()?;
    let backup = folder.join("backup");
    observe(world.basebackup(&["-F", "t", "-z", "-D"]).arg(&backup))?.expect_silence()?;
    let plain = folder.join("plain");
    observe(world.basebackup(&["-F", "t", "-D"]).arg(&plain))?.expect_silence()?;
    let one = folder.join("one.tar");
    fs::write(&one, observe(&mut world.basebackup(&["-D", "-"]))?.stdout)?;
    for sound in [&backup, &plain, &one] {
        verify(sound, &[])?.expect_code(0)?;
    }
    let expect_found = |path: &Path| verify(path, &[])?.expect_code(9).map(drop);
    let size = fs::metadata(backup.join("base.tar.gz"))?.len();
    flip(&backup.join("base.tar.gz"), size / 2)?;
    expect_found(&backup)?;
    flip(&backup.join("base.tar.gz"), size / 2)?;
    verify(&backup, &[])?.expect_code(0)?;
    cut(backup.join("pg_wal.tar.gz"), 100)?;
    expect_found(&backup)?;
    fs::remove_file(backup.join("pg_wal.tar.gz"))?;
    expect_found(&backup)?;
    verify(&backup, &["-n"])?.expect_code(0)?;
    for place in [200_000, 3_000_000] {
        flip(&plain.join("base.tar"), place)?;
        expect_found(&plain)?;
        flip(&plain.join("base.tar"), place)?;
    }
    write(plain.join("extra"), b"")?;
    expect_found(&plain)?;
    fs::remove_file(plain.join("extra"))?;
    let tablespace = find(&plain, "1")?;
    fs::remove_file(tablespace)?;
    expect_found(&plain)?;
    flip(&one, 2_000_000)?;
    expect_found(&one)?;
    flip(&one, 2_000_000)?;
    cut(one.clone(), 20_000)?;
    expect_found(&one)
}
