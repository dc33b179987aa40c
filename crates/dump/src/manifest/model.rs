//! The manifest's layout: fields in the order in which they are written, those that may be left out marked.

use bstr::BString;
use serde::Serialize;

use crate::moment::Moment;

/// The layout's version.
pub(super) const VERSION: u32 = 2;

fn is_empty<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct Manifest {
    pub(super) version: u32,
    pub(super) created_at: String,
    pub(super) connector: String,
    pub(super) host: String,
    pub(super) port: String,
    pub(super) server_version: String,
    pub(super) server_version_num: i32,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) pg_dump_version: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) pg_basebackup_version: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) cluster_system_identifier: String,
    pub(super) in_recovery: bool,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) database: Option<String>,
    pub(super) dump_format: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) options: Option<DumpOptions>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) cluster_config: Option<ClusterConfig>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) roles: Vec<Role>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) tablespaces: Vec<Tablespace>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) databases: Vec<Database>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct DumpOptions {
    pub(super) schema_only: bool,
    pub(super) data_only: bool,
    pub(super) compress: bool,
}

/// Settings that a restore on another machine has to match or to know. What the user may not see is empty.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct ClusterConfig {
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) data_directory: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) timezone: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) max_connections: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) wal_level: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) server_encoding: String,
    pub(super) data_checksums: bool,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) block_size: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) wal_block_size: i64,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) shared_preload_libraries: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) lc_collate: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) lc_ctype: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) archive_mode: String,
    pub(super) archive_command_set: bool,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
#[allow(
    clippy::struct_field_names,
    reason = "create_role is what the layout calls it"
)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) superuser: bool,
    pub(super) replication: bool,
    pub(super) can_login: bool,
    pub(super) create_db: bool,
    pub(super) create_role: bool,
    pub(super) inherit: bool,
    pub(super) bypass_rls: bool,
    pub(super) connection_limit: i32,
    /// RFC 3339, in UTC.
    pub(super) valid_until: Option<String>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) member_of: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct Tablespace {
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) location: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) options: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct Database {
    /// The name's bytes, to connect with.
    #[serde(skip)]
    pub(super) raw_name: BString,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) encoding: String,
    pub(super) collate: String,
    pub(super) ctype: String,
    pub(super) allow_conn: bool,
    pub(super) is_template: bool,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) default_tablespace: String,
    pub(super) connection_limit: i32,
    /// Where the server's log stood when the database was described or dumped.
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) lsn: String,
    /// When that was: RFC 3339 with microseconds, in UTC.
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) snapshot_time: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) extensions: Vec<Extension>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) schemas: Vec<Schema>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) relations: Vec<Relation>,
}

impl Database {
    /// Says when it was looked at.
    pub(super) fn set_moment(&mut self, moment: Moment) {
        self.lsn = moment.lsn;
        self.snapshot_time = moment.time;
    }
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct Extension {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) schema: String,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct Schema {
    pub(super) name: String,
    pub(super) owner: String,
}

#[derive(Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct Relation {
    #[serde(skip)]
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) persistence: String,
    pub(super) kind: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) tablespace: String,
    pub(super) row_estimate: i64,
    pub(super) live_row_estimate: i64,
    /// On the disk, with TOAST and indexes; `None` where another session keeps the relation to itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<i64>,
    pub(super) column_count: usize,
    pub(super) has_primary_key: bool,
    pub(super) has_triggers: bool,
    pub(super) rls_enabled: bool,
    pub(super) rls_forced: bool,
    pub(super) is_partition: bool,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) partition_parent: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) partition_strategy: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) storage_options: Vec<String>,
    pub(super) last_vacuum: Option<String>,
    pub(super) last_analyze: Option<String>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) columns: Vec<Column>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) constraints: Vec<Constraint>,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) indexes: Vec<Index>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct Column {
    pub(super) position: i16,
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) nullable: bool,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) default: String,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct Constraint {
    pub(super) name: String,
    pub(super) r#type: String,
    /// In the order of the key.
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) columns: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) method: String,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) definition: String,
    pub(super) is_unique: bool,
    pub(super) is_primary: bool,
    pub(super) is_valid: bool,
    pub(super) is_partial: bool,
    #[serde(skip_serializing_if = "is_empty")]
    pub(super) constraint_name: String,
}
