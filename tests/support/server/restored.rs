//! Servers on data directories that were restored.

use std::path::PathBuf;

use anyhow::Result;

use super::{Server, launch};
use crate::{Major, Scratch};

impl Server {
    /// Starts a server of `major` on the data directory `data` in `folder`, which the servers' user owns; it is removed with
    /// the server. `superuser` is who is asked.
    ///
    /// # Errors
    /// Where it does not start, with what it said.
    pub fn start_restored(major: Major, folder: Scratch, superuser: &str) -> Result<Self> {
        let bin: PathBuf = launch::judge_folder(major)?;
        let clients = launch::judge_folder(major.clients())?;
        let (supervisor, port) = launch::launch_patiently(major, &bin, &folder)?;
        Ok(Self {
            supervisor,
            folder,
            major,
            bin,
            clients,
            port,
            superuser: superuser.to_owned(),
            password: None,
        })
    }
}
