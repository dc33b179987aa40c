use bstr::{BString, ByteSlice};
use pgark_sql::{
    acl::{AclTarget, DefaultKind, ObjectKind, build_acl_commands, build_default_acl_commands},
    parse_array, put, text,
};

use crate::{
    server::{Server, entries, on_every_major},
    subject::{LOCAL, SHARED, Subject, subject},
};

const OWNER: &str = "own er";

/// The roles of the scenarios; each name needs another treatment in an aclitem, an identifier, or both.
const SETUP: &str = r#"
create role "own er"; create role alice; create role "Bob B"; create role "c=d/e"; create role "we""ird";
create role "user"; create role "zoë";
create schema s authorization postgres; grant usage on schema s to public;
grant create on schema s to "own er";
"#;

/// What is done to an object, with what stands for it: `{all}` and `{one}` for privileges, `{on}` for the object.
const SCENARIOS: &[&str] = &[
    "",
    "grant {all} on {on} to public",
    r#"revoke {all} on {on} from public, "own er""#,
    r#"revoke {one} on {on} from "own er""#,
    r#"grant {one} on {on} to "we""ird", "user", "zoë" with grant option; grant {all} on {on} to "Bob B""#,
    r#"grant {all} on {on} to alice with grant option;
       set session authorization alice; grant {one} on {on} to "Bob B" with grant option;
       set session authorization "Bob B"; grant {one} on {on} to "c=d/e"; reset session authorization;
       revoke {all} on {on} from public"#,
    r#"revoke {all} on {on} from "own er"; grant {one} on {on} to alice; grant {one} on {on} to "own er""#,
];

impl Subject {
    fn numbered(template: &str, number: usize) -> String {
        template.replace('#', &number.to_string())
    }

    fn scenario(&self, number: usize) -> String {
        let column = self
            .column
            .map(|column| format!(" ({column})"))
            .unwrap_or_default();
        let schema = self
            .schema
            .map(|schema| format!("{schema}."))
            .unwrap_or_default();
        let on = format!(
            "{} {schema}{}",
            self.kind.as_str(),
            Self::numbered(self.name, number)
        );
        let one = self.one.replace(", ", &format!("{column}, ")) + &column;
        SCENARIOS[number]
            .replace("{all}", &format!("all{column}"))
            .replace("{one}", &one)
            .replace("{on}", &on)
    }

    /// The object's privileges, none standing for those by default, and those by default.
    fn privileges(&self, server: &Server, number: usize) -> (BString, BString) {
        let row = server.query(
            "postgres",
            format!("select {}", Self::numbered(self.acl, number)),
        );
        let (acl, default) = row.split_once_str("|").unwrap();
        (acl.into(), default.into())
    }

    fn commands(&self, server: &Server, number: usize) -> BString {
        let (acl, default) = self.privileges(server, number);
        let name = Self::numbered(self.name, number);
        let target = AclTarget {
            kind: self.kind,
            name: name.as_bytes(),
            column: self.column.map(str::as_bytes),
            schema: self.schema.map(str::as_bytes),
            owner: if self.kind == ObjectKind::Parameter {
                b"postgres"
            } else {
                OWNER.as_bytes()
            },
        };
        build_acl_commands(&server.quoter("UTF8"), &target, &acl, &default).unwrap()
    }

    /// Makes every scenario's object and plays the scenario.
    fn create(&self, server: &Server) {
        for number in 0..SCENARIOS.len() {
            let create = Self::numbered(self.create, number);
            server.query("postgres", create);
            server.query("postgres", self.scenario(number));
        }
    }

    /// Takes the commands for each object, and checks that they give a fresh one the same privileges.
    fn commands_that_restore(&self, server: &Server) -> Vec<BString> {
        let restore = |number| {
            let commands = self.commands(server, number);
            let before = self.effective(server, number);
            server.query("postgres", Self::numbered(self.drop, number));
            server.query("postgres", Self::numbered(self.create, number));
            server.query("postgres", &commands);
            let what = self.scenario(number);
            assert_eq!(
                self.effective(server, number),
                before,
                "after {what}\nby {commands}"
            );
            commands
        };
        (0..SCENARIOS.len())
            .map(restore)
            .filter(|commands| !commands.is_empty())
            .collect()
    }

    /// The privileges in force, in no order.
    fn effective(&self, server: &Server, number: usize) -> Vec<Option<BString>> {
        let (acl, default) = self.privileges(server, number);
        let mut items = parse_array(if acl.is_empty() { &default } else { &acl }).unwrap();
        items.sort();
        items
    }
}

#[test]
fn commands_are_those_of_pg_dump_and_restore_the_privileges() {
    on_every_major(|server| {
        server.query("postgres", SETUP);
        for subject in LOCAL {
            subject.create(server);
        }
        let dumped = entries(&server.dump("pg_dump", &["-d", "postgres"]), "ACL");
        let mut ours: Vec<BString> = LOCAL
            .iter()
            .flat_map(|subject| subject.commands_that_restore(server))
            .collect();
        assert!(
            ours.len() > LOCAL.len() * 4,
            "{} lists of commands",
            ours.len()
        );
        // The setup's own grants, on objects that are no scenario's.
        let of_setup = |text: &BString| {
            text.contains_str("ON SCHEMA s TO ") || text.contains_str("ON FOREIGN DATA WRAPPER of")
        };
        let dumped: Vec<BString> = dumped.into_iter().filter(|text| !of_setup(text)).collect();
        ours.sort();
        for (ours, dumped) in ours.iter().zip(&dumped) {
            assert_eq!(ours, dumped);
        }
        assert_eq!(ours.len(), dumped.len());
    });
}

#[test]
fn commands_are_those_of_pg_dumpall_for_shared_objects() {
    on_every_major(|server| {
        server.query("postgres", SETUP);
        for subject in SHARED {
            subject.create(server);
        }
        let script = server.dump("pg_dumpall", &["-g"]);
        let lines: Vec<&[u8]> = script.lines().filter(|line| is_privilege(line)).collect();
        let mut ours = Vec::new();
        for subject in SHARED {
            for commands in subject.commands_that_restore(server) {
                assert!(
                    script.contains_str(&commands),
                    "{commands}\nis not in\n{script}"
                );
                ours.extend(
                    commands
                        .lines()
                        .filter(|line| is_privilege(line))
                        .map(BString::from),
                );
            }
        }
        assert_eq!(ours.len(), lines.len(), "{script}");
    });
}

fn is_privilege(line: &[u8]) -> bool {
    line.starts_with(b"GRANT ") || line.starts_with(b"REVOKE ")
}

#[test]
fn commands_are_those_of_pg_dump_for_databases() {
    let database = subject(
        ObjectKind::Database,
        "\"D #\"",
        "connect, temporary",
        "create database \"D #\" owner \"own er\"",
        "drop database \"D #\"",
        "datacl, acldefault('d', datdba) from pg_database where datname = 'D #'",
    );
    on_every_major(|server| {
        server.query("postgres", SETUP);
        database.create(server);
        let mut dumped = Vec::new();
        for number in 0..SCENARIOS.len() {
            let script = server.dump("pg_dump", &["-C", "-s", "-d", &format!("D {number}")]);
            for text in entries(&script, "ACL") {
                // Behind them the script connects to the database.
                dumped.push(
                    text.split_once_str("\n\n")
                        .map_or(text.clone(), |(acl, _)| text!(acl, "\n")),
                );
            }
        }
        assert_eq!(database.commands_that_restore(server), dumped);
    });
}

const DEFAULTS: &str = r#"
alter default privileges for role "own er" grant all on tables to public;
alter default privileges for role "own er" in schema s grant select, update on tables to "Bob B" with grant option;
alter default privileges for role "own er" in schema s grant all on tables to "zoë";
alter default privileges for role "own er" revoke all on sequences from "own er";
alter default privileges for role "own er" grant usage on sequences to "c=d/e", "user";
alter default privileges for role "own er" revoke all on functions from public;
alter default privileges for role alice in schema s grant execute on functions to public;
alter default privileges for role alice revoke usage on types from public;
alter default privileges for role alice grant create on schemas to "we""ird";
"#;

#[test]
fn default_privileges_are_those_of_pg_dump_and_restored() {
    on_every_major(|server| {
        let quoter = server.quoter("UTF8");
        server.query("postgres", SETUP);
        server.query("postgres", DEFAULTS);
        if server.major >= 18 {
            server.query(
            "postgres",
            "alter default privileges for role alice grant update on large objects to \"Bob B\"",
        );
        }
        let stored = "select defaclobjtype, nspname, rolname, defaclacl, case defaclnamespace when 0 then
        acldefault(case defaclobjtype when 'S' then 's' else defaclobjtype end, defaclrole) else '{}' end
        from pg_default_acl join pg_roles r on r.oid = defaclrole
        left join pg_namespace n on n.oid = defaclnamespace order by 1, 2, 3";
        let rows = server.query("postgres", stored);
        let mut ours = Vec::new();
        for row in rows.lines() {
            let [code, schema, role, acl, default] = row.split_str("|").collect::<Vec<_>>()[..]
            else {
                panic!("{}", row.as_bstr());
            };
            let kind = DefaultKind::from_code(code[0]).unwrap();
            let schema = Some(schema).filter(|schema| !schema.is_empty());
            ours.push(
                build_default_acl_commands(&quoter, kind, schema, role, acl, default).unwrap(),
            );
        }
        ours.sort();
        assert_eq!(
            ours,
            entries(
                &server.dump("pg_dump", &["-s", "-d", "postgres"]),
                "DEFAULT ACL"
            )
        );

        let mut again = text!("delete from pg_default_acl;\n");
        for commands in &ours {
            put!(again, commands);
        }
        server.query("postgres", again);
        assert_eq!(server.query("postgres", stored), rows);
    });
}
