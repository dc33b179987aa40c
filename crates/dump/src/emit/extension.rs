//! Extensions.

use pgark_sql::text;

use super::Emitter;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    #[allow(clippy::unnecessary_wraps)] // as the other kinds
    pub(super) fn emit_extension(&mut self, id: NodeId, place: usize) -> Result<()> {
        let extension = &self.catalog().extensions[place];
        let name = self.quoter.ident(&extension.name);
        let create = text!(
            "CREATE EXTENSION IF NOT EXISTS ",
            name,
            " WITH SCHEMA ",
            self.quoter.ident(&extension.schema),
            ";\n"
        );
        let named = Named {
            kind: "EXTENSION",
            tag: extension.name.clone(),
            identity: name,
            schema: None,
            owner: None,
        };
        self.emit_named(id, &named, create);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;
    use pgark_catalog::Oid;

    use crate::testing::Fixture;

    #[test]
    fn an_extension_is_made_if_it_is_not_there() {
        let mut f = Fixture::new(18);
        let (id, place) = f.extension("uuid-ossp");
        f.catalog.extensions[place].schema = "S".into();
        f.comment(id, 0, "ids");
        let entry = f.entry("EXTENSION", "uuid-ossp");
        assert_eq!(
            entry.defn.unwrap(),
            "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA \"S\";\n"
        );
        assert_eq!(entry.drop_stmt.unwrap(), "DROP EXTENSION \"uuid-ossp\";\n");
        assert_eq!((entry.owner, entry.namespace), (None, None));
        assert_eq!(entry.section, Section::PreData);
        let comment = f.entry("COMMENT", "EXTENSION \"uuid-ossp\"");
        assert_eq!(
            comment.defn.unwrap(),
            "COMMENT ON EXTENSION \"uuid-ossp\" IS 'ids';\n"
        );
        assert_eq!(comment.owner.unwrap(), "");
    }

    #[test]
    fn an_extension_that_initdb_made_is_not_written() {
        let mut f = Fixture::new(18);
        let (id, place) = f.extension("plpgsql");
        f.comment(id, 0, "PL/pgSQL");
        f.catalog.extensions[place].id.oid = Oid(13_000);
        assert!(f.list().is_empty());
    }
}
