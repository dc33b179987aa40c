//! What can be said of a column only once its table is there.

use bstr::BString;
use pgark_catalog::{Column, RelationKind};
use pgark_sql::{put, text};

use super::Emitter;
use super::foreign::{alter_table, foreign_options};
use crate::options::Omit;

impl Emitter<'_> {
    /// The statements about a table's columns that follow its own. The name is quoted.
    pub(super) fn put_columns_settings(
        &self,
        create: &mut BString,
        relation: usize,
        name: &BString,
    ) {
        let first = self.plan.first_column(relation);
        let table = &self.catalog().relations[relation];
        let command = alter_table(table);
        let columns = self.details().columns_of(table.id.oid);
        for (offset, column) in columns.iter().enumerate() {
            if column.is_dropped {
                continue;
            }
            let column_name = self.quoter.ident(&column.name);
            let alter = text!(command, "ONLY ", name, " ALTER COLUMN ", column_name);
            if self.is_not_null_later(relation, first + offset) {
                put!(create, alter, " SET NOT NULL;\n");
            }
            self.put_settings(create, &alter, column);
            if table.kind == RelationKind::ForeignTable && !column.foreign_options.is_empty() {
                let alter = if self.dialect.foreign_columns_are_altered_alone() {
                    alter
                } else {
                    text!(command, name, " ALTER COLUMN ", column_name)
                };
                put!(
                    create,
                    alter,
                    foreign_options(" ", &column.foreign_options),
                    ";\n"
                );
            }
        }
    }

    /// Whether NOT NULL was set here for a column that was not declared here, where `CREATE TABLE` has no words for it.
    fn is_not_null_later(&self, relation: usize, place: usize) -> bool {
        let is_local = self.plan.columns[place]
            .not_null
            .as_ref()
            .is_some_and(|not_null| not_null.is_local);
        is_local
            && !self.dialect.has_not_null_constraints()
            && !self
                .plan
                .is_column_printed(relation, &self.details().columns[place])
    }

    fn put_settings(&self, create: &mut BString, alter: &BString, column: &Column) {
        if let Some(target) = column.statistics_target {
            put!(create, alter, " SET STATISTICS ", target.to_string(), ";\n");
        }
        let storage = match column.storage {
            b'p' => Some("PLAIN"),
            b'e' => Some("EXTERNAL"),
            b'x' => Some("EXTENDED"),
            b'm' => Some("MAIN"),
            _ => None,
        };
        if let Some(storage) = storage.filter(|_| column.storage != column.type_storage) {
            put!(create, alter, " SET STORAGE ", storage, ";\n");
        }
        match column.compression {
            _ if self.options.omits(Omit::TOAST_COMPRESSION) => {}
            b'p' => put!(create, alter, " SET COMPRESSION pglz;\n"),
            b'l' => put!(create, alter, " SET COMPRESSION lz4;\n"),
            _ => {}
        }
        if !column.options.is_empty() {
            put!(create, alter, " SET (", column.options, ");\n");
        }
    }
}
