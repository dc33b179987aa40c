//! A throwaway PostgreSQL with TLS, small on purpose.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pgark_connect::{Config, connect};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use tempfile::TempDir;

/// A running server; stopped when dropped.
pub(crate) struct Server {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    authority: Issuer<'static, KeyPair>,
}

impl Server {
    /// Initialises and starts a server whose certificate an authority of its own has signed.
    pub(crate) fn start(pg_hba: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = named("pgark test root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap().pem();
        let server = Self {
            folder,
            programs: programs(),
            port: free_port(),
            authority: Issuer::new(params, key),
        };
        let data = server.data();
        server.path("root.crt", &root);
        give_away(server.folder.path());
        server.run(
            "initdb",
            &[
                "-D",
                &data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
                "-N",
            ],
        );

        let mut localhost =
            CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        localhost.distinguished_name = DistinguishedName::new();
        let key = KeyPair::generate().unwrap();
        let certificate = localhost.signed_by(&key, &server.authority).unwrap();
        server.write_certificate(&certificate.pem(), &key.serialize_pem());
        fs::write(Path::new(&data).join("pg_hba.conf"), pg_hba).unwrap();
        let settings = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nssl = on\nssl_ca_file = '{}'\n\
             fsync = off\nshared_buffers = 16MB\n",
            server.port,
            server.folder.path().display(),
            server.root_certificate(),
        );
        fs::write(Path::new(&data).join("postgresql.auto.conf"), settings).unwrap();
        server.run(
            "pg_ctl",
            &["-D", &data, "-w", "-l", &server.shown("log"), "start"],
        );
        server
    }

    /// The superuser over the socket.
    pub(crate) fn local(&self) -> Config {
        let mut config = Config::new();
        config.set_host(self.folder.path().as_os_str().as_encoded_bytes());
        config.set_port(self.port);
        config.set_user("postgres");
        config.set("application_name", "pgark test").unwrap();
        config
    }

    /// A login by TCP, with these options.
    pub(crate) fn tcp(&self, rest: &str) -> Config {
        Config::parse(format!(
            "host=127.0.0.1 port={} dbname=postgres passfile=/nonexistent \
             sslcert=/nonexistent sslrootcert=/nonexistent {rest}",
            self.port
        ))
        .unwrap()
    }

    /// Changes a server setting.
    pub(crate) async fn set(&self, name: &str, value: &str) {
        let mut session = connect(&self.local()).await.unwrap();
        session
            .execute(format!("alter system set {name} = '{value}'"))
            .await
            .unwrap();
        session
            .execute("select pg_catalog.pg_reload_conf()")
            .await
            .unwrap();
        // The postmaster reads its files when it comes to it.
        for _ in 0..100 {
            let mut fresh = connect(&self.local()).await.unwrap();
            let rows = fresh.rows(format!("show {name}")).await.unwrap();
            if rows.row(0).unwrap().get(0) == Some(value.into()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{name} did not become {value}");
    }

    /// Gives the server another certificate; it is read with the next change of a setting.
    pub(crate) fn replace_certificate(&self, certificate: &str, key: &str) {
        self.write_certificate(certificate, key);
    }

    /// A certificate that logs a user in, with its key.
    pub(crate) fn client_certificate(&self, user: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = named(user).signed_by(&key, &self.authority).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    pub(crate) fn root_certificate(&self) -> String {
        self.shown("root.crt")
    }

    /// Writes a file that its owner alone can read, and gives its path.
    pub(crate) fn path(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    }

    fn shown(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn data(&self) -> String {
        self.shown("data")
    }

    fn write_certificate(&self, certificate: &str, key: &str) {
        for (name, content) in [("data/server.crt", certificate), ("data/server.key", key)] {
            self.path(name, content);
            give_away(&self.folder.path().join(name));
        }
        give_away(&self.folder.path().join("root.crt"));
    }

    /// Runs one of the server's programs and expects it to succeed.
    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program, arguments).output().unwrap();
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{program} {arguments:?}: {said}{log}"
        );
    }

    /// One of the server's programs, run as user postgres if this is root.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.data();
        // A server that has not started cannot be stopped, which is no second failure.
        let _ = self
            .command("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"])
            .status();
    }
}

/// A self-signed certificate and its key.
pub(crate) fn self_signed(name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    (
        named(name).self_signed(&key).unwrap().pem(),
        key.serialize_pem(),
    )
}

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}

fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("PGARK_PG_BIN") {
        return folder.into();
    }
    let installed = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = installed
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .expect(
            "no PostgreSQL server found: set PGARK_PG_BIN, or install one in /usr/lib/postgresql",
        );
    format!("/usr/lib/postgresql/{newest}/bin").into()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Makes user postgres the owner, if this is root; then the server can read it.
fn give_away(path: &Path) {
    if is_root() {
        let id = Command::new("id")
            .args(["-u", "postgres"])
            .output()
            .unwrap();
        let id = String::from_utf8(id.stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        chown(path, Some(id), None).unwrap();
    }
}
