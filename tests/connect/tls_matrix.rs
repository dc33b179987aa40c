//! Every mode against every kind of server.

use anyhow::Result;
use support::{Certificates, Major, Server};

use crate::case::Expected::{Connects, Refused};
use crate::case::{Case, Expected, Kind};
use crate::changeable::Changeable;
use crate::judge::Tally;
use crate::secret::secret_key;
use crate::world::{Authority, clients, expired, files, for_hosts};

const MODES: [&str; 6] = [
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

/// A server, what a client trusts, and what must come of each mode: `C`onnects, or is refused for `T`LS or the
/// `L`ogin; first with a file of trusted certificates, then without.
struct Setup {
    name: &'static str,
    certificates: Option<Certificates>,
    trusted: String,
    client: Client,
    with_root: &'static str,
    without_root: &'static str,
}

#[derive(PartialEq)]
enum Client {
    /// Nobody asks for a certificate.
    Any,
    /// A certificate is demanded, and shown.
    Shows,
    /// A certificate is demanded, and not shown.
    ShowsNone,
}

fn setups() -> Result<Vec<Setup>> {
    let authority = Authority::new("pgark servers")?;
    let good = for_hosts(&["localhost", "127.0.0.1"])?;
    let right = authority.certificates(authority.sign(&good)?);
    let key = rcgen::KeyPair::generate()?;
    let own = good.self_signed(&key)?.pem();
    let setup = |name, certificates, trusted: &str, client, with_root, without_root| Setup {
        name,
        certificates,
        trusted: trusted.to_owned(),
        client,
        with_root,
        without_root,
    };
    let self_signed = Certificates {
        root: own.clone(),
        server: own.clone(),
        server_key: secret_key(key.serialize_pem()),
    };
    let wrong_name = authority.certificates(authority.sign(&for_hosts(&["other.example"])?)?);
    let over = authority.certificates(authority.sign(&expired()?)?);
    let root = authority.pem();
    let other = Authority::new("pgark others")?.pem();
    Ok(vec![
        setup("plain", None, &root, Client::Any, "CCCTTT", "CCCTTT"),
        setup(
            "self-signed",
            Some(self_signed),
            &own,
            Client::Any,
            "CCCCCC",
            "CCCCTT",
        ),
        setup(
            "right authority",
            Some(right.clone()),
            &root,
            Client::Any,
            "CCCCCC",
            "CCCCTT",
        ),
        // Where it can do without, libpq does without rather than trust.
        setup(
            "wrong authority",
            Some(right.clone()),
            &other,
            Client::Any,
            "CCCTTT",
            "CCCCTT",
        ),
        setup(
            "wrong name",
            Some(wrong_name),
            &root,
            Client::Any,
            "CCCCCT",
            "CCCCTT",
        ),
        setup(
            "expired",
            Some(over),
            &root,
            Client::Any,
            "CCCTTT",
            "CCCCTT",
        ),
        setup(
            "certificate shown",
            Some(right.clone()),
            &root,
            Client::Shows,
            "LCCCCC",
            "LCCCTT",
        ),
        setup(
            "no certificate shown",
            Some(right),
            &root,
            Client::ShowsNone,
            "LLLLLL",
            "LLLLTT",
        ),
    ])
}

fn expected(letter: char) -> Expected {
    match letter {
        'C' => Connects,
        'L' => Refused(Kind::Login),
        _ => Refused(Kind::Tls),
    }
}

/// A server to which `certified` comes by a certificate and `trusted` in any way.
fn start(major: Major) -> Result<Changeable> {
    let clients = files().write(format!("clients-{major}.crt"), clients().authority.pem())?;
    let changeable = Changeable::start(
        Server::with(major)
            .conf(&format!("ssl_ca_file = '{}'", clients.display()))
            .hba(
                "local all all trust\nhost all postgres,trusted all trust\nhostssl all certified all cert\n\
                 hostnossl all certified all reject\n",
            ),
    )?;
    let roles = "create role trusted login; create role certified login";
    changeable.server.psql("postgres", roles)?;
    Ok(changeable)
}

fn cases(major: Major, setup: &Setup, changeable: &Changeable) -> Result<Vec<Case>> {
    let root = files().write(format!("root-{major}-{}.crt", setup.name), &setup.trusted)?;
    let user = if setup.client == Client::Any {
        "trusted"
    } else {
        "certified"
    };
    let mut string = format!(
        "host=localhost hostaddr=127.0.0.1 port={} user={user} dbname=postgres",
        changeable.server.port()
    );
    if setup.client == Client::Shows {
        let (certificate, key) = &clients().certified;
        string = format!(
            "{string} sslcert={} sslkey={}",
            certificate.display(),
            key.display()
        );
    }
    let row = |rest: String, letters: &str| -> Vec<Case> {
        MODES
            .iter()
            .zip(letters.chars())
            .map(|(mode, letter)| {
                Case::of(format!("{string} sslmode={mode}{rest}"), expected(letter))
            })
            .collect()
    };
    let with_root = row(
        format!(" sslrootcert='{}'", root.display()),
        setup.with_root,
    );
    Ok([with_root, row(String::new(), setup.without_root)].concat())
}

#[test]
fn every_mode_does_with_every_server_what_it_does_for_psql() -> Result<()> {
    for major in Major::all().into_iter().filter(|major| major.has_tls()) {
        let changeable = start(major)?;
        let mut tally = Tally::new(&format!("TLS modes, PostgreSQL {major}"));
        for setup in setups()? {
            match &setup.certificates {
                Some(shown) => changeable.change(&shown.server, &shown.server_key)?,
                None => changeable.set("ssl", "off")?,
            }
            tally.judge(setup.name, &cases(major, &setup, &changeable)?);
            if setup.certificates.is_none() {
                changeable.set("ssl", "on")?;
            }
        }
        tally.end(96);
    }
    Ok(())
}
