//! Operators.

use bstr::{BStr, BString, ByteSlice};
use pgark_catalog::Oid;
use pgark_sql::{put, text};

use super::Emitter;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_operator(&mut self, id: NodeId, place: usize) -> Result<()> {
        let operator = &self.catalog().operators[place];
        if !operator.is_defined {
            // It comes into being with the operator that names it.
            return Ok(());
        }
        let definition = self.defined(id, self.definitions.operators.get(&operator.id.oid))?;
        let schema = self.schema_name(operator.schema)?;
        let [left, right] = &definition.types;
        let is_prefix = operator.kind == b'l';
        // An operator's name needs no quotes.
        let mut create = text!(
            "CREATE OPERATOR ",
            self.quoter.ident(schema),
            ".",
            operator.name,
            " (\n    FUNCTION = ",
            without_arguments(&definition.function)
        );
        if !is_prefix {
            put!(create, ",\n    LEFTARG = ", left);
        }
        put!(create, ",\n    RIGHTARG = ", right);
        for (word, other) in [
            ("COMMUTATOR", definition.commutator),
            ("NEGATOR", definition.negator),
        ] {
            if let Some(other) = self.operator_reference(id, other)? {
                put!(create, ",\n    ", word, " = ", other);
            }
        }
        if definition.can_merge {
            put!(create, ",\n    MERGES");
        }
        if definition.can_hash {
            put!(create, ",\n    HASHES");
        }
        for (word, estimator) in [
            ("RESTRICT", &definition.restrict),
            ("JOIN", &definition.join),
        ] {
            if estimator != "-" {
                put!(create, ",\n    ", word, " = ", without_arguments(estimator));
            }
        }
        put!(create, "\n);\n");
        let left = if is_prefix {
            "NONE".into()
        } else {
            left.as_bstr()
        };
        let named = Named {
            kind: "OPERATOR",
            tag: operator.name.clone(),
            identity: text!(operator.name, " (", left, ", ", right, ")"),
            schema: Some(schema),
            owner: Some(self.role_name(operator.owner)?),
        };
        self.emit_named(id, &named, create);
        Ok(())
    }

    /// `OPERATOR(schema.name)`, for a place where the types of the operator's arguments go without saying.
    pub(super) fn operator_reference(
        &self,
        from: NodeId,
        operator: Oid,
    ) -> Result<Option<BString>> {
        if !operator.is_valid() {
            return Ok(None);
        }
        let operator =
            self.catalog()
                .operator(operator)
                .ok_or_else(|| pgark_catalog::Error::Dangling {
                    what: self.plan.describe(from),
                    target: "operator",
                    oid: operator.0,
                })?;
        let schema = self.quoter.ident(self.schema_name(operator.schema)?);
        Ok(Some(text!("OPERATOR(", schema, ".", operator.name, ")")))
    }
}

/// A function's name without the types of its arguments, which CREATE OPERATOR knows.
fn without_arguments(function: &BString) -> &BStr {
    let mut is_quoted = false;
    let parenthesis = function.iter().position(|byte| {
        is_quoted ^= *byte == b'"';
        *byte == b'(' && !is_quoted
    });
    function[..parenthesis.unwrap_or(function.len())].as_bstr()
}

#[cfg(test)]
mod tests;
