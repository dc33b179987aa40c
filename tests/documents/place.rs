//! The machine that a section's commands run on: folders, programs, a home.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use support::{
    Major, Ran, Rds, STAYING_HELPER, Scratch, end_processes_at, judge_folder, observe, pgark,
    plakar, run, server_user, without_aws,
};

/// PostgreSQL's programs that the documents call, of a major whose clients speak TLS.
const CLIENTS: [&str; 2] = ["psql", "pg_restore"];
const CLIENTS_MAJOR: Major = Major::V17;

/// What the documents call the package.
const PACKAGE: &str = "postgresql_v0.1.0_linux_amd64.ptar";

/// The programs of the documents in one folder, which every user can read, and the package of the plugin.
pub(crate) struct Programs {
    folder: Scratch,
    package: PathBuf,
}

impl Programs {
    /// Copies the programs and makes the package.
    pub(crate) fn new() -> Result<Self> {
        let folder = Scratch::new()?;
        // The program may stand where the servers' user cannot go.
        for (name, program) in [("pgark", pgark()), ("plakar", plakar())] {
            let to = folder.join(name);
            fs::copy(program.get_program(), &to).with_context(|| format!("cannot copy {name}"))?;
        }
        for name in CLIENTS {
            symlink(judge_folder(CLIENTS_MAJOR)?.join(name), folder.join(name))?;
        }
        let package = package(&folder)?;
        Ok(Self { folder, package })
    }
}

/// Makes the package, and returns where it is.
fn package(folder: &Scratch) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("tests/ stands in the project's folder")?;
    let plugin = folder.join("plugin");
    run(Command::new("make")
        .args(["--no-print-directory", "-s", "-C"])
        .arg(root)
        .arg("plugin-folder")
        .arg(format!("PGARK={}", folder.join("pgark").display()))
        .arg(format!("DIST={}", plugin.display())))?;
    let home = Scratch::new()?;
    let mut create = plakar();
    at_home(&mut create, home.path()).current_dir(folder.path());
    run(create.args(["-disable-security-check"]))?;
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    let mut create = plakar();
    at_home(&mut create, home.path()).current_dir(folder.path());
    run(create.args(["pkg", "create", "./plugin/manifest.yaml", version]))?;
    let files = fs::read_dir(folder.path())?.collect::<Result<Vec<_>, _>>()?;
    let mut files = files.into_iter().map(|file| file.path());
    let is_package = |file: &PathBuf| {
        file.extension()
            .is_some_and(|extension| extension == "ptar")
    };
    let package = files
        .find(is_package)
        .context("plakar has made no package")?;
    fs::set_permissions(&package, fs::Permissions::from_mode(0o644))?;
    Ok(package)
}

fn at_home<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env_remove(name);
    }
    command.env("HOME", home)
}

/// The folders of one section, of the servers' user, who runs its commands.
pub(crate) struct Place<'a> {
    programs: &'a Programs,
    work: Scratch,
    home: Scratch,
    /// What the documents call `/var/backups`.
    pub(crate) backups: Scratch,
    /// What the documents call `/srv`.
    srv: Scratch,
}

impl<'a> Place<'a> {
    pub(crate) fn new(programs: &'a Programs) -> Result<Self> {
        let place = Self {
            programs,
            work: Scratch::new()?,
            home: Scratch::new()?,
            backups: Scratch::new()?,
            srv: Scratch::new()?,
        };
        symlink(&programs.package, place.work.join(PACKAGE))?;
        Ok(place)
    }

    /// What stands in the documents for what is here.
    pub(crate) fn names(&self) -> [(&'static str, String); 2] {
        [
            ("/var/backups", self.backups.path().display().to_string()),
            ("/srv", self.srv.path().display().to_string()),
        ]
    }

    /// Puts copies of another section's backups here.
    pub(crate) fn take_backups(&self, of: &Place<'_>) -> Result<()> {
        let from = of.backups.join(".");
        run(Command::new("cp")
            .arg("-a")
            .arg(from)
            .arg(self.backups.path()))
        .map(drop)
    }

    /// Lets Plakar begin, with the package unless the section's own commands install it.
    pub(crate) fn install_plakar(&self, with_package: bool) -> Result<()> {
        self.shell("plakar -disable-security-check")?
            .expect_code(0)?;
        let helper = STAYING_HELPER.join(" ");
        self.shell(&format!("plakar {helper} > /dev/null 2>&1"))?
            .expect_code(0)?;
        if with_package {
            self.shell(&format!("plakar pkg add ./{PACKAGE}"))?
                .expect_code(0)?;
        }
        Ok(())
    }

    /// The newest snapshot in the store of the documents.
    pub(crate) fn newest_snapshot(&self) -> Result<String> {
        let store = self.backups.join("plakar");
        let ran = self.shell(&format!("plakar at {} ls", store.display()))?;
        ran.expect_code(0)?;
        let listing = String::from_utf8_lossy(&ran.stdout).into_owned();
        let first = listing.lines().next().unwrap_or_default();
        let name = first.split_whitespace().nth(1);
        name.map(ToOwned::to_owned)
            .with_context(|| format!("no snapshot in {listing:?}"))
    }

    /// Runs a command as one who types it, with stderr behind stdout.
    pub(crate) fn shell(&self, command: &str) -> Result<Ran> {
        let mut shell = without_aws(Command::new("sh"));
        at_home(&mut shell, self.home.path());
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                shell.env_remove(name);
            }
        }
        let path = format!("{}:/usr/bin:/bin", self.programs.folder.path().display());
        shell
            .arg("-c")
            .arg(format!("exec 2>&1\n{command}"))
            .env("PATH", path)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("TMPDIR", self.work.path())
            .env("PLAKAR_PASSPHRASE", "correct horse battery staple")
            .env("AWS_ACCESS_KEY_ID", Rds::KEY)
            .env("AWS_SECRET_ACCESS_KEY", Rds::SECRET)
            // The server's address has none in its name.
            .env("AWS_REGION", Rds::REGION)
            .stdin(std::process::Stdio::null())
            .current_dir(self.work.path());
        if let Some(user) = server_user() {
            user.lend_to(&mut shell);
        }
        observe(&mut shell)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        end_processes_at(self.home.path());
    }
}

#[test]
fn the_documents_name_the_package_by_its_version() -> Result<()> {
    let version = concat!("_v", env!("CARGO_PKG_VERSION"), "_");
    ensure!(PACKAGE.contains(version), "{PACKAGE} is not {version}");
    Ok(())
}
