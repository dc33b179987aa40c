//! Operator classes.

use pgark_sql::text;

use super::Emitter;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_operator_class(&mut self, id: NodeId, place: usize) -> Result<()> {
        let class = &self.catalog().operator_classes[place];
        let definition = self.defined(id, self.definitions.operator_classes.get(&class.id.oid))?;
        let using = text!(" USING ", self.quoter.ident(&class.access_method));
        let members = self.family_members(&definition.members);
        let storage = match definition.storage.as_slice() {
            // The clause may not be empty; the server makes nothing of a storage type that is the input type.
            b"-" if members.is_empty() => Some(&definition.input_type),
            b"-" => None,
            _ => Some(&definition.storage),
        };
        let storage = storage.map(|storage| text!("STORAGE ", storage));
        let create = text!(
            "CREATE OPERATOR CLASS ",
            self.qualified(class.schema, &class.name)?,
            "\n    ",
            if definition.is_default {
                "DEFAULT "
            } else {
                ""
            },
            "FOR TYPE ",
            definition.input_type,
            using,
            " FAMILY ",
            self.quoter
                .qualified(Some(&definition.family.0), &definition.family.1),
            " AS\n    ",
            bstr::join(" ,\n    ", storage.into_iter().chain(members)),
            ";\n"
        );
        let named = Named {
            kind: "OPERATOR CLASS",
            tag: class.name.clone(),
            identity: text!(self.quoter.ident(&class.name), using),
            schema: Some(self.schema_name(class.schema)?),
            owner: Some(self.role_name(class.owner)?),
        };
        self.emit_named(id, &named, create);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
