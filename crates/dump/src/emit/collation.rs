//! Collations.

use pgark_sql::{put, text};

use super::Emitter;
use super::named::Named;
use crate::error::{Error, Result};
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_collation(&mut self, id: NodeId, place: usize) -> Result<()> {
        let collation = &self.catalog().collations[place];
        let definition = self.defined(id, self.definitions.collations.get(&collation.id.oid))?;
        let unknown = |what, found| Error::Unknown {
            object: self.plan.describe(id),
            what,
            found,
        };
        let provider = match definition.provider {
            b'b' => "builtin",
            b'c' => "libc",
            b'i' => "icu",
            other => return Err(unknown("provider", other.into())),
        };
        let mut create = text!(
            "CREATE COLLATION ",
            self.qualified(collation.schema, &collation.name)?,
            " (provider = ",
            provider
        );
        if !definition.is_deterministic {
            put!(create, ", deterministic = false");
        }
        match (&definition.collate, &definition.ctype, &definition.locale) {
            (Some(collate), Some(ctype), _) if collate != ctype => put!(
                create,
                ", lc_collate = ",
                self.quoter.literal(collate),
                ", lc_ctype = ",
                self.quoter.literal(ctype)
            ),
            (Some(locale), Some(_), _) | (_, _, Some(locale)) => {
                put!(create, ", locale = ", self.quoter.literal(locale));
            }
            _ => return Err(unknown("locale", definition.provider.into())),
        }
        if let Some(rules) = &definition.rules {
            put!(create, ", rules = ", self.quoter.literal(rules));
        }
        put!(create, ");\n");
        let named = Named {
            kind: "COLLATION",
            tag: collation.name.clone(),
            identity: self.quoter.ident(&collation.name),
            schema: Some(self.schema_name(collation.schema)?),
            owner: Some(self.role_name(collation.owner)?),
        };
        self.emit_named(id, &named, create);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
