//! Every fixture, restored as pg_restore restores it.

use anyhow::{Context, Result};
use support::{Fixture, Major, Restore, by_turns, ensure_same_text, side_by_side, sorted_text};

use crate::case::{By, Case, ensure_as_good, ensure_same};

#[test]
fn every_fixture_is_restored_as_by_pg_restore() -> Result<()> {
    let mut cases = Vec::new();
    for (place, fixture) in Fixture::all()?.into_iter().enumerate() {
        let majors = Major::all();
        let known: Vec<Major> = majors
            .into_iter()
            .filter(|major| fixture.applies_to(*major))
            .collect();
        for major in by_turns(place, &known) {
            cases.push(On(*major, fixture.clone()));
        }
    }
    side_by_side(&cases, |On(major, fixture)| {
        let case = Case::of_fixture(*major, fixture)?;
        let judge = case.restore(By::PgRestore, &[])?;
        ensure_same(&judge, &case.restore(By::Pgark, &[])?)?;
        let parallel = case.restore(By::Pgark, &["-j4"])?;
        if fixture.restore == Restore::Fails {
            // What fails depends on the order in which entries are restored; pg_restore counts some of it once a session.
            let judge = case.restore(By::PgRestore, &["-j4"])?;
            return ensure_same_text(&sorted_text(&judge.text), &sorted_text(&parallel.text));
        }
        ensure_same(&judge, &parallel).context("-j4")
    });
    Ok(())
}

#[derive(Debug)]
struct On(Major, Fixture);

impl std::fmt::Display for On {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.1, self.0)
    }
}

#[test]
fn the_database_with_nearly_everything_is_restored_as_by_pg_restore() {
    side_by_side(&Major::all(), |&major| {
        let case = Case::of_hard_cases(major)?;
        let judge = case.restore(By::PgRestore, &[])?;
        for args in [&[][..], &["-j4"], &["-1"], &["--transaction-size=20"]] {
            let ours = case.restore(By::Pgark, args)?;
            ensure_same(&judge, &ours).with_context(|| format!("{args:?}"))?;
        }
        Ok(())
    });
}

#[test]
fn an_older_copy_is_replaced() -> Result<()> {
    let cases = on_majors(["shop", "quirks/07-partitions", "quirks/10-views"])?;
    side_by_side(&cases, |On(major, fixture)| {
        let case = Case::of_fixture(*major, fixture)?;
        for args in [
            &["-c", "--if-exists"][..],
            &["-c"],
            &["-c", "--if-exists", "-1"],
        ] {
            let restored = [By::PgRestore, By::Pgark].map(|by| {
                let db = case.empty_database()?;
                case.restore_into(&db, By::PgRestore, &[])?;
                case.restore_into(&db, by, args)
            });
            let [judge, ours] = restored;
            ensure_as_good(&judge?, &ours?).with_context(|| format!("{args:?}"))?;
        }
        Ok(())
    });
    Ok(())
}

/// Fixtures, each with majors to test it on.
fn on_majors<const N: usize>(names: [&str; N]) -> Result<Vec<On>> {
    let mut cases = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        for major in by_turns(place, &Major::all()) {
            cases.push(On(*major, Fixture::named(name)?));
        }
    }
    Ok(cases)
}

#[test]
fn archives_of_older_majors_are_restored_into_newer_servers() {
    let mut pairs = Vec::new();
    for from in Major::all() {
        let newer = Major::all()
            .into_iter()
            .filter(|to| to.number() > from.number());
        pairs.extend(newer.map(|to| Pair(from, to)));
    }
    side_by_side(&pairs, |Pair(from, to)| {
        let fixture = Fixture::named("shop")?;
        let case = Case::of_fixture(*from, &fixture)?;
        let case = case.moved_to(*to);
        let judge = case.restore(By::PgRestore, &[])?;
        for args in [&[][..], &["-j3"]] {
            ensure_same(&judge, &case.restore(By::Pgark, args)?)?;
        }
        Ok(())
    });
}

#[derive(Debug)]
struct Pair(Major, Major);

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} into {}", self.0, self.1)
    }
}

#[test]
fn every_golden_archive_is_restored_as_by_pg_restore() {
    let mut archives = Vec::new();
    for major in Major::all() {
        for how in ["file", "piped", "redirected"] {
            archives.push(Golden(major, how));
        }
    }
    side_by_side(&archives, |golden| {
        let case = Case::of_file(golden.0, &format!("pg{}-{}.dump", golden.0, golden.1))?;
        let judge = case.restore(By::PgRestore, &[])?;
        for args in [&[][..], &["-j3"]] {
            ensure_same(&judge, &case.restore(By::Pgark, args)?)?;
        }
        Ok(())
    });
}

#[derive(Debug)]
struct Golden(Major, &'static str);

impl std::fmt::Display for Golden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}

#[test]
fn the_database_itself_is_restored_with_its_properties() -> Result<()> {
    let cases = on_majors(["quirks/20-database", "encodings/latin1", "shop"])?;
    side_by_side(&cases, |On(major, fixture)| {
        let server = support::shared_server(*major);
        let source = fixture.load(server)?;
        let case = Case::of_database(*major, &source, "")?;
        let original = support::database_text(server, &source, &["-C"])?;
        for args in [
            &["-C"][..],
            &["-C", "-c", "--if-exists"],
            &["-C", "-c", "-j3"],
        ] {
            if !args.contains(&"-c") {
                let drop = format!(
                    "alter database \"{source}\" is_template false; drop database \"{source}\""
                );
                server.psql("postgres", drop)?;
            }
            let ran = support::observe(
                case.command(By::Pgark, "postgres")
                    .args(args)
                    .arg(&case.archive),
            )?;
            ran.expect_code(0)?;
            let restored = support::database_text(server, &source, &["-C"])?;
            ensure_same_text(&original, &restored).with_context(|| format!("{args:?}"))?;
        }
        Ok(())
    });
    Ok(())
}

#[test]
fn a_database_whose_properties_are_in_the_way_is_restored_all_the_same() -> Result<()> {
    const SCRIPT: &str = "
        create table t (a text[], b int check (b = null or b > 0));
        insert into t values ('{a,NULL,\"NULL\"}', 1);
        create view v as select b = null as compared from t";
    let server = support::shared_server(Major::V17);
    let source = server.fresh_database("in_the_way", "template template0")?;
    server.psql(&source, SCRIPT)?;
    for setting in [
        "array_nulls = off",
        "transform_null_equals = on",
        "default_transaction_read_only = on",
        "default_transaction_isolation = serializable",
    ] {
        server.psql("postgres", format!("alter database {source} set {setting}"))?;
    }
    let case = Case::of_database(Major::V17, &source, "")?;
    let original = support::database_text(server, &source, &["-C"])?;
    for jobs in ["-j1", "-j3"] {
        let args = ["-C", "-c", jobs];
        support::run(
            case.command(By::Pgark, "postgres")
                .args(args)
                .arg(&case.archive),
        )?;
        let restored = support::database_text(server, &source, &["-C"])?;
        ensure_same_text(&original, &restored).context(jobs)?;
    }
    Ok(())
}
