//! Roles: owners and grantees by name.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pgark_connect::Session;

use crate::error::{Error, Result};
use crate::fields::fetch;
use crate::oid::Oid;

/// The names of all roles of the cluster.
#[derive(Clone, Debug, Default)]
pub struct Roles(HashMap<Oid, BString>);

impl Roles {
    pub(crate) async fn fetch(session: &mut Session) -> Result<Self> {
        let roles = fetch(
            session,
            "roles",
            "select oid, rolname from pg_catalog.pg_roles",
            |f| Ok((f.oid()?, f.text()?)),
        )
        .await?;
        Ok(Self::new(roles))
    }

    /// Roles by OID and name.
    pub fn new(roles: impl IntoIterator<Item = (Oid, BString)>) -> Self {
        Self(roles.into_iter().collect())
    }

    /// The name of a role.
    ///
    /// # Errors
    /// [`Error::Dangling`] when there is none: its objects outlived it.
    pub fn name(&self, oid: Oid) -> Result<&BStr> {
        self.0
            .get(&oid)
            .map(AsRef::as_ref)
            .ok_or_else(|| Error::Dangling {
                what: "an owner".into(),
                target: "role",
                oid: oid.0,
            })
    }
}
