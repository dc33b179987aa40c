use pgark_archive::{Section, TocEntry};
use pgark_catalog::{CatalogId, LargeObjects, Oid, catalog_oid};

use crate::options::Content;
use crate::testing::{Fixture, OWNER, acl, tag_of};

fn group(oids: &[u32], name: &str, current: Option<&str>) -> LargeObjects {
    let mut privileges = acl("{alice=rw/alice}");
    privileges.current = current.map(Into::into);
    LargeObjects {
        id: row(oids[0]),
        name: name.into(),
        owner: OWNER,
        acl: privileges,
        objects: oids.iter().copied().map(Oid).collect(),
    }
}

fn row(oid: u32) -> CatalogId {
    CatalogId {
        table: catalog_oid::LARGE_OBJECT,
        oid: Oid(oid),
    }
}

fn summary(entry: &TocEntry) -> (String, Section, String) {
    (
        format!("{} {}", entry.desc, tag_of(entry)),
        entry.section,
        entry.defn.clone().unwrap_or_default().to_string(),
    )
}

#[test]
fn large_objects_are_written_alone_up_to_16() {
    for content in [Content::All, Content::DataOnly] {
        let mut f = Fixture::empty(16);
        f.options.content = content;
        f.catalog.large_objects = vec![
            group(&[7], "7", None),
            group(&[8], "8", Some("{alice=rw/alice,bob=r/alice}")),
        ];
        f.comment(row(7), 0, "seven");
        let entries = f.emit();
        let found: Vec<_> = entries[4..].iter().map(summary).collect();
        let expected = [
            (
                "BLOB 7",
                Section::PreData,
                "SELECT pg_catalog.lo_create('7');\n",
            ),
            (
                "COMMENT LARGE OBJECT 7",
                Section::None,
                "COMMENT ON LARGE OBJECT 7 IS 'seven';\n",
            ),
            (
                "BLOB 8",
                Section::PreData,
                "SELECT pg_catalog.lo_create('8');\n",
            ),
            (
                "ACL LARGE OBJECT 8",
                Section::None,
                "GRANT SELECT ON LARGE OBJECT 8 TO bob;\n",
            ),
            ("BLOBS BLOBS", Section::Data, ""),
        ]
        .map(|(name, section, text)| (name.to_owned(), section, text.to_owned()));
        assert_eq!(found, expected, "{content:?}");
        let blob = f.entry("BLOB", "7");
        assert_eq!(
            blob.drop_stmt.unwrap(),
            "SELECT pg_catalog.lo_unlink('7');\n"
        );
        assert_eq!(blob.owner.unwrap(), "alice");
        assert!(f.entry("BLOBS", "BLOBS").had_dumper);
        assert_eq!(f.entry("BLOBS", "BLOBS").owner, None);
    }
}

#[test]
fn large_objects_are_written_together_since_17() {
    let mut f = Fixture::empty(17);
    let granted = Some("{alice=rw/alice,bob=r/alice}");
    f.catalog.large_objects = vec![group(&[7, 9], "7..9", granted), group(&[8], "8", granted)];
    f.comment(row(9), 0, "nine");
    let entries = f.emit();
    let found: Vec<_> = entries[4..].iter().map(summary).collect();
    let expected = [
        ("BLOB METADATA 7..9", Section::Data, "7\n9\n"),
        (
            "COMMENT LARGE OBJECT 9",
            Section::None,
            "COMMENT ON LARGE OBJECT 9 IS 'nine';\n",
        ),
        (
            "ACL LARGE OBJECTS 7..9",
            Section::None,
            "GRANT SELECT ON LARGE OBJECT 7 TO bob;\n",
        ),
        ("BLOB METADATA 8", Section::Data, "8\n"),
        (
            "ACL LARGE OBJECT 8",
            Section::None,
            "GRANT SELECT ON LARGE OBJECT 8 TO bob;\n",
        ),
        ("BLOBS 7..9", Section::Data, ""),
        ("BLOBS 8", Section::Data, ""),
    ]
    .map(|(name, section, text)| (name.to_owned(), section, text.to_owned()));
    assert_eq!(found, expected);
    assert_eq!(f.entry("BLOB METADATA", "8").drop_stmt.unwrap(), "-- dummy");
    let data = f.entry("BLOBS", "7..9");
    assert!(data.had_dumper && data.defn.is_none());
    assert_eq!(data.owner.unwrap(), "alice");
    // The border stands among them although no entry does for it.
    assert_eq!(f.dependencies("BLOBS", "7..9"), ["BLOB METADATA 7..9", "-"]);
    assert_eq!(
        f.dependencies("COMMENT", "LARGE OBJECT 9"),
        ["BLOB METADATA 7..9"]
    );
    f.options.content = Content::SchemaOnly;
    assert!(f.list().is_empty());
}
