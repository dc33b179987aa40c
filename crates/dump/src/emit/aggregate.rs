//! Aggregates.

use bstr::{BStr, BString, ByteSlice};
use pgark_catalog::{AggregateDefinition, AggregateState};
use pgark_sql::acl::ObjectKind;
use pgark_sql::{put, text};

use super::Emitter;
use super::acl::AclOf;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_aggregate(&mut self, id: NodeId, place: usize) -> Result<()> {
        let aggregate = &self.catalog().aggregates[place];
        let definition = self.defined(id, self.definitions.aggregates.get(&aggregate.id.oid))?;
        let schema = self.schema_name(aggregate.schema)?;
        let owner = self.role_name(aggregate.owner)?;
        let name = self.quoter.ident(&aggregate.name);
        let types = bstr::join(", ", &definition.argument_types);
        let create = text!(
            "CREATE AGGREGATE ",
            self.quoter.ident(schema),
            ".",
            name,
            "(",
            or_star(&definition.arguments),
            ") (\n",
            self.aggregate_details(id, definition)?,
            "\n);\n"
        );
        let named = Named {
            kind: "AGGREGATE",
            tag: text!(aggregate.name, "(", or_star(&types), ")"),
            identity: text!(name, "(", or_star(&definition.identity_arguments), ")"),
            schema: Some(schema),
            owner: Some(owner),
        };
        self.emit_named(id, &named, create);
        // GRANT knows functions alone.
        self.emit_acl(
            id,
            &AclOf {
                kind: ObjectKind::Function,
                name: &text!(name, "(", types, ")"),
                schema: Some(schema),
                owner,
                acl: &aggregate.acl,
            },
        )?;
        Ok(())
    }

    fn aggregate_details(&self, id: NodeId, definition: &AggregateDefinition) -> Result<BString> {
        let mut details = text!(
            "    SFUNC = ",
            definition.state.transition,
            ",\n    STYPE = ",
            definition.state.data_type
        );
        self.put_state(&mut details, "", definition.kind, &definition.state);
        for (word, function) in [
            ("COMBINEFUNC", &definition.combine),
            ("SERIALFUNC", &definition.serialize),
            ("DESERIALFUNC", &definition.deserialize),
        ] {
            if function != "-" {
                put!(details, ",\n    ", word, " = ", function);
            }
        }
        if definition.moving.transition != "-" {
            put!(
                details,
                ",\n    MSFUNC = ",
                definition.moving.transition,
                ",\n    MINVFUNC = ",
                definition.moving_inverse,
                ",\n    MSTYPE = ",
                definition.moving.data_type
            );
        }
        self.put_state(&mut details, "M", definition.kind, &definition.moving);
        if let Some(operator) = self.operator_reference(id, definition.sort_operator)? {
            put!(details, ",\n    SORTOP = ", operator);
        }
        if definition.kind == b'h' {
            put!(details, ",\n    HYPOTHETICAL");
        }
        match definition.parallel {
            b's' => put!(details, ",\n    PARALLEL = safe"),
            b'r' => put!(details, ",\n    PARALLEL = restricted"),
            _ => {}
        }
        Ok(details)
    }

    /// What follows the type of a state, each word with the letter of a moving aggregate before it or without.
    fn put_state(&self, details: &mut BString, moving: &str, kind: u8, state: &AggregateState) {
        if state.space != 0 {
            let space = state.space.to_string();
            put!(details, ",\n    ", moving, "SSPACE = ", space);
        }
        if let Some(initial) = &state.initial {
            let initial = self.quoter.literal(initial);
            put!(details, ",\n    ", moving, "INITCOND = ", initial);
        }
        if state.finish == "-" {
            return;
        }
        put!(details, ",\n    ", moving, "FINALFUNC = ", state.finish);
        if state.finish_takes_arguments {
            put!(details, ",\n    ", moving, "FINALFUNC_EXTRA");
        }
        // What CREATE AGGREGATE assumes (DefineAggregate in src/backend/commands/aggregatecmds.c).
        let usual = if kind == b'n' { b'r' } else { b'w' };
        if state.finish_modifies != usual {
            let modifies = match state.finish_modifies {
                b'r' => "READ_ONLY",
                b's' => "SHAREABLE",
                _ => "READ_WRITE",
            };
            put!(details, ",\n    ", moving, "FINALFUNC_MODIFY = ", modifies);
        }
    }
}

/// The arguments of an aggregate, `*` where it has none.
fn or_star(arguments: &[u8]) -> &BStr {
    if arguments.is_empty() {
        "*".into()
    } else {
        arguments.as_bstr()
    }
}

#[cfg(test)]
mod tests;
