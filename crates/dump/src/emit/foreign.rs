//! What everything that has to do with foreign data has in common.

use bstr::BString;
use pgark_catalog::{Relation, RelationKind};
use pgark_sql::text;

/// The clause for options, after what stands before it; empty where there are none.
pub(super) fn foreign_options(before: &str, options: &[u8]) -> BString {
    if options.is_empty() {
        BString::default()
    } else {
        text!(before, "OPTIONS (\n    ", options, "\n)")
    }
}

/// The command that changes a table, which is one of its own for a foreign table.
pub(super) fn alter_table(table: &Relation) -> &'static str {
    if table.kind == RelationKind::ForeignTable {
        "ALTER FOREIGN TABLE "
    } else {
        "ALTER TABLE "
    }
}
