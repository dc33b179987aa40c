//! Service files: options by a name.
//!
//! Manual: "The Connection Service File"; where it is silent, parseServiceInfo and parseServiceFile in fe-connect.c.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use crate::{Config, Error, Result};

/// Where the file for all users is, as in Debian's libpq.
const SYSTEM_FOLDER: &str = "/etc/postgresql-common";

/// Fills what has not been said from the service that has been named, if there is one.
pub(crate) fn apply(
    config: &mut Config,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<()> {
    let service = match (config.said("service"), variable("PGSERVICE")) {
        (Some(service), _) => service.to_vec(),
        (None, Some(service)) => service.into_encoded_bytes(),
        (None, None) => return Ok(()),
    };
    let shown = service.as_bstr().to_string();

    let own = match variable("PGSERVICEFILE") {
        Some(path) => Some(PathBuf::from(path)),
        None => std::env::home_dir()
            .map(|home| home.join(".pg_service.conf"))
            .filter(|path| path.exists()),
    };
    let system = variable("PGSYSCONFDIR")
        .map_or_else(|| PathBuf::from(SYSTEM_FOLDER), PathBuf::from)
        .join("pg_service.conf");
    for path in own.iter().chain(Some(&system).filter(|path| path.exists())) {
        let text = fs::read(path).map_err(|error| Error::Service {
            service: shown.clone(),
            problem: format!("cannot read service file \"{}\": {error}", path.display()),
        })?;
        let mut reader = Reader {
            service: &shown,
            path,
            line: 0,
        };
        if reader.read(&text, &service, config)? {
            return Ok(());
        }
    }
    let mut problem = String::from("it is not defined in any service file");
    if let Some(own) = &own {
        problem = format!(
            "{problem} (looked in \"{}\" and \"{}\")",
            own.display(),
            system.display()
        );
    }
    Err(Error::Service {
        service: shown,
        problem,
    })
}

struct Reader<'a> {
    service: &'a str,
    path: &'a Path,
    line: usize,
}

impl Reader<'_> {
    /// Takes the options of the service's first group; false if the file has none.
    fn read(&mut self, text: &[u8], service: &[u8], config: &mut Config) -> Result<bool> {
        let mut found = false;
        for line in text.lines() {
            self.line += 1;
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            if let Some(heading) = line.strip_prefix(b"[") {
                if found {
                    return Ok(true);
                }
                let rest = heading.strip_prefix(service);
                found = rest.is_some_and(|rest| rest.starts_with(b"]"));
            } else if found {
                self.option(line, config)?;
            }
        }
        Ok(found)
    }

    fn option(&self, line: &[u8], config: &mut Config) -> Result<()> {
        if line.starts_with(b"ldap") {
            return Err(self.problem("looking options up by LDAP is not supported"));
        }
        let Some((name, value)) = line.split_once_str("=") else {
            // Not shown: it may be the rest of a password.
            return Err(self.problem("there is no \"=\""));
        };
        if name == b"service" {
            return Err(self.problem("a service cannot name another one"));
        }
        config
            .fill(name, value)
            .map_err(|error| self.problem(&error.to_string()))
    }

    fn problem(&self, what: &str) -> Error {
        Error::Service {
            service: self.service.to_owned(),
            problem: format!(
                "service file \"{}\", line {}: {what}",
                self.path.display(),
                self.line
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, service: &str) -> Result<Vec<(String, String)>, String> {
        let mut config = Config::parse("user=said").unwrap();
        let mut reader = Reader {
            service,
            path: Path::new("file"),
            line: 0,
        };
        match reader.read(text.as_bytes(), service.as_bytes(), &mut config) {
            Ok(true) => Ok(config
                .settings()
                .map(|(name, value)| (name.to_owned(), value.to_string()))
                .collect()),
            Ok(false) => Err("not found".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_group_is_read_as_libpq_reads_it() {
        let text = "# comment\n[other]\nhost=wrong\n nonsense\n[ shop ]\nhost=spaces\n  [shop] trailing\n\
            host = no\n[shop]\nhost=first\r\n  port=1  \nuser=file\ndbname= a b\nhost=second\n\n[shop]\nport=2\n";
        let settings = |pairs: &[(&str, &str)]| {
            Ok(pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect())
        };
        assert_eq!(
            read(&text.replace("host = no\n", ""), "shop"),
            settings(&[("user", "said")])
        );
        assert_eq!(
            read(&text.replace("  [shop] trailing\nhost = no\n", ""), "shop"),
            settings(&[
                ("dbname", " a b"),
                ("host", "first"),
                ("port", "1"),
                ("user", "said")
            ])
        );
        assert_eq!(
            read(text, " shop "),
            settings(&[("host", "spaces"), ("user", "said")])
        );
        assert_eq!(read(text, "sho"), Err("not found".into()));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (line, message) in [
            ("nonsense", "there is no \"=\""),
            ("service=x", "a service cannot name another one"),
            (
                "ldap://host/base",
                "looking options up by LDAP is not supported",
            ),
            (
                "hots=x",
                "no connection option is named \"hots\" (the nearest is \"host\")",
            ),
            (
                "host =x",
                "no connection option is named \"host \" (the nearest is \"host\")",
            ),
        ] {
            assert_eq!(
                read(&format!("[s]\n{line}"), "s"),
                Err(format!(
                    "service \"s\": service file \"file\", line 2: {message}"
                ))
            );
        }
    }

    #[test]
    fn the_users_file_comes_before_the_one_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("own"), "[both]\nhost=own\n").unwrap();
        fs::write(
            path("pg_service.conf"),
            "[both]\nhost=all\n[all]\nhost=all\n",
        )
        .unwrap();
        let applied = |service: Option<&str>, own: &str, said: &str| {
            let mut config = Config::parse(said).unwrap();
            let variable = |name: &str| match name {
                "PGSERVICE" => service.map(OsString::from),
                "PGSERVICEFILE" => Some(path(own).into()),
                "PGSYSCONFDIR" => Some(folder.path().into()),
                _ => None,
            };
            apply(&mut config, variable)
                .map(|()| config.get("host").map(ToString::to_string))
                .map_err(|error| {
                    assert!(error.is_bad_option());
                    error.to_string()
                })
        };
        assert_eq!(applied(None, "own", ""), Ok(None));
        assert_eq!(applied(Some("both"), "own", ""), Ok(Some("own".into())));
        assert_eq!(applied(Some("all"), "own", ""), Ok(Some("all".into())));
        assert_eq!(
            applied(Some("all"), "own", "service=both"),
            Ok(Some("own".into()))
        );
        assert_eq!(
            applied(Some("both"), "own", "host=said"),
            Ok(Some("said".into()))
        );
        assert!(
            applied(Some("neither"), "own", "")
                .unwrap_err()
                .starts_with(
                    "service \"neither\": it is not defined in any service file (looked in \""
                )
        );
        assert!(
            applied(Some("both"), "missing", "")
                .unwrap_err()
                .contains("cannot read service file")
        );
        assert!(applied(Some(""), "own", "").is_err());
    }
}
