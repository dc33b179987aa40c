//! Views.

use bstr::{BString, ByteSlice};
use pgark_catalog::Relation;
use pgark_sql::{put, reloptions, text};

use super::Emitter;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    /// `CREATE VIEW`, with dummy columns where the view's text follows as a rule.
    pub(super) fn view_definition(
        &self,
        id: NodeId,
        relation: &Relation,
        name: &BString,
    ) -> Result<BString> {
        if self.plan.node(id).is_dummy {
            return Ok(text!(
                "CREATE VIEW ",
                name,
                " AS\n",
                self.dummy_query(relation)?,
                ";\n"
            ));
        }
        self.create_view(id, "CREATE VIEW ", relation, name)
    }

    /// A view with its options and text.
    pub(super) fn create_view(
        &self,
        id: NodeId,
        command: &str,
        relation: &Relation,
        name: &BString,
    ) -> Result<BString> {
        let mut create = text!(command, name);
        if let Some(options) = self.options_of(id, relation.options.as_ref(), "")? {
            put!(create, " WITH (", options, ")");
        }
        put!(create, " AS\n", self.view_query(id, relation)?);
        if let Some(check) = &relation.check_option {
            put!(create, "\n  WITH ", check, " CHECK OPTION");
        }
        put!(create, ";\n");
        Ok(create)
    }

    /// The query of a view or materialized view, without its semicolon.
    pub(super) fn view_query(&self, id: NodeId, relation: &Relation) -> Result<BString> {
        let query = self.defined(id, self.definitions.views.get(&relation.id.oid))?;
        Ok(query.strip_suffix(b";").unwrap_or(query).into())
    }

    /// A query that gives columns of the right names and types and needs nothing else.
    pub(super) fn dummy_query(&self, relation: &Relation) -> Result<BString> {
        let mut query = text!("SELECT");
        for (i, column) in self
            .details()
            .columns_of(relation.id.oid)
            .iter()
            .enumerate()
        {
            put!(
                query,
                if i == 0 { "" } else { "," },
                "\n    NULL::",
                column.type_name
            );
            if let Some(collation) = self.collation(column.collation)? {
                put!(query, " COLLATE ", collation);
            }
            put!(query, " AS ", self.quoter.ident(&column.name));
        }
        Ok(query)
    }

    /// Storage options as they stand between the parentheses of `WITH`, `None` where there are none.
    pub(super) fn options_of(
        &self,
        id: NodeId,
        options: Option<&BString>,
        prefix: &str,
    ) -> Result<Option<BString>> {
        let Some(options) = options else {
            return Ok(None);
        };
        let options = self.sql(id, reloptions(&self.quoter, options.as_bytes(), prefix))?;
        Ok(Some(options).filter(|options| !options.is_empty()))
    }
}

#[cfg(test)]
mod tests;
