//! Access methods.

use pgark_sql::text;

use super::Emitter;
use super::named::Named;
use crate::error::{Error, Result};
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_access_method(&mut self, id: NodeId, place: usize) -> Result<()> {
        let method = &self.catalog().access_methods[place];
        let kind = match method.kind {
            b'i' => "INDEX",
            b't' => "TABLE",
            other => {
                return Err(Error::Unknown {
                    object: self.plan.describe(id),
                    what: "type",
                    found: other.into(),
                });
            }
        };
        let name = self.quoter.ident(&method.name);
        let create = text!(
            "CREATE ACCESS METHOD ",
            name,
            " TYPE ",
            kind,
            " HANDLER ",
            method.handler,
            ";\n"
        );
        let named = Named {
            kind: "ACCESS METHOD",
            tag: method.name.clone(),
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
    use crate::testing::Fixture;

    #[test]
    fn an_access_method_is_for_indexes_or_tables() {
        for (kind, expected) in [(b'i', "INDEX"), (b't', "TABLE")] {
            let mut f = Fixture::new(18);
            f.access_method("Am").kind = kind;
            let id = f.catalog.access_methods[0].id;
            f.comment(id, 0, "why");
            let entry = f.entry("ACCESS METHOD", "Am");
            assert_eq!(
                entry.defn.unwrap(),
                format!("CREATE ACCESS METHOD \"Am\" TYPE {expected} HANDLER s.\"Handler\";\n")
            );
            assert_eq!(entry.drop_stmt.unwrap(), "DROP ACCESS METHOD \"Am\";\n");
            assert_eq!((entry.namespace, entry.owner), (None, None));
            assert_eq!(
                f.text("COMMENT", "ACCESS METHOD \"Am\""),
                "COMMENT ON ACCESS METHOD \"Am\" IS 'why';\n"
            );
        }
        let mut f = Fixture::new(18);
        f.access_method("Am").kind = b'x';
        assert_eq!(
            f.try_emit().unwrap_err().to_string(),
            "access method \"Am\" has an unknown type, \"x\""
        );
    }
}
