use super::*;

fn options(said: &[(&str, &str)]) -> Result<Options, Error> {
    let said = said
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()));
    Options::parse("postgres", &said.collect())
}

/// Host, port, user, password, database, sslmode.
fn connection(said: &[(&str, &str)]) -> [String; 6] {
    let config = options(said).unwrap().config;
    ["host", "port", "user", "password", "dbname", "sslmode"].map(|name| {
        config
            .get(name)
            .map(ToString::to_string)
            .unwrap_or_default()
    })
}

#[test]
fn the_location_is_a_libpq_uri() {
    for (location, expected) in [
        ("postgres://", ["localhost", "5432", "", "", "postgres", ""]),
        ("postgres://db/", ["db", "5432", "", "", "postgres", ""]),
        (
            "postgres://us%40er:p%2Fw@db:5433/app%20db?sslmode=require",
            ["db", "5433", "us@er", "p/w", "app db", "require"],
        ),
        ("postgres://[::1]:5615/x", ["::1", "5615", "", "", "x", ""]),
        (
            "postgres://%2Frun%2Fpg:5433/x",
            ["/run/pg", "5433", "", "", "x", ""],
        ),
    ] {
        let mut found = connection(&[("location", location)]);
        // The environment may name a user or a mode.
        for (place, said) in expected.iter().enumerate() {
            if said.is_empty() {
                found[place].clear();
            }
        }
        assert_eq!(found, expected, "{location}");
    }
}

#[test]
fn options_win_over_the_location_unless_empty() {
    let found = connection(&[
        ("location", "postgres://a:b@db:1/x"),
        ("host", "other"),
        ("port", "5434"),
        ("username", ""),
        ("password", "secret"),
        ("database", "dbname=y"),
        ("ssl_mode", "verify-full"),
    ]);
    assert_eq!(
        found,
        ["other", "5434", "a", "secret", "dbname=y", "verify-full"]
    );
}

#[test]
fn a_database_of_the_environment_selects_none() {
    let options = options(&[("location", "postgres://db")]).unwrap();
    assert_eq!(options.selection.database(), None);
    assert_eq!(options.config.get("dbname"), Some("postgres".into()));
    assert_eq!(options.origin, "db");
}

#[test]
fn a_database_may_have_a_name_that_is_not_utf_8() {
    let options = options(&[("location", "postgres://db/gr%F6%DFe")]).unwrap();
    assert_eq!(options.selection.database().unwrap(), b"gr\xf6\xdfe");
}

#[test]
fn bad_values_are_named() {
    for (said, expected) in [
        (
            &[("schema_only", "1"), ("data_only", "t")][..],
            "schema_only and data_only are mutually exclusive",
        ),
        (
            &[("compress", "1"), ("compression", "zstd")],
            "compress and compression are mutually exclusive",
        ),
        (
            &[("compression", "zstd:23")],
            "compression: invalid compression \"zstd:23\": zstd expects a level between -7 and 22, found 23",
        ),
        (
            &[("jobs", "0")],
            "jobs: invalid value \"0\" (accepted: 1 and more)",
        ),
        (
            &[("compress", "maybe")],
            "compress: strconv.ParseBool: parsing \"maybe\": invalid syntax (accepted: true, false)",
        ),
        (
            &[("lock_wait_timeout", "soon")],
            "lock_wait_timeout: invalid value \"soon\" (accepted: milliseconds, or a number with us, ms, s, min, h or d)",
        ),
        (
            &[("manifest", "short")],
            "manifest: invalid value \"short\" (accepted: full, basic)",
        ),
        (
            &[("schemas", "a,\"b")],
            "schemas: a double quote is not closed in \"a,\"b\" (accepted: patterns as pg_dump takes them, separated by commas)",
        ),
        (
            &[("ssl_mode", "bogus")],
            "ssl_mode: invalid value \"bogus\" (accepted: disable, allow, prefer, require, verify-ca, verify-full)",
        ),
        (
            &[("ssl_cert", "/a"), ("ssl_cert_data", "x")],
            "ssl_cert and ssl_cert_data are mutually exclusive",
        ),
        (
            &[("ssl_key", "/a"), ("ssl_key_data", "x")],
            "ssl_key and ssl_key_data are mutually exclusive",
        ),
        (
            &[("ssl_root_cert", "/a"), ("ssl_root_cert_data", "x")],
            "ssl_root_cert and ssl_root_cert_data are mutually exclusive",
        ),
        (
            &[("ssl_cert_data", "x")],
            "a client certificate and its key go together: neither ssl_key nor ssl_key_data is given",
        ),
        (
            &[("location", "host=db")],
            "invalid location: it does not begin with postgres://",
        ),
    ] {
        assert_eq!(options(said).unwrap_err().to_string(), expected);
    }
    for port in ["0", "65536", "x", "-1"] {
        let error = options(&[("port", port)]).unwrap_err().to_string();
        assert!(error.contains("port") && error.contains(port), "{error}");
    }
}

#[test]
fn a_wrong_location_does_not_show_its_password() {
    for location in [
        "postgres://u:hunter2@db:port/",
        "postgres://u:hunter2@[::1",
        "postgres://u:hunter2@db/?x=y",
    ] {
        let error = options(&[("location", location)]).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn other_protocols_are_refused_by_name() {
    for name in ["postgres+gcp", "mysql"] {
        let error = Options::parse(name, &HashMap::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains(&format!("\"{name}\"")), "{error}");
    }
}

#[test]
fn unknown_options_are_no_error() {
    options(&[
        ("location", "postgres://db"),
        ("colour", "red"),
        ("pg_bin_dir", "/x"),
    ])
    .unwrap();
}

#[test]
fn the_selection_leaves_out_what_is_excluded() {
    let chosen = |said: &[(&str, &str)]| {
        let found = ["", "A", "a", "b", "b c"].map(BString::from).to_vec();
        options(said).unwrap().selection.choice.of(found).unwrap()
    };
    let all = chosen(&[("exclude_databases", " a ,b c,,")]);
    assert_eq!(all, ["", "A", "b"]);
    let one = chosen(&[("database", "a"), ("exclude_databases", "a,b")]);
    assert_eq!(one, ["a"]);
}

#[test]
fn globals_are_left_out_of_a_dump_of_data_only() {
    for (data_only, globals) in [("true", false), ("false", true), ("", true)] {
        let options = options(&[("data_only", data_only)]).unwrap();
        assert_eq!(options.selection.globals, globals, "{data_only:?}");
    }
}

#[test]
fn objects_are_chosen_by_patterns() {
    let all = options(&[("exclude_tables", "a.*, b"), ("exclude_table_data", "c")]).unwrap();
    let texts = |patterns: &[TablePattern]| -> Vec<BString> {
        patterns.iter().map(|p| p.pattern.clone()).collect()
    };
    assert!(!all.names.is_partial);
    assert_eq!(texts(&all.names.excluded_tables), ["a.*", "b"]);
    assert_eq!(texts(&all.names.excluded_data), ["c"]);
    let some = options(&[("schemas", "x,\"Y\"")]).unwrap();
    assert!(some.names.is_partial);
    assert_eq!(some.names.schemas, ["x", "\"Y\""]);
}

#[test]
fn a_time_is_one_of_the_server() {
    for value in ["0", "100", "5s", "1.5min", "2 h"] {
        let options = options(&[("lock_wait_timeout", value)]).unwrap();
        assert_eq!(options.lock_wait_timeout, Some(value.into()));
    }
    for value in ["-1", "s", "5 weeks", "5s5", "NaN"] {
        let error = options(&[("lock_wait_timeout", value)])
            .unwrap_err()
            .to_string();
        assert!(error.contains(value), "{error}");
    }
}
