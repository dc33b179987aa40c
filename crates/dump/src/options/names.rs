use bstr::BString;
use pgark_sql::{FilterCommand, FilterItem, FilterObject, parse_filter};

/// Which objects are dumped, by patterns of their names.
#[derive(Clone, Debug, Default)]
pub struct NameOptions {
    /// Only what is named is dumped, so that an object with no schema, and no option to name it, is not.
    pub is_partial: bool,
    /// A pattern that matches nothing is an error, also if others match something (`--strict-names`).
    pub is_strict: bool,
    /// Schemas whose content is dumped; all where none are named.
    pub schemas: Vec<BString>,
    /// Schemas whose content is not dumped.
    pub excluded_schemas: Vec<BString>,
    /// Relations that are dumped; all where none are named.
    pub tables: Vec<TablePattern>,
    /// Relations that are not dumped.
    pub excluded_tables: Vec<TablePattern>,
    /// Relations whose data is not dumped.
    pub excluded_data: Vec<TablePattern>,
    /// Extensions that are dumped; all where none are named.
    pub extensions: Vec<BString>,
    /// Extensions that are not dumped.
    pub excluded_extensions: Vec<BString>,
    /// Foreign servers whose tables' rows are dumped.
    pub foreign_data: Vec<BString>,
}

impl NameOptions {
    /// Adds what a filter file says (`read_dump_filters` in src/bin/pg_dump/pg_dump.c).
    ///
    /// # Errors
    /// [`pgark_sql::Error::Filter`] for a line that is not one of a dump's filter.
    pub fn add_filter(&mut self, text: &[u8]) -> pgark_sql::Result<()> {
        for item in parse_filter(text)? {
            self.add_item(item)?;
        }
        Ok(())
    }

    fn add_item(&mut self, item: FilterItem) -> pgark_sql::Result<()> {
        use FilterCommand::{Exclude, Include};
        use FilterObject::{
            Extension, ForeignData, Schema, Table, TableAndChildren, TableData,
            TableDataAndChildren,
        };
        let with_children = matches!(item.object, TableAndChildren | TableDataAndChildren);
        let table = |pattern| TablePattern {
            pattern,
            with_children,
        };
        match (item.command, item.object) {
            (Include, Table | TableAndChildren) => {
                self.is_partial = true;
                self.tables.push(table(item.pattern));
            }
            (Include, Schema) => {
                self.is_partial = true;
                self.schemas.push(item.pattern);
            }
            // As in pg_dump, all that is no extension stays in.
            (Include, Extension) => self.extensions.push(item.pattern),
            (Include, ForeignData) => self.foreign_data.push(item.pattern),
            (Exclude, Table | TableAndChildren) => self.excluded_tables.push(table(item.pattern)),
            (Exclude, TableData | TableDataAndChildren) => {
                self.excluded_data.push(table(item.pattern));
            }
            (Exclude, Schema) => self.excluded_schemas.push(item.pattern),
            (Exclude, Extension) => self.excluded_extensions.push(item.pattern),
            _ => return Err(item.not_allowed()),
        }
        Ok(())
    }
}

/// A pattern of relations.
#[derive(Clone, Debug)]
pub struct TablePattern {
    /// The pattern.
    pub pattern: BString,
    /// Whether it stands for partitions and children of the relations too.
    pub with_children: bool,
}

impl TablePattern {
    /// The relations alone.
    pub fn alone(pattern: BString) -> Self {
        Self {
            pattern,
            with_children: false,
        }
    }

    /// The relations, their partitions and children.
    pub fn with_children(pattern: BString) -> Self {
        Self {
            pattern,
            with_children: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_says_what_options_say() {
        let mut names = NameOptions::default();
        names
            .add_filter(
                b"include extension x\nexclude extension y\nexclude schema n\nexclude table t\n",
            )
            .unwrap();
        names
            .add_filter(b"exclude table_data d\nexclude table_data_and_children e\ninclude foreign_data f\n")
            .unwrap();
        assert!(!names.is_partial);
        assert_eq!(names.extensions, ["x"]);
        assert_eq!(names.excluded_extensions, ["y"]);
        assert_eq!(names.excluded_schemas, ["n"]);
        assert_eq!(names.foreign_data, ["f"]);
        let shown = |patterns: &[TablePattern]| -> Vec<(String, bool)> {
            let shown = |p: &TablePattern| (p.pattern.to_string(), p.with_children);
            patterns.iter().map(shown).collect()
        };
        assert_eq!(shown(&names.excluded_tables), [("t".into(), false)]);
        let data = [("d".into(), false), ("e".into(), true)];
        assert_eq!(shown(&names.excluded_data), data);

        for text in [
            "include table a",
            "include table_and_children a",
            "include schema a",
        ] {
            let mut names = NameOptions::default();
            names.add_filter(text.as_bytes()).unwrap();
            assert!(names.is_partial, "{text}");
        }
    }

    #[test]
    fn a_dump_has_no_use_for_some_filters() {
        for text in [
            "include table_data a",
            "include table_data_and_children a",
            "include database a",
            "exclude foreign_data a",
            "exclude function a",
            "exclude index a",
            "exclude trigger a",
        ] {
            let error = NameOptions::default()
                .add_filter(text.as_bytes())
                .unwrap_err();
            assert!(error.to_string().ends_with(" is not allowed"), "{error}");
        }
    }
}
