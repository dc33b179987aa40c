use pgark_physical::{Checkpoint, Options, Slot, WalMethod, parse_rate};

use super::refused;
use crate::Error;

/// Options that are read here.
pub(super) const OWN: &[&str] = &[
    "checkpoint",
    "label",
    "manifest",
    "max_rate",
    "pg_bin_dir",
    "slot",
    "wal",
];

/// What a base backup is asked for.
///
/// The log comes with the files, not streamed beside them: a host may read one file to its end before it takes another, and
/// log that has arrived meanwhile would have to wait in memory, which must not grow, or on a disk, which may be too small for
/// it. Unread it would hold up the server's sender, which gives up after wal_sender_timeout.
pub(super) fn parse<'a>(said: impl Fn(&str) -> Option<&'a str>) -> Result<Options, Error> {
    let refuse = |key, value, accepted| Err(refused(key, value, accepted));
    let mut options = Options {
        wal: match said("wal") {
            None | Some("fetch") => WalMethod::Fetch,
            Some("none") => WalMethod::None,
            Some(value) => return refuse("wal", value, "fetch, none"),
        },
        checkpoint: match said("checkpoint") {
            None | Some("fast") => Checkpoint::Fast,
            Some("spread") => Checkpoint::Spread,
            Some(value) => return refuse("checkpoint", value, "fast, spread"),
        },
        slot: match said("slot") {
            None | Some("temporary") => Slot::Temporary,
            Some("none") => Slot::None,
            Some(name) => Slot::Existing(name.to_owned()),
        },
        ..Options::default()
    };
    if let Some(label) = said("label") {
        label.clone_into(&mut options.label);
    }
    if let Some(rate) = said("max_rate") {
        let rate = parse_rate(rate);
        options.max_rate = Some(rate.map_err(|why| Error::Option(format!("max_rate: {why}")))?);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_backup_is_asked_for() {
        let said = |pairs: &'static [(&str, &str)]| {
            parse(move |key| {
                pairs
                    .iter()
                    .find(|(name, _)| *name == key)
                    .map(|(_, value)| *value)
            })
        };
        let options = said(&[]).unwrap();
        assert_eq!(
            (options.wal, options.checkpoint),
            (WalMethod::Fetch, Checkpoint::Fast)
        );
        assert_eq!((options.slot, options.max_rate), (Slot::Temporary, None));
        let options = said(&[
            ("wal", "none"),
            ("checkpoint", "spread"),
            ("slot", "mine"),
            ("max_rate", "16M"),
            ("label", "night"),
        ])
        .unwrap();
        assert_eq!(
            (options.wal, options.checkpoint),
            (WalMethod::None, Checkpoint::Spread)
        );
        assert_eq!(
            (options.slot, options.max_rate),
            (Slot::Existing("mine".into()), Some(16384))
        );
        assert_eq!(options.label, "night");
        for (pairs, told) in [
            (
                &[("wal", "stream")][..],
                "wal: invalid value \"stream\" (accepted: fetch, none)",
            ),
            (
                &[("checkpoint", "now")],
                "checkpoint: invalid value \"now\" (accepted: fast, spread)",
            ),
            (
                &[("max_rate", "1")],
                "max_rate: a rate is 32k to 1024M a second",
            ),
        ] {
            assert_eq!(said(pairs).unwrap_err().to_string(), told);
        }
    }
}
