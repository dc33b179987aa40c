use std::io::{Cursor, Read};

use bstr::BString;
use proptest::prelude::*;

use super::*;
use crate::{Block, Compression, CreationTime, Reader, Section, Version};

const CREATED: CreationTime = CreationTime {
    sec: 59,
    min: 58,
    hour: 23,
    mday: 31,
    mon: 11,
    year: 125,
    isdst: 0,
};

fn header(compression: Compression) -> Header {
    Header::new(Version::V1_16, compression, CREATED)
}

fn with_data(id: i32) -> TocEntry {
    TocEntry {
        had_dumper: true,
        desc: "TABLE DATA".into(),
        section: Section::Data,
        ..TocEntry::new(DumpId(id))
    }
}

fn all(mut data: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Bytes that deflate can do something with, but not everything.
fn rows(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"0123456789abcdef\t\n"[(state >> 24) as usize % 18]
        })
        .collect()
}

#[test]
fn bytes_do_not_depend_on_how_data_is_handed_over() {
    let data = rows(700_000);
    for compression in [
        Compression::None,
        Compression::DEFAULT,
        Compression::Gzip { level: Some(1) },
        Compression::Lz4 { level: None },
        Compression::Zstd {
            level: None,
            is_long: false,
        },
    ] {
        let archives: Vec<_> = [7, 4096, CHUNK, data.len()]
            .into_iter()
            .map(|size| {
                let mut writer = Writer::new(
                    Vec::new(),
                    &header(compression),
                    &[with_data(1), with_data(2)],
                )
                .unwrap();
                for id in [1, 2] {
                    writer.start_data(DumpId(id)).unwrap();
                    for piece in data.chunks(size) {
                        writer.write(piece).unwrap();
                        writer.write(b"").unwrap();
                    }
                    writer.end_data().unwrap();
                }
                writer.finish().unwrap()
            })
            .collect();
        assert!(
            archives.iter().all(|archive| *archive == archives[0]),
            "{compression}"
        );
        let mut reader = Reader::new(&archives[0][..]).unwrap();
        let mut blocks = 0;
        while let Some(Block::Data(block)) = reader.next_block().unwrap() {
            assert!(all(block) == data, "{compression}");
            blocks += 1;
        }
        assert_eq!(blocks, 2);
    }
}

#[test]
fn positions_are_recorded_in_a_file_only() {
    let entries = [with_data(5), TocEntry::new(DumpId(6)), with_data(7)];
    let write = |writer: &mut dyn FnMut(i32)| [5, 7].into_iter().for_each(writer);

    let mut piped = Writer::new(Vec::new(), &header(Compression::None), &entries).unwrap();
    write(&mut |id| {
        piped.start_data(DumpId(id)).unwrap();
        piped.end_data().unwrap();
    });
    let piped = piped.finish().unwrap();
    let offsets = |bytes: &[u8]| {
        Reader::new(bytes)
            .unwrap()
            .toc()
            .iter()
            .map(|entry| entry.offset)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        offsets(&piped),
        [Offset::NotSet, Offset::NoData, Offset::NotSet]
    );

    // A file that holds something already: positions are the file's.
    let mut file = Cursor::new(b"something".to_vec());
    file.set_position(9);
    let mut seekable = Writer::new_seekable(file, &header(Compression::None), &entries).unwrap();
    write(&mut |id| {
        seekable.start_data(DumpId(id)).unwrap();
        seekable.end_data().unwrap();
    });
    let file = seekable.finish().unwrap();
    assert_eq!(file.position(), file.get_ref().len() as u64);
    let archive = &file.get_ref()[9..];
    let block = 1 + 5 + 5;
    let second = file.get_ref().len() as u64 - block;
    assert_eq!(
        offsets(archive),
        [
            Offset::At(second - block),
            Offset::NoData,
            Offset::At(second)
        ]
    );
    let differing = archive.iter().zip(&piped).filter(|(a, b)| a != b).count();
    assert!(
        archive.len() == piped.len() && differing <= 2 * 9,
        "only the offsets differ"
    );

    for entry in [7, 5] {
        let mut whole = file.clone();
        whole.set_position(9);
        let mut reader = Reader::new(whole).unwrap();
        assert_eq!(
            reader.block(DumpId(entry)).unwrap().dump_id(),
            DumpId(entry)
        );
    }
}

#[test]
fn positions_are_right_in_a_long_table_of_contents() {
    let long = TocEntry {
        defn: Some("-".repeat(CHUNK * 2 / 3).into()),
        ..TocEntry::new(DumpId(1))
    };
    let entries: Vec<_> = (1..10)
        .map(|id| TocEntry {
            dump_id: DumpId(id),
            had_dumper: id % 2 == 0,
            ..long.clone()
        })
        .collect();
    let mut writer = Writer::new_seekable(
        Cursor::new(Vec::new()),
        &header(Compression::None),
        &entries,
    )
    .unwrap();
    for id in [2, 4, 6, 8] {
        writer.start_data(DumpId(id)).unwrap();
        writer.write(id.to_string().as_bytes()).unwrap();
        writer.end_data().unwrap();
    }
    let mut reader = Reader::new(Cursor::new(writer.finish().unwrap().into_inner())).unwrap();
    for id in [8, 2, 6, 4] {
        assert!(
            matches!(
                reader.toc()[usize::try_from(id).unwrap() - 1].offset,
                Offset::At(_)
            ),
            "{id}"
        );
        let Block::Data(block) = reader.block(DumpId(id)).unwrap() else {
            panic!("entry {id} is no table")
        };
        assert_eq!(all(block), id.to_string().as_bytes());
    }
}

#[test]
fn a_file_takes_blocks_in_any_order_and_a_pipe_does_not() {
    let entries = [with_data(1), with_data(2)];
    let mut writer = Writer::new_seekable(
        Cursor::new(Vec::new()),
        &header(Compression::DEFAULT),
        &entries,
    )
    .unwrap();
    for (id, data) in [(2, "two"), (1, "one")] {
        writer.start_data(DumpId(id)).unwrap();
        writer.write(data.as_bytes()).unwrap();
        writer.end_data().unwrap();
    }
    let archive = writer.finish().unwrap().into_inner();
    let mut reader = Reader::new(Cursor::new(archive)).unwrap();
    for (id, data) in [(1, "one"), (2, "two"), (1, "one")] {
        let Block::Data(block) = reader.block(DumpId(id)).unwrap() else {
            panic!("entry {id} is no table")
        };
        assert_eq!(all(block), data.as_bytes());
    }

    let mut writer = Writer::new(Vec::new(), &header(Compression::DEFAULT), &entries).unwrap();
    let error = writer.start_data(DumpId(2)).unwrap_err().to_string();
    assert!(
        error.contains("entry 2") && error.contains("entry 1"),
        "{error}"
    );
}

#[test]
fn a_file_open_for_appending_is_an_error() {
    let named = tempfile::NamedTempFile::new().unwrap();
    let file = std::fs::OpenOptions::new()
        .append(true)
        .open(named.path())
        .unwrap();
    let mut writer =
        Writer::new_seekable(file, &header(Compression::None), &[with_data(1)]).unwrap();
    writer.start_data(DumpId(1)).unwrap();
    writer.end_data().unwrap();
    let error = writer.finish().unwrap_err();
    assert!(
        matches!(error, Error::Io { .. }) && error.to_string().contains("appending"),
        "{error}"
    );
}

#[test]
fn calls_out_of_turn_are_errors() {
    type Calls = fn(&mut Writer<Vec<u8>>) -> Result<(), Error>;
    let cases: [(&str, Calls); 14] = [
        ("data came between blocks", |w| w.write(b"x")),
        ("no entry 9", |w| w.start_data(DumpId(9))),
        ("entry 2 has no data", |w| w.start_data(DumpId(2))),
        ("entry 2 has no data", |w| w.start_large_objects(DumpId(2))),
        ("in the data of entry 1", |w| {
            w.start_data(DumpId(1))
                .and_then(|()| w.start_data(DumpId(3)))
        }),
        ("in the data of entry 1", |w| {
            w.start_data(DumpId(1))
                .and_then(|()| w.start_large_object(Oid(1)))
        }),
        ("written already", |w| {
            w.start_data(DumpId(1))?;
            w.end_data()?;
            w.start_data(DumpId(1))
        }),
        ("the end of data came between blocks", |w| w.end_data()),
        ("the end of large objects came between blocks", |w| {
            w.end_large_objects()
        }),
        (
            "the end of a large object came between the large objects",
            |w| {
                w.start_large_objects(DumpId(1))?;
                w.end_large_object()
            },
        ),
        ("data came between the large objects", |w| {
            w.start_large_objects(DumpId(1))
                .and_then(|()| w.write(b"x"))
        }),
        ("the end of data came between the large objects", |w| {
            w.start_large_objects(DumpId(1)).and_then(|()| w.end_data())
        }),
        ("the end of large objects came in large object 8", |w| {
            w.start_large_objects(DumpId(1))?;
            w.start_large_object(Oid(8))?;
            w.end_large_objects()
        }),
        ("OID 0", |w| {
            w.start_large_objects(DumpId(1))
                .and_then(|()| w.start_large_object(Oid(0)))
        }),
    ];
    for (reason, calls) in cases {
        let entries = [with_data(1), TocEntry::new(DumpId(2)), with_data(3)];
        let mut writer = Writer::new(Vec::new(), &header(Compression::DEFAULT), &entries).unwrap();
        let error = calls(&mut writer).unwrap_err();
        assert!(
            matches!(error, Error::Misuse { .. }) && error.to_string().contains(reason),
            "{reason}: {error}"
        );
    }
}

#[test]
fn an_unfinished_archive_does_not_finish() {
    let entries = [with_data(1), with_data(3)];
    let mut writer = Writer::new(Vec::new(), &header(Compression::None), &entries).unwrap();
    writer.start_data(DumpId(1)).unwrap();
    writer.end_data().unwrap();
    let error = writer.finish().unwrap_err().to_string();
    assert!(error.contains("entry 3 was not written"), "{error}");

    let mut writer = Writer::new(Vec::new(), &header(Compression::None), &entries[..1]).unwrap();
    writer.start_data(DumpId(1)).unwrap();
    let error = writer.finish().unwrap_err().to_string();
    assert!(error.contains("in the data of entry 1"), "{error}");
}

#[test]
fn what_no_archive_can_hold_is_refused() {
    let bad_version = Header {
        version: Version {
            major: 1,
            minor: 17,
            rev: 0,
        },
        ..header(Compression::None)
    };
    let small_ints = Header {
        int_size: 2,
        ..header(Compression::None)
    };
    let zero_byte = TocEntry {
        tag: Some("a\0b".into()),
        ..TocEntry::new(DumpId(1))
    };
    for (header, entries, reason) in [
        (bad_version, vec![], "archive version 1.17"),
        (small_ints, vec![], "integers of 2"),
        (
            Header::new(Version::V1_14, Compression::Lz4 { level: None }, CREATED),
            vec![],
            "lz4 in an archive of version 1.14",
        ),
        (
            header(Compression::None),
            vec![TocEntry::new(DumpId(0))],
            "number 0",
        ),
        (
            header(Compression::None),
            vec![with_data(4), TocEntry::new(DumpId(4))],
            "number 4",
        ),
        (header(Compression::None), vec![zero_byte], "zero byte"),
    ] {
        let error = Writer::new(Vec::new(), &header, &entries)
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

fn text() -> impl Strategy<Value = Option<BString>> {
    prop::option::of(prop::collection::vec(1..=255u8, 0..40).prop_map(BString::from))
}

/// What one entry's block holds.
#[derive(Clone, Debug)]
enum Content {
    Nothing,
    Table(Vec<u8>),
    LargeObjects(Vec<(u32, Vec<u8>)>),
}

fn content() -> impl Strategy<Value = Content> {
    let data = || prop::collection::vec(any::<u8>(), 0..3000);
    prop_oneof![
        Just(Content::Nothing),
        data().prop_map(Content::Table),
        prop::collection::vec((1u32.., data()), 0..4).prop_map(Content::LargeObjects),
    ]
}

prop_compose! {
    fn entry()(
        texts in prop::collection::vec(text(), 9),
        oids in any::<(u32, u32)>(),
        section in 0..4usize,
        relkind in prop::option::of(1..=255u8),
        dependencies in prop::collection::vec(1i32.., 0..5),
        content in content(),
    ) -> (TocEntry, Content) {
        let mut texts = texts.into_iter();
        let mut text = || texts.next().flatten();
        let entry = TocEntry {
            had_dumper: !matches!(content, Content::Nothing),
            table_oid: oids.0,
            oid: oids.1,
            tag: text(),
            desc: text().unwrap_or_default(),
            section: [Section::None, Section::PreData, Section::Data, Section::PostData][section],
            defn: text(),
            drop_stmt: text(),
            copy_stmt: text(),
            namespace: text(),
            tablespace: text(),
            table_am: text(),
            relkind,
            owner: text(),
            dependencies: dependencies.into_iter().map(DumpId).collect(),
            ..TocEntry::new(DumpId(1))
        };
        (entry, content)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(
        content in prop::collection::vec(entry(), 0..8),
        version in prop::sample::select(vec![Version::V1_14, Version::V1_15, Version::V1_16]),
        level in prop::option::of(prop::option::of(1..=9u32)),
        int_size in prop::sample::select(vec![4u8, 8]),
        texts in prop::collection::vec(text(), 3),
        fields in any::<[i32; 7]>(),
        seekable in any::<bool>(),
    ) {
        let [sec, min, hour, mday, mon, year, isdst] = fields;
        let compression = level.map_or(Compression::None, |level| Compression::Gzip { level });
        let mut header = Header {
            int_size,
            database: texts[0].clone(),
            server_version: texts[1].clone(),
            dump_version: texts[2].clone(),
            ..Header::new(version, compression, CreationTime { sec, min, hour, mday, mon, year, isdst })
        };
        let (mut entries, content): (Vec<_>, Vec<_>) = content.into_iter().unzip();
        for (place, entry) in entries.iter_mut().enumerate() {
            entry.dump_id = DumpId(i32::MAX - i32::try_from(place).unwrap());
        }

        let sink = Cursor::new(Vec::new());
        let mut writer = if seekable {
            Writer::new_seekable(sink, &header, &entries)?
        } else {
            Writer::new(sink, &header, &entries)?
        };
        for (entry, content) in entries.iter().zip(&content) {
            match content {
                Content::Nothing => {}
                Content::Table(data) => {
                    writer.start_data(entry.dump_id)?;
                    writer.write(data)?;
                    writer.end_data()?;
                }
                Content::LargeObjects(objects) => {
                    writer.start_large_objects(entry.dump_id)?;
                    for (oid, data) in objects {
                        writer.start_large_object(Oid(*oid))?;
                        writer.write(data)?;
                        writer.end_large_object()?;
                    }
                    writer.end_large_objects()?;
                }
            }
        }
        let archive = writer.finish()?.into_inner();

        // What the version does not record.
        if version >= Version::V1_15 && compression != Compression::None {
            header.compression = Compression::DEFAULT;
        }
        for entry in &mut entries {
            entry.relkind = entry.relkind.filter(|_| version >= Version::V1_16);
        }
        Reader::new(&archive[..])?.check()?;
        let mut reader = Reader::new(Cursor::new(archive))?;
        prop_assert_eq!(reader.header(), &header);
        for (read, entry) in reader.toc().iter().zip(&mut entries) {
            let as_made = match (entry.had_dumper, seekable) {
                (false, _) => read.offset == Offset::NoData,
                (true, false) => read.offset == Offset::NotSet,
                (true, true) => matches!(read.offset, Offset::At(_)),
            };
            prop_assert!(as_made, "{:?}", read.offset);
            entry.offset = read.offset;
        }
        prop_assert_eq!(reader.toc(), &entries);
        // Backwards, so that blocks without a position are searched for.
        for (entry, content) in entries.iter().zip(&content).rev() {
            match content {
                Content::Nothing => prop_assert!(reader.block(entry.dump_id).is_err()),
                Content::Table(data) => {
                    let Block::Data(block) = reader.block(entry.dump_id)? else { panic!("no table's data") };
                    prop_assert_eq!(&all(block), data);
                }
                Content::LargeObjects(objects) => {
                    let Block::LargeObjects(mut block) = reader.block(entry.dump_id)? else { panic!("no large objects") };
                    for (oid, data) in objects {
                        let (found, object) = block.next_object()?.unwrap();
                        prop_assert_eq!(found, Oid(*oid));
                        prop_assert_eq!(&all(object), data);
                    }
                    prop_assert!(block.next_object()?.is_none());
                }
            }
        }
    }
}
