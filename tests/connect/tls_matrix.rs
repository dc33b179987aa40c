//! Every mode against every kind of server.

use anyhow::Result;
use support::{Certificates, Major, Options, Server, side_by_side};

use crate::case::Expected::{Connects, Refused};
use crate::case::{Case, Expected, Kind};
use crate::judge::judge;
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
        server_key: key.serialize_pem(),
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

fn start(major: Major, setup: &Setup) -> Result<Server> {
    let (method, nossl) = if setup.client == Client::Any {
        ("trust", "trust")
    } else {
        ("cert", "reject")
    };
    let mut options: Options = Server::with(major).hba(&format!(
        "local all all trust\nhost all postgres all trust\nhostssl all all all {method}\nhostnossl all all all {nossl}\n"
    ));
    if let Some(certificates) = &setup.certificates {
        let root = files().write(
            format!("clients-{major}-{}.crt", setup.name),
            clients().authority.pem(),
        )?;
        options = options
            .tls(certificates)
            .conf(&format!("ssl_ca_file = '{}'", root.display()));
    }
    let server = options.start()?;
    server.psql("postgres", "create role certified login")?;
    Ok(server)
}

fn cases(major: Major, setup: &Setup, server: &Server) -> Result<Vec<Case>> {
    let root = files().write(format!("root-{major}-{}.crt", setup.name), &setup.trusted)?;
    let mut string = format!(
        "host=localhost hostaddr=127.0.0.1 port={} user=certified dbname=postgres",
        server.port()
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
        let setups = setups()?;
        let places: Vec<usize> = (0..setups.len()).collect();
        let servers = side_by_side(&places, |place| start(major, &setups[*place]));
        let mut all = Vec::new();
        for (setup, server) in setups.iter().zip(&servers) {
            all.extend(cases(major, setup, server)?);
        }
        judge(&format!("TLS modes, PostgreSQL {major}"), &all, 96);
    }
    Ok(())
}
