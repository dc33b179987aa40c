//! A server that is none.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use support::{Scratch, observe, pgark, side_by_side};

use crate::world::as_user;

const BLOCK: usize = 512;

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a short message");
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

/// A result of one row.
fn row(values: &[Option<&str>]) -> Vec<u8> {
    rows(values.len(), &[values])
}

fn rows(columns: usize, all: &[&[Option<&str>]]) -> Vec<u8> {
    let count = u16::try_from(columns).expect("few columns").to_be_bytes();
    let mut description = count.to_vec();
    for _ in 0..columns {
        description.extend(b"x\0");
        description.extend([0; 18]);
    }
    let mut out = message(b'T', &description);
    for values in all {
        let mut body = count.to_vec();
        for value in *values {
            let length = value.map_or(-1, |value| {
                i32::try_from(value.len()).expect("a short value")
            });
            body.extend(length.to_be_bytes());
            body.extend(value.unwrap_or_default().as_bytes());
        }
        out.extend(message(b'D', &body));
    }
    out.extend(message(b'C', b"SELECT\0"));
    out
}

/// A header of tar.
fn header(name: &str, kind: u8, size: u64, target: &str) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    let mut put =
        |place: usize, text: &[u8]| block[place..place + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    if size < 1 << 33 {
        put(124, format!("{size:011o}\0").as_bytes());
    } else {
        put(124, &[0x80, 0, 0, 0]);
        put(128, &size.to_be_bytes());
    }
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, target.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn file(name: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = header(name, b'0', data.len() as u64, "");
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

/// What a server does wrong.
#[derive(Clone)]
struct Play {
    name: &'static str,
    tablespaces: &'static [(&'static str, &'static str)],
    archives: Vec<(&'static str, Vec<u8>)>,
    manifest: &'static str,
    /// Whether the last archive goes on for ever.
    is_endless: bool,
    told: &'static str,
}

impl std::fmt::Display for Play {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A play of one data directory.
fn base(name: &'static str, archive: Vec<u8>, told: &'static str) -> Play {
    Play {
        name,
        tablespaces: &[],
        archives: vec![("base.tar", archive)],
        manifest: "{}",
        is_endless: false,
        told,
    }
}

fn plays() -> Vec<Play> {
    let link = |name, target| header(name, b'2', 0, target);
    let with_tablespace = |places, name, archive, member: Vec<u8>, told| Play {
        tablespaces: places,
        archives: vec![(archive, member), ("base.tar", Vec::new())],
        ..base(name, Vec::new(), told)
    };
    vec![
        base(
            "an absolute name",
            file("/tmp/pgark-hostile", b"x"),
            "unsafe name",
        ),
        base(
            "a name that leads up",
            file("../pgark-hostile", b"x"),
            "unsafe name",
        ),
        base(
            "a name that leads up later",
            file("base/../../pgark-hostile", b"x"),
            "unsafe name",
        ),
        base(
            "a link that leads out",
            link("pg_wal_link", "/tmp"),
            "symbolic link",
        ),
        base(
            "a link to a tablespace that is none",
            link("pg_tblspc/1", "/tmp"),
            "symbolic link",
        ),
        base(
            "a file behind a link",
            file("pg_tblspc/1/x", b"x"),
            "outside the data directory",
        ),
        base(
            "a hard link",
            header("hard", b'1', 0, "/etc/passwd"),
            "neither file, folder nor",
        ),
        base(
            "a device",
            header("device", b'3', 0, ""),
            "neither file, folder nor",
        ),
        base(
            "a long name of GNU",
            file("././@LongLink", b"x"),
            "unsafe name",
        ),
        base(
            "an impossible file",
            header("large", b'0', 1 << 62, ""),
            "impossible size",
        ),
        base(
            "a manifest among the files",
            file("backup_manifest", b"{}"),
            "backup_manifest",
        ),
        base(
            "log that was not asked for",
            file("pg_wal/000000010000000000000001", b"x"),
            "not asked for",
        ),
        base(
            "a file twice",
            [file("a", b"x"), file("a", b"y")].concat(),
            "twice",
        ),
        base(
            "a damaged header",
            {
                let mut bytes = file("a", b"x");
                bytes[0] = b'b';
                bytes
            },
            "damaged header",
        ),
        base(
            "an archive that breaks off",
            file("a", b"x")[..600].to_vec(),
            "breaks off",
        ),
        base("a wrong manifest", file("a", b"x"), "manifest"),
        Play {
            archives: vec![("../x.tar", Vec::new())],
            ..base(
                "an archive with a bad name",
                Vec::new(),
                "name \"../x.tar\"",
            )
        },
        Play {
            archives: vec![("base.tar", Vec::new()); 2],
            ..base("an archive twice", Vec::new(), "none is due")
        },
        Play {
            archives: Vec::new(),
            ..base("no archive", Vec::new(), "archives missing")
        },
        Play {
            tablespaces: &[("16384", "/tmp/../etc/pgark-hostile")],
            ..base("a tablespace that leads up", Vec::new(), "unsafe path")
        },
        Play {
            tablespaces: &[("x", "/tmp/a")],
            ..base(
                "a tablespace without a number",
                Vec::new(),
                "without an OID",
            )
        },
        with_tablespace(
            &[("16384", "/tmp/pgark-hostile-place-1")],
            "a key in a tablespace",
            "16384.tar",
            file("authorized_keys", b"x"),
            "in a tablespace",
        ),
        with_tablespace(
            &[("16384", "/tmp/pgark-hostile-place-2")],
            "a link in a tablespace",
            "16384.tar",
            link("PG_15_1", "/tmp"),
            "in a tablespace",
        ),
        with_tablespace(
            &[("16384", "/tmp/pgark-hostile-place-3")],
            "nothing of a tablespace",
            "16384.tar",
            Vec::new(),
            "nothing of its tablespace 16384",
        ),
        Play {
            tablespaces: &[("16384", "../../tablespaces/16384")],
            ..base("a relative tablespace", Vec::new(), "relative link")
        },
        with_tablespace(
            &[("16384", "/tmp/pgark-hostile-place-4")],
            "an unknown tablespace",
            "16385.tar",
            Vec::new(),
            "name \"16385.tar\"",
        ),
        Play {
            is_endless: true,
            ..base("an archive of nothing", vec![0; BLOCK], "")
        },
        Play {
            is_endless: true,
            ..base("an endless manifest", Vec::new(), "too long")
        },
    ]
}

/// Plays a server for one backup: 15, in the words of 15.
fn serve(mut stream: TcpStream, play: &Play) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.set_write_timeout(Some(Duration::from_secs(20)))?;
    loop {
        let mut head = [0; 8];
        stream.read_exact(&mut head)?;
        let (length, code) = (
            u32::from_be_bytes(head[..4].try_into().expect("four")),
            u32::from_be_bytes(head[4..].try_into().expect("four")),
        );
        if code == 80_877_103 {
            stream.write_all(b"N")?;
            continue;
        }
        stream.read_exact(&mut vec![0; length as usize - 8])?;
        break;
    }
    let ready = message(b'Z', b"I");
    let welcome = [
        message(b'R', &[0; 4]),
        message(b'S', b"server_version\x0015.4\0"),
        message(b'K', &[0, 0, 0, 1, 0, 0, 0, 2]),
        ready.clone(),
    ];
    stream.write_all(&welcome.concat())?;
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes(head[1..].try_into().expect("four"));
        let mut body = vec![0; length as usize - 4];
        stream.read_exact(&mut body)?;
        let answer = match &body[..] {
            text if text.starts_with(b"IDENTIFY") => {
                row(&[Some("77"), Some("1"), Some("0/3000000"), None])
            }
            text if text.starts_with(b"SHOW wal") => row(&[Some("16MB")]),
            text if text.starts_with(b"SHOW") => row(&[Some("0700")]),
            text if text.starts_with(b"BASE_BACKUP") => {
                return send_backup(&mut stream, play);
            }
            _ => message(b'C', b"OK\0"),
        };
        stream.write_all(&[answer, ready.clone()].concat())?;
    }
}

fn send_backup(stream: &mut TcpStream, play: &Play) -> io::Result<()> {
    let mut list: Vec<Vec<Option<&str>>> = play
        .tablespaces
        .iter()
        .map(|(oid, place)| vec![Some(*oid), Some(*place), None])
        .collect();
    list.push(vec![None; 3]);
    let list: Vec<&[Option<&str>]> = list.iter().map(Vec::as_slice).collect();
    stream.write_all(
        &[
            row(&[Some("0/3000028"), Some("1")]),
            rows(3, &list),
            message(b'H', &[0; 3]),
        ]
        .concat(),
    )?;
    let data = |bytes: &[u8]| message(b'd', &[b"d", bytes].concat());
    for (name, archive) in &play.archives {
        stream.write_all(&message(b'd', &[b"n", name.as_bytes(), b"\0\0"].concat()))?;
        for piece in archive.chunks(100_000) {
            stream.write_all(&data(piece))?;
        }
    }
    let piece = data(&vec![b'{'; 100_000]);
    if play.is_endless && play.archives.iter().any(|(_, archive)| archive.is_empty()) {
        stream.write_all(&message(b'd', b"m"))?;
    }
    if play.is_endless {
        loop {
            stream.write_all(&piece)?;
        }
    }
    stream.write_all(
        &[
            message(b'd', b"m"),
            data(play.manifest.as_bytes()),
            message(b'c', b""),
        ]
        .concat(),
    )?;
    stream.write_all(
        &[
            row(&[Some("0/3000100"), Some("1")]),
            message(b'C', b"BASE_BACKUP\0"),
            message(b'Z', b"I"),
        ]
        .concat(),
    )?;
    // What is said after this is nobody's concern.
    let _ = stream.read(&mut [0; 100]);
    Ok(())
}

fn start(play: Play) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    // It lives as long as the test program, and waits for nobody.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let play = play.clone();
            // The client goes when it has had enough, in the middle of anything.
            thread::spawn(move || serve(stream, &play));
        }
    });
    Ok(port)
}

/// Everything below a folder.
fn tree(folder: &Path) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        all.push(path.display().to_string());
        if path.is_dir() && !path.is_symlink() {
            all.extend(tree(&path)?);
        }
    }
    Ok(all)
}

#[test]
fn a_hostile_server_reaches_nothing_outside_the_target() {
    side_by_side(&plays(), |play| {
        for arguments in [
            &["-D", "target"][..],
            &["-F", "t", "-D", "target"],
            &["-D", "-"],
        ] {
            let port = start(play.clone())?.to_string();
            let scratch = Scratch::new()?;
            let mut command = as_user(pgark());
            command
                .current_dir(scratch.path())
                .args([
                    "basebackup",
                    "-N",
                    "-X",
                    "none",
                    "-h",
                    "127.0.0.1",
                    "-U",
                    "u",
                    "-p",
                    &port,
                ])
                .args(arguments);
            let ran = observe(&mut command)?;
            ensure!(
                ran.code.is_some_and(|code| code != 0) && ran.stderr.lines().count() == 1,
                "{arguments:?}: {:?} {}",
                ran.code,
                ran.stderr
            );
            // Where tablespaces lie is of no concern to archives.
            let is_about_places =
                play.told == "unsafe path" && arguments.len() != 2 || arguments[1] == "-";
            ensure!(
                is_about_places || ran.stderr.contains(play.told),
                "{arguments:?}: {}",
                ran.stderr
            );
            let left = tree(scratch.path())?;
            ensure!(left.is_empty(), "{arguments:?}: {left:?} is left");
            for outside in ["/tmp/pgark-hostile", "/etc/pgark-hostile"] {
                ensure!(!Path::new(outside).exists(), "{outside} has been made");
            }
        }
        Ok(())
    });
    // A tablespace's folder is made where the server says, unless -T leads elsewhere, and goes again.
    for number in 1..=4 {
        assert!(!Path::new(&format!("/tmp/pgark-hostile-place-{number}")).exists());
    }
}
