//! The awkward cluster.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use anyhow::Result;
use support::{Fixture, Major, Options, Scratch, Server, server_user};

/// Folders of tablespaces; nothing is forbidden in a path but the apostrophe.
const LOCATIONS: [&str; 4] = ["plain", "sp ace \"q\" ü", "back\\slash", "new\nline"];

/// A server with everything that is awkward about globals, and the folders of its tablespaces.
pub(crate) struct Awkward {
    pub(crate) server: Server,
    scratch: Scratch,
}

impl Awkward {
    /// Makes the roles of `awkward.sql` and of the hard cases, and tablespaces.
    pub(crate) fn start(major: Major) -> Result<Self> {
        let server = with_tablespaces_in_place(major).start()?;
        server.psql("postgres", include_str!("awkward.sql"))?;
        for (since, script) in [
            (Major::V14, include_str!("awkward-14.sql")),
            (Major::V15, include_str!("awkward-15.sql")),
            (Major::V16, include_str!("awkward-16.sql")),
        ] {
            if major >= since {
                server.psql("postgres", script)?;
            }
        }
        server.create_database("hardcases", "template template0")?;
        Fixture::hard_cases()?.fill(&server, "hardcases")?;
        let awkward = Self {
            server,
            scratch: Scratch::new()?,
        };
        awkward.tablespaces()?;
        Ok(awkward)
    }

    fn tablespaces(&self) -> Result<()> {
        let [plain, spaces, backslash, newline] = self.locations();
        self.make_locations()?;
        let literal =
            |path: &Path| format!("E'{}'", path.display().to_string().replace('\\', r"\\"));
        let script = format!(
            r#"
create tablespace zlast location {plain};
create tablespace "Odd ""name""" owner "quo""ted" location {spaces}
  with (seq_page_cost = 1.1, random_page_cost = 0.5, effective_io_concurrency = 3);
create tablespace "back\slash" owner r_group location {backslash};
create tablespace "new
line" location {newline} with (maintenance_io_concurrency = 7);
grant create on tablespace zlast to r_group with grant option;
grant all on tablespace "Odd ""name""" to public, "back\slash";
revoke all on tablespace "back\slash" from r_group;
grant create on tablespace "back\slash" to "select";
set role r_group;
grant create on tablespace zlast to z_first;
reset role;
comment on tablespace zlast is E'it''s a\ncomment \\';
comment on tablespace "Odd ""name""" is 'ümläut "q"';
"#,
            plain = literal(&plain),
            spaces = literal(&spaces),
            backslash = literal(&backslash),
            newline = literal(&newline),
        );
        self.server.psql("postgres", script).map(drop)
    }

    /// The folders of the tablespaces.
    pub(crate) fn locations(&self) -> [PathBuf; 4] {
        LOCATIONS.map(|name| self.scratch.path().join(name))
    }

    /// Makes the folders, empty.
    pub(crate) fn make_locations(&self) -> Result<()> {
        for folder in self.locations() {
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            fs::create_dir(&folder)?;
            if let Some(user) = server_user() {
                chown(&folder, Some(user.uid), Some(user.gid))?;
            }
        }
        Ok(())
    }
}

/// The line of postgresql.conf that allows tablespaces inside the data directory.
pub(crate) const IN_PLACE: &str = "allow_in_place_tablespaces = on";

/// Options of a server that allows them where it can, since 15.
pub(crate) fn with_tablespaces_in_place(major: Major) -> Options {
    let options = Server::with(major);
    if major >= Major::V15 {
        options.conf(IN_PLACE)
    } else {
        options
    }
}
