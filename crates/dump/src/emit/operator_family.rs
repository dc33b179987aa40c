//! Operator families.

use bstr::BString;
use pgark_catalog::FamilyMembers;
use pgark_sql::{put, text};

use super::Emitter;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_operator_family(&mut self, id: NodeId, place: usize) -> Result<()> {
        let family = &self.catalog().operator_families[place];
        let using = text!(" USING ", self.quoter.ident(&family.access_method));
        let name = self.qualified(family.schema, &family.name)?;
        let mut create = text!("CREATE OPERATOR FAMILY ", name, using, ";\n");
        // What belongs to no class. A family need not have any of it.
        if let Some(members) = self.definitions.operator_families.get(&family.id.oid) {
            put!(
                create,
                "ALTER OPERATOR FAMILY ",
                name,
                using,
                " ADD\n    ",
                bstr::join(" ,\n    ", self.family_members(members)),
                ";\n"
            );
        }
        let named = Named {
            kind: "OPERATOR FAMILY",
            tag: family.name.clone(),
            identity: text!(self.quoter.ident(&family.name), using),
            schema: Some(self.schema_name(family.schema)?),
            owner: Some(self.role_name(family.owner)?),
        };
        self.emit_named(id, &named, create);
        Ok(())
    }

    /// Each operator and function as `CREATE OPERATOR CLASS` and `ALTER OPERATOR FAMILY … ADD` name them.
    pub(super) fn family_members(&self, members: &FamilyMembers) -> Vec<BString> {
        let operators = members.operators.iter().map(|member| {
            let mut clause = text!(
                "OPERATOR ",
                member.strategy.to_string(),
                " ",
                member.operator
            );
            if let Some((schema, family)) = &member.sort_family {
                let family = self.quoter.qualified(Some(schema), family);
                put!(clause, " FOR ORDER BY ", family);
            }
            clause
        });
        let functions = members.functions.iter().map(|member| {
            text!(
                "FUNCTION ",
                member.number.to_string(),
                " (",
                bstr::join(", ", &member.types),
                ") ",
                member.function
            )
        });
        operators.chain(functions).collect()
    }
}

#[cfg(test)]
mod tests;
