//! Transforms of data types for procedural languages.

use pgark_sql::text;

use super::Emitter;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_transform(&mut self, id: NodeId) -> Result<()> {
        let oid = self.plan.node(id).id.oid;
        let definition = self.defined(id, self.definitions.transforms.get(&oid))?;
        let identity = text!(
            "FOR ",
            definition.type_name,
            " LANGUAGE ",
            self.quoter.ident(&definition.language)
        );
        let functions = [("FROM", &definition.from_sql), ("TO", &definition.to_sql)]
            .into_iter()
            .filter_map(|(word, function)| {
                let function = self.function_signature(function.as_ref()?);
                Some(text!(word, " SQL WITH FUNCTION ", function))
            });
        let create = text!(
            "CREATE TRANSFORM ",
            identity,
            " (",
            bstr::join(", ", functions),
            ");\n"
        );
        let named = Named {
            kind: "TRANSFORM",
            tag: text!("TRANSFORM ", identity),
            identity,
            schema: None,
            owner: None,
        };
        self.emit_named(id, &named, create);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
