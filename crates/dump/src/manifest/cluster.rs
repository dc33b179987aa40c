//! What belongs to the cluster: settings, roles, tablespaces, the list of databases.

use std::collections::HashMap;

use tokio_postgres::Client;

use super::failures::Failures;
use super::fields::{query, query_one};
use super::model::{ClusterConfig, Database, Manifest, Role, Tablespace};
use crate::error::Result;

/// Fills in all parts that can be read.
#[allow(
    clippy::redundant_closure_for_method_calls,
    reason = "the method as such does not fit every lifetime"
)]
pub(super) async fn fill(client: &Client, manifest: &mut Manifest, failures: &Failures) {
    let identifier =
        "select system_identifier::pg_catalog.text from pg_catalog.pg_control_system()";
    let identifier = query_one(client, "system identifier", identifier, |f| f.text());
    manifest.cluster_system_identifier = failures.note(identifier.await).unwrap_or_default();

    let in_recovery = "select pg_catalog.pg_is_in_recovery()";
    let in_recovery = query_one(client, "recovery state", in_recovery, |f| f.take());
    manifest.in_recovery = failures.note(in_recovery.await).unwrap_or_default();

    manifest.cluster_config = failures.note(config(client).await);
    manifest.roles = failures.note(roles(client).await).unwrap_or_default();
    let memberships = failures.note(memberships(client).await);
    add_memberships(&mut manifest.roles, memberships.unwrap_or_default());
    let tablespaces = failures.note(tablespaces(client).await);
    manifest.tablespaces = tablespaces.unwrap_or_default();
    let databases = failures.note(databases(client).await);
    manifest.databases = databases.unwrap_or_default();
}

fn add_memberships(roles: &mut [Role], memberships: Vec<(String, String)>) {
    let mut of_member: HashMap<_, Vec<_>> = HashMap::new();
    for (member, role) in memberships {
        of_member.entry(member).or_default().push(role);
    }
    for role in roles {
        role.member_of = of_member.remove(&role.name).unwrap_or_default();
    }
}

async fn config(client: &Client) -> Result<ClusterConfig> {
    // A setting that the user may not see has no row here, and current_setting would be an error.
    let sql = "select name, setting from pg_catalog.pg_settings";
    let settings = query(client, "settings", sql, |f| Ok((f.text()?, f.text()?))).await?;
    Ok(config_of(&settings))
}

fn config_of(settings: &[(String, String)]) -> ClusterConfig {
    let text = |name: &str| {
        let found = settings.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let number = |name| text(name).parse().unwrap_or_default();
    ClusterConfig {
        data_directory: text("data_directory"),
        timezone: text("TimeZone"),
        max_connections: number("max_connections"),
        wal_level: text("wal_level"),
        server_encoding: text("server_encoding"),
        data_checksums: text("data_checksums") == "on",
        block_size: number("block_size"),
        wal_block_size: number("wal_block_size"),
        shared_preload_libraries: text("shared_preload_libraries"),
        lc_collate: text("lc_collate"),
        lc_ctype: text("lc_ctype"),
        archive_mode: text("archive_mode"),
        archive_command_set: !matches!(text("archive_command").as_str(), "" | "(disabled)"),
    }
}

async fn roles(client: &Client) -> Result<Vec<Role>> {
    // `infinity` and what lies beyond the calendar of RFC 3339 is no end at all; before it, an end long past.
    let sql = "select rolname::pg_catalog.text, rolsuper, rolreplication, rolcanlogin, rolcreatedb, rolcreaterole, rolinherit, \
                 rolbypassrls, rolconnlimit, \
                 case when rolvaliduntil is null or rolvaliduntil >= '10000-01-01 00:00:00+00' then null \
                   else pg_catalog.to_char(pg_catalog.timezone('UTC', greatest(rolvaliduntil, '0001-01-01 00:00:00+00')), \
                     'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') end \
               from pg_catalog.pg_roles order by rolname";
    query(client, "roles", sql, |f| {
        Ok(Role {
            name: f.text()?,
            superuser: f.take()?,
            replication: f.take()?,
            can_login: f.take()?,
            create_db: f.take()?,
            create_role: f.take()?,
            inherit: f.take()?,
            bypass_rls: f.take()?,
            connection_limit: f.take()?,
            valid_until: f.optional_text()?,
            member_of: Vec::new(),
        })
    })
    .await
}

/// Member and role, once however many have granted it.
async fn memberships(client: &Client) -> Result<Vec<(String, String)>> {
    let sql = "select distinct m.rolname::pg_catalog.text, r.rolname::pg_catalog.text \
               from pg_catalog.pg_auth_members a \
               join pg_catalog.pg_roles m on m.oid = a.member \
               join pg_catalog.pg_roles r on r.oid = a.roleid \
               order by 1, 2";
    query(client, "role memberships", sql, |f| {
        Ok((f.text()?, f.text()?))
    })
    .await
}

async fn tablespaces(client: &Client) -> Result<Vec<Tablespace>> {
    let sql = "select spcname::pg_catalog.text, pg_catalog.pg_get_userbyid(spcowner)::pg_catalog.text, \
                 pg_catalog.pg_tablespace_location(oid), spcoptions \
               from pg_catalog.pg_tablespace order by spcname";
    query(client, "tablespaces", sql, |f| {
        Ok(Tablespace {
            name: f.text()?,
            owner: f.text()?,
            location: f.text()?,
            options: f.texts()?,
        })
    })
    .await
}

async fn databases(client: &Client) -> Result<Vec<Database>> {
    // The name to connect with is its bytes as they stand, which are not always those of the client's encoding.
    let sql = "select pg_catalog.decode(pg_catalog.replace(d.datname::pg_catalog.text, E'\\\\', E'\\\\\\\\'), 'escape'), \
                 d.datname::pg_catalog.text, \
                 pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text, \
                 pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text, \
                 d.datcollate::pg_catalog.text, d.datctype::pg_catalog.text, d.datallowconn, d.datistemplate, \
                 t.spcname::pg_catalog.text, d.datconnlimit \
               from pg_catalog.pg_database d \
               left join pg_catalog.pg_tablespace t on t.oid = d.dattablespace \
               order by d.datname";
    query(client, "databases", sql, |f| {
        Ok(Database {
            raw_name: f.bytes()?,
            name: f.text()?,
            owner: f.text()?,
            encoding: f.text()?,
            collate: f.text()?,
            ctype: f.text()?,
            allow_conn: f.take()?,
            is_template: f.take()?,
            default_tablespace: f.text()?,
            connection_limit: f.take()?,
            ..Database::default()
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[(&str, &str)]) -> ClusterConfig {
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        config_of(&settings)
    }

    #[test]
    fn settings_that_may_not_be_seen_are_left_out() {
        assert_eq!(config(&[]), ClusterConfig::default());
        let json = serde_json::to_string(&config(&[])).unwrap();
        assert_eq!(
            json,
            r#"{"data_checksums":false,"archive_command_set":false}"#
        );
    }

    #[test]
    fn a_disabled_archive_command_is_not_set() {
        for (value, expected) in [("", false), ("(disabled)", false), ("cp %p /a/%f", true)] {
            assert_eq!(
                config(&[("archive_command", value)]).archive_command_set,
                expected,
                "{value:?}"
            );
        }
    }

    #[test]
    fn the_time_zone_is_found_by_its_real_name() {
        assert_eq!(config(&[("TimeZone", "Etc/UTC")]).timezone, "Etc/UTC");
    }
}
