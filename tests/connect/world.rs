//! The servers, certificates and files that the cases are about.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use support::{Certificates, Major, Scratch, Server};

use crate::secret::{secret, secret_key};

/// The password of every role that has one of its own method.
pub(crate) const PASSWORD: &str = "swordfish&7 'x\\";

/// A home folder without any file.
pub(crate) fn home() -> &'static Path {
    static HOME: OnceLock<Scratch> = OnceLock::new();
    HOME.get_or_init(|| Scratch::new().expect("a folder"))
        .path()
}

/// A folder for the files of this test program, its own.
pub(crate) fn files() -> &'static Scratch {
    static FILES: OnceLock<Scratch> = OnceLock::new();
    FILES.get_or_init(|| Scratch::new().expect("a folder"))
}

/// Writes a file that its owner alone can read, and returns its path.
pub(crate) fn private_file(name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
    let path = files().write(name, content)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(path)
}

/// A certificate authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let params = authority_params(name)?;
        Ok(Self(CertifiedIssuer::self_signed(
            params,
            KeyPair::generate()?,
        )?))
    }

    /// One of another key below it.
    pub(crate) fn intermediate(&self, params: CertificateParams) -> Result<Self> {
        Ok(Self(CertifiedIssuer::signed_by(
            params,
            KeyPair::generate()?,
            &self.0,
        )?))
    }

    /// Its certificate.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn issuer(&self) -> &CertifiedIssuer<'static, KeyPair> {
        &self.0
    }

    /// Signs a certificate; its PEM and its key's.
    pub(crate) fn sign(&self, params: &CertificateParams) -> Result<(String, String)> {
        self.sign_for(params, &KeyPair::generate()?)
    }

    /// Signs a certificate of a key.
    pub(crate) fn sign_for(
        &self,
        params: &CertificateParams,
        key: &KeyPair,
    ) -> Result<(String, String)> {
        let certificate = params.signed_by(key, &self.0)?;
        Ok((certificate.pem(), secret_key(key.serialize_pem())))
    }

    /// What a server needs that shows this certificate and key.
    pub(crate) fn certificates(&self, (server, server_key): (String, String)) -> Certificates {
        Certificates {
            root: self.pem(),
            server,
            server_key,
        }
    }
}

/// An authority's certificate, which may sign certificates and revocation lists.
pub(crate) fn authority_params(name: &str) -> Result<CertificateParams> {
    let mut params = named(name)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// A certificate with a common name alone.
pub(crate) fn named(common_name: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new([])?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    Ok(params)
}

/// A server's certificate.
pub(crate) fn for_hosts(names: &[&str]) -> Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    Ok(params)
}

/// A server's certificate for this machine that is over.
pub(crate) fn expired() -> Result<CertificateParams> {
    let mut params = for_hosts(&["localhost", "127.0.0.1"])?;
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    Ok(params)
}

/// What logs in to the TLS server.
pub(crate) struct Clients {
    /// The authority that the server trusts.
    pub(crate) authority: Authority,
    /// Certificate and key of the role `certified`, as files.
    pub(crate) certified: (PathBuf, PathBuf),
    /// Of a role that does not exist.
    pub(crate) stranger: (PathBuf, PathBuf),
    /// Of `certified`, signed by somebody else.
    pub(crate) forged: (PathBuf, PathBuf),
}

pub(crate) fn clients() -> &'static Clients {
    static CLIENTS: OnceLock<Clients> = OnceLock::new();
    CLIENTS.get_or_init(|| make_clients().expect("certificates"))
}

fn make_clients() -> Result<Clients> {
    let authority = Authority::new("pgark clients")?;
    let files = |name: &str, (certificate, key): (String, String)| -> Result<(PathBuf, PathBuf)> {
        Ok((
            private_file(&format!("{name}.crt"), certificate)?,
            private_file(&format!("{name}.key"), key)?,
        ))
    };
    Ok(Clients {
        certified: files("certified", authority.sign(&named("certified")?)?)?,
        stranger: files("stranger", authority.sign(&named("stranger")?)?)?,
        forged: files(
            "forged",
            Authority::new("pgark forger")?.sign(&named("certified")?)?,
        )?,
        authority,
    })
}

/// The server that most cases are about: 17, with TLS, a role for each way to log in.
pub(crate) struct World {
    pub(crate) major: Major,
    pub(crate) server: Server,
    /// What the server's certificate is signed by, as a file.
    pub(crate) root: String,
    /// The folder of its socket.
    pub(crate) socket: String,
    /// Who runs this program.
    pub(crate) system_user: String,
}

pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| make_world(Major::V17).expect("a server"))
}

/// The same of PostgreSQL 15.
pub(crate) fn old_world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| make_world(Major::V15).expect("a server"))
}

impl World {
    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    /// `host=127.0.0.1 port=…` and what else there is.
    pub(crate) fn tcp(&self, rest: &str) -> String {
        format!("host=127.0.0.1 port={} dbname=shop {rest}", self.port())
    }
}

/// The roles: a name, its password and how that is kept.
const ROLES: [(&str, Option<&str>, &str); 18] = [
    ("trusted", None, "scram-sha-256"),
    ("scram", Some(PASSWORD), "scram-sha-256"),
    ("hashed", Some(PASSWORD), "md5"),
    ("clear", Some(PASSWORD), "scram-sha-256"),
    ("tls_trusted", None, "scram-sha-256"),
    ("tls_scram", Some(PASSWORD), "scram-sha-256"),
    ("tls_clear", Some(PASSWORD), "scram-sha-256"),
    ("plain_trusted", None, "scram-sha-256"),
    ("plain_scram", Some(PASSWORD), "scram-sha-256"),
    ("certified", None, "scram-sha-256"),
    ("verified", Some(PASSWORD), "scram-sha-256"),
    ("rejected", None, "scram-sha-256"),
    ("limited", None, "scram-sha-256"),
    ("unlisted", None, "scram-sha-256"),
    ("roman", Some("\u{2168} und \u{a0}mehr"), "scram-sha-256"),
    ("soft", Some("\u{ad}"), "scram-sha-256"),
    ("squared", Some("\u{1f130}\u{1f131}"), "scram-sha-256"),
    ("right_to_left", Some("\u{5d0}a"), "scram-sha-256"),
];

fn make_world(major: Major) -> Result<World> {
    let system_user =
        String::from_utf8(support::run(std::process::Command::new("id").arg("-un"))?)?
            .trim()
            .to_owned();
    let hba = format!(
        "local     all   postgres          trust
         local     all   trusted           trust
         local     all   scram             scram-sha-256
         local     all   clear             password
         local     all   \"{system_user}\" peer
         local     all   certified         peer
         hostssl   all   certified         all cert
         hostssl   all   verified          all scram-sha-256 clientcert=verify-ca
         hostssl   all   tls_trusted       all trust
         hostssl   all   tls_scram         all scram-sha-256
         hostnossl all   tls_scram         all reject
         hostssl   all   tls_clear         all password
         hostnossl all   plain_trusted     all trust
         hostnossl all   plain_scram       all scram-sha-256
         host      all   hashed            all md5
         host      all   clear             all password
         host      all   rejected          all reject
         host      all   trusted,limited,postgres all trust
         host      all   scram,roman,soft,squared,right_to_left all scram-sha-256
        "
    );
    let authority = Authority::new("pgark servers")?;
    let certificates =
        authority.certificates(authority.sign(&for_hosts(&["localhost", "127.0.0.1"])?)?);
    let client_root = files().write(
        format!("world-clients-{major}.crt"),
        clients().authority.pem(),
    )?;
    let server = Server::with(major)
        .tls(&certificates)
        .conf(&format!("ssl_ca_file = '{}'", client_root.display()))
        .conf("max_connections = 60")
        .hba(&hba)
        .start()?;
    let mut script = roles()?;
    if system_user != "postgres" {
        writeln!(script, "create role \"{system_user}\" login;")?;
    }
    server.psql("postgres", script)?;
    let root = files().write(format!("root-{major}.crt"), authority.pem())?;
    Ok(World {
        major,
        socket: server.socket_dir().display().to_string(),
        root: root.display().to_string(),
        server,
        system_user,
    })
}

/// A server that has no TLS, with the roles that need none.
pub(crate) fn make_plain_world(major: Major) -> Result<Server> {
    let server = Server::with(major)
        .hba(
            "local all postgres,trusted         trust
             local all scram                    scram-sha-256
             local all clear                    password
             host  all scram,roman              all scram-sha-256
             host  all hashed                   all md5
             host  all clear                    all password
             host  all rejected                 all reject
             host  all trusted,limited,postgres all trust
            ",
        )
        .start()?;
    server.psql("postgres", roles()?)?;
    Ok(server)
}

/// Makes the databases and the roles.
fn roles() -> Result<String> {
    secret(PASSWORD);
    let mut script = String::from("create database shop; create database \"odd name=%\";");
    for (role, password, kept) in ROLES {
        let password = password.map_or_else(String::new, |password| {
            format!(" password '{}'", password.replace('\'', "''"))
        });
        writeln!(
            script,
            "set password_encryption = '{kept}'; create role {role} login{password};"
        )?;
    }
    writeln!(script, "alter role limited connection limit 0;")?;
    Ok(script)
}
