//! Noticing that the other end is gone.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use crate::value::integer;
use crate::{Config, Result};

/// The system's own defaults find a lost server after two hours; a backup waits no longer than this.
const DEFAULT_IDLE: Duration = Duration::from_mins(1);
const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);
const DEFAULT_COUNT: u32 = 6;
const DEFAULT_USER_TIMEOUT: Duration = Duration::from_mins(2);

/// When to ask an idle peer whether it is still there, and when to give it up (manual: "Parameter Key Words",
/// `keepalives` and the following). `None` leaves it to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeepAlive {
    is_on: bool,
    idle: Option<Duration>,
    interval: Option<Duration>,
    count: Option<u32>,
    user_timeout: Option<Duration>,
}

impl KeepAlive {
    /// Reads the options; 0 and less leave a time to the system, as for libpq.
    pub(crate) fn of(config: &Config) -> Result<Self> {
        let number = |name, default| {
            let said = integer(config, name)?;
            Ok(match said {
                None => Some(default),
                Some(said) => u32::try_from(said).ok().filter(|number| *number > 0),
            })
        };
        let seconds = |name, default: Duration| {
            let default = u32::try_from(default.as_secs()).unwrap_or(u32::MAX);
            Result::Ok(number(name, default)?.map(|seconds| Duration::from_secs(seconds.into())))
        };
        let user_timeout = u32::try_from(DEFAULT_USER_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
        Ok(Self {
            is_on: integer(config, "keepalives")?.unwrap_or(1) != 0,
            idle: seconds("keepalives_idle", DEFAULT_IDLE)?,
            interval: seconds("keepalives_interval", DEFAULT_INTERVAL)?,
            count: number("keepalives_count", DEFAULT_COUNT)?,
            user_timeout: number("tcp_user_timeout", user_timeout)?
                .map(|ms| Duration::from_millis(ms.into())),
        })
    }

    /// Sets a stream up.
    pub(crate) fn apply(&self, stream: &TcpStream) -> io::Result<()> {
        // As in libpq, the last of the options counts only where the others do.
        if !self.is_on {
            return Ok(());
        }
        let mut keepalive = TcpKeepalive::new();
        if let Some(idle) = self.idle {
            keepalive = keepalive.with_time(idle);
        }
        if let Some(interval) = self.interval {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(count) = self.count {
            keepalive = keepalive.with_retries(count);
        }
        let socket = SockRef::from(stream);
        socket.set_keepalive(true)?;
        socket.set_tcp_keepalive(&keepalive)?;
        socket.set_tcp_user_timeout(self.user_timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_said_reaches_the_socket() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seconds = Duration::from_secs;
        for (said, on, idle, interval, count, user_timeout) in [
            ("", true, 60, 10, 6, 120),
            (
                "keepalives_idle=5 keepalives_interval=3 keepalives_count=2 tcp_user_timeout=7000",
                true,
                5,
                3,
                2,
                7,
            ),
            ("keepalives=1 tcp_user_timeout=0", true, 60, 10, 6, 0),
        ] {
            let keepalive = KeepAlive::of(&Config::parse(said).unwrap()).unwrap();
            let stream = TcpStream::connect(address).await.unwrap();
            keepalive.apply(&stream).unwrap();
            let socket = SockRef::from(&stream);
            assert_eq!(socket.keepalive().unwrap(), on, "{said}");
            assert_eq!(
                socket.tcp_keepalive_time().unwrap(),
                seconds(idle),
                "{said}"
            );
            assert_eq!(
                socket.tcp_keepalive_interval().unwrap(),
                seconds(interval),
                "{said}"
            );
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), count, "{said}");
            assert_eq!(
                socket.tcp_user_timeout().unwrap().unwrap_or_default(),
                seconds(user_timeout),
                "{said}"
            );
        }
        let off = KeepAlive::of(&Config::parse("keepalives=0").unwrap()).unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        off.apply(&stream).unwrap();
        assert!(!SockRef::from(&stream).keepalive().unwrap());
    }

    #[test]
    fn a_number_that_is_none_is_named() {
        for name in ["keepalives", "keepalives_idle", "tcp_user_timeout"] {
            let error = KeepAlive::of(&Config::parse(format!("{name}=soon")).unwrap()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("connection option {name} is \"soon\": it is no whole number")
            );
        }
    }
}
