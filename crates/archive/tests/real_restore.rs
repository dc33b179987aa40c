//! PostgreSQL's own pg_restore reads what this crate writes. No server is needed.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use bstr::ByteSlice;
use pgark_archive::{
    Compression, CreationTime, DumpId, Header, Oid, Reader, Section, Selection, TocEntry, Version,
    Writer, list,
};
use support::{Major, judge_folder};

/// The version that a major's pg_dump writes.
fn version_of(major: Major) -> Version {
    Version::of_server_major(major.number())
}

/// What a major's pg_restore prints, reading a file or a pipe. Any word of complaint is a failure.
fn pg_restore(major: Major, arguments: &[&str], archive: &Path, piped: bool) -> Vec<u8> {
    let mut command = Command::new(judge_folder(major).unwrap().join("pg_restore"));
    command.args(arguments).env("LC_ALL", "C");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = if piped {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = std::fs::read(archive).unwrap();
        let feeder = std::thread::spawn(move || stdin.write_all(&bytes));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap().unwrap();
        output
    } else {
        command.arg(archive).output().unwrap()
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaint.is_empty(),
        "pg_restore {major}: {complaint}"
    );
    output.stdout
}

/// Rows that are worth compressing, longer than a chunk.
fn rows() -> Vec<u8> {
    (0..20_000u32)
        .flat_map(|n| format!("{n}\t{:x}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
        .collect()
}

const LARGE_OBJECTS: [(u32, &[u8]); 3] = [
    (77, b"\x00\x01\xffbytes"),
    (2_147_483_648, b""),
    (4_100_000_001, b"high"),
];

fn entries(version: Version) -> Vec<TocEntry> {
    let setting = |id, desc: &str, sql: &str| TocEntry {
        tag: Some(desc.into()),
        desc: desc.into(),
        section: Section::PreData,
        defn: Some(sql.into()),
        ..TocEntry::new(DumpId(id))
    };
    let table = TocEntry {
        table_oid: 1259,
        oid: 16385,
        tag: Some("line\nbreak".into()),
        desc: "TABLE".into(),
        section: Section::PreData,
        defn: Some("CREATE TABLE public.\"line\nbreak\" (\n    id integer\n);\n".into()),
        drop_stmt: Some("DROP TABLE public.\"line\nbreak\";\n".into()),
        namespace: Some("public".into()),
        tablespace: Some("".into()),
        table_am: Some("heap".into()),
        relkind: Some(b'r'),
        owner: Some("owner".into()),
        ..TocEntry::new(DumpId(200))
    };
    let data = |id, oid| TocEntry {
        had_dumper: true,
        oid,
        tag: Some("line\nbreak".into()),
        desc: "TABLE DATA".into(),
        section: Section::Data,
        copy_stmt: Some("COPY public.\"line\nbreak\" (id) FROM stdin;\n".into()),
        namespace: Some("public".into()),
        owner: Some("owner".into()),
        dependencies: vec![DumpId(200), DumpId(200), DumpId(9999)],
        ..TocEntry::new(DumpId(id))
    };
    let objects = TocEntry {
        had_dumper: true,
        tag: Some("BLOBS".into()),
        desc: "BLOBS".into(),
        section: Section::Data,
        owner: (version >= Version::V1_16).then(|| "owner".into()),
        ..TocEntry::new(DumpId(401))
    };
    let mut entries = vec![
        setting(1, "ENCODING", "SET client_encoding = 'UTF8';\n"),
        setting(2, "STDSTRINGS", "SET standard_conforming_strings = 'on';\n"),
        setting(
            3,
            "SEARCHPATH",
            "SELECT pg_catalog.set_config('search_path', '', false);\n",
        ),
        table,
        data(300, 16385),
        data(301, 0),
    ];
    if version >= Version::V1_16 {
        entries.push(TocEntry {
            table_oid: 2613,
            oid: 77,
            tag: Some("77..4100000001".into()),
            desc: "BLOB METADATA".into(),
            section: Section::Data,
            defn: Some("77\n2147483648\n4100000001\n".into()),
            drop_stmt: Some("-- dummy".into()),
            owner: Some("owner".into()),
            ..TocEntry::new(DumpId(400))
        });
    }
    entries.push(objects);
    entries
}

fn write(mut writer: Writer<File>, rows: &[u8]) {
    for (id, data) in [(300, rows), (301, &b""[..])] {
        writer.start_data(DumpId(id)).unwrap();
        writer.write(data).unwrap();
        writer.write(b"\\.\n\n\n").unwrap();
        writer.end_data().unwrap();
    }
    writer.start_large_objects(DumpId(401)).unwrap();
    for (oid, data) in LARGE_OBJECTS {
        writer.start_large_object(Oid(oid)).unwrap();
        writer.write(data).unwrap();
        writer.end_large_object().unwrap();
    }
    writer.end_large_objects().unwrap();
    writer.finish().unwrap();
}

fn header(version: Version, compression: Compression) -> Header {
    Header {
        database: Some("shop".into()),
        server_version: Some("18.4".into()),
        dump_version: Some("18.4 (pgark 0.1.0)".into()),
        ..Header::new(version, compression, CreationTime::now().unwrap())
    }
}

/// Calls `look` with every archive and every judge that should read it.
fn for_each_archive(mut look: impl FnMut(Major, &Path, Version, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let rows = rows();
    for version in [Version::V1_14, Version::V1_15, Version::V1_16] {
        for compression in ["none", "gzip", "gzip:1", "gzip:9"] {
            for seekable in [true, false] {
                let header = header(version, compression.parse().unwrap());
                let entries = entries(version);
                let file = File::create(&path).unwrap();
                let writer = if seekable {
                    Writer::new_seekable(file, &header, &entries).unwrap()
                } else {
                    Writer::new(file, &header, &entries).unwrap()
                };
                write(writer, &rows);
                let readers = Major::all()
                    .into_iter()
                    .filter(|major| version <= version_of(*major));
                for major in readers {
                    let case = format!(
                        "pg_restore {major}, {version}, {compression}, seekable {seekable}"
                    );
                    look(major, &path, version, &case);
                }
            }
        }
    }
}

#[test]
fn pg_restore_prints_all_that_was_written() {
    let mut data = b"COPY public.\"line\nbreak\" (id) FROM stdin;\n".to_vec();
    let empty = [&data[..], b"\\.\n"].concat();
    data.extend(rows());
    data.extend(b"\\.\n");
    for_each_archive(|major, path, version, case| {
        let from_file = pg_restore(major, &["-f", "-"], path, false);
        for part in [
            &b"CREATE TABLE public.\"line\nbreak\" (\n    id integer\n);\n"[..],
            b"ALTER TABLE public.\"line\nbreak\" OWNER TO owner;",
            &data,
            &empty,
            b"'77', 131072);\nSELECT pg_catalog.lowrite(0, '\\x0001ff6279746573');\n",
            b"'2147483648', 131072);\nSELECT pg_catalog.lo_close(0);\n",
            b"'4100000001', 131072);\nSELECT pg_catalog.lowrite(0, '\\x68696768');\n",
        ] {
            assert!(
                from_file.contains_str(part),
                "{case}: no {}",
                String::from_utf8_lossy(&part[..part.len().min(60)])
            );
        }
        assert_eq!(
            version >= Version::V1_16,
            from_file.contains_str(b"SELECT pg_catalog.lo_create('2147483648');\n"),
            "{case}"
        );

        // \restrict keys differ from run to run.
        let script = |bytes: Vec<u8>| {
            let lines = bytes.split(|&byte| byte == b'\n');
            lines
                .filter(|line| {
                    !line.starts_with(b"\\restrict") && !line.starts_with(b"\\unrestrict")
                })
                .map(<[u8]>::to_vec)
                .collect::<Vec<_>>()
        };
        let from_pipe = pg_restore(major, &["-f", "-"], path, true);
        assert!(
            script(from_pipe) == script(from_file),
            "{case}: a pipe gives another script"
        );
    });
}

#[test]
fn pg_restore_finds_any_block_in_a_file() {
    for_each_archive(|major, path, _, case| {
        // The last block first: with offsets it is sought, without them searched.
        let listing = path.with_extension("list");
        std::fs::write(&listing, "401;\n300;\n").unwrap();
        let script = pg_restore(
            major,
            &["-f", "-", "-L", listing.to_str().unwrap()],
            path,
            false,
        );
        let objects = script
            .find(b"\\x68696768")
            .unwrap_or_else(|| panic!("{case}: no large objects"));
        let table = script
            .find(b"19999\t")
            .unwrap_or_else(|| panic!("{case}: no rows"));
        assert!(objects < table, "{case}");
    });
}

#[test]
fn listings_are_those_of_pg_restore() {
    for_each_archive(|major, path, version, case| {
        // Another major's pg_restore shows the compression in another way.
        if version != version_of(major) {
            return;
        }
        let reader = Reader::new(File::open(path).unwrap()).unwrap();
        let mut listing = Vec::new();
        let selection = Selection::all(reader.toc());
        list(reader.header(), reader.toc(), &selection, &mut listing).unwrap();
        let expected = pg_restore(major, &["-l"], path, false);
        assert_eq!(
            String::from_utf8_lossy(&listing),
            String::from_utf8_lossy(&expected),
            "{case}"
        );
    });
}
