use bstr::ByteSlice;

use super::*;
use crate::golden::{ARCHIVES, read_fixture};
use crate::{Compression, CreationTime, DumpId, Reader, Version};

#[test]
fn goldens_list_as_pg_restore_lists_them() {
    for name in ARCHIVES {
        let archive = read_fixture(&format!("{name}.dump"));
        let reader = Reader::new(&archive[..]).unwrap();
        let mut listing = Vec::new();
        let selection = Selection::all(reader.toc());
        let zone = TimeZone::UTC;
        list_in_zone(
            reader.header(),
            reader.toc(),
            &selection,
            &zone,
            &mut listing,
        )
        .unwrap();
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
    let selection = Selection::all(std::slice::from_ref(&entry));
    list_in_zone(&header, &[entry], &selection, &TimeZone::UTC, &mut listing).unwrap();
    let listing = listing.as_bstr();
    assert!(listing.contains_str(";     dbname: d b\n"), "{listing}");
    assert!(
        listing.ends_with(b"\n7; 0 0 TABLE n s a 9; 1 2 TABLE  b o w\xfc\n"),
        "{listing}"
    );
}
