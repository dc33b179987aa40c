//! Privileges: reading access control lists, and the GRANT and REVOKE commands that make one of another.

mod command;
mod item;
mod kind;

pub use command::{AclTarget, build_acl_commands, build_default_acl_commands};
pub use item::{AclItem, Privilege};
pub use kind::{DefaultKind, ObjectKind};
