use bstr::BString;

use super::{
    item::AclItem,
    kind::{COLUMN_PRIVILEGES, DefaultKind, ObjectKind, PrivilegeName},
};
use crate::{Quoter, Result, array::parse_text_array, put, text};

/// What the privileges are on.
#[derive(Clone, Copy, Debug)]
pub struct AclTarget<'a> {
    /// The kind of the object.
    pub kind: ObjectKind,
    /// The object's name as it stands in GRANT: quoted, with argument types for a function, the number of a large object.
    pub name: &'a [u8],
    /// The column, quoted, if the privileges are on one.
    pub column: Option<&'a [u8]>,
    /// The object's schema, not quoted, if it has one.
    pub schema: Option<&'a [u8]>,
    /// The object's owner, not quoted; empty if it is not known.
    pub owner: &'a [u8],
}

/// The commands that make the list `acls` of the list `base_acls`, both in the text form of an aclitem array
/// (buildACLCommands in src/bin/pg_dump/dumputils.c of 15 and later).
///
/// `base_acls` is what the object has before the commands run: acldefault() of its kind and owner, or its
/// entry in pg_init_privs. An empty `acls` (a null in the catalogue) stands for "as by default" and gives no
/// commands; it is the caller's to pass acldefault() for it where `base_acls` comes from pg_init_privs.
///
/// # Errors
/// [`Error::Array`](crate::Error::Array) or [`Error::AclItem`](crate::Error::AclItem) if a list cannot be read.
pub fn build_acl_commands(
    quoter: &Quoter,
    target: &AclTarget<'_>,
    acls: &[u8],
    base_acls: &[u8],
) -> Result<BString> {
    let mut object = text!(target.kind.as_str(), " ");
    if let Some(schema) = target.schema.filter(|schema| !schema.is_empty()) {
        put!(object, quoter.ident(schema), ".");
    }
    put!(object, target.name);
    let builder = Builder {
        quoter,
        prefix: BString::default(),
        object,
        column: target.column,
        owner: target.owner,
        privileges: match target.column {
            Some(_) => COLUMN_PRIVILEGES,
            None => target.kind.privileges(quoter.major),
        },
    };
    builder.commands(acls, base_acls)
}

/// The `ALTER DEFAULT PRIVILEGES` commands for one row of pg_default_acl
/// (buildDefaultACLCommands in src/bin/pg_dump/dumputils.c of 15 and later).
///
/// `schema` is the one they hold in, or `None` for all; `owner` is the role whose objects they are for;
/// `acl_default` is acldefault() of that role, or `{}` for privileges in a schema, which only add to others.
///
/// # Errors
/// As [`build_acl_commands`].
pub fn build_default_acl_commands(
    quoter: &Quoter,
    kind: DefaultKind,
    schema: Option<&[u8]>,
    owner: &[u8],
    acls: &[u8],
    acl_default: &[u8],
) -> Result<BString> {
    let mut prefix = text!(
        "ALTER DEFAULT PRIVILEGES FOR ROLE ",
        quoter.ident(owner),
        " "
    );
    if let Some(schema) = schema {
        put!(prefix, "IN SCHEMA ", quoter.ident(schema), " ");
    }
    // Up to 15 the place of the object's name is left in, as a second blank.
    let object = text!(kind.as_str(), if quoter.major < 16 { " " } else { "" });
    let builder = Builder {
        quoter,
        prefix,
        object,
        column: None,
        owner,
        privileges: kind.object_kind().privileges(quoter.major),
    };
    builder.commands(acls, acl_default)
}

/// What the commands for one object have in common.
struct Builder<'a> {
    quoter: &'a Quoter,
    /// What each GRANT and REVOKE begins with.
    prefix: BString,
    /// What stands between ON and TO or FROM.
    object: BString,
    column: Option<&'a [u8]>,
    owner: &'a [u8],
    privileges: &'static [PrivilegeName],
}

/// The privileges of one aclitem as GRANT lists them, each list empty if there are none of its sort.
#[derive(Default)]
struct PrivilegeLists {
    plain: BString,
    with_grant_option: BString,
}

impl Builder<'_> {
    fn commands(&self, acls: &[u8], base_acls: &[u8]) -> Result<BString> {
        if acls.is_empty() {
            return Ok(BString::default());
        }
        let granted = parse_text_array(acls)?;
        let base = parse_text_array(base_acls)?;
        let mut first = BString::default();
        for item in base.iter().filter(|item| !granted.contains(item)) {
            self.put_revoke(&mut first, &AclItem::parse(item)?);
        }
        // The order of the list is kept, since a grant may rest on the grant option of an earlier one. Only
        // what the owner granted itself goes before everything else, since 15.
        let mut then = BString::default();
        for item in granted.iter().filter(|item| !base.contains(item)) {
            let mut item = AclItem::parse(item)?;
            if item.grantor.is_empty() {
                item.grantor = BString::from(self.owner);
            }
            let goes_first = self.quoter.major >= 15
                && !self.owner.is_empty()
                && item.grantee == self.owner
                && item.grantor == self.owner;
            let out = if goes_first { &mut first } else { &mut then };
            self.put_grant(out, &item);
        }
        put!(first, then);
        Ok(first)
    }

    fn put_revoke(&self, out: &mut BString, item: &AclItem) {
        // REVOKE takes the grant option along, so it makes no difference here.
        let privileges = self.lists(item, false).plain;
        if !privileges.is_empty() {
            let grantee = self.grantee(item);
            put!(
                out,
                self.prefix,
                "REVOKE ",
                privileges,
                " ON ",
                self.object,
                " FROM ",
                grantee,
                ";\n"
            );
        }
    }

    fn put_grant(&self, out: &mut BString, item: &AclItem) {
        let lists = self.lists(item, true);
        if lists.plain.is_empty() && lists.with_grant_option.is_empty() {
            return;
        }
        let by_other = !item.grantor.is_empty() && item.grantor != self.owner;
        if by_other {
            put!(
                out,
                "SET SESSION AUTHORIZATION ",
                self.quoter.ident(&item.grantor),
                ";\n"
            );
        }
        let grantee = self.grantee(item);
        for (privileges, end) in [
            (lists.plain, ";\n"),
            (lists.with_grant_option, " WITH GRANT OPTION;\n"),
        ] {
            if !privileges.is_empty() {
                put!(
                    out,
                    self.prefix,
                    "GRANT ",
                    privileges,
                    " ON ",
                    self.object,
                    " TO ",
                    grantee,
                    end
                );
            }
        }
        if by_other {
            put!(out, "RESET SESSION AUTHORIZATION;\n");
        }
    }

    fn grantee(&self, item: &AclItem) -> BString {
        if item.grantee.is_empty() {
            BString::from("PUBLIC")
        } else {
            self.quoter.ident(&item.grantee)
        }
    }

    /// The item's privileges by name, as ALL where it has all that the object's kind knows, so that the
    /// commands also do for a server that knows more or fewer. Letters that the kind does not know are left out.
    fn lists(&self, item: &AclItem, split_grant_option: bool) -> PrivilegeLists {
        let mut lists = PrivilegeLists::default();
        let (mut plain, mut with_grant_option) = (0, 0);
        for (code, name) in self.privileges {
            let Some(privilege) = item
                .privileges
                .iter()
                .find(|privilege| privilege.code == *code)
            else {
                continue;
            };
            let (list, count) = if privilege.grant_option && split_grant_option {
                (&mut lists.with_grant_option, &mut with_grant_option)
            } else {
                (&mut lists.plain, &mut plain)
            };
            *count += 1;
            if !list.is_empty() {
                put!(list, ",");
            }
            self.put_privilege(list, name);
        }
        for (list, count) in [
            (&mut lists.plain, plain),
            (&mut lists.with_grant_option, with_grant_option),
        ] {
            if count == self.privileges.len() {
                list.clear();
                self.put_privilege(list, "ALL");
            }
        }
        lists
    }

    fn put_privilege(&self, list: &mut BString, name: &str) {
        put!(list, name);
        if let Some(column) = self.column {
            put!(list, "(", column, ")");
        }
    }
}

#[cfg(test)]
mod tests;
