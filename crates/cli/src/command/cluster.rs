//! What the commands about a whole cluster share.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use pgark_connect::Config;
use pgark_dump::Cluster;
use pgark_dump::globals::{GlobalsOmit, GlobalsOptions};

use super::connection;
use crate::arguments::{LoginArguments, OmitArguments};
use crate::exit;

/// The database where a cluster as a whole is read.
const MAINTENANCE: &str = "postgres";

/// The way to a server, and whether the user named a database. As for pg_dumpall, one in the environment is none.
pub(super) fn way(
    named: Option<&OsString>,
    login: &LoginArguments,
) -> Result<(Config, bool), pgark_connect::Error> {
    let is_named = match named {
        Some(name) => Config::parse(name.as_bytes())?.get("dbname").is_some(),
        None => false,
    };
    let config = connection::config_of(named, login)?;
    if is_named {
        return Ok((config, true));
    }
    Ok((config.with_dbname(MAINTENANCE), false))
}

/// What is to be left out of globals.
pub(super) struct LeftOut {
    pub(super) role_passwords: bool,
    pub(super) privileges: bool,
    pub(super) comments: bool,
    pub(super) security_labels: bool,
    pub(super) tablespaces: bool,
}

impl LeftOut {
    /// What the options of a dump leave out, with roles' passwords and tablespaces beside them.
    pub(super) fn of(omit: &OmitArguments, role_passwords: bool, tablespaces: bool) -> Self {
        Self {
            role_passwords,
            privileges: omit.no_privileges,
            comments: omit.no_comments,
            security_labels: omit.no_security_labels,
            tablespaces,
        }
    }

    pub(super) fn flags(self) -> GlobalsOmit {
        let asked = [
            (self.role_passwords, GlobalsOmit::ROLE_PASSWORDS),
            (self.privileges, GlobalsOmit::PRIVILEGES),
            (self.comments, GlobalsOmit::COMMENTS),
            (self.security_labels, GlobalsOmit::SECURITY_LABELS),
            (self.tablespaces, GlobalsOmit::TABLESPACES),
        ];
        let asked = asked.into_iter().filter(|(is_asked, _)| *is_asked);
        asked.map(|(_, what)| what).collect()
    }
}

/// Refuses globals with passwords to whoever may not read these.
pub(super) async fn check_passwords(
    cluster: &Cluster,
    options: &GlobalsOptions,
) -> anyhow::Result<()> {
    let are_wanted = !options.omit.contains(GlobalsOmit::ROLE_PASSWORDS) && options.has_roles();
    if are_wanted && !cluster.may_read_passwords(options).await? {
        return Err(exit::Refused(
            "the roles' passwords may not be read, which takes SELECT on pg_authid; --no-role-passwords dumps roles without",
        )
        .into());
    }
    Ok(())
}
