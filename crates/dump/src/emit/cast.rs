//! Casts.

use bstr::BString;
use pgark_catalog::FunctionSignature;
use pgark_sql::{put, text};

use super::Emitter;
use super::named::Named;
use crate::error::{Error, Result};
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_cast(&mut self, id: NodeId) -> Result<()> {
        let oid = self.plan.node(id).id.oid;
        let definition = self.defined(id, self.definitions.casts.get(&oid))?;
        let types = text!("(", definition.source, " AS ", definition.target, ")");
        let mut create = text!("CREATE CAST ", types, " ");
        match (definition.method, &definition.function) {
            (b'b', _) => put!(create, "WITHOUT FUNCTION"),
            (b'i', _) => put!(create, "WITH INOUT"),
            (b'f', Some(function)) => {
                put!(create, "WITH FUNCTION ", self.function_signature(function));
            }
            (other, _) => {
                return Err(Error::Unknown {
                    object: self.plan.describe(id),
                    what: "method",
                    found: other.into(),
                });
            }
        }
        match definition.context {
            b'a' => put!(create, " AS ASSIGNMENT"),
            b'i' => put!(create, " AS IMPLICIT"),
            _ => {}
        }
        put!(create, ";\n");
        let named = Named {
            kind: "CAST",
            tag: text!("CAST ", types),
            identity: types,
            schema: None,
            owner: None,
        };
        self.emit_named(id, &named, create);
        Ok(())
    }

    /// A function's qualified name with the types of its arguments.
    pub(super) fn function_signature(&self, function: &FunctionSignature) -> BString {
        text!(
            self.quoter
                .qualified(Some(&function.schema), &function.name),
            "(",
            bstr::join(", ", &function.argument_types),
            ")"
        )
    }
}

#[cfg(test)]
mod tests;
