use std::collections::HashMap;
use std::ffi::OsString;

use std::path::Path;

use pgark_wire::Method;

use crate::host::Place;
use crate::tls::SslMode;

use super::*;

fn target(conninfo: &str) -> Result<Target, String> {
    let config = Config::parse(conninfo).map_err(|error| error.to_string())?;
    Target::of(&config).map_err(|error| error.to_string())
}

#[test]
fn defaults_are_those_of_libpq() {
    let target = target("user=someone host=h").unwrap();
    assert_eq!(target.user, "someone");
    assert_eq!(target.database, "someone");
    assert_eq!(target.timeout, Some(Duration::from_secs(10)));
    assert_eq!(
        (target.tls.mode, target.binding),
        (SslMode::Prefer, Binding::Prefer)
    );
    let place = Place::Network("h".into());
    assert_eq!(
        target.hosts,
        [Host {
            name: Some("h".into()),
            place,
            port: 5432
        }]
    );
    assert_eq!(Config::new().user().unwrap(), whoami::username().unwrap());
}

#[test]
fn arguments_win_over_the_string_which_wins_over_the_environment() {
    let environment: HashMap<&str, &str> = HashMap::from([
        ("PGHOST", "env-host"),
        ("PGUSER", "env-user"),
        ("PGDATABASE", "env-db"),
        ("PGPORT", "1"),
        ("PGSSLMODE", "require"),
        ("PGAPPNAME", "env-name"),
    ]);
    let mut config =
        Config::parse("postgres://string-user@string-host/string-db?fallback_application_name=x")
            .unwrap();
    config.set_host("argument-host");
    config.set_user("");
    let config = config
        .with_variables(|name| environment.get(name).map(OsString::from))
        .unwrap();
    let target = Target::of(&config).unwrap();
    assert_eq!(target.hosts[0].name.as_deref(), Some("argument-host"));
    assert_eq!(target.hosts[0].port, 1);
    assert_eq!(
        (target.user.to_string(), target.database.to_string()),
        ("string-user".into(), "string-db".into())
    );
    assert_eq!(target.tls.mode, SslMode::Require);
    assert_eq!(
        target.parameters,
        [("application_name", BString::from("env-name"))]
    );
}

#[test]
fn an_empty_value_hides_what_the_sources_below_say() {
    let environment: HashMap<&str, &str> = HashMap::from([
        ("PGHOST", "env-host"),
        ("PGPASSWORD", ""),
        ("PGREQUIRESSL", "1"),
    ]);
    let with = |text: &str| {
        let config = Config::parse(text).unwrap();
        let config = config.with_variables(|name| environment.get(name).map(OsString::from));
        Target::of(&config.unwrap())
    };
    assert_eq!(with("").unwrap().hosts[0].name.as_deref(), Some("env-host"));
    assert_eq!(with("host=''").unwrap().hosts[0].name, None);
    assert_eq!(with("").unwrap().tls.mode, SslMode::Require);
    assert_eq!(with("sslmode=allow").unwrap().tls.mode, SslMode::Allow);
    let error = with("sslmode=''").unwrap_err();
    assert_eq!(
        error.to_string(),
        "connection option sslmode is \"\": it must be one of disable, allow, prefer, require, verify-ca, verify-full"
    );
}

#[test]
fn only_a_text_that_looks_like_one_is_a_connection_string() {
    for (text, database) in [
        ("shop", "shop"),
        ("shop one", "shop one"),
        ("dbname=shop", "shop"),
        ("", &whoami::username().unwrap()),
        ("postgres:shop", "postgres:shop"),
        ("postgresql:///shop", "shop"),
        ("MySQL://x", "MySQL://x"),
    ] {
        assert_eq!(Config::parse(text).unwrap().dbname().unwrap(), database);
    }
    let config = Config::parse("host=a")
        .unwrap()
        .with_dbname("host=evil dbname=x");
    assert_eq!(config.dbname().unwrap(), "host=evil dbname=x");
    assert_eq!(config.host().unwrap(), "a");
}

#[test]
fn hosts_addresses_and_ports_are_paired() {
    let shown = |conninfo: &str| {
        target(conninfo).map(|target| {
            let hosts = target.hosts.iter();
            hosts
                .map(|host| {
                    format!(
                        "{:?} {:?} {}",
                        host.name.as_deref().unwrap_or("-"),
                        host.place,
                        host.port
                    )
                })
                .collect::<Vec<_>>()
        })
    };
    for (conninfo, hosts) in [
        (
            "host=a,b port=1",
            vec![r#""a" Network("a") 1"#, r#""b" Network("b") 1"#],
        ),
        (
            "host=a,b port=1,",
            vec![r#""a" Network("a") 1"#, r#""b" Network("b") 5432"#],
        ),
        ("host=/run/x port=7", vec![r#""/run/x" Socket("/run/x") 7"#]),
        ("host=@x", vec![r#""@x" Socket("@x") 5432"#]),
        (
            "host=a hostaddr=10.0.0.1",
            vec![r#""a" Network("10.0.0.1") 5432"#],
        ),
        ("hostaddr=::1", vec![r#""-" Network("::1") 5432"#]),
    ] {
        assert_eq!(shown(conninfo).unwrap(), hosts, "{conninfo}");
    }
    let default = target("user=u").unwrap().hosts;
    let socket = Place::Socket("/var/run/postgresql".into());
    let expected = if Path::new("/var/run/postgresql").is_dir() {
        socket
    } else {
        Place::Network("localhost".into())
    };
    assert_eq!(default[0].place, expected);
}

#[test]
fn sockets_have_libpqs_names() {
    let host = &target("host=/run/x port=7").unwrap().hosts[0];
    assert_eq!(
        host.socket_path(Path::new("/run/x")),
        Path::new("/run/x/.s.PGSQL.7")
    );
    assert_eq!(
        host.socket_path(Path::new("@x")),
        Path::new("\0x/.s.PGSQL.7")
    );
}

#[test]
fn bad_values_are_named() {
    for (conninfo, message) in [
        (
            "port=x",
            "connection option port is \"x\": it is no number from 1 to 65535",
        ),
        (
            "port=0",
            "connection option port is \"0\": it is no number from 1 to 65535",
        ),
        (
            "port=65536",
            "connection option port is \"65536\": it is no number from 1 to 65535",
        ),
        (
            "host=a,b,c port=1,2",
            "connection option port is \"1,2\": 2 ports do not fit 3 hosts",
        ),
        (
            "host=a,b hostaddr=::1",
            "connection option hostaddr is \"::1\": 1 addresses do not fit 2 host names",
        ),
        (
            "hostaddr=db",
            "connection option hostaddr is \"db\": it is no IP address",
        ),
        (
            "sslmode=yes",
            "connection option sslmode is \"yes\": it must be one of disable, allow, prefer, require, verify-ca, verify-full",
        ),
        (
            "channel_binding=x",
            "connection option channel_binding is \"x\": it must be one of prefer, disable, require",
        ),
        (
            "connect_timeout=soon",
            "connection option connect_timeout is \"soon\": it is no whole number",
        ),
        (
            "sslrootcert=system sslmode=require",
            "connection option sslmode is \"require\": with sslrootcert=system it must be verify-full",
        ),
        (
            "sslmode=requier",
            "connection option sslmode is \"requier\": it must be one of disable, allow, prefer, require, verify-ca, verify-full (the nearest is \"require\")",
        ),
        (
            "target_session_attrs=primry",
            "connection option target_session_attrs is \"primry\": it must be one of any, read-write, read-only, primary, standby, prefer-standby (the nearest is \"primary\")",
        ),
        (
            "load_balance_hosts=yes",
            "connection option load_balance_hosts is \"yes\": it must be one of disable, random",
        ),
        (
            "gssencmode=require",
            "connection option gssencmode with the value \"require\" is not supported",
        ),
        (
            "gssencmode=x",
            "connection option gssencmode is \"x\": it must be one of disable, prefer, require",
        ),
        (
            "sslkeylogfile=/tmp/x",
            "connection option sslkeylogfile is not supported",
        ),
        (
            "scram_client_key=hunter2",
            "connection option scram_client_key is not supported",
        ),
        (
            "sslnegotiation=direct",
            "connection option sslnegotiation is \"direct\": sslmode must then be require, verify-ca or verify-full",
        ),
        (
            "ssl_min_protocol_version=SSLv3",
            "connection option ssl_min_protocol_version is \"SSLv3\": it must be one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3",
        ),
        (
            "ssl_max_protocol_version=TLSv1.1 ssl_min_protocol_version=TLSv1",
            "connection option ssl_max_protocol_version with the value \"TLSv1.1\" is not supported",
        ),
        (
            "ssl_max_protocol_version=TLSv1.2 ssl_min_protocol_version=tlsv1.3",
            "connection option ssl_max_protocol_version is \"TLSv1.2\": ssl_min_protocol_version is greater",
        ),
        (
            "ssl_max_protocol_version=TLSv1.1",
            "connection option ssl_max_protocol_version is \"TLSv1.1\": ssl_min_protocol_version is greater",
        ),
        (
            "sslrootcert=system sslcrl=x",
            "connection option sslcrl is \"x\": it has no effect with sslrootcert=system",
        ),
        (
            "min_protocol_version=3.1",
            "connection option min_protocol_version is \"3.1\": it must be one of 3.0, 3.2, latest (the nearest is \"3.0\")",
        ),
        (
            "min_protocol_version=3.2 max_protocol_version=3.0",
            "connection option max_protocol_version is \"3.0\": min_protocol_version is greater (3.2)",
        ),
        (
            "password='a\0b'",
            "connection option password is \"***\": it contains a NUL byte",
        ),
    ] {
        let config = Config::parse(conninfo).unwrap();
        let error = config.check().unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(error.is_bad_option() && !error.is_cannot_connect() && !error.is_login_refused());
    }
}

#[test]
fn values_are_understood() {
    for conninfo in [
        "target_session_attrs=any",
        "gssencmode=prefer",
        "gssencmode=disable krbsrvname=x gsslib=gssapi gssdelegation=1 sslcompression=1",
        "keepalives=0",
        "connect_timeout=0",
        "connect_timeout=-1",
        "ssl_min_protocol_version=TLSv1",
        "ssl_max_protocol_version=tlsV1.2",
        "sslpassword=x oauth_issuer=x oauth_client_secret=x",
        "sslkeylogfile=''",
        "sslnegotiation=direct sslmode=require",
        "sslrootcert=system sslnegotiation=direct",
        "max_protocol_version=latest",
    ] {
        target(conninfo).unwrap_or_else(|error| panic!("{conninfo}: {error}"));
    }
    assert_eq!(
        target("sslrootcert=system").unwrap().tls.mode,
        SslMode::VerifyFull
    );
    assert_eq!(target("connect_timeout=0").unwrap().timeout, None);
    assert_eq!(
        target("connect_timeout= 3 ").unwrap().timeout,
        Some(Duration::from_secs(3))
    );
    let (v3_0, v3_2) = (ProtocolVersion::V3_0, ProtocolVersion::V3_2);
    for (conninfo, expected) in [
        ("", (v3_0, v3_0)),
        ("max_protocol_version=3.2", (v3_0, v3_2)),
        ("min_protocol_version=3.2", (v3_2, v3_2)),
        (
            "min_protocol_version=3.0 max_protocol_version=latest",
            (v3_0, v3_2),
        ),
    ] {
        assert_eq!(target(conninfo).unwrap().protocol, expected, "{conninfo}");
    }
    let methods = target("require_auth=md5").unwrap().methods;
    assert!(methods.contains(Method::Md5) && !methods.contains(Method::Password));
    let encoding = target("client_encoding=auto").unwrap().parameters;
    assert_eq!(encoding, [("client_encoding", BString::from("UTF8"))]);
}

#[test]
fn debug_shows_no_secrets() {
    let mut config =
        Config::parse("host=h password=hunter2 sslpassword=hunter2 scram_client_key=hunter2")
            .unwrap();
    config.set_client_certificate_pem("chain", Secret::new("hunter2"));
    let shown = format!("{config:?}");
    assert_eq!(
        shown,
        r#"Config { host: "h", password: "***", scram_client_key: "***", sslpassword: "***", client_certificate: "(PEM)" }"#
    );
    let target = format!("{:?}", target("host=h password=hunter2").unwrap());
    assert!(!target.contains("hunter2"), "{target}");
}

#[test]
fn the_password_file_is_looked_at_when_no_password_is_given() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "localhost:5432:d:u:from file\nh:1:d:u:other\n").unwrap();
    let path = file.path().display();
    for (conninfo, password) in [
        (
            format!("host=/var/run/postgresql dbname=d user=u passfile={path}"),
            Some("from file"),
        ),
        (
            format!("host=h port=1 dbname=d user=u passfile={path}"),
            Some("other"),
        ),
        (
            format!("host=h port=1 dbname=d user=u password=p passfile={path}"),
            Some("p"),
        ),
        (format!("host=x dbname=d user=u passfile={path}"), None),
    ] {
        let target = target(&conninfo).unwrap();
        assert_eq!(
            target.password(&target.hosts[0]).0,
            password.map(Secret::new),
            "{conninfo}"
        );
    }
}
