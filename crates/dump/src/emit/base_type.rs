//! Base types.

use bstr::BString;
use pgark_catalog::DataType;
use pgark_sql::{put, text};

use super::Emitter;
use crate::error::{Error, Result};
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    /// The statement that makes a base type, empty for one of which only privileges are written.
    pub(super) fn base_type_definition(
        &self,
        id: NodeId,
        data_type: &DataType,
        name: &BString,
    ) -> Result<BString> {
        if !self.is_wanted(id, Components::DEFINITION) {
            return Ok(BString::default());
        }
        let definition = self.defined(id, self.definitions.base_types.get(&data_type.id.oid))?;
        let mut create = text!("CREATE TYPE ", name, " (\n    INTERNALLENGTH = ");
        if definition.length == -1 {
            put!(create, "variable");
        } else {
            put!(create, definition.length.to_string());
        }
        for (word, function) in [
            ("INPUT", &definition.input),
            ("OUTPUT", &definition.output),
            ("RECEIVE", &definition.receive),
            ("SEND", &definition.send),
            ("TYPMOD_IN", &definition.modifier_input),
            ("TYPMOD_OUT", &definition.modifier_output),
            ("ANALYZE", &definition.analyze),
        ] {
            put_unless_none(&mut create, word, function);
        }
        if definition.is_collatable {
            put!(create, ",\n    COLLATABLE = true");
        }
        if let Some(default) = &definition.default {
            put!(create, ",\n    DEFAULT = ", default);
        } else if let Some(default) = &definition.default_literal {
            put!(create, ",\n    DEFAULT = ", self.quoter.literal(default));
        }
        put_unless_none(&mut create, "SUBSCRIPT", &definition.subscript);
        put_unless_none(&mut create, "ELEMENT", &definition.element);
        if definition.category != "U" {
            let category = self.quoter.literal(&definition.category);
            put!(create, ",\n    CATEGORY = ", category);
        }
        if definition.is_preferred {
            put!(create, ",\n    PREFERRED = true");
        }
        if definition.delimiter != "," {
            let delimiter = self.quoter.literal(&definition.delimiter);
            put!(create, ",\n    DELIMITER = ", delimiter);
        }
        let unknown = |what, found: u8| Error::Unknown {
            object: self.plan.describe(id),
            what,
            found: found.into(),
        };
        let alignment = match definition.alignment {
            b'c' => "char",
            b's' => "int2",
            b'i' => "int4",
            b'd' => "double",
            other => return Err(unknown("alignment", other)),
        };
        let storage = match definition.storage {
            b'p' => "plain",
            b'e' => "external",
            b'x' => "extended",
            b'm' => "main",
            other => return Err(unknown("storage", other)),
        };
        put!(
            create,
            ",\n    ALIGNMENT = ",
            alignment,
            ",\n    STORAGE = ",
            storage
        );
        if definition.is_by_value {
            put!(create, ",\n    PASSEDBYVALUE");
        }
        put!(create, "\n);\n");
        Ok(create)
    }
}

fn put_unless_none(create: &mut BString, word: &str, value: &BString) {
    if value != "-" {
        put!(create, ",\n    ", word, " = ", value);
    }
}

#[cfg(test)]
mod tests;
