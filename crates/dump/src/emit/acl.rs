//! Privileges.

use bstr::{BStr, BString, ByteSlice};
use pgark_archive::{DumpId, Section, TocEntry};
use pgark_catalog::Acl;
use pgark_sql::acl::{AclTarget, ObjectKind, build_acl_commands};
use pgark_sql::text;

use super::Emitter;
use crate::error::Result;
use crate::options::Omit;
use crate::plan::{Components, NodeId, Object};

/// An object and its privileges.
pub(super) struct AclOf<'a> {
    pub(super) kind: ObjectKind,
    /// The name, quoted, with arguments for a function.
    pub(super) name: &'a BString,
    /// The schema, not quoted.
    pub(super) schema: Option<&'a BString>,
    /// The owner, not quoted.
    pub(super) owner: &'a BStr,
    pub(super) acl: &'a Acl,
}

impl Emitter<'_> {
    /// The privileges of an object of the plan, if they are wanted and are not what a new object has.
    pub(super) fn emit_acl(&mut self, id: NodeId, of: &AclOf<'_>) -> Result<Option<DumpId>> {
        if !self.is_wanted(id, Components::ACL) {
            return Ok(None);
        }
        let initial = self
            .initial
            .get(&self.plan.node(id).id)
            .map(|privileges| privileges.acl.clone());
        let is_public = matches!(
            self.plan.node(id).object,
            Object::Schema(i) if self.catalog().schemas[i].name == "public"
        );
        let initial = if is_public && self.dialect.writes_public_schema() {
            // A new database has the standard privileges whatever this one's had been, and the owner is set before them.
            Some(standard_public_acl(of.owner))
        } else {
            initial
        };
        let commands = self.acl_commands(
            id,
            of,
            None,
            of.acl.current.as_ref(),
            initial.as_ref(),
            &of.acl.default,
        )?;
        Ok(self.push_acl(
            commands,
            text!(of.kind.as_str(), " ", of.name),
            vec![id.dump_id()],
            of,
        ))
    }

    /// The privileges of a table's columns, which come after those of the table.
    pub(super) fn emit_column_acls(
        &mut self,
        id: NodeId,
        of: &AclOf<'_>,
        table_acl: Option<DumpId>,
    ) -> Result<()> {
        if !self.is_wanted(id, Components::ACL) {
            return Ok(());
        }
        let relation = self.plan.node(id).id.oid;
        let all = &self.catalog().column_privileges;
        let start = all.partition_point(|privileges| privileges.relation < relation);
        for privileges in all[start..]
            .iter()
            .take_while(|privileges| privileges.relation == relation)
        {
            let column = self.quoter.ident(&privileges.column);
            // No column has privileges by default.
            let none = BString::from("{}");
            let commands = self.acl_commands(
                id,
                of,
                Some(&column),
                privileges.acl.as_ref(),
                privileges.initial.as_ref(),
                &none,
            )?;
            let dependencies = std::iter::once(id.dump_id()).chain(table_acl).collect();
            self.push_acl(
                commands,
                text!("COLUMN ", of.name, ".", column),
                dependencies,
                of,
            );
        }
        Ok(())
    }

    /// What turns the privileges that the object will have into those that it has.
    pub(super) fn acl_commands(
        &self,
        id: NodeId,
        of: &AclOf<'_>,
        column: Option<&BString>,
        current: Option<&BString>,
        initial: Option<&BString>,
        default: &BString,
    ) -> Result<BString> {
        let initial = initial.filter(|initial| !initial.is_empty());
        let (current, base) = match initial {
            // None now, but some from the start: the object was brought back to what is usual.
            Some(initial) => (current.unwrap_or(default).as_slice(), initial),
            None => (
                current.map_or(&b""[..], |current| current.as_slice()),
                default,
            ),
        };
        let target = AclTarget {
            kind: of.kind,
            name: of.name,
            column: column.map(|column| column.as_slice()),
            schema: of.schema.map(|schema| schema.as_slice()),
            owner: of.owner,
        };
        self.sql(id, build_acl_commands(&self.quoter, &target, current, base))
    }

    pub(super) fn push_acl(
        &mut self,
        commands: BString,
        tag: BString,
        dependencies: Vec<DumpId>,
        of: &AclOf<'_>,
    ) -> Option<DumpId> {
        if commands.is_empty() || self.options.omits(Omit::PRIVILEGES) {
            return None;
        }
        let entry = TocEntry {
            tag: Some(tag),
            namespace: of.schema.cloned(),
            owner: Some(of.owner.into()),
            defn: Some(commands),
            ..self.extra_entry("ACL", Section::None, dependencies)
        };
        let id = entry.dump_id;
        self.push(entry);
        Some(id)
    }
}

/// `{owner=UC/owner,=U/owner}`, the privileges that the schema public has in a new database since 15.
fn standard_public_acl(owner: &BStr) -> BString {
    // As putid in src/backend/utils/adt/acl.c quotes names, then as array_out quotes elements.
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut name = BString::default();
    if owner.iter().all(is_plain) {
        name.extend_from_slice(owner);
    } else {
        pgark_sql::put!(
            name,
            "\\\"",
            bstr::join(
                "\\\"\\\"",
                owner.replace("\\", "\\\\").split(|byte| *byte == b'"')
            ),
            "\\\""
        );
    }
    let element = |before: &str, privileges: &str| text!("\"", before, privileges, "/", name, "\"");
    let own = text!("\"", name, "=UC/", name, "\"");
    text!("{", own, ",", element("", "=U"), "}")
}

#[cfg(test)]
mod tests;
