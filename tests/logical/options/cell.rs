//! The comparisons: which option, on which database, beside what of pg_dump.

use Corpus::{
    Analyzed, Foreign, HardcasesAnalyzed, Labels, Publications, Selection, ShopAnalyzed, Tablespace,
};

use super::run::Effect;

/// The database that shows an option's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Corpus {
    Selection,
    Publications,
    Labels,
    /// Only where a module for foreign data is among the judges.
    Foreign,
    /// Databases of which the planner knows something.
    Analyzed,
    HardcasesAnalyzed,
    ShopAnalyzed,
    /// A database in a tablespace.
    Tablespace,
}

/// One comparison.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) corpus: Corpus,
    /// The options under test.
    pub(super) args: &'static [&'static str],
    /// What is given beside them, and without them where the effect is looked for.
    pub(super) base: &'static [&'static str],
    /// The first major whose pg_dump knows the options.
    pub(super) since: u32,
    /// What an older pg_dump calls the same, if it can do it.
    pub(super) before: Option<&'static [&'static str]>,
    pub(super) effect: Effect,
    /// The content of the filter file that `FILTER` in the options stands for.
    pub(super) filter: &'static str,
}

const fn cell(args: &'static [&'static str]) -> Cell {
    Cell {
        corpus: Selection,
        args,
        base: &[],
        since: 0,
        before: None,
        effect: Effect::Changes,
        filter: "",
    }
}

impl Cell {
    const fn on(self, corpus: Corpus) -> Self {
        Self { corpus, ..self }
    }

    const fn beside(self, base: &'static [&'static str]) -> Self {
        Self { base, ..self }
    }

    const fn since(self, since: u32) -> Self {
        Self { since, ..self }
    }

    const fn before(self, before: &'static [&'static str]) -> Self {
        Self {
            before: Some(before),
            ..self
        }
    }

    /// The option changes nothing in an archive, neither ours nor pg_dump's.
    const fn changes_nothing(self) -> Self {
        Self {
            effect: Effect::Nothing,
            ..self
        }
    }

    const fn filter(self, filter: &'static str) -> Self {
        Self {
            filter,
            args: &["--filter", "FILTER"],
            since: 17,
            ..self
        }
    }
}

/// Every comparison.
pub(super) fn cells() -> Vec<Cell> {
    [
        content(),
        statistics(),
        names(),
        filters(),
        omissions(),
        sessions(),
    ]
    .concat()
}

fn content() -> Vec<Cell> {
    vec![
        cell(&["-s"]),
        cell(&["--schema-only"]),
        cell(&["-a"]),
        cell(&["--data-only"]),
        cell(&["--no-data"]).since(18).before(&["-s"]),
        cell(&["--no-schema"]).since(18).before(&["-a"]),
        cell(&["--no-schema", "--no-data"])
            .since(18)
            .before(&["-s", "--section=data"]),
        cell(&["--sequence-data"]).beside(&["-s"]).since(18),
        cell(&["--sequence-data", "--no-data", "--no-schema"])
            .beside(&["-B"])
            .since(18),
        cell(&["--section=pre-data"]),
        cell(&["--section=data"]),
        cell(&["--section=post-data"]),
        cell(&["--section=pre-data", "--section=post-data"]),
        cell(&[
            "--section=pre-data",
            "--section=data",
            "--section=post-data",
        ])
        .changes_nothing(),
        cell(&["--section=data"]).beside(&["-s"]),
        cell(&["--section=post-data"]).beside(&["-n", "two"]),
        cell(&["-b"]).beside(&["-n", "one"]),
        cell(&["--blobs"]).beside(&["-t", "one.plain"]),
        cell(&["--large-objects"])
            .beside(&["-t", "one.plain"])
            .since(16)
            .before(&["-b"]),
        cell(&["-B"]),
        cell(&["--no-blobs"]),
        cell(&["--no-large-objects"]).since(16).before(&["-B"]),
        cell(&["-b"]).beside(&["-B"]),
        cell(&["-b"]).beside(&["-s"]).changes_nothing(),
    ]
}

fn statistics() -> Vec<Cell> {
    let analyzed = |args| cell(args).on(Analyzed).since(18);
    vec![
        analyzed(&["--statistics"]),
        analyzed(&["--statistics-only"]),
        analyzed(&["--no-statistics"]).changes_nothing(),
        analyzed(&["--statistics"])
            .beside(&["--statistics-only"])
            .changes_nothing(),
        analyzed(&["--statistics"]).beside(&["--no-data"]),
        analyzed(&["--statistics"]).beside(&["--no-schema"]),
        analyzed(&["--statistics"]).beside(&["--no-schema", "--no-data"]),
        analyzed(&["--no-statistics"])
            .beside(&["-s"])
            .changes_nothing(),
        analyzed(&["--no-statistics"])
            .beside(&["-a"])
            .changes_nothing(),
        analyzed(&["--statistics"])
            .beside(&["--section=pre-data"])
            .changes_nothing(),
        analyzed(&["--statistics"]).beside(&["--section=data"]),
        analyzed(&["--statistics"]).beside(&["--section=post-data"]),
        // Without a refresh they are data, but for the view that waits for a key.
        analyzed(&["--statistics"]).beside(&["--section=post-data", "--no-data"]),
        analyzed(&["--section=data"]).beside(&["--statistics-only"]),
        analyzed(&["--sequence-data"]).beside(&["--statistics-only"]),
        analyzed(&["--exclude-table-data=seen"]).beside(&["--statistics"]),
        analyzed(&["--statistics"]).beside(&["-n", "s"]),
        // The indexes of the parent come along.
        analyzed(&["--statistics"]).beside(&["-t", "wide_1"]),
        analyzed(&["-T", "wide_1", "-T", "seen"]).beside(&["--statistics-only"]),
        analyzed(&["--no-unlogged-table-data"]).beside(&["--statistics"]),
        cell(&["--statistics"]).on(HardcasesAnalyzed).since(18),
        cell(&["--statistics-only"])
            .beside(&["--no-schema", "--no-data"])
            .on(HardcasesAnalyzed)
            .since(18),
        cell(&["--statistics"]).on(ShopAnalyzed).since(18),
        cell(&["--statistics-only", "--quote-all-identifiers"])
            .on(ShopAnalyzed)
            .since(18),
    ]
}

fn names() -> Vec<Cell> {
    vec![
        cell(&["-n", "one"]),
        cell(&["--schema=t*", "--schema", "ONE"]),
        cell(&["-n", "public"]),
        cell(&["-n", "\"Three.x\"", "-a"]),
        cell(&["-N", "one"]),
        cell(&["--exclude-schema", "(one|two)"]),
        cell(&["-N", "nope"]).changes_nothing(),
        cell(&["-N", "two"]).beside(&["-n", "t*", "-n", "one"]),
        cell(&["-N", "ext"]).beside(&["-e", "plpgsql"]).since(14),
        cell(&["-t", "one.plain"]),
        cell(&["--table=one.plain", "--table", "two.refers"]),
        cell(&["-t", "t?"]),
        cell(&["-t", "\"Three.x\".\"T.1 $\""]),
        cell(&["-t", "\"Three.x\".*"]),
        cell(&["-t", "*.measured*"]),
        cell(&["-t", "two.measured_2020"]),
        cell(&["-t", "two.kept*"]),
        cell(&["-t", "one.free"]),
        cell(&["-t", "two.derived", "-a"]),
        cell(&["-t", "ext.config"]),
        cell(&["-T", "one.*"]),
        cell(&["--exclude-table", "two.measured_2020"]),
        cell(&["-T", "ext.*"]),
        cell(&["-T", "*.refers"]).beside(&["-n", "two"]),
        cell(&["--table-and-children", "one.measured"])
            .since(16)
            .before(&["-t", "one.measured", "-t", "*.measured_20*"]),
        cell(&["--exclude-table-and-children", "two.measured_2020"])
            .since(16)
            .before(&["-T", "*.measured_2020*"]),
        cell(&["--exclude-table-data", "one.*"]),
        cell(&["--exclude-table-data=two.kept"]),
        cell(&["--exclude-table-data", "one.free"]),
        cell(&["--exclude-table-data", "ext.config"]),
        cell(&["--exclude-table-data-and-children", "one.base"])
            .since(16)
            .before(&[
                "--exclude-table-data",
                "one.base",
                "--exclude-table-data",
                "two.derived",
            ]),
        cell(&["-e", "plpgsql"]).since(14),
        cell(&["--extension=pl*"]).beside(&["-n", "one"]).since(14),
        cell(&["--exclude-extension", "plpgsql"]).since(17),
        cell(&["--exclude-extension", "nope"])
            .since(17)
            .changes_nothing(),
        cell(&["--strict-names"])
            .beside(&["-t", "one.plain"])
            .changes_nothing(),
        cell(&["--include-foreign-data", "files"])
            .beside(&["-a"])
            .on(Foreign),
        cell(&["--include-foreign-data", "*files"])
            .beside(&["-a", "-t", "*ar"])
            .on(Foreign),
    ]
}

fn filters() -> Vec<Cell> {
    vec![
        cell(&[])
            .filter("# tables\ninclude table one.plain\ninclude table two . refers # another\n")
            .before(&["-t", "one.plain", "-t", "two.refers"]),
        cell(&[])
            .filter(
                "include schema one\nexclude table one.measured*\nexclude table_data one.base\n",
            )
            .before(&[
                "-n",
                "one",
                "-T",
                "one.measured*",
                "--exclude-table-data=one.base",
            ]),
        cell(&[])
            .filter(
                "include table_and_children one.base\nexclude table_data_and_children one.base\n",
            )
            .before(&["-s", "-t", "one.base", "-t", "two.derived"]),
        cell(&[])
            .filter("exclude table_and_children one.base\nexclude schema ext\n")
            .before(&["-T", "one.base", "-T", "two.derived", "-N", "ext"]),
        cell(&[]).filter("exclude extension plpgsql\n"),
        // Unlike with -e, everything else stays in.
        cell(&[])
            .filter("include extension pl*\n")
            .changes_nothing(),
        cell(&[])
            .filter("include foreign_data \"files\"\n")
            .before(&["--include-foreign-data=files"])
            .beside(&["-a"])
            .on(Foreign),
    ]
}

fn omissions() -> Vec<Cell> {
    vec![
        cell(&["-O"]).changes_nothing(),
        cell(&["--no-owner"]).changes_nothing(),
        cell(&["-x"]),
        cell(&["--no-privileges"]),
        cell(&["--no-acl"]),
        cell(&["--no-comments"]),
        cell(&["--no-comments", "-x"]).beside(&["-a"]),
        cell(&["--no-policies"]).since(18),
        cell(&["--no-publications", "--no-subscriptions"]).on(Publications),
        cell(&["--no-subscriptions"])
            .beside(&["--no-publications"])
            .on(Publications),
        cell(&["--no-publications"])
            .beside(&["--no-subscriptions"])
            .on(Publications),
        cell(&["--no-security-labels"]).on(Labels),
        cell(&["--no-tablespaces"]).on(Tablespace),
        cell(&["--no-table-access-method"])
            .since(15)
            .changes_nothing(),
        cell(&["--no-toast-compression"]).since(14),
        cell(&["--no-unlogged-table-data"]),
    ]
}

fn sessions() -> Vec<Cell> {
    vec![
        cell(&["-E", "LATIN1"]),
        cell(&["--encoding=win1252"]),
        cell(&["--role=options_reader", "--enable-row-security"]).beside(&[
            "-a",
            "-t",
            "one.secret",
        ]),
        cell(&["--enable-row-security"]).changes_nothing(),
        cell(&["--serializable-deferrable"]).changes_nothing(),
        cell(&["--lock-wait-timeout=10min"]).changes_nothing(),
        cell(&["--quote-all-identifiers"]),
        cell(&["--quote-all-identifiers"]).on(Tablespace),
        cell(&["--extra-float-digits=0"]),
        cell(&["--extra-float-digits", "-5"]),
        cell(&["--no-sync"]).changes_nothing(),
        cell(&["-w", "-v"]).changes_nothing(),
    ]
}
