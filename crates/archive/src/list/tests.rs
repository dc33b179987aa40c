use super::*;
use crate::golden::{ARCHIVES, read_fixture};
use crate::{Compression, CreationTime, DumpId, Reader, Version};

#[test]
fn goldens_list_as_pg_restore_lists_them() {
    for name in ARCHIVES {
        let archive = read_fixture(&format!("{name}.dump"));
        let reader = Reader::new(&archive[..]).unwrap();
        let mut listing = Vec::new();
        list_in_zone(reader.header(), reader.toc(), &TimeZone::UTC, &mut listing).unwrap();
        let expected = read_fixture(&format!("{name}.list"));
        assert_eq!(listing.as_bstr(), expected.as_bstr(), "{name}");
    }
}

#[test]
fn names_keep_their_bytes_but_cannot_pose_as_lines() {
    let entry = TocEntry {
        tag: Some("a\n9; 1 2 TABLE\r\nb".into()),
        desc: "TABLE".into(),
        defn: Some("CREATE".into()),
        namespace: Some("n\ns".into()),
        owner: Some(b"o\rw\xfc".into()),
        ..TocEntry::new(DumpId(7))
    };
    let created = CreationTime {
        sec: 1,
        min: 2,
        hour: 3,
        mday: 4,
        mon: 4,
        year: 106,
        isdst: 0,
    };
    let header = Header {
        database: Some("d\nb".into()),
        ..Header::new(Version::V1_16, Compression::None, created)
    };
    let mut listing = Vec::new();
    list_in_zone(&header, &[entry], &TimeZone::UTC, &mut listing).unwrap();
    let listing = listing.as_bstr();
    assert!(listing.contains_str(";     dbname: d b\n"), "{listing}");
    assert!(
        listing.ends_with(b"\n7; 0 0 TABLE n s a 9; 1 2 TABLE  b o w\xfc\n"),
        "{listing}"
    );
}

#[test]
fn an_entry_is_listed_when_a_plain_restore_would_do_something() {
    // desc, tag, has data, has a definition, listed
    for (desc, tag, had_dumper, defn, listed) in [
        ("TABLE", "t", false, true, true),
        ("TABLE", "t", false, false, false),
        ("TABLE DATA", "t", true, false, true),
        ("SEQUENCE SET", "s", false, false, true),
        ("BLOB METADATA", "1..2", false, false, true),
        ("BLOB", "1", false, false, true),
        ("STATISTICS DATA", "t", false, false, true),
        ("COMMENT", "LARGE OBJECT 1", false, false, true),
        ("COMMENT", "TABLE t", false, true, true),
        ("COMMENT", "DATABASE d", false, true, false),
        ("ACL", "DATABASE d", false, true, false),
        ("SECURITY LABEL", "DATABASE d", false, true, false),
        ("DATABASE", "d", false, true, false),
        ("DATABASE PROPERTIES", "d", false, true, false),
        ("ENCODING", "ENCODING", false, true, false),
        ("STDSTRINGS", "STDSTRINGS", false, true, false),
        ("SEARCHPATH", "SEARCHPATH", false, true, false),
    ] {
        let entry = TocEntry {
            desc: desc.into(),
            tag: Some(tag.into()),
            had_dumper,
            defn: defn.then(|| "SQL".into()),
            ..TocEntry::new(DumpId(1))
        };
        assert_eq!(is_listed(&entry), listed, "{desc} {tag}");
    }
}
