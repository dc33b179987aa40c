//! What the commands about a whole cluster share.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use pgark_connect::Config;
use pgark_dump::Cluster;
use pgark_dump::globals::{GlobalsOmit, GlobalsOptions};

use super::connection;
use crate::arguments::LoginArguments;
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
