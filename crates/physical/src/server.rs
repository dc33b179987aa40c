//! A server over the replication protocol.

use std::fmt::Display;

use bstr::{BStr, ByteSlice};
use pgark_connect::{Config, Session};
use pgark_wire::Rows;

use crate::{Error, Lsn, Result, SegmentSize, TimelineId};

/// The oldest and the newest major that is known.
const MAJORS: std::ops::RangeInclusive<u32> = 13..=18;

/// What a server can do, by its major.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Features {
    major: u32,
}

impl Features {
    /// As what a server says of its version, such as `18beta1` or `15.18 (Debian 15.18-0+deb12u1)`.
    pub(crate) fn of(version: &BStr) -> Result<Self> {
        let digits = version.bytes().take_while(u8::is_ascii_digit).count();
        let major = version[..digits]
            .to_str()
            .ok()
            .and_then(|digits| digits.parse().ok());
        match major {
            Some(major) if MAJORS.contains(&major) => Ok(Self { major }),
            _ => Err(Error::Refused(format!(
                "the server is PostgreSQL {version}, and base backups are made of {} to {}",
                MAJORS.start(),
                MAJORS.end()
            ))),
        }
    }

    /// Whether commands take their options in parentheses, archives come in one COPY and can be compressed.
    pub(crate) fn has_option_lists(self) -> bool {
        self.major >= 15
    }

    /// Whether an idle session may be ended by a timeout.
    fn has_idle_session_timeout(self) -> bool {
        self.major >= 14
    }
}

/// What a server says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct System {
    pub(crate) identifier: u64,
    pub(crate) timeline: TimelineId,
    pub(crate) position: Lsn,
}

/// A session for replication.
pub(crate) struct Server {
    pub(crate) session: Session,
    pub(crate) features: Features,
    pub(crate) system: System,
}

impl Server {
    /// Opens a session and asks who is there.
    pub(crate) async fn open(config: &Config) -> Result<Self> {
        let config = replication(config)?;
        let session = pgark_connect::connect(&config).await?;
        Self::identify(session).await
    }

    /// Opens one more session with the same server, which may be idle for any time.
    pub(crate) async fn open_another(&self, config: &Config) -> Result<Self> {
        let mut config = replication(config)?;
        if self.features.has_idle_session_timeout() {
            let said = config.get("options").unwrap_or_default();
            let options = format!("{said} -c idle_session_timeout=0");
            config.set("options", options.trim_start())?;
        }
        let other = Self::identify(pgark_connect::connect(&config).await?).await?;
        if other.system.identifier != self.system.identifier {
            return Err(Error::Refused(
                "two connections have led to two different clusters: name one server".into(),
            ));
        }
        Ok(other)
    }

    async fn identify(mut session: Session) -> Result<Self> {
        let features = Features::of(session.parameter("server_version").unwrap_or_default())?;
        let rows = ask(&mut session, "IDENTIFY_SYSTEM").await?;
        let system = System {
            identifier: field(&rows, 0, "the system's identifier")?,
            timeline: TimelineId(field(&rows, 1, "the timeline")?),
            position: field(&rows, 2, "the log's position")?,
        };
        Ok(Self {
            session,
            features,
            system,
        })
    }

    /// Prepares for data that goes on for long.
    pub(crate) fn expect_much(&mut self) {
        let gathers = self.session.stream().gathers();
        self.session.pause_after_short_reads(gathers);
    }

    /// The size of the log's files.
    pub(crate) async fn segment_size(&mut self) -> Result<SegmentSize> {
        let rows = ask(&mut self.session, "SHOW wal_segment_size").await?;
        let said: String = field(&rows, 0, "the size of the log's files")?;
        SegmentSize::parse(&said)
            .ok_or_else(|| Error::Malformed(format!("wal_segment_size \"{said}\"")))
    }

    /// Whether the data directory is open to the server's group.
    pub(crate) async fn has_group_access(&mut self) -> Result<bool> {
        let rows = ask(&mut self.session, "SHOW data_directory_mode").await?;
        let said: String = field(&rows, 0, "the data directory's mode")?;
        // Source: SetDataDirectoryCreatePerm, file_perm.c, which goes by the group's bits.
        Ok(u32::from_str_radix(&said, 8).is_ok_and(|mode| mode & 0o050 != 0))
    }
}

/// Connects for replication and goes.
///
/// # Errors
/// See [`Error`].
///
/// Cancel safe: dropping the future closes the connection.
pub async fn reach(config: &Config) -> Result<()> {
    let server = Server::open(config).await?;
    // It has answered.
    let _ = server.session.close().await;
    Ok(())
}

/// The same server and login for replication. The password file knows such sessions by a name of its own.
fn replication(config: &Config) -> Result<Config> {
    let mut config = config.with_dbname("replication");
    config.set("replication", "true")?;
    Ok(config)
}

/// Runs a command that gives one row.
pub(crate) async fn ask(session: &mut Session, command: &str) -> Result<Rows> {
    session
        .rows(command)
        .await
        .map_err(|source| failed(command, source))
}

/// A command's failure. Names may stand in a command, secrets do not.
pub(crate) fn failed(command: &str, source: pgark_wire::Error) -> Error {
    let word = command.split(' ').next().unwrap_or(command);
    Error::Server {
        doing: format!("{word} failed"),
        source,
        note: "",
    }
}

/// A value of a result's only row.
pub(crate) fn field<T: std::str::FromStr<Err: Display>>(
    rows: &Rows,
    column: usize,
    what: &str,
) -> Result<T> {
    let value = match rows.len() {
        1 => rows.row(0).and_then(|row| row.get(column)),
        _ => None,
    };
    let value = value.ok_or_else(|| Error::Malformed(format!("no answer for {what}")))?;
    let text = value.to_str_lossy();
    text.parse()
        .map_err(|error| Error::Malformed(format!("\"{text}\" for {what} ({error})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_go_by_the_major() {
        for (version, has_lists) in [
            ("13.16", false),
            ("14.19 (Debian 14.19-1)", false),
            ("15.18 (Debian 15.18-0+deb12u1)", true),
            ("18beta1", true),
        ] {
            assert_eq!(
                Features::of(version.into()).unwrap().has_option_lists(),
                has_lists
            );
        }
        for version in ["12.22", "19devel", "", "x"] {
            let error = Features::of(version.into()).unwrap_err().to_string();
            assert!(error.contains("13 to 18"), "{error}");
        }
    }
}
