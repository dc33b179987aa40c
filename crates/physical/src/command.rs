//! Replication commands as text.
//!
//! Manual: "Streaming Replication Protocol"; source of the older forms: repl_gram.y.

use crate::options::{Checkpoint, ManifestWish, Options, RATES, WalMethod};
use crate::server::Features;
use crate::{Error, Lsn, Result, TimelineId};

/// The longest label: the backup history file's line has room for it (MAXPGPATH, xlogbackup.c).
const LABEL_BYTES: usize = 1024;

/// BASE_BACKUP; `has_map` tells whether the backup has a tablespace_map.
pub(crate) fn base_backup(options: &Options, has_map: bool, features: Features) -> Result<String> {
    check(options, features)?;
    let mut words = vec![format!("LABEL {}", literal(&options.label))];
    let mut add = |old: &str, new: &str| {
        words.push(
            if features.has_option_lists() {
                new
            } else {
                old
            }
            .to_owned(),
        );
    };
    if options.progress {
        add("PROGRESS", "PROGRESS");
    }
    if options.checkpoint == Checkpoint::Fast {
        add("FAST", "CHECKPOINT 'fast'");
    }
    if options.wal == WalMethod::Fetch {
        add("WAL", "WAL");
    }
    if options.wal != WalMethod::None {
        // The log comes with the backup; the archive may have it later.
        add("NOWAIT", "WAIT 0");
    }
    if let Some(rate) = options.max_rate {
        let rate = format!("MAX_RATE {rate}");
        add(&rate, &rate);
    }
    if has_map {
        add("TABLESPACE_MAP", "TABLESPACE_MAP");
    }
    if !options.verify_checksums {
        add("NOVERIFY_CHECKSUMS", "VERIFY_CHECKSUMS 0");
    }
    if let ManifestWish::With {
        checksums,
        force_encode,
    } = options.manifest
    {
        let manifest = if force_encode {
            "MANIFEST 'force-encode'"
        } else {
            "MANIFEST 'yes'"
        };
        add(manifest, manifest);
        let checksums = format!("MANIFEST_CHECKSUMS '{checksums}'");
        add(&checksums, &checksums);
    }
    if let Some(compression) = &options.server_compression {
        words.push(format!("COMPRESSION '{}'", compression.algorithm.name()));
        let detail = compression.detail.as_deref();
        words.extend(detail.map(|detail| format!("COMPRESSION_DETAIL {}", literal(detail))));
    }
    Ok(if features.has_option_lists() {
        format!("BASE_BACKUP ({})", words.join(", "))
    } else {
        format!("BASE_BACKUP {}", words.join(" "))
    })
}

fn check(options: &Options, features: Features) -> Result<()> {
    let refuse = |why: String| Err(Error::Options(why));
    if options.label.contains(['\0', '\n', '\r']) || options.label.len() > LABEL_BYTES {
        return refuse(format!(
            "a label is one line of {LABEL_BYTES} bytes at most"
        ));
    }
    if options.max_rate.is_some_and(|rate| !RATES.contains(&rate)) {
        return refuse("a transfer rate is 32 kB to 1 GB a second".into());
    }
    if options.server_compression.is_some() && !features.has_option_lists() {
        return refuse("a server before PostgreSQL 15 does not compress".into());
    }
    Ok(())
}

/// CREATE_REPLICATION_SLOT, for physical replication, with the log reserved from now on.
pub(crate) fn create_slot(name: &str, is_temporary: bool, features: Features) -> Result<String> {
    let name = slot_name(name)?;
    let temporary = if is_temporary { "TEMPORARY " } else { "" };
    Ok(if features.has_option_lists() {
        format!("CREATE_REPLICATION_SLOT \"{name}\" {temporary}PHYSICAL (RESERVE_WAL)")
    } else {
        format!("CREATE_REPLICATION_SLOT \"{name}\" {temporary}PHYSICAL RESERVE_WAL")
    })
}

/// DROP_REPLICATION_SLOT.
pub(crate) fn drop_slot(name: &str) -> Result<String> {
    Ok(format!("DROP_REPLICATION_SLOT \"{}\"", slot_name(name)?))
}

/// START_REPLICATION.
pub(crate) fn start_replication(
    slot: Option<&str>,
    start: Lsn,
    timeline: TimelineId,
) -> Result<String> {
    let slot = match slot {
        Some(name) => format!("SLOT \"{}\" ", slot_name(name)?),
        None => String::new(),
    };
    Ok(format!(
        "START_REPLICATION {slot}{start} TIMELINE {timeline}"
    ))
}

/// Checks a slot's name as the server does (ReplicationSlotValidateName), so that it needs no quoting.
pub(crate) fn slot_name(name: &str) -> Result<&str> {
    let is_valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..64).contains(&name.len()) && name.bytes().all(is_valid) {
        Ok(name)
    } else {
        Err(Error::Options(format!(
            "\"{name}\" is no name for a replication slot: small letters, digits and underscores, 63 at most"
        )))
    }
}

/// A string of the replication grammar, in which a quote is doubled and nothing else is special.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Algorithm;
    use crate::ChecksumAlgorithm;
    use crate::options::ServerCompression;

    fn features(version: &str) -> Features {
        Features::of(version.into()).unwrap()
    }

    #[test]
    fn each_server_is_asked_in_its_own_grammar() {
        let all = Options {
            label: "it's".into(),
            wal: WalMethod::Fetch,
            max_rate: Some(32),
            verify_checksums: false,
            manifest: ManifestWish::With {
                checksums: ChecksumAlgorithm::Sha256,
                force_encode: true,
            },
            progress: true,
            ..Options::default()
        };
        assert_eq!(
            base_backup(&all, true, features("14.1")).unwrap(),
            "BASE_BACKUP LABEL 'it''s' PROGRESS FAST WAL NOWAIT MAX_RATE 32 TABLESPACE_MAP NOVERIFY_CHECKSUMS \
             MANIFEST 'force-encode' MANIFEST_CHECKSUMS 'SHA256'"
        );
        let compressed = Options {
            server_compression: Some(ServerCompression {
                algorithm: Algorithm::Zstd,
                detail: Some("level=3,'".into()),
            }),
            ..all
        };
        assert_eq!(
            base_backup(&compressed, true, features("15.1")).unwrap(),
            "BASE_BACKUP (LABEL 'it''s', PROGRESS, CHECKPOINT 'fast', WAL, WAIT 0, MAX_RATE 32, TABLESPACE_MAP, VERIFY_CHECKSUMS 0, \
             MANIFEST 'force-encode', MANIFEST_CHECKSUMS 'SHA256', COMPRESSION 'zstd', COMPRESSION_DETAIL 'level=3,''')"
        );
        let least = Options {
            checkpoint: Checkpoint::Spread,
            manifest: ManifestWish::None,
            ..Options::default()
        };
        assert_eq!(
            base_backup(&least, false, features("13")).unwrap(),
            "BASE_BACKUP LABEL 'pgark base backup' NOWAIT"
        );
        assert_eq!(
            base_backup(&least, false, features("18")).unwrap(),
            "BASE_BACKUP (LABEL 'pgark base backup', WAIT 0)"
        );
    }

    #[test]
    fn what_the_server_would_refuse_or_misread_is_refused() {
        for bad in [
            Options {
                label: "a\nb".into(),
                ..Options::default()
            },
            Options {
                label: "x".repeat(2000),
                ..Options::default()
            },
            Options {
                max_rate: Some(31),
                ..Options::default()
            },
            Options {
                server_compression: Some(ServerCompression {
                    algorithm: Algorithm::Gzip,
                    detail: None,
                }),
                ..Options::default()
            },
        ] {
            assert!(base_backup(&bad, false, features("14")).is_err(), "{bad:?}");
        }
        for name in ["", "A", "a\"b", "a b", "a-b", &"x".repeat(64)] {
            assert!(slot_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn slots_are_made_and_used() {
        assert_eq!(
            create_slot("s_1", true, features("14")).unwrap(),
            "CREATE_REPLICATION_SLOT \"s_1\" TEMPORARY PHYSICAL RESERVE_WAL"
        );
        assert_eq!(
            create_slot("s", false, features("15")).unwrap(),
            "CREATE_REPLICATION_SLOT \"s\" PHYSICAL (RESERVE_WAL)"
        );
        let (start, timeline) = (Lsn(0x300_0000), TimelineId(2));
        assert_eq!(
            start_replication(Some("s"), start, timeline).unwrap(),
            "START_REPLICATION SLOT \"s\" 0/3000000 TIMELINE 2"
        );
        assert_eq!(
            start_replication(None, start, timeline).unwrap(),
            "START_REPLICATION 0/3000000 TIMELINE 2"
        );
        assert_eq!(drop_slot("s").unwrap(), "DROP_REPLICATION_SLOT \"s\"");
    }
}
