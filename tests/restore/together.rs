//! Large tables, whose rows several sessions restore together.

use anyhow::{Result, ensure};
use support::{Major, Server, shared_server, side_by_side};

use crate::case::{By, Case};

/// Rows that hardly compress, some of them longer than what is handed over at once, with line ends and backslashes.
const LARGE: &str = r"
    create function fits(n int) returns boolean language sql immutable
        as $$ select n < coalesce(nullif(current_setting('pgark.most', true), '')::int, 100000000) $$;
    create table large (id int, body text, check (fits(id)));
    insert into large
        select i, (select string_agg(md5(i::text || j) || case when j % 7 = 0 then E'\n\\' else E'\t' end, '')
            from generate_series(1, case when i % 5000 = 0 then 20000 else 8 end) as j)
        from generate_series(1, 30000) as i;
    create table other as select i from generate_series(1, 1000) as i;
    create index on large (id);
";

const DIGEST: &str = "select count(*), sum(hashtextextended(large::text, 0)) from only large";

fn large(major: Major) -> Result<(&'static Server, String, Case)> {
    let server = shared_server(major);
    let db = server.fresh_database("large", "")?;
    server.psql(&db, LARGE)?;
    let case = Case::of_database(major, &db, "template template0")?;
    Ok((server, db, case))
}

#[test]
fn every_row_comes_back_once() {
    side_by_side(&[Major::V15, Major::V18], |&major| {
        let (server, source, case) = large(major)?;
        for jobs in ["-j1", "-j2", "-j5"] {
            let db = case.empty_database()?;
            case.restore_into(&db, By::Pgark, &[jobs])?
                .ran
                .expect_code(0)?;
            ensure!(
                server.psql(&db, DIGEST)? == server.psql(&source, DIGEST)?,
                "{jobs}"
            );
            // Each session's rows are those of a transaction of its own.
            let sessions = server.psql(&db, "select count(distinct xmin::text) from large")?;
            ensure!(
                (sessions.trim() == "1") == (jobs == "-j1"),
                "{jobs}: {sessions}"
            );
        }
        Ok(())
    });
}

#[test]
fn a_row_that_fails_keeps_all_out() -> Result<()> {
    let (server, _, case) = large(Major::V17)?;
    for (jobs, most) in [("-j1", 29_000), ("-j3", 29_000), ("-j3", 10)] {
        let db = case.empty_database()?;
        server.psql(
            "postgres",
            format!("alter database \"{db}\" set pgark.most = {most}"),
        )?;
        let restored = case.restore_into(&db, By::Pgark, &[jobs])?;
        restored.ran.expect_code(7)?;
        restored
            .ran
            .expect_words(["TABLE DATA public.large", "23514", "(1 error)"])?;
        let rows = server.psql(
            &db,
            "select (select count(*) from large), (select count(*) from other)",
        )?;
        ensure!(rows.trim() == "0|1000", "{jobs}: {rows}");
    }
    Ok(())
}
