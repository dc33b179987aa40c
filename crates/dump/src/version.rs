//! How pgark names itself where pg_dump does.

use bstr::{BStr, BString};

/// What stands as the version of the dumping program: the server's number, since the archive is what pg_dump of that version would
/// write, and pgark's own.
pub(crate) fn dumped_by(server_version: impl AsRef<[u8]>) -> BString {
    let number = server_version
        .as_ref()
        .split(|byte| *byte == b' ')
        .next()
        .unwrap_or_default();
    format!(
        "{} (pgark {})",
        BStr::new(number),
        env!("CARGO_PKG_VERSION")
    )
    .into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_distributor_s_suffix_is_left_out() {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            super::dumped_by("15.18 (Debian 15.18-0+deb12u1)"),
            format!("15.18 (pgark {version})").as_str()
        );
        assert_eq!(
            super::dumped_by("18.4"),
            format!("18.4 (pgark {version})").as_str()
        );
    }
}
