//! Where options come from: arguments, connection strings, URIs, service files, variables, the password file.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use anyhow::{Result, ensure};
use support::{Major, kept_folder, python, run, shared_server};

use crate::case::Expected::{Connects, Refused, Sooner, Stricter};
use crate::case::{Case, Expected, Kind};
use crate::judge::judge;
use crate::world::{PASSWORD, World, clients, files, private_file, world};

const NOT_SHOWN: Expected = Sooner(
    Kind::Option,
    "a URI of another scheme, with what may be a password, is not taken for a name and shown",
);

#[test]
fn every_way_to_name_a_server_leads_where_psql_goes() {
    let world = world();
    let cases = [
        strings(world),
        uris(world),
        arguments(world),
        variables(world),
        tls_variables(world),
    ]
    .concat();
    judge("names of servers", &cases, 140);
}

fn strings(world: &World) -> Vec<Case> {
    let (port, socket) = (world.port(), &world.socket);
    let ok = |text: String| Case::of(text, Connects);
    let bad = |text: &str| Case::of(text, Refused(Kind::Option));
    vec![
        ok(format!(
            "host=127.0.0.1 port={port} user=trusted dbname=shop"
        )),
        ok(format!(
            "  host =\t127.0.0.1\nport= {port}  user = trusted dbname=shop "
        )),
        ok(format!(
            "host='127.0.0.1' port='{port}' user='trusted' dbname='odd name=%'"
        )),
        ok(format!(
            r"host=127.0.0.1 port={port} user=tru\sted dbname=odd\ name=%"
        )),
        ok(format!(
            "host=127.0.0.1 port={port} user=wrong user=trusted dbname=shop"
        )),
        ok(format!(
            "hostaddr=127.0.0.1 port={port} user=trusted dbname=shop"
        )),
        ok(format!(
            "host=elsewhere.invalid hostaddr=127.0.0.1 port={port} user=trusted dbname=shop"
        )),
        ok(format!(
            "host=localhost port={port} user=trusted dbname=shop"
        )),
        ok(format!(
            "host={socket} port={port} user=trusted dbname=shop"
        )),
        ok(format!(
            "host=127.0.0.1 port=' {port} ' user=trusted dbname=shop"
        )),
        // The database is called like the user.
        Case::of(
            format!("host=127.0.0.1 port={port} user=trusted"),
            Refused(Kind::Database),
        ),
        Case::of(format!("host={socket} port={port} dbname=shop"), Connects),
        Case::of(
            format!("host={socket} port=1 user=trusted dbname=shop"),
            Refused(Kind::Network),
        ),
        Case::of(
            "host=127.0.0.1 port=1 user=trusted dbname=shop",
            Refused(Kind::Network),
        ),
        Case::of(
            "host=no-such-host.invalid user=trusted dbname=shop",
            Refused(Kind::Network),
        ),
        ok(format!(
            "host=127.0.0.1 port={port} user=trusted dbname=shop requiressl=1"
        )),
        ok(format!(
            "host=127.0.0.1 port={port} user=trusted dbname=shop connect_timeout=5 keepalives=1 keepalives_idle=9 tcp_user_timeout=1000 application_name=x options='-c work_mem=1MB' client_encoding=UTF8 fallback_application_name=y"
        )),
        // What a session begins with reaches the server.
        Case::of(
            world.tcp("user=trusted options='-c default_transaction_read_only=on' target_session_attrs=read-write"),
            Refused(Kind::Session),
        ),
        Case::of(world.tcp("user=trusted options='-c nonsense=1'"), Refused(Kind::Parameter)),
        Case::of(world.tcp("user=trusted client_encoding=nonsense"), Refused(Kind::Parameter)),
        ok(format!(
            "host=127.0.0.1 port={port} user=trusted dbname=shop krbsrvname=x gssencmode=disable sslcompression=1 gssdelegation=0"
        )),
        ok(format!(
            "host=127.0.0.1 port={port} user=trusted dbname=shop sslpassword=x"
        )),
        bad("host a=b"),
        bad("dbname='a"),
        bad("hots=a"),
        bad("=a"),
        bad("host=127.0.0.1 port=x dbname=shop"),
        bad("host=127.0.0.1 port=0 dbname=shop"),
        bad("host=127.0.0.1 port=65536 dbname=shop"),
        bad("host=a,b,c port=1,2"),
        bad("host=a,b hostaddr=127.0.0.1"),
        bad("hostaddr=elsewhere"),
        bad("host=127.0.0.1 sslmode=on"),
        bad("host=127.0.0.1 sslmode=''"),
        bad("host=127.0.0.1 channel_binding=yes"),
        bad("host=127.0.0.1 gssencmode=yes"),
        bad("host=127.0.0.1 target_session_attrs=master"),
        bad("host=127.0.0.1 load_balance_hosts=yes"),
        bad("host=127.0.0.1 sslcertmode=yes"),
        bad("host=127.0.0.1 connect_timeout=soon"),
        bad("host=127.0.0.1 ssl_min_protocol_version=SSLv3"),
        bad("host=127.0.0.1 ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2"),
        bad("host=127.0.0.1 sslnegotiation=direct"),
        bad("host=127.0.0.1 sslrootcert=system sslmode=require"),
        bad("host=127.0.0.1 require_auth=scram"),
        bad("host=127.0.0.1 require_auth=md5,md5"),
        bad("host=127.0.0.1 require_auth=md5,!password"),
        Case::of(
            format!("host=127.0.0.1 port={port} user=trusted dbname=shop gssencmode=require"),
            Refused(Kind::Option),
        ),
        Case::of(
            format!("host={socket} port={port} user=trusted dbname=shop keepalives=x"),
            Stricter(
                Kind::Option,
                "a value that cannot be used is an error even where it has no effect",
            ),
        ),
    ]
}

fn uris(world: &World) -> Vec<Case> {
    let (port, socket) = (world.port(), world.socket.replace('/', "%2F"));
    let ok = |text: String| Case::of(text, Connects);
    let bad = |text: &str| Case::of(text, Refused(Kind::Option));
    vec![
        ok(format!("postgres://trusted@127.0.0.1:{port}/shop")),
        ok(format!(
            "postgresql://trusted@127.0.0.1:{port}/shop?sslmode=disable"
        )),
        ok(format!(
            "postgresql://tr%75sted@127.0.0.1:{port}/odd%20name=%25"
        )),
        ok(format!("postgresql://trusted@{socket}:{port}/shop")),
        ok(format!(
            "postgresql://trusted@/shop?host={}&port={port}",
            world.socket
        )),
        ok(format!(
            "postgresql:///shop?host=127.0.0.1&port={port}&user=trusted"
        )),
        ok(format!(
            "postgresql://?host=127.0.0.1&port={port}&user=trusted&dbname=shop"
        )),
        ok(format!(
            "postgresql://trusted@localhost:{port}/wrong?dbname=shop"
        )),
        ok(format!(
            "postgresql://trusted@127.0.0.1:{port}/shop?ssl=true"
        )),
        ok(format!(
            "postgresql://trusted:ignored@127.0.0.1:{port}/shop"
        )),
        ok(format!(
            "postgresql://trusted@127.0.0.1:1,127.0.0.1:{port}/shop"
        )),
        ok(format!("postgresql://trusted@127.0.0.1:{port}/shop?")),
        ok(format!(
            "postgresql://scram:swordfish%267%20%27x%5C@127.0.0.1:{port}/shop"
        )),
        Case::of(
            format!("postgresql://trusted@[::1]:{port}/shop"),
            Refused(Kind::Network),
        ),
        // Brackets hold whatever stands between them.
        ok(format!("postgresql://trusted@[127.0.0.1]:{port}/shop")),
        ok(format!(
            "postgresql://trusted@[::1]:1,127.0.0.1:{port}/shop"
        )),
        ok(format!(
            "postgresql://trusted@127.0.0.1:1,[::1]:1,127.0.0.1:{port}/shop"
        )),
        ok(format!(
            "postgresql://trusted@127%2E0.0.1:{port}/shop?connect%5Ftimeout=5"
        )),
        Case::of(
            format!(
                "postgresql://trusted@127.0.0.1:{port}/shop?options=-c%20default_transaction_read_only%3Don&target_session_attrs=read-write"
            ),
            Refused(Kind::Session),
        ),
        Case::of(
            format!("postgresql://trusted@127.0.0.1:{port}"),
            Refused(Kind::Database),
        ),
        bad("postgresql://[::1"),
        bad("postgresql://[]"),
        bad("postgresql://[::1]x"),
        bad("postgresql://u:p%2@h"),
        bad("postgresql://u:p%zz@h"),
        bad("postgresql://h/%00"),
        bad("postgresql://h?dbname"),
        bad("postgresql://h?dbname=a=b"),
        bad("postgresql://h?databas=x"),
        bad("postgresql://127.0.0.1:x/shop"),
        bad("postgresql://127.0.0.1:1,b:2,c/shop?port=1,2"),
    ]
}

fn arguments(world: &World) -> Vec<Case> {
    let port = world.port().to_string();
    let string = world.tcp("user=trusted");
    let uri = format!("postgres://trusted@127.0.0.1:{port}/shop");
    let here = ["-h", "127.0.0.1", "-p", &port, "-U", "trusted"];
    let with = |rest: &[&str]| Case::args(&[&here[..], rest].concat(), Connects);
    vec![
        with(&["-d", "shop"]),
        with(&["shop"]),
        // A name with "=" in it is taken for a connection string.
        Case::args(
            &["-h", "127.0.0.1", "-p", &port, "odd name=%"],
            Refused(Kind::Option),
        ),
        with(&["-d", "dbname=shop"]),
        Case::args(&[&string], Connects),
        Case::args(&[&uri], Connects),
        Case::args(
            &["-h", &world.socket, "-p", &port, "-U", "trusted", "shop"],
            Connects,
        ),
        // A connection string goes before the letters, and these before the variables.
        Case::args(
            &[
                "-d",
                &string,
                "-p",
                "1",
                "-h",
                "elsewhere.invalid",
                "-U",
                "wrong",
            ],
            Connects,
        ),
        Case::args(&["-d", &uri, "-p", "1"], Connects),
        Case::args(
            &[
                "-d",
                "user=trusted dbname=shop",
                "-h",
                "127.0.0.1",
                "-p",
                &port,
            ],
            Connects,
        ),
        with(&["shop"])
            .with("PGHOST", "elsewhere.invalid")
            .with("PGPORT", "1")
            .with("PGUSER", "wrong"),
        Case::of(string.clone(), Connects)
            .with("PGHOST", "elsewhere.invalid")
            .with("PGDATABASE", "wrong"),
        Case::of(uri, Connects)
            .with("PGPORT", "1")
            .with("PGSSLMODE", "disable"),
        // There are two schemes, in small letters.
        with(&["POSTGRES://h/x"]).refused(Kind::Database),
        with(&["POSTGRES://u:swordfish@h/x"]).expecting(NOT_SHOWN),
        with(&["postgre://u:swordfish@h/x"]).expecting(NOT_SHOWN),
        with(&["postgres://u:p@swordfish@h/x"]).expecting(Sooner(
            Kind::Option,
            "the rest of a password is not looked up as a host",
        )),
        with(&["postgres://u:swordfish/p@h/x"]).refused(Kind::Option),
        with(&["password=a swordfish"]).refused(Kind::Option),
        with(&["postgres://h?password=a&swordfish"]).refused(Kind::Option),
        // A name is bytes.
        with(&[])
            .with_bytes("PGDATABASE", b"caf\xe9")
            .refused(Kind::Database),
        with(&["-d"]).and_bytes(b"caf\xe9").refused(Kind::Database),
        with(&["-d", "shop", "-U"])
            .and_bytes(b"caf\xe9")
            .refused(Kind::Login),
        // The last of two counts.
        Case::args(
            &[
                "-h",
                "elsewhere.invalid",
                "-p",
                "1",
                "-U",
                "wrong",
                "-d",
                "wrong",
            ],
            Connects,
        )
        .and_args(&[
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "trusted",
            "-d",
            "shop",
        ]),
        // Empty letters say nothing.
        Case::args(&["-d", "", "-h", "", "-p", "", "-U", ""], Connects)
            .with("PGHOST", "127.0.0.1")
            .with("PGPORT", port.clone())
            .with("PGUSER", "trusted")
            .with("PGDATABASE", "shop"),
        // Empty values in a string hide the variables.
        Case::of(
            format!("host=127.0.0.1 port={port} user=trusted dbname=''"),
            Refused(Kind::Database),
        )
        .with("PGDATABASE", "shop"),
        Case::of(
            format!("hostaddr='' host=127.0.0.1 port={port} user=trusted dbname=shop"),
            Connects,
        )
        .with("PGHOSTADDR", "192.0.2.1"),
    ]
}

fn variables(world: &World) -> Vec<Case> {
    let port = world.port().to_string();
    let here = |expected| {
        Case::args(&[], expected)
            .with("PGHOST", "127.0.0.1")
            .with("PGPORT", port.clone())
            .with("PGDATABASE", "shop")
            .with("PGUSER", "trusted")
    };
    vec![
        here(Connects),
        here(Connects)
            .with("PGAPPNAME", "x")
            .with("PGOPTIONS", "-c work_mem=1MB")
            .with("PGCLIENTENCODING", "LATIN1"),
        here(Connects)
            .with("PGSSLMODE", "require")
            .with("PGCONNECT_TIMEOUT", "9"),
        here(Connects).with("PGREQUIRESSL", "1"),
        here(Connects)
            .with("PGREQUIRESSL", "1")
            .with("PGSSLMODE", "disable"),
        here(Connects)
            .with("PGSSLMODE", "verify-full")
            .with("PGSSLROOTCERT", world.root.clone()),
        here(Connects)
            .with("PGHOST", "elsewhere.invalid")
            .with("PGHOSTADDR", "127.0.0.1"),
        here(Connects)
            .with("PGCHANNELBINDING", "disable")
            .with("PGREQUIREAUTH", "none")
            .with("PGTARGETSESSIONATTRS", "read-write")
            .with("PGLOADBALANCEHOSTS", "random"),
        here(Refused(Kind::Login)).with("PGCHANNELBINDING", "require"),
        here(Refused(Kind::Login)).with("PGREQUIREAUTH", "!none"),
        here(Refused(Kind::Session)).with("PGTARGETSESSIONATTRS", "standby"),
        here(Refused(Kind::Option)).with("PGSSLMODE", ""),
        here(Refused(Kind::Option)).with("PGSSLMODE", "yes"),
        here(Refused(Kind::Option)).with("PGCONNECT_TIMEOUT", ""),
        here(Refused(Kind::Option)).with("PGLOADBALANCEHOSTS", "x"),
        here(Refused(Kind::Option)).with("PGPORT", "x"),
        here(Refused(Kind::Network)).with("PGPORT", "1"),
        here(Refused(Kind::Option)).with("PGSERVICE", ""),
        here(Refused(Kind::Session))
            .with("PGOPTIONS", "-c default_transaction_read_only=on")
            .with("PGTARGETSESSIONATTRS", "read-write"),
        here(Refused(Kind::Parameter)).with("PGOPTIONS", "-c nonsense=1"),
        here(Refused(Kind::Parameter)).with("PGCLIENTENCODING", "nonsense"),
        here(Refused(Kind::Option)).with("PGTARGETSESSIONATTRS", "master"),
        here(Refused(Kind::Option)).with("PGCHANNELBINDING", "yes"),
        here(Refused(Kind::Option)).with("PGREQUIREAUTH", "scram"),
        here(Refused(Kind::Option)).with("PGHOSTADDR", "elsewhere"),
        here(Connects)
            .with("PGKRBSRVNAME", "x")
            .with("PGGSSLIB", "gssapi")
            .with("PGGSSDELEGATION", "1"),
        here(Connects).with("PGGSSENCMODE", "disable"),
        here(Refused(Kind::Option)).with("PGGSSENCMODE", "require"),
        here(Refused(Kind::Option)).with("PGGSSENCMODE", "yes"),
    ]
}

fn tls_variables(world: &World) -> Vec<Case> {
    let here =
        |expected| Case::of(world.tcp("user=trusted"), expected).with("PGSSLMODE", "require");
    vec![
        here(Connects).with("PGSSLMAXPROTOCOLVERSION", "TLSv1.2"),
        here(Connects).with("PGSSLMINPROTOCOLVERSION", "TLSv1.3"),
        here(Refused(Kind::Option)).with("PGSSLMINPROTOCOLVERSION", "TLSv1.4"),
        here(Refused(Kind::Option))
            .with("PGSSLMINPROTOCOLVERSION", "TLSv1.3")
            .with("PGSSLMAXPROTOCOLVERSION", "TLSv1.2"),
        here(Connects).with("PGSSLNEGOTIATION", "direct"),
        here(Refused(Kind::Option))
            .with("PGSSLNEGOTIATION", "direct")
            .with("PGSSLMODE", "prefer"),
        here(Refused(Kind::Option)).with("PGSSLNEGOTIATION", "yes"),
        here(Connects)
            .with("PGSSLCOMPRESSION", "1")
            .with("PGSSLSNI", "0"),
        here(Refused(Kind::Tls)).with("PGSSLCERTMODE", "require"),
        here(Refused(Kind::Option)).with("PGSSLCERTMODE", "yes"),
        here(Refused(Kind::Tls)).with("PGSSLROOTCERT", "/etc/passwd"),
        here(Refused(Kind::Tls))
            .with("PGSSLROOTCERT", world.root.clone())
            .with("PGSSLCRLDIR", "/nonexistent"),
        here(Stricter(
            Kind::Tls,
            "a revocation list that is named must be there and be one",
        ))
        .with("PGSSLROOTCERT", world.root.clone())
        .with("PGSSLCRL", "/nonexistent"),
        here(Refused(Kind::Tls))
            .with("PGSSLCERT", clients().certified.0.clone())
            .with("PGSSLKEY", "/nonexistent"),
    ]
}

#[test]
fn versions_of_the_protocol_are_agreed_on_as_for_psql() {
    let mut cases = Vec::new();
    // A server, what is asked for, and what comes of it.
    for (major, asked, expected) in [
        (Major::V18, "max_protocol_version=3.2", Connects),
        (Major::V18, "max_protocol_version=latest", Connects),
        (Major::V18, "min_protocol_version=3.2", Connects),
        (
            Major::V18,
            "min_protocol_version=3.2 max_protocol_version=3.0",
            Refused(Kind::Option),
        ),
        (
            Major::V18,
            "max_protocol_version=3.1",
            Refused(Kind::Option),
        ),
        (Major::V18, "min_protocol_version=4", Refused(Kind::Option)),
        (Major::V17, "max_protocol_version=3.2", Connects),
        (Major::V17, "min_protocol_version=3.0", Connects),
        (
            Major::V17,
            "min_protocol_version=3.2",
            Refused(Kind::Protocol),
        ),
        (Major::V16, "max_protocol_version=latest", Connects),
        (Major::V15, "max_protocol_version=latest", Connects),
        (
            Major::V15,
            "min_protocol_version=latest",
            Refused(Kind::Protocol),
        ),
    ] {
        let string = shared_server(major).conninfo("postgres");
        cases.push(Case::of(format!("{string} {asked}"), expected));
    }
    let string = shared_server(Major::V15).conninfo("postgres");
    cases.push(Case::of(string.clone(), Connects).with("PGMAXPROTOCOLVERSION", "3.2"));
    cases.push(
        Case::of(string.clone(), Refused(Kind::Protocol)).with("PGMINPROTOCOLVERSION", "3.2"),
    );
    cases.push(Case::of(string, Refused(Kind::Option)).with("PGMAXPROTOCOLVERSION", "x"));
    let cases: Vec<Case> = cases.into_iter().map(Case::judged_by_18).collect();
    judge("versions of the protocol", &cases, 15);
}

/// Prints the names of all options of a libpq.
const LIST_OPTIONS: &str = "\
import ctypes, sys
class Option(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ('name', 'variable', 'built', 'value', 'label', 'how')] + [('size', ctypes.c_int)]
libpq = ctypes.CDLL(sys.argv[1])
libpq.PQconndefaults.restype = ctypes.POINTER(Option)
options = libpq.PQconndefaults()
at = 0
while options[at].name:
    print(options[at].name.decode())
    at += 1
";

#[test]
fn every_option_of_libpq_18_is_known() -> Result<()> {
    let libpq = kept_folder().join("pg/18/lib/libpq.so.5");
    let listed = run(python().args(["-c", LIST_OPTIONS]).arg(&libpq))?;
    let listed = String::from_utf8(listed)?;
    let mut count = 0;
    for name in listed.lines() {
        pgark_connect::Config::new().set(name, "x")?;
        count += 1;
    }
    ensure!(count >= 49, "libpq 18 has only {count} options: {listed}");
    ensure!(pgark_connect::Config::new().set("nonsense", "x").is_err());
    Ok(())
}

#[test]
fn services_are_read_as_psql_reads_them() -> Result<()> {
    let world = world();
    let port = world.port();
    let here = format!("host=127.0.0.1\nport={port}\nuser=trusted\ndbname=shop\n");
    let own = files().write(
        "own.conf",
        format!(
            "# services\n[shop]\n{here}\n[tls]\n{here}sslmode=require\n[spaces]\n  host=127.0.0.1  \nport={port}\n\
             user=trusted\ndbname=odd name=%\n[wrong-option]\nhots=x\n[no-value]\nhost\n[nested]\nservice=shop\n\
             [both]\n{here}\n[blank]\nhost = 127.0.0.1\n[password]\nuser=scram\n{here}password={PASSWORD}\n[short\n{here}\n"
        ),
    )?;
    let folder = files().join("system");
    fs::create_dir(&folder)?;
    fs::write(
        folder.join("pg_service.conf"),
        format!("[both]\nhost=elsewhere.invalid\n[all]\n{here}"),
    )?;
    let home = files().join("service-home");
    fs::create_dir(&home)?;
    fs::write(home.join(".pg_service.conf"), format!("[home]\n{here}"))?;

    let case = |args: &[&str], expected| {
        Case::args(args, expected)
            .with("PGSERVICEFILE", own.clone())
            .with("PGSYSCONFDIR", folder.clone())
    };
    let bad = Refused(Kind::Option);
    let string = world.tcp("user=trusted service=shop");
    let cases = [
        case(&["-d", "service=shop"], Connects),
        case(&["-d", "postgres:///?service=shop"], Connects),
        case(&[], Connects).with("PGSERVICE", "shop"),
        case(&["-d", "service=tls"], Connects).with("PGSERVICE", "shop"),
        case(&["-d", "service=spaces"], Connects),
        case(&["-d", "service=both"], Connects),
        case(&["-d", "service=all"], Connects),
        case(&["-d", &string], Connects),
        // What is said goes before the service, the service before variables.
        case(&["-d", "service=shop port=1"], Refused(Kind::Network)),
        case(&["-d", "service=shop", "-p", "1"], Refused(Kind::Network)),
        case(&["-d", "service=shop"], Connects)
            .with("PGHOST", "elsewhere.invalid")
            .with("PGUSER", "wrong"),
        case(&["-d", "service=shop dbname='odd name=%'"], Connects),
        case(&["-d", "service=password"], Connects),
        case(&["-d", "service=missing"], bad),
        case(&["-d", "service=sho"], bad),
        case(&["-d", "service=wrong-option"], bad),
        case(&["-d", "service=no-value"], bad),
        case(&["-d", "service=nested"], bad),
        case(&["-d", "service=blank"], bad),
        case(&["-d", "service=short"], bad),
        Case::of("service=home", Connects).with("HOME", home.clone()),
        Case::of("service=home", bad),
        Case::of("service=shop", bad).with("PGSERVICEFILE", "/nonexistent"),
        Case::of("service=all", Connects).with("PGSYSCONFDIR", folder.clone()),
    ];
    judge("services", &cases, 24);
    Ok(())
}

#[test]
fn password_files_are_read_as_psql_reads_them() -> Result<()> {
    let world = world();
    let port = world.port();
    let escaped = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
    let file = |name: &str, lines: &str| private_file(name, lines);
    let good = file(
        "good.pgpass",
        &format!(
            "#127.0.0.1:*:*:*:comment\nshort:1\n127.0.0.1:{port}:other:scram:wrong\n127.0.0.1:{port}:shop:scram:{escaped}\n*:*:*:*:wrong\n"
        ),
    )?;
    let socket = file(
        "socket.pgpass",
        &format!("{}:*:*:scram:{escaped}\n", world.socket),
    )?;
    let named = file(
        "named.pgpass",
        &format!("localhost:{port}:*:*:{escaped}\r\n"),
    )?;
    let wild = file("wild.pgpass", &format!("*:*:*:*:{escaped}"))?;
    let wrong = file("wrong.pgpass", "*:*:*:*:wrong\n")?;
    let other = file("other.pgpass", &format!("192.0.2.1:*:*:*:{escaped}\n"))?;
    let open = file("open.pgpass", &format!("*:*:*:*:{escaped}\n"))?;
    fs::set_permissions(&open, Permissions::from_mode(0o640))?;
    let home = files().join("pgpass-home");
    fs::create_dir(&home)?;
    fs::rename(
        file("home.pgpass", &format!("*:*:*:*:{escaped}\n"))?,
        home.join(".pgpass"),
    )?;

    let string = world.tcp("user=scram");
    let with = |string: &str, path: &std::path::Path, expected| {
        Case::of(string, expected).with("PGPASSFILE", path)
    };
    let local = format!("host={} port={port} user=scram dbname=shop", world.socket);
    let login = Refused(Kind::Login);
    let cases = [
        with(&string, &good, Connects),
        Case::of(format!("{string} passfile={}", good.display()), Connects)
            .with("PGPASSFILE", wrong.clone()),
        Case::of(format!("{string} passfile={}", good.display()), login)
            .with("PGPASSWORD", "wrong"),
        with(&string, &wild, Connects),
        with(&string, &wrong, login),
        with(&string, &other, login),
        with(&string, &open, login),
        with(&string, "/nonexistent".as_ref(), login),
        with(&string, files().path(), login),
        with(&local, &socket, Connects),
        with(&local, &named, login),
        with(&string, &named, login),
        with(&string.replace("127.0.0.1", "localhost"), &named, Connects),
        with(
            &string.replace("host=127.0.0.1", "host=localhost hostaddr=127.0.0.1"),
            &named,
            Connects,
        ),
        with(&string.replace("host=", "hostaddr="), &good, Connects),
        with(&string.replace("shop", "'odd name=%'"), &good, login),
        Case::of(string.clone(), Connects).with("HOME", home.clone()),
        Case::of(string.clone(), login),
        Case::of(format!("{string} password=''"), Connects)
            .with("PGPASSWORD", "wrong")
            .with("PGPASSFILE", wild.clone()),
        Case::of(string.clone(), Connects)
            .with("PGPASSWORD", PASSWORD)
            .with("PGPASSFILE", wrong.clone()),
    ];
    judge("password files", &cases, 20);

    // Why a file is not used is told.
    let ran = crate::judge::run_ping(&with(&string, &open, login))?;
    ran.expect_code(3)?
        .expect_words(["open.pgpass", "mode 0640", "0600 or less"])?;
    Ok(())
}
