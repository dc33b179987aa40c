//! The server at the other end.

use bstr::BString;
use pgark_connect::Session;

use crate::error::{Error, Result};
use crate::fields::fetch;

/// What a dump must know of the server and of the session.
#[derive(Clone, Debug, Default)]
pub struct Server {
    /// `server_version_num`, such as 150018.
    pub version_num: u32,
    /// `server_version` in full, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: BString,
    /// The name of the session's client encoding, which is the database's unless it was changed.
    pub encoding: BString,
    /// Whether backslashes in plain string literals are ordinary characters.
    pub std_strings: bool,
    /// Whether the server is a standby.
    pub in_recovery: bool,
    /// The catalogues, of those that most databases leave empty, that hold no row here.
    pub empty: Vec<BString>,
}

/// The catalogues that most databases leave empty. To ask each of them costs a small database as much as all that it holds.
const OFTEN_EMPTY: [&str; 18] = [
    "pg_db_role_setting",
    "pg_default_acl",
    "pg_event_trigger",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_inherits",
    "pg_largeobject_metadata",
    "pg_partitioned_table",
    "pg_policy",
    "pg_publication",
    "pg_publication_namespace",
    "pg_publication_rel",
    "pg_seclabel",
    "pg_shseclabel",
    "pg_statistic_ext",
    "pg_subscription",
    "pg_transform",
    "pg_user_mapping",
];

impl Server {
    /// The oldest major that pgark dumps.
    pub const OLDEST: u32 = 13;
    /// The newest major that pgark dumps.
    pub const NEWEST: u32 = 18;

    /// Asks the server about itself. One that is newer than pgark knows is taken for the newest known where `allow_newer` says so.
    ///
    /// # Errors
    /// [`Error::Version`] when the major is not one that pgark knows.
    pub async fn fetch(session: &mut Session, allow_newer: bool) -> Result<Self> {
        // A catalogue without a block has no row that any snapshot sees.
        let sql = format!(
            "select pg_catalog.current_setting('server_version_num'), pg_catalog.current_setting('server_version'), \
               pg_catalog.current_setting('client_encoding'), pg_catalog.current_setting('standard_conforming_strings'), \
               pg_catalog.pg_is_in_recovery(), \
               array(select name from pg_catalog.unnest('{{{}}}'::pg_catalog.text[]) name \
                 where pg_catalog.pg_relation_size(pg_catalog.to_regclass('pg_catalog.' || name), 'main') = 0)",
            OFTEN_EMPTY.join(",")
        );
        let servers = fetch(session, "server version", sql, |f| {
            Ok(Self {
                version_num: f.number("a version number")?,
                version: f.text()?,
                encoding: f.text()?,
                std_strings: f.text()? == "on",
                in_recovery: f.boolean()?,
                empty: f.texts()?,
            })
        })
        .await?;
        let server = servers.into_iter().next().ok_or(Error::Value {
            what: "server version",
            column: 1,
            found: None,
            expected: "one row",
        })?;
        if server.major() < Self::OLDEST || (server.is_newer() && !allow_newer) {
            return Err(Error::Version {
                found: server.version.to_string(),
                oldest: Self::OLDEST,
                newest: Self::NEWEST,
            });
        }
        Ok(server)
    }

    /// Whether a catalogue, one of [`OFTEN_EMPTY`], has no row, so that nobody need ask for them.
    pub(crate) fn leaves_empty(&self, catalog: &str) -> bool {
        debug_assert!(OFTEN_EMPTY.contains(&catalog), "{catalog}");
        self.empty.iter().any(|name| name == catalog)
    }

    /// The major version, such as 15; that of a newer server is the newest that pgark knows.
    pub fn major(&self) -> u32 {
        (self.version_num / 10_000).min(Self::NEWEST)
    }

    /// Whether the server is newer than pgark knows.
    pub fn is_newer(&self) -> bool {
        self.version_num / 10_000 > Self::NEWEST
    }

    /// Whether the minor release is of August 2025 or later, in which pg_dump of all majors changed at once: it sorts by names where it
    /// sorted by OIDs, and psql knows the restricted mode.
    pub fn is_since_august_2025(&self) -> bool {
        let first = match self.version_num / 10_000 {
            ..=12 => return false,
            13 => 22,
            14 => 19,
            15 => 14,
            16 => 10,
            17 => 6,
            _ => 0,
        };
        self.version_num % 10_000 >= first
    }

    /// Whether relations count their frozen pages.
    pub(crate) fn has_frozen_pages(&self) -> bool {
        self.major() >= 18
    }

    /// Whether a relation whose rows nobody has counted is told from one without rows.
    pub fn tells_unknown_tuples(&self) -> bool {
        self.major() >= 14
    }

    /// Whether NOT NULL of a table is a constraint with a name.
    pub(crate) fn has_not_null_constraints(&self) -> bool {
        self.major() >= 18
    }

    /// Whether NOT NULL of a domain is a constraint with a name.
    pub(crate) fn has_domain_not_null_constraints(&self) -> bool {
        self.major() >= 17
    }

    /// Whether keys may end in `WITHOUT OVERLAPS`.
    pub(crate) fn has_without_overlaps(&self) -> bool {
        self.major() >= 18
    }

    /// Whether a foreign key may be one that is not enforced.
    pub fn has_unenforced_foreign_keys(&self) -> bool {
        self.major() >= 18
    }

    /// Whether `pg_get_sequence_data` is there.
    pub(crate) fn has_sequence_data_function(&self) -> bool {
        self.major() >= 18
    }

    /// Whether a scan between two row addresses reads no more than the blocks between them.
    pub fn scans_tid_ranges(&self) -> bool {
        self.major() >= 14
    }

    /// Whether pg_dump of this version writes many large objects together, as data; older ones write each by itself, before data.
    pub fn groups_large_objects(&self) -> bool {
        self.major() >= 17
    }

    /// Whether a publication can publish generated columns.
    pub(crate) fn has_published_generated_columns(&self) -> bool {
        self.major() >= 18
    }

    /// Whether a publication can have schemas, columns and row filters.
    pub(crate) fn has_publication_filters(&self) -> bool {
        self.major() >= 15
    }

    /// Whether a subscription can stream transactions in progress and take binary values.
    pub(crate) fn has_streaming_subscriptions(&self) -> bool {
        self.major() >= 14
    }

    /// Whether a subscription can take part in two-phase commit and be disabled by errors.
    pub(crate) fn has_two_phase_subscriptions(&self) -> bool {
        self.major() >= 15
    }

    /// Whether a subscription chooses by origin and has a say in whose rights it works with.
    pub(crate) fn has_subscription_origins(&self) -> bool {
        self.major() >= 16
    }

    /// Whether a subscription's slot can be kept on standbys.
    pub(crate) fn has_failover_subscriptions(&self) -> bool {
        self.major() >= 17
    }

    /// Whether the locale of a database stands in `datlocale`, whatever the provider.
    pub(crate) fn has_database_locale(&self) -> bool {
        self.major() >= 17
    }

    /// Whether the locale of a collation stands in `colllocale`, whatever the provider.
    pub(crate) fn has_collation_locale(&self) -> bool {
        self.major() >= 17
    }

    /// Whether the ICU locale of a collation stands apart from its libc locales.
    pub(crate) fn has_collation_icu_locale(&self) -> bool {
        self.major() >= 15
    }

    /// Whether range types come with multirange types.
    pub(crate) fn has_multiranges(&self) -> bool {
        self.major() >= 14
    }

    /// Whether a type names the function that handles its subscripts.
    pub(crate) fn has_subscript_functions(&self) -> bool {
        self.major() >= 14
    }

    /// Whether the compression of a column's values can be chosen.
    pub(crate) fn has_column_compression(&self) -> bool {
        self.major() >= 14
    }

    /// Whether functions can have SQL bodies that are parsed when they are made.
    pub(crate) fn has_sql_bodies(&self) -> bool {
        self.major() >= 14
    }

    /// Whether a database has a provider of its locale.
    pub(crate) fn has_database_locale_provider(&self) -> bool {
        self.major() >= 15
    }

    /// Whether a unique index can take two NULLs for equal.
    pub(crate) fn has_nulls_not_distinct(&self) -> bool {
        self.major() >= 15
    }

    /// Whether privileges on configuration parameters can be granted.
    pub fn has_parameter_privileges(&self) -> bool {
        self.major() >= 15
    }

    /// Whether ICU collation rules can be given.
    pub(crate) fn has_icu_rules(&self) -> bool {
        self.major() >= 16
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn features_come_with_their_major() {
        type Feature = fn(&Server) -> bool;
        // The feature and the first major that has it.
        let features: [(Feature, u32); 23] = [
            (Server::has_not_null_constraints, 18),
            (Server::has_unenforced_foreign_keys, 18),
            (Server::has_domain_not_null_constraints, 17),
            (Server::has_without_overlaps, 18),
            (Server::has_sequence_data_function, 18),
            (Server::groups_large_objects, 17),
            (Server::has_database_locale, 17),
            (Server::has_icu_rules, 16),
            (Server::has_column_compression, 14),
            (Server::has_sql_bodies, 14),
            (Server::has_database_locale_provider, 15),
            (Server::has_nulls_not_distinct, 15),
            (Server::has_parameter_privileges, 15),
            (Server::has_collation_locale, 17),
            (Server::has_collation_icu_locale, 15),
            (Server::has_multiranges, 14),
            (Server::has_subscript_functions, 14),
            (Server::has_published_generated_columns, 18),
            (Server::has_publication_filters, 15),
            (Server::has_streaming_subscriptions, 14),
            (Server::has_two_phase_subscriptions, 15),
            (Server::has_subscription_origins, 16),
            (Server::has_failover_subscriptions, 17),
        ];
        for (i, (has, since)) in features.into_iter().enumerate() {
            for major in 13..=Server::NEWEST {
                let server = Server {
                    version_num: major * 10_000 + 99,
                    ..Server::default()
                };
                assert_eq!(server.major(), major);
                assert_eq!(has(&server), major >= since, "feature {i} on {major}");
            }
        }
    }

    #[test]
    fn a_newer_server_counts_as_the_newest_known() {
        for (version_num, major, is_newer) in [
            (180_004, 18, false),
            (190_001, 18, true),
            (250_000, 18, true),
            (130_016, 13, false),
        ] {
            let server = Server {
                version_num,
                ..Server::default()
            };
            assert_eq!((server.major(), server.is_newer()), (major, is_newer));
        }
    }

    #[test]
    fn minor_releases_of_august_2025_are_told_from_older_ones() {
        for (version_num, expected) in [
            (120_022, false),
            (130_021, false),
            (130_022, true),
            (140_018, false),
            (140_019, true),
            (150_013, false),
            (150_014, true),
            (160_009, false),
            (160_010, true),
            (170_005, false),
            (170_006, true),
            (180_000, true),
            (190_000, true),
        ] {
            let server = Server {
                version_num,
                ..Server::default()
            };
            assert_eq!(server.is_since_august_2025(), expected, "{version_num}");
        }
    }
}
