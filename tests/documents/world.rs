//! The servers that the documents name.

use std::cell::{OnceCell, RefCell};

use anyhow::{Context, Result};
use support::{Certificates, Major, Rds, Scratch, Server};

use crate::document::Document;
use crate::place::Place;

/// The server that is backed up, and its database.
const SOURCE: &str = "db.example.com";
const SHOP: &str = include_str!("shop.sql");

/// An empty server of the newest major.
const TARGET: &str = "new.example.com";

/// A server on the base backup in the folder of this name, and the folder.
const RESTORED: &str = "restored.example.com";
const RESTORED_FOLDER: &str = "/srv/restored";

/// A server that takes tokens of AWS IAM.
const RDS: &str = "shop.c1a2b3.eu-central-1.rds.amazonaws.com";

/// What makes a server one of RDS, and its master user.
const RDS_ROLES: &str = "
create role rds_superuser;
create role postgres login createrole createdb;
grant rds_superuser to postgres with admin option;
";

/// The certificates to verify the servers by.
const SOURCE_ROOT: &str = "/etc/ssl/db/root.crt";
const RDS_ROOT: &str = "/etc/ssl/rds/global-bundle.pem";

/// What differs between the documents.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// The major of what is backed up.
    pub(crate) major: Major,
    /// Whether the server of RDS has the database.
    pub(crate) rds_has_shop: bool,
}

/// The servers of one section, each started when it is first named.
pub(crate) struct World {
    kind: Kind,
    certificates: Certificates,
    files: Scratch,
    source: OnceCell<Server>,
    target: OnceCell<Server>,
    rds: OnceCell<Rds>,
    restored_path: String,
    restored_folder: RefCell<Option<Scratch>>,
    restored: OnceCell<Server>,
}

impl World {
    pub(crate) fn new(kind: Kind) -> Result<Self> {
        let folder = Scratch::new()?;
        Ok(Self {
            kind,
            certificates: Certificates::generate()?,
            files: Scratch::new()?,
            source: OnceCell::new(),
            target: OnceCell::new(),
            rds: OnceCell::new(),
            restored_path: folder.path().display().to_string(),
            restored_folder: RefCell::new(Some(folder)),
            restored: OnceCell::new(),
        })
    }

    /// The command with what is there for each name of the documents. This table is all that the test changes of a command.
    pub(crate) fn real(&self, command: &str, place: &Place<'_>) -> Result<String> {
        let mut real = command.to_owned();
        let mut put = |name: &str, value: String| real = real.replace(name, &value);
        if command.contains(RDS) {
            let port = self.rds()?.server().port();
            put(&format!("@{RDS}"), format!("@127.0.0.1:{port}"));
            put(
                &format!("-h {RDS} -p 5432"),
                format!("-h 127.0.0.1 -p {port}"),
            );
        }
        if command.contains(RDS_ROOT) {
            let root = self.rds()?.root_certificate();
            put(RDS_ROOT, root.display().to_string());
        }
        if command.contains(SOURCE_ROOT) {
            let root = self.files.write("root.crt", &self.certificates.root)?;
            put(SOURCE_ROOT, root.display().to_string());
        }
        for (name, server) in [
            (SOURCE, Self::source as fn(&Self) -> Result<&Server>),
            (TARGET, Self::target),
            (RESTORED, Self::restored),
        ] {
            if command.contains(name) {
                let port = server(self)?.port();
                put(&format!("@{name}"), format!("@127.0.0.1:{port}"));
            }
        }
        put(RESTORED_FOLDER, self.restored_path.clone());
        for (name, path) in place.names() {
            put(name, path);
        }
        if command.contains("SNAPSHOT") {
            put("SNAPSHOT", place.newest_snapshot()?);
        }
        Ok(real)
    }

    fn source(&self) -> Result<&Server> {
        started(&self.source, || {
            let server = Server::with(self.kind.major)
                .tls(&self.certificates)
                .start()?;
            server.psql("postgres", SHOP)?;
            let readme = Document::read("README.md")?;
            server.psql("postgres", grants(&readme, "dump, dumpall, globals")?)?;
            server.psql("postgres", "alter role backup replication")?;
            Ok(server)
        })
    }

    fn target(&self) -> Result<&Server> {
        started(&self.target, || Server::start(Major::V18))
    }

    fn rds(&self) -> Result<&Rds> {
        started(&self.rds, || {
            let rds = Rds::start()?;
            rds.server().psql("postgres", RDS_ROLES)?;
            if self.kind.rds_has_shop {
                rds.server().psql("postgres", SHOP)?;
                let backup = "create role backup login; grant pg_read_all_data to backup";
                rds.server().psql("postgres", backup)?;
            }
            Ok(rds)
        })
    }

    fn restored(&self) -> Result<&Server> {
        started(&self.restored, || {
            let folder = self.restored_folder.borrow_mut().take();
            let folder = folder.context("the folder is taken once")?;
            Server::start_restored(self.kind.major, folder, "postgres")
        })
    }
}

fn started<T>(cell: &OnceCell<T>, start: impl FnOnce() -> Result<T>) -> Result<&T> {
    if cell.get().is_none() {
        // Nobody else can have set it.
        let _ = cell.set(start()?);
    }
    cell.get().context("it was started")
}

/// The statements of the README's block whose first line is a comment that begins so.
pub(crate) fn grants(readme: &Document, comment: &str) -> Result<String> {
    let comment = format!("-- {comment}");
    let block = readme.blocks("sql").find(|block| {
        let first = block.lines.first();
        first.is_some_and(|(_, line)| line.starts_with(&comment))
    });
    let block = block.with_context(|| format!("README.md has no statements {comment:?}"))?;
    let lines = block.lines.iter().map(|(_, line)| line.as_str());
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// The script that makes the database of the documents.
pub(crate) const fn shop() -> &'static str {
    SHOP
}
