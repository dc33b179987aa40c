//! Foreign data.

use pgark_catalog::{
    CatalogId, ForeignDataWrapper, ForeignServer, ForeignTable, Oid, RelationKind, UserMapping,
};

use super::{Fixture, OWNER, acl};

/// `pg_foreign_server`
const FOREIGN_SERVER: Oid = Oid(1_417);
/// `pg_foreign_data_wrapper`
const FOREIGN_DATA_WRAPPER: Oid = Oid(2_328);

impl Fixture {
    pub(crate) fn foreign_data_wrapper(&mut self, name: &str) -> &mut ForeignDataWrapper {
        let id = self.row(FOREIGN_DATA_WRAPPER);
        self.catalog.foreign_data_wrappers.push(ForeignDataWrapper {
            id,
            name: name.into(),
            owner: OWNER,
            acl: acl("{alice=U/alice}"),
            handler: Oid::INVALID,
            validator: Oid::INVALID,
            options: "".into(),
        });
        self.catalog.foreign_data_wrappers.last_mut().unwrap()
    }

    /// A server of a wrapper called `w`.
    pub(crate) fn foreign_server(&mut self, name: &str) -> &mut ForeignServer {
        let id = self.row(FOREIGN_SERVER);
        self.catalog.foreign_servers.push(ForeignServer {
            id,
            name: name.into(),
            owner: OWNER,
            acl: acl("{alice=U/alice}"),
            wrapper: "w".into(),
            server_type: "".into(),
            version: "".into(),
            options: "".into(),
        });
        self.catalog.foreign_servers.last_mut().unwrap()
    }

    pub(crate) fn user_mapping(&mut self, server: CatalogId, user: &str) -> &mut UserMapping {
        self.catalog.user_mappings.push(UserMapping {
            server: server.oid,
            user: user.into(),
            options: pgark_wire::Secret::new(""),
            is_hidden: false,
        });
        self.catalog.user_mappings.last_mut().unwrap()
    }

    /// A foreign table on a server.
    pub(crate) fn foreign_table(&mut self, name: &str, server: &str) -> CatalogId {
        let id = self.relation(RelationKind::ForeignTable, name);
        let definition = ForeignTable {
            server: server.into(),
            options: "".into(),
        };
        self.definitions.foreign_tables.insert(id.oid, definition);
        id
    }
}
