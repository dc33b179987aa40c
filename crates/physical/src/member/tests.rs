use proptest::prelude::*;

use super::*;
use crate::archive::header;

fn file(name: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = header(name.as_bytes(), &Kind::File(data.len() as u64))
        .as_bytes()
        .to_vec();
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

/// An archive's members with their data, read in pieces of a size.
fn members(archive: &[u8], size: usize) -> Result<Vec<(String, Kind, Vec<u8>)>> {
    let mut members = Members::new();
    let mut found: Vec<(String, Kind, Vec<u8>)> = Vec::new();
    let mut is_open = false;
    for mut piece in archive.chunks(size) {
        while let Some(step) = members.next(&mut piece)? {
            match step {
                Step::Begin(member) => {
                    assert!(!is_open);
                    is_open = true;
                    found.push((member.path.to_string(), member.kind, Vec::new()));
                }
                Step::Data(bytes) => found.last_mut().unwrap().2.extend(bytes),
                Step::End => is_open = false,
            }
        }
    }
    members.finish()?;
    assert!(!is_open);
    Ok(found)
}

fn sample() -> Vec<u8> {
    let mut archive = file("backup_label", b"START WAL LOCATION");
    archive.extend(header(b"./pg_wal/", &Kind::Folder).as_bytes());
    archive.extend(header(b"pg_tblspc/16384/", &Kind::Link("/srv/fast".into())).as_bytes());
    archive.extend(file("empty", b""));
    archive.extend(file("base/1/2", &[7; 1024]));
    archive.extend(file("base/1/3", &[8; 1025]));
    archive
}

proptest! {
    #[test]
    fn members_come_whole_in_pieces_of_any_size(size in 1usize..5000, is_terminated: bool) {
        let mut archive = sample();
        if is_terminated {
            archive.extend([0; 2 * BLOCK]);
        }
        let found = members(&archive, size).unwrap();
        let names: Vec<_> = found.iter().map(|(name, ..)| name.as_str()).collect();
        prop_assert_eq!(names, ["backup_label", "pg_wal", "pg_tblspc/16384", "empty", "base/1/2", "base/1/3"]);
        prop_assert_eq!(&found[0].2[..], b"START WAL LOCATION");
        prop_assert_eq!(&found[1].1, &Kind::Folder);
        prop_assert_eq!(&found[2].1, &Kind::Link("/srv/fast".into()));
        prop_assert_eq!(&found[4].2, &vec![7; 1024]);
        prop_assert_eq!(&found[5].2, &vec![8; 1025]);
    }

    #[test]
    fn nothing_makes_it_panic(bytes: Vec<u8>, place in 0usize..3000, byte: u8) {
        let _ = members(&bytes, 700);
        let mut archive = sample();
        archive[place] = byte;
        let _ = members(&archive, 700);
    }
}

#[test]
fn an_archive_that_breaks_off_is_refused() {
    let archive = sample();
    for length in [1, 511, 513, 1000, archive.len() - 1] {
        assert!(members(&archive[..length], 100).is_err(), "{length}");
    }
    let mut longer = [archive, vec![0; BLOCK]].concat();
    longer.extend(file("late", b"x"));
    assert!(members(&longer, 100).is_err());
}

#[test]
fn unsafe_names_are_refused() {
    for name in [
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a/..",
        "..",
        ".",
        "",
        "/",
        "a//b",
        "a/./b",
        "a\0b",
    ] {
        assert!(checked_name(name.as_bytes()).is_err(), "{name:?}");
    }
    for (name, bare) in [
        ("./a/b/", "a/b"),
        ("a..b", "a..b"),
        ("...", "..."),
        ("a b\n", "a b\n"),
    ] {
        assert_eq!(checked_name(name.as_bytes()).unwrap(), bare);
    }
}

#[test]
fn devices_and_hard_links_and_damaged_headers_are_refused() {
    for byte in *b"12345678xgLKSV" {
        let mut header = header(b"a", &Kind::File(0));
        header.set_entry_type(EntryType::new(byte));
        header.set_cksum();
        let is_link = byte == b'2';
        let is_folder = byte == b'5';
        assert_eq!(
            members(header.as_bytes(), 512).is_ok(),
            is_link || is_folder,
            "{}",
            char::from(byte)
        );
    }
    let mut folder = header(b"a", &Kind::Folder);
    folder.set_size(5);
    folder.set_cksum();
    assert!(members(folder.as_bytes(), 512).is_err());
    let huge = header(b"a", &Kind::File(u64::MAX - 5));
    assert!(members(huge.as_bytes(), 512).is_err());
    let mut damaged = *header(b"a", &Kind::File(0)).as_bytes();
    damaged[0] = b'b';
    assert!(members(&damaged, 512).is_err());
}

#[test]
fn a_file_beyond_eight_gigabytes_has_its_size() {
    let size = 9 << 30;
    let header = header(b"large", &Kind::File(size));
    let mut input = &header.as_bytes()[..];
    let step = Members::new().next(&mut input).unwrap();
    assert!(matches!(step, Some(Step::Begin(member)) if member.kind == Kind::File(size)));
}
