use bstr::{BString, ByteSlice};
use pgark_sql::{SettingTarget, parse_array, put, reloptions, set_config_option};

use crate::server::on_every_major;

const SETTINGS: &str = r#"
create role "R 1"; create database "D 1";
alter database "D 1" set search_path to '', 'a b', '$user', public;
alter database "D 1" set application_name to 'it''s a \ "name", with comma';
alter database "D 1" set "my.option" to '"a", b';
alter database "D 1" set temp_tablespaces to '';
alter database "D 1" set DateStyle to ISO, DMY;
alter role "R 1" in database "D 1" set session_preload_libraries to '$libdir/plpgsql', 'pg"catalog';
alter role "R 1" in database "D 1" set work_mem to '4MB';
"#;

/// Each setting with the role it is for, or an empty name, in the order of pg_dump.
const STORED: &str = "select coalesce(rolname, ''), setconfig from pg_db_role_setting
left join pg_roles r on r.oid = setrole where setdatabase <> 0 order by setrole, rolname";

#[test]
fn settings_are_written_as_by_pg_dump_and_read_back() {
    on_every_major(|server| {
        let quoter = server.quoter("UTF8");
        server.query("postgres", SETTINGS);
        let stored = server.query("postgres", STORED);
        let mut commands = BString::default();
        for row in stored.lines() {
            let (role, items) = row.split_once_str("|").unwrap();
            let target = match role {
                b"" => SettingTarget::Database(b"D 1"),
                role => SettingTarget::RoleInDatabase {
                    role,
                    database: b"D 1",
                },
            };
            for item in parse_array(items).unwrap().into_iter().flatten() {
                put!(
                    commands,
                    set_config_option(&quoter, &target, &item).unwrap()
                );
            }
        }
        assert_eq!(commands.lines().count(), 7, "{commands}");
        let script = server.dump("pg_dump", &["-C", "-s", "-d", "D 1"]);
        assert!(
            script.contains_str(&commands),
            "{commands}\nis not in\n{script}"
        );

        server.query(
            "postgres",
            r#"alter database "D 1" reset all; alter role "R 1" in database "D 1" reset all"#,
        );
        assert_eq!(server.query("postgres", STORED), "");
        server.query("postgres", commands);
        assert_eq!(server.query("postgres", STORED), stored);
    });
}

#[test]
fn empty_path_of_a_session_can_be_restored() {
    on_every_major(|server| {
        let mut sql = "create role r; select set_config('search_path', '', false);".to_owned();
        sql += "alter role r set search_path from current; select setconfig[1] from pg_catalog.pg_db_role_setting";
        let item = server.query("postgres", sql);
        assert_eq!(item.trim_ascii(), b"search_path=");
        let command = set_config_option(
            &server.quoter("UTF8"),
            &SettingTarget::Role(b"r"),
            item.trim_ascii(),
        )
        .unwrap();
        server.query("postgres", command);
        let stored = server.query("postgres", "select setconfig from pg_db_role_setting");
        assert_eq!(stored, r#"{"search_path=\"\""}"#);
    });
}

#[test]
fn storage_parameters_are_written_as_by_pg_dump() {
    on_every_major(|server| {
        let quoter = server.quoter("UTF8");
        let mut sql =
            "create table t (a text) with (fillfactor = 80, autovacuum_enabled = off,".to_owned();
        sql += " toast.autovacuum_enabled = false, toast.autovacuum_vacuum_scale_factor = 0.5);";
        sql += "create view v with (security_barrier = true, check_option = local) as select * from t;";
        server.query("postgres", sql);
        let script = server.dump("pg_dump", &["-s", "-d", "postgres"]);
        let options = |query: &str, prefix| {
            let array = server.query("postgres", query);
            reloptions(&quoter, &array, prefix).unwrap()
        };
        let table = options("select reloptions from pg_class where relname = 't'", "");
        let toast = options(
            "select t.reloptions from pg_class c join pg_class t on t.oid = c.reltoastrelid where c.relname = 't'",
            "toast.",
        );
        assert_eq!(table, "fillfactor='80', autovacuum_enabled=off");
        assert!(
            script.contains_str(format!("WITH ({table}, {toast});\n")),
            "{table}, {toast}\nis not in\n{script}"
        );
        // The view's check_option is not among the options in WITH, since pg_dump writes it behind the query.
        let view = options(
            "select reloptions[1:1] from pg_class where relname = 'v'",
            "",
        );
        assert!(
            script.contains_str(format!("CREATE VIEW public.v WITH ({view}) AS")),
            "{view}\nis not in\n{script}"
        );
    });
}
