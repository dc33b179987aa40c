//! What was wrong once.

use anyhow::ensure;
use support::{Major, Scratch, dump_command, observe, run, shared_server, side_by_side};

#[test]
fn the_version_of_a_column_is_none_of_its_options() {
    side_by_side(&Major::all(), |&major| {
        let server = shared_server(major);
        let db = server.fresh_database("versions", "")?;
        // As servers of newer minor versions note it by themselves.
        server.psql(
            &db,
            "create table t (a int, b int); set allow_system_table_mods = on;
             update pg_attribute set attoptions = '{n_distinct=5,pg_attver=7}' where attrelid = 't'::regclass and attname = 'a';
             update pg_attribute set attoptions = '{pg_attver=8}' where attrelid = 't'::regclass and attname = 'b'",
        )?;
        let scratch = Scratch::new()?;
        let ours = scratch.join("ours");
        observe(dump_command(server, &db).arg("-s").arg("-f").arg(&ours))?.expect_silence()?;
        let script = run(server.tool("pg_restore").args(["-f", "-"]).arg(&ours))?;
        let script = String::from_utf8(script)?;
        ensure!(
            script.contains("ALTER COLUMN a SET (n_distinct=5);") && !script.contains("attver"),
            "{script}"
        );
        Ok(())
    });
}
