//! Conversions between encodings.

use pgark_sql::text;

use super::Emitter;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_conversion(&mut self, id: NodeId, place: usize) -> Result<()> {
        let conversion = &self.catalog().conversions[place];
        let definition = self.defined(id, self.definitions.conversions.get(&conversion.id.oid))?;
        let create = text!(
            "CREATE ",
            if definition.is_default {
                "DEFAULT "
            } else {
                ""
            },
            "CONVERSION ",
            self.qualified(conversion.schema, &conversion.name)?,
            " FOR ",
            self.quoter.literal(&definition.from),
            " TO ",
            self.quoter.literal(&definition.to),
            " FROM ",
            definition.function,
            ";\n"
        );
        let named = Named {
            kind: "CONVERSION",
            tag: conversion.name.clone(),
            identity: self.quoter.ident(&conversion.name),
            schema: Some(self.schema_name(conversion.schema)?),
            owner: Some(self.role_name(conversion.owner)?),
        };
        self.emit_named(id, &named, create);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Fixture;

    #[test]
    fn a_conversion_may_be_the_default_one() {
        for (is_default, word) in [(false, ""), (true, "DEFAULT ")] {
            let mut f = Fixture::new(18);
            let id = f.conversion("Conv");
            let definition = f.definitions.conversions.get_mut(&id.oid).unwrap();
            definition.is_default = is_default;
            f.comment(id, 0, "why");
            let entry = f.entry("CONVERSION", "Conv");
            assert_eq!(
                entry.defn.unwrap(),
                format!(
                    "CREATE {word}CONVERSION s.\"Conv\" FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;\n"
                )
            );
            assert_eq!(entry.drop_stmt.unwrap(), "DROP CONVERSION s.\"Conv\";\n");
            assert_eq!(
                f.text("COMMENT", "CONVERSION \"Conv\""),
                "COMMENT ON CONVERSION s.\"Conv\" IS 'why';\n"
            );
        }
    }
}
