use super::*;

#[test]
fn lists_in_a_folder_are_known_by_their_names() {
    for (name, is_one) in [
        ("0a1b2c3d.r0", true),
        ("0a1b2c3d.r12", true),
        ("0a1b2c3d.0", false),
        ("0a1b2c3.r0", false),
        ("0a1b2c3x.r0", false),
        ("0a1b2c3d.r", false),
        ("root.crl", false),
    ] {
        assert_eq!(is_list_name(Some(OsStr::new(name))), is_one, "{name}");
    }
}
