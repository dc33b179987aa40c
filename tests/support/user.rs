//! The user who runs the servers.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

/// An account of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name in the password file.
    pub name: String,
    /// Its user id.
    pub uid: u32,
    /// Its primary group's id.
    pub gid: u32,
}

impl User {
    /// Makes `command` run as this user.
    pub fn lend_to(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

/// The user to run servers as where this process is root's (a server refuses root): `postgres`, else `nobody`. `None`
/// where this process may run them itself.
///
/// # Panics
/// Where this process is root's and there is neither of the two.
pub fn server_user() -> Option<&'static User> {
    static USER: OnceLock<Option<User>> = OnceLock::new();
    USER.get_or_init(|| {
        is_root().then(|| {
            let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
            find(&accounts, "postgres")
                .or_else(|| find(&accounts, "nobody"))
                .expect("a user postgres or nobody in /etc/passwd: a server refuses to run as root")
        })
    })
    .as_ref()
}

/// Whether this process belongs to root, by the owner of its entry in /proc.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The account called `name` in the text of a password file.
fn find(accounts: &str, name: &str) -> Option<User> {
    accounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [account, _, uid, gid, ..] = fields[..] else {
            return None;
        };
        (account == name).then_some(())?;
        Some(User {
            name: name.to_owned(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "postgres2:x:1:1::/:/bin/sh\n\nbroken\npostgres:x:114:117:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
        let found = find(accounts, "postgres");
        assert_eq!(
            found,
            Some(User {
                name: "postgres".to_owned(),
                uid: 114,
                gid: 117
            })
        );
        assert_eq!(find(accounts, "nobody"), None);
    }
}
