//! Every field of the manifest is what the server answers.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use pgark_connect::Config;
use pgark_dump::manifest::{Manifest, ManifestOptions};
use serde_json::{Value, json};
use support::{Fixture, Major, Server, side_by_side};

use crate::awkward::Awkward;
use crate::layout::expect_layout;
use crate::schema::expect_valid;
use crate::{block_on, catalog, config};

fn options(server: &Server) -> ManifestOptions {
    ManifestOptions {
        host: "db.example <&>".to_owned(),
        port: server.port().to_string(),
        ..ManifestOptions::default()
    }
}

fn manifest(config: &Config, options: &ManifestOptions) -> Result<Value> {
    let text = block_on(Manifest::logical(config, options, Vec::new()))??.encode();
    let text = String::from_utf8(text).context("the manifest is not UTF-8")?;
    let manifest = serde_json::from_str(&text).context("the manifest is not JSON")?;
    expect_layout(&manifest)?;
    expect_valid(&manifest)?;
    ensure!(
        text.starts_with("{\n  \"version\": 2,\n")
            && text.ends_with("\n}")
            && !text.contains(['<', '>', '&']),
        "the look is another: {text:?}"
    );
    Ok(manifest)
}

/// An error with the place and both values of the first difference.
fn expect_equal(place: &str, found: &Value, expected: &Value) -> Result<()> {
    match (found, expected) {
        (Value::Array(found), Value::Array(expected)) => {
            for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
                expect_equal(&format!("{place}/{number}"), found, expected)?;
            }
            ensure!(
                found.len() == expected.len(),
                "{place} has {} items where {} are right",
                found.len(),
                expected.len()
            );
        }
        (Value::Object(found), Value::Object(expected)) => {
            let named = expected
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            for key in found.keys().chain(expected.keys()) {
                let place = format!("{place}({named})/{key}");
                let value = |object: &serde_json::Map<String, Value>| object.get(key).cloned();
                match (value(found), value(expected)) {
                    (Some(found), Some(expected)) => expect_equal(&place, &found, &expected)?,
                    (found, expected) => ensure!(
                        found == expected,
                        "{place} is {found:?} where {expected:?} is right"
                    ),
                }
            }
        }
        _ => ensure!(
            found == expected,
            "{place} is {found} where {expected} is right"
        ),
    }
    Ok(())
}

/// Takes a field out of every object of a list and returns the values that are not null.
fn take(list: &mut Value, field: &str) -> BTreeMap<String, Value> {
    let objects = list
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut);
    let taken = objects.filter_map(|object| {
        let value = object.shift_remove(field)?;
        let name = object.get("name")?.as_str()?.to_owned();
        (!value.is_null()).then_some((name, value))
    });
    taken.collect()
}

/// The databases that stand in the manifest with their content.
const DESCRIBED: [&str; 3] = ["hardcases", "postgres", "shop"];

/// The awkward cluster with a database more, and one that nobody may enter.
fn start(major: Major) -> Result<Awkward> {
    let awkward = Awkward::start(major)?;
    let server = &awkward.server;
    server.create_database(
        "shop",
        "template template0 tablespace zlast connection limit 5",
    )?;
    Fixture::named("shop")?.fill(server, "shop")?;
    server.create_database("closed", "allow_connections false is_template true")?;
    server.psql(
        "shop",
        "vacuum crm.customers; analyze billing.invoices;
         create schema \"Odd.Schema\";
         create table \"Odd.Schema\".\"dot.ted <&>\u{2028}\" (\"b c\" int not null, a int default 7, dropped int, unique (\"b c\", a))
           tablespace \"Odd \"\"name\"\"\";
         alter table \"Odd.Schema\".\"dot.ted <&>\u{2028}\" drop column dropped;",
    )?;
    // Nearly the name of a schema of the server.
    server.psql(
        "postgres",
        "create schema pgxtoast; create table pgxtoast.t (i int)",
    )?;
    Ok(awkward)
}

#[test]
fn every_field_is_what_the_server_says() {
    side_by_side(&Major::all(), |&major| {
        let awkward = start(major)?;
        let server = &awkward.server;
        let mut found = manifest(&config(server, "postgres")?, &options(server))?;
        let version = server.psql("postgres", "show server_version")?;
        let number = version.split(' ').next().unwrap_or_default();
        for (field, expected) in [
            ("version", json!(2)),
            ("connector", json!("postgresql")),
            ("host", json!("db.example <&>")),
            ("port", json!(server.port().to_string())),
            ("server_version", json!(version)),
            (
                "server_version_num",
                server
                    .psql("postgres", "show server_version_num")?
                    .parse()?,
            ),
            (
                "pg_dump_version",
                json!(format!(
                    "pg_dump (PostgreSQL) {number} (pgark {})",
                    env!("CARGO_PKG_VERSION")
                )),
            ),
            (
                "cluster_system_identifier",
                json!(server.psql(
                    "postgres",
                    "select system_identifier from pg_control_system()"
                )?),
            ),
            ("in_recovery", json!(false)),
            ("database", Value::Null),
            ("dump_format", json!("custom")),
            (
                "options",
                json!({"schema_only": false, "data_only": false, "compress": false}),
            ),
            ("cluster_config", catalog::cluster_config(server)?),
            ("tablespaces", catalog::tablespaces(server)?),
        ] {
            expect_equal(field, &found[field], &expected)?;
        }
        let created = found["created_at"].as_str().context("created_at")?;
        ensure!(
            created.len() >= 20 && created.ends_with('Z') && created.contains('T'),
            "{created}"
        );
        let age = format!("select abs(extract(epoch from now() - '{created}'::timestamptz)) < 60");
        ensure!(
            server.psql("postgres", &age)? == "t",
            "created at {created}"
        );

        let ends = take(&mut found["roles"], "valid_until");
        expect_equal("roles", &found["roles"], &catalog::roles(server)?)?;
        let expected_ends = [
            ("hc_owner", "2099-01-02T03:04:05Z"),
            ("u Ümläut", "2001-12-31T00:00:00Z"),
            // What the calendar of RFC 3339 does not reach: long past, and no end.
            ("u_bc", "0001-01-01T00:00:00Z"),
            ("u_date", "2031-02-03T04:05:06Z"),
            ("u_past", "0001-01-01T00:00:00Z"),
            ("u_zone", "2030-07-01T06:30:00Z"),
        ]
        .map(|(name, end)| (name.to_owned(), json!(end)));
        ensure!(ends == BTreeMap::from(expected_ends), "{ends:?}");

        for (field, of) in [("lsn", "pg_lsn"), ("snapshot_time", "timestamptz")] {
            let values = take(&mut found["databases"], field);
            ensure!(values.keys().eq(&DESCRIBED), "{field} of {values:?}");
            for value in values.values() {
                let value = value.as_str().with_context(|| field.to_owned())?;
                let now = match of {
                    "pg_lsn" => "pg_current_wal_lsn()",
                    _ => "now()",
                };
                let sql = format!("select '{value}'::{of} <= {now}");
                ensure!(server.psql("postgres", &sql)? == "t", "{field} {value}");
            }
        }
        let [mut extensions, mut schemas, mut relations] =
            ["extensions", "schemas", "relations"].map(|part| take(&mut found["databases"], part));
        expect_equal(
            "databases",
            &found["databases"],
            &catalog::databases(server)?,
        )?;
        for db in DESCRIBED {
            let content = catalog::content(server, db)?;
            for (part, of) in [
                ("extensions", &mut extensions),
                ("schemas", &mut schemas),
                ("relations", &mut relations),
            ] {
                let found = of.remove(db).unwrap_or_default();
                expect_equal(&format!("{db}/{part}"), &found, &content[part])?;
            }
        }
        ensure!(
            extensions.is_empty() && schemas.is_empty() && relations.is_empty(),
            "templates or closed databases are described"
        );
        Ok(())
    });
}

#[test]
fn of_one_database_it_describes_that_one_alone() -> Result<()> {
    let awkward = start(Major::V18)?;
    let server = &awkward.server;
    for (db, through) in [
        ("shop", "shop"),
        ("template1", "postgres"),
        ("postgres", "shop"),
    ] {
        let options = ManifestOptions {
            database: Some(db.into()),
            schema_only: true,
            compress: true,
            ..options(server)
        };
        let found = manifest(&config(server, through)?, &options)?;
        expect_equal("database", &found["database"], &json!(db))?;
        let told = json!({"schema_only": true, "data_only": false, "compress": true});
        expect_equal("options", &found["options"], &told)?;
        let databases = found["databases"].as_array().context("databases")?;
        ensure!(
            databases.len() == 1 && databases[0]["name"] == db,
            "{databases:?}"
        );
        let content = catalog::content(server, db)?;
        for part in ["extensions", "schemas", "relations"] {
            expect_equal(&format!("{db}/{part}"), &databases[0][part], &content[part])?;
        }
        // The cluster is described all the same.
        ensure!(
            found["roles"]
                .as_array()
                .is_some_and(|roles| roles.len() > 50)
        );
    }
    Ok(())
}

#[test]
fn settings_of_a_database_lead_nobody_astray() -> Result<()> {
    let awkward = start(Major::V17)?;
    let server = &awkward.server;
    let config = config(server, "postgres")?;
    let mut before = manifest(&config, &options(server))?;
    server.psql(
        "postgres",
        "create schema evil;
         create function evil.no(name, text) returns bool language sql as $$ select false $$;
         create operator evil.!~ (leftarg = name, rightarg = text, function = evil.no);
         create operator evil.<> (leftarg = name, rightarg = text, function = evil.no);
         create operator evil.= (leftarg = name, rightarg = text, function = evil.no);
         create function evil.no(oid, oid) returns bool language sql as $$ select false $$;
         create operator evil.= (leftarg = oid, rightarg = oid, function = evil.no);
         alter database postgres set search_path = evil, pg_catalog;
         alter database postgres set standard_conforming_strings = off;
         alter database shop set datestyle = 'German';
         alter database shop set timezone = 'Asia/Kolkata';",
    )?;
    let mut after = manifest(&config, &options(server))?;
    // What was made in between.
    for manifest in [&mut before, &mut after] {
        for field in ["schemas", "lsn", "snapshot_time"] {
            take(&mut manifest["databases"], field);
        }
        let object = manifest.as_object_mut().context("an object")?;
        object.shift_remove("created_at");
    }
    expect_equal("", &after, &before)
}

#[test]
fn what_the_user_may_not_see_is_left_out() -> Result<()> {
    let awkward = start(Major::V16)?;
    let server = &awkward.server;
    server.psql(
        "postgres",
        "create role plain login; revoke connect on database shop from public",
    )?;
    let mut config = config(server, "postgres")?;
    config.set_user("plain");
    let found = manifest(&config, &options(server))?;
    let settings = found["cluster_config"]
        .as_object()
        .context("cluster_config")?;
    for hidden in ["data_directory", "shared_preload_libraries"] {
        ensure!(!settings.contains_key(hidden), "{settings:?}");
    }
    ensure!(settings["max_connections"] == 100, "{settings:?}");
    let relations = |db: &str| {
        let databases = found["databases"].as_array().into_iter().flatten();
        let mut of = databases.filter(|database| database["name"] == db);
        of.next().map(|database| database["relations"].is_array())
    };
    ensure!(relations("shop") == Some(false) && relations("hardcases") == Some(true));
    expect_equal(
        "hardcases",
        &found["databases"][1]["relations"],
        &catalog::content(server, "hardcases")?["relations"],
    )
}

#[test]
fn names_that_are_not_utf_8_do_not_break_it() -> Result<()> {
    let server = Server::start(Major::V15)?;
    server.create_database(
        "entry",
        "template template0 encoding 'SQL_ASCII' locale 'C'",
    )?;
    server.psql(
        "entry",
        b"create role \"r\xe9\"; comment on role \"r\xe9\" is '\xff';
          create database \"d\xe9\" template entry owner \"r\xe9\";
          \\connect d\xe9
          create table \"t\xe9\" (\"c\xe9\" text default '\xe9' constraint \"n\xe9\" primary key);",
    )?;
    let found = manifest(&config(&server, "postgres")?, &options(&server))?;
    let databases = found["databases"].as_array().context("databases")?;
    let database = databases
        .iter()
        .find(|database| database["name"] == "d\u{fffd}")
        .context("the database is not there")?;
    ensure!(database["owner"] == "r\u{fffd}", "{database:#}");
    let table = &database["relations"][0];
    ensure!(
        table["name"] == "t\u{fffd}"
            && table["columns"][0]["name"] == "c\u{fffd}"
            && table["constraints"][0]["columns"] == json!(["c\u{fffd}"]),
        "{table:#}"
    );
    Ok(())
}
