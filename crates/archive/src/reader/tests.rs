use std::io::Cursor;

use super::*;
use crate::encoding::Fields;
use crate::golden::{ARCHIVES, read_fixture};
use crate::{Compression, CreationTime, Oid, Section, Version, Writer};

/// All data of an archive: entry, large object's OID or 0, bytes.
type Data = Vec<(DumpId, Oid, Vec<u8>)>;

fn read_block<R: Read>(block: Block<'_, R>, data: &mut Data) {
    let id = block.dump_id();
    let mut keep = |oid, mut source: BlockData<'_, R>| {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).unwrap();
        data.push((id, oid, bytes));
    };
    match block {
        Block::Data(block) => keep(Oid(0), block),
        Block::LargeObjects(mut objects) => {
            while let Some((oid, object)) = objects.next_object().unwrap() {
                keep(oid, object);
            }
        }
    }
}

fn read_in_sequence(archive: &[u8]) -> Data {
    let mut data = Vec::new();
    let mut reader = Reader::new(archive).unwrap();
    while let Some(block) = reader.next_block().unwrap() {
        read_block(block, &mut data);
    }
    data
}

fn read_by_number(archive: &[u8]) -> Data {
    let mut reader = Reader::new(Cursor::new(archive)).unwrap();
    let mut ids: Vec<_> = reader
        .toc()
        .iter()
        .filter(|entry| entry.had_dumper)
        .map(|entry| entry.dump_id)
        .collect();
    // First the last one, so that a search must come by all others; then the rest in order, and the last again.
    ids.rotate_right(1);
    let mut data = Vec::new();
    read_block(reader.block(ids[0]).unwrap(), &mut Vec::new());
    ids.rotate_left(1);
    for id in &ids {
        read_block(reader.block(*id).unwrap(), &mut data);
    }
    // The same through a handle of its own, which need not search.
    reader.locate_blocks().unwrap();
    let (mut another, mut again) = (reader.another(Cursor::new(archive)), Data::new());
    for id in ids {
        assert!(another.block_position(id).is_some());
        read_block(another.block(id).unwrap(), &mut again);
    }
    assert_eq!(again, data);
    data
}

#[test]
fn goldens_hold_the_same_however_they_were_written_and_are_read() {
    for name in ARCHIVES {
        let archive = read_fixture(&format!("{name}.dump"));
        let data = read_in_sequence(&archive);
        assert_eq!(data, read_by_number(&archive), "{name}");
        let (major, _) = name.split_once('-').unwrap();
        assert_eq!(
            data,
            read_in_sequence(&read_fixture(&format!("{major}-file.dump"))),
            "{name}"
        );
        Reader::new(&archive[..]).unwrap().check().unwrap();
    }
}

#[test]
fn goldens_hold_what_was_loaded() {
    for name in ARCHIVES {
        let archive = read_fixture(&format!("{name}.dump"));
        let reader = Reader::new(&archive[..]).unwrap();
        let data_of = |tag: &str| {
            let entry = reader
                .toc()
                .iter()
                .find(|e| e.had_dumper && e.tag.as_ref().is_some_and(|t| t == tag))
                .unwrap();
            let (_, _, bytes) = read_in_sequence(&archive)
                .into_iter()
                .find(|(id, ..)| *id == entry.dump_id)
                .unwrap();
            bytes
        };
        assert_eq!(
            data_of("line\nbreak"),
            b"tab\\tand backslash \\\\ and \\\\.\n\\N\n\n\\.\n\n\n",
            "{name}"
        );
        assert_eq!(data_of("empty"), b"\\.\n\n\n", "{name}");
        let items = data_of("item");
        assert_eq!(
            items.split(|&byte| byte == b'\n').count() - 1,
            400 + 3,
            "{name}"
        );
        let mut objects: Vec<_> = read_in_sequence(&archive)
            .into_iter()
            .filter(|(_, oid, _)| oid.0 != 0)
            .collect();
        objects.sort_by_key(|(_, oid, _)| *oid);
        let objects: Vec<_> = objects
            .into_iter()
            .map(|(_, oid, bytes)| (oid.0, bytes))
            .collect();
        let expected = [
            (77, vec![0xab; 3000]),
            (2_147_483_648, vec![]),
            (4_100_000_001, vec![0, 1, 2, 3, 255]),
        ];
        assert_eq!(objects, expected, "{name}");
    }
}

#[test]
fn goldens_give_their_bytes_back() {
    for name in ARCHIVES {
        let archive = read_fixture(&format!("{name}.dump"));
        let reader = Reader::new(&archive[..]).unwrap();
        let mut fields = Fields::new(reader.header.sizes());
        reader.header.encode(&mut fields).unwrap();
        fields.int(i32::try_from(reader.toc.len()).unwrap());
        for entry in reader.toc() {
            entry
                .encode(reader.header.version, entry.offset, &mut fields)
                .unwrap();
        }
        assert_eq!(fields.bytes.len() as u64, reader.blocks_start, "{name}");
        assert!(archive.starts_with(&fields.bytes), "{name}");
    }
}

#[test]
fn a_block_left_unread_is_skipped() {
    let archive = read_fixture("pg18-piped.dump");
    let mut reader = Reader::new(&archive[..]).unwrap();
    let mut met = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        met.push(block.dump_id());
        match block {
            Block::Data(mut data) => drop(data.read_some(&mut [0; 3]).unwrap()),
            Block::LargeObjects(mut objects) => drop(objects.next_object().unwrap()),
        }
    }
    let owners: Vec<_> = reader
        .toc()
        .iter()
        .filter(|entry| entry.had_dumper)
        .map(|entry| entry.dump_id)
        .collect();
    assert_eq!(met, owners);
}

/// A small archive with both kinds of block; `compression` of data that is written as it stands when it is `None`.
fn small(version: Version, compression: Compression) -> Vec<u8> {
    let created = CreationTime {
        sec: 0,
        min: 0,
        hour: 0,
        mday: 1,
        mon: 0,
        year: 100,
        isdst: 0,
    };
    let header = Header {
        database: Some("d".into()),
        ..Header::new(version, compression, created)
    };
    let entry = |id, desc: &str| TocEntry {
        had_dumper: true,
        desc: desc.into(),
        tag: Some("t".into()),
        section: Section::Data,
        dependencies: vec![DumpId(9)],
        ..TocEntry::new(DumpId(id))
    };
    let mut writer = Writer::new(
        Vec::new(),
        &header,
        &[entry(1, "TABLE DATA"), entry(2, "BLOBS")],
    )
    .unwrap();
    writer.start_data(DumpId(1)).unwrap();
    writer.write(b"1\n\\.\n\n\n").unwrap();
    writer.end_data().unwrap();
    writer.start_large_objects(DumpId(2)).unwrap();
    for oid in [3, 0xffff_fff0] {
        writer.start_large_object(Oid(oid)).unwrap();
        writer.write(b"object").unwrap();
        writer.end_large_object().unwrap();
    }
    writer.end_large_objects().unwrap();
    writer.finish().unwrap()
}

fn check(archive: &[u8]) -> Result<(), Error> {
    Reader::new(archive)?.check()
}

/// Reads by number too, where the outcome is any but a panic.
fn read_all_ways(archive: &[u8]) {
    let _ = check(archive);
    let Ok(mut reader) = Reader::new(Cursor::new(archive)) else {
        return;
    };
    let ids: Vec<_> = reader.toc().iter().map(|entry| entry.dump_id).collect();
    for id in ids {
        if let Ok(Block::Data(mut data)) = reader.block(id) {
            let _ = data.read_to_end(&mut Vec::new());
        }
    }
}

#[test]
fn an_archive_cut_off_anywhere_is_an_error() {
    for version in [Version::V1_14, Version::V1_15, Version::V1_16] {
        for compression in [Compression::None, Compression::DEFAULT] {
            let archive = small(version, compression);
            check(&archive).unwrap();
            for length in 0..archive.len() {
                let cut = &archive[..length];
                assert!(
                    matches!(check(cut), Err(Error::Corrupt { .. } | Error::NotAnArchive)),
                    "{version} {compression} cut to {length} bytes"
                );
                read_all_ways(cut);
            }
        }
    }
}

#[test]
fn no_changed_byte_makes_a_panic() {
    for compression in [Compression::None, Compression::DEFAULT] {
        let archive = small(Version::V1_16, compression);
        for place in 0..archive.len() {
            for value in [0, 1, 2, 4, 127, 128, 255] {
                let mut changed = archive.clone();
                changed[place] = value;
                read_all_ways(&changed);
            }
        }
    }
}

#[test]
fn damage_is_named() {
    let archive = small(Version::V1_16, Compression::None);
    let find = |bytes: &[u8]| {
        archive
            .windows(bytes.len())
            .position(|window| window == bytes)
            .unwrap()
    };
    let first_id = find(b"\0\x01\0\0\0\0\x01\0\0\0\0\x01\0\0\x000") + 1;
    let second_id = find(b"\0\x02\0\0\0\0\x01\0\0\0\0\x01\0\0\x000") + 1;
    let section = find(b"TABLE DATA") + 10 + 1;
    let offset_flag = find(&[1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]) + 5;
    let block = find(&[1, 0, 1, 0, 0, 0, 0, 7]);
    let dependency = find(&[0, 1, 0, 0, 0, b'9']) + 5;
    let with_oids = find(b"false");
    for (place, value, reason) in [
        (5, 2, "archive version 2.16 is not supported"),
        (6, 17, "archive version 1.17 is not supported"),
        (6, 9, "archive version 1.9 is not supported"),
        (8, 0, "integers of 0 bytes"),
        (8, 33, "integers of 33 bytes"),
        (9, 99, "offsets of 99 bytes"),
        (10, 3, "tar"),
        (10, 9, "archive format 9"),
        (11, 4, "compression algorithm 4"),
        (first_id, 0, "entry number 0 is not positive"),
        (second_id, 1, "two entries have the number 1"),
        (section, 0, "entry 1: section 0"),
        (section, 5, "entry 1: section 5"),
        (offset_flag, 7, "entry 1: the data offset has flag 7"),
        (offset_flag, 3, "its offset says there is none"),
        (dependency, b'0', "entry 1: dependency 0 is not positive"),
        (
            dependency,
            b'x',
            "entry 1: a dependency is not a number: \"x\"",
        ),
        (with_oids, b't', "OIDs flag \"talse\""),
        (block, 2, "block type 2"),
        (block + 2, 9, "entry 9, which owns no data"),
        (block + 6, 1, "a chunk's length is out of range: -7"),
    ] {
        let mut changed = archive.clone();
        changed[place] = value;
        let error = check(&changed).unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

#[test]
fn blocks_must_be_there_once_each_and_nothing_else() {
    let archive = small(Version::V1_16, Compression::None);
    let block = archive
        .windows(8)
        .position(|w| w == [1, 0, 1, 0, 0, 0, 0, 7])
        .unwrap();
    let (toc, blocks) = archive.split_at(block);
    let length = blocks
        .windows(6)
        .position(|w| w == [3, 0, 2, 0, 0, 0])
        .unwrap();
    let (table, objects) = blocks.split_at(length);
    let second = &toc[toc.windows(5).position(|w| w == [0, 2, 0, 0, 0]).unwrap()..];
    for (name, parts, reason) in [
        ("another order", [objects, table, b""], None),
        (
            "twice",
            [table, table, objects],
            Some("a second block of entry 1"),
        ),
        (
            "missing",
            [table, b"", b""],
            Some("ends without the data of entry 2 (BLOBS \"t\")"),
        ),
        (
            "stray bytes",
            [table, objects, b"stray"],
            Some("something follows the last block"),
        ),
        ("a second TOC", [table, objects, second], None),
        (
            "half a TOC",
            [table, objects, &second[..second.len() - 1]],
            Some("something follows"),
        ),
    ] {
        let archive = [toc, &parts.concat()].concat();
        match (check(&archive), reason) {
            (Ok(()), None) => {}
            (Err(error), Some(reason)) => {
                assert!(error.to_string().contains(reason), "{name}: {error}");
            }
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
}

/// An archive of one table whose chunks are given as they stand, said to be zlib's.
fn with_zlib_chunks(chunks: &[&[u8]]) -> Vec<u8> {
    let created = CreationTime {
        sec: 0,
        min: 0,
        hour: 0,
        mday: 1,
        mon: 0,
        year: 100,
        isdst: 0,
    };
    let header = Header::new(Version::V1_16, Compression::DEFAULT, created);
    let entry = TocEntry {
        had_dumper: true,
        ..TocEntry::new(DumpId(1))
    };
    let mut fields = Fields::new(header.sizes());
    header.encode(&mut fields).unwrap();
    fields.int(1);
    entry
        .encode(header.version, Offset::NotSet, &mut fields)
        .unwrap();
    fields.byte(BLOCK_DATA);
    fields.int(1);
    for chunk in chunks {
        fields.int(i32::try_from(chunk.len()).unwrap());
        fields.bytes.extend_from_slice(chunk);
    }
    fields.int(0);
    fields.bytes
}

#[test]
fn a_zlib_stream_ends_where_its_chunks_end() {
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut deflate, &b"some rows\n".repeat(500)).unwrap();
    let stream = deflate.finish().unwrap();
    let (head, tail) = stream.split_at(stream.len() / 2);
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    let mut changed = stream.clone();
    *changed.last_mut().unwrap() ^= 1;
    for (name, chunks, reason) in [
        ("whole", vec![&stream[..]], None),
        ("two chunks", vec![head, tail], None),
        ("a chunk a byte", bytes, None),
        ("no chunk", vec![], Some("cut off")),
        ("half", vec![head], Some("cut off")),
        (
            "no checksum",
            vec![&stream[..stream.len() - 4]],
            Some("cut off"),
        ),
        (
            "another checksum",
            vec![&changed],
            Some("zlib stream is damaged"),
        ),
        (
            "not zlib",
            vec![b"some rows"],
            Some("zlib stream is damaged"),
        ),
        (
            "two streams",
            vec![&stream, &stream],
            Some("something follows the end of the compressed stream"),
        ),
        (
            "a byte more in the chunk",
            vec![&stream, b"x"],
            Some("something follows"),
        ),
    ] {
        match (check(&with_zlib_chunks(&chunks)), reason) {
            (Ok(()), None) => {}
            (Err(error), Some(reason)) => {
                let text = error.to_string();
                assert!(
                    text.contains(reason) && text.contains("data of entry 1"),
                    "{name}: {text}"
                );
            }
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
}

#[test]
fn every_compression_gives_its_data_back_and_tells_where_it_breaks_off() {
    let plain = read_in_sequence(&small(Version::V1_16, Compression::None));
    for compression in [
        "gzip",
        "lz4",
        "lz4:9",
        "zstd",
        "zstd:-7",
        "zstd:long",
        "zstd:22",
    ] {
        let archive = small(Version::V1_16, compression.parse().unwrap());
        assert_eq!(read_in_sequence(&archive), plain, "{compression}");
        let start = usize::try_from(Reader::new(&archive[..]).unwrap().blocks_start).unwrap();
        for length in start..archive.len() {
            assert!(check(&archive[..length]).is_err(), "{compression} {length}");
        }
        // The first chunk of the first block: its type, its entry, the chunk's length.
        let chunk = start + 1 + 5 + 5;
        let length = usize::from(archive[chunk - 4]);
        for cut in 0..length {
            let mut cut_off = archive[..chunk + cut].to_vec();
            cut_off[chunk - 4] = u8::try_from(cut).unwrap();
            cut_off.extend_from_slice(&archive[chunk + length..]);
            assert!(check(&cut_off).is_err(), "{compression} {cut}");
        }
    }
}

#[test]
fn several_frames_are_one_stream() {
    for compression in ["lz4", "zstd"] {
        let archive = small(Version::V1_16, compression.parse().unwrap());
        let start = usize::try_from(Reader::new(&archive[..]).unwrap().blocks_start).unwrap();
        let chunk = start + 1 + 5;
        let length = usize::from(archive[chunk + 1]);
        let stream = &archive[chunk + 5..chunk + 5 + length];
        let twice = u8::try_from(2 * length).unwrap();
        // In one chunk, and in two.
        let together = [&[0, twice, 0, 0, 0], stream, stream].concat();
        let apart = archive[chunk..chunk + 5 + length].repeat(2);
        for stream in [together, apart] {
            let archive = [&archive[..chunk], &stream, &archive[chunk + 5 + length..]].concat();
            let (_, _, rows) = &read_in_sequence(&archive)[0];
            assert_eq!(rows, b"1\n\\.\n\n\n1\n\\.\n\n\n", "{compression}");
        }
    }
}

#[test]
fn other_files_are_no_archives() {
    for bytes in [
        &b""[..],
        b"PGDM",
        b"--\n-- PostgreSQL database dump\n",
        b"PK\x03\x04",
    ] {
        assert!(
            matches!(Reader::new(bytes), Err(Error::NotAnArchive)),
            "{bytes:?}"
        );
    }
}
