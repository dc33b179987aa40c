//! The folder of what is fetched once and kept: judges, servers, tools.

use std::env;
use std::path::PathBuf;

use crate::user::is_root;

/// The kept folder: `PGARK_CACHE`, by default `/var/cache/pgark` for root and `pgark` in the user's cache folder otherwise.
///
/// Root's servers run as another user, who must be able to read it; so it does not lie in root's home. The Makefile has
/// the same rule.
pub fn kept_folder() -> PathBuf {
    if let Some(folder) = env::var_os("PGARK_CACHE").filter(|value| !value.is_empty()) {
        return folder.into();
    }
    if is_root() {
        return "/var/cache/pgark".into();
    }
    let home = || {
        env::var_os("HOME").map_or_else(env::temp_dir, |home| PathBuf::from(home).join(".cache"))
    };
    env::var_os("XDG_CACHE_HOME")
        .filter(|value| !value.is_empty())
        .map_or_else(home, PathBuf::from)
        .join("pgark")
}
