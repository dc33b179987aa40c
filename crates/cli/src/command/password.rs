//! Asking for a password on the terminal.

use std::fs::File;
use std::io::{self, Read, Write};
use std::thread;

use nix::sys::signal::{Signal, raise};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use pgark_connect::{PasswordRequest, Secret};

/// Asks on the terminal, whatever the standard streams are.
///
/// # Errors
/// Where there is no terminal. Ctrl-C ends the program.
pub(crate) fn ask(request: &PasswordRequest) -> io::Result<Secret> {
    let terminal = File::options()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(|_| io::Error::new(io::ErrorKind::NotFound, "there is no terminal"))?;
    let mut quiet = Quiet::new(terminal)?;
    match &request.server {
        Some(server) => write!(
            quiet.terminal,
            "Password for user {} on {server}: ",
            request.user
        )?,
        None => write!(quiet.terminal, "Password for user {}: ", request.user)?,
    }
    let typed = read_line(&mut quiet.terminal);
    writeln!(quiet.terminal)?;
    drop(quiet);
    match typed? {
        Some(password) => Ok(Secret::new(password)),
        None => {
            // The signal that the terminal would have sent; it ends the program.
            raise(Signal::SIGINT)?;
            loop {
                thread::park();
            }
        }
    }
}

/// A terminal that shows nothing of what is typed, and leaves its keys to the program.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn new(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent
            .local_flags
            .remove(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG);
        tcsetattr(&terminal, SetArg::TCSAFLUSH, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // The terminal is gone, or it was set up a moment ago.
        let _ = tcsetattr(&self.terminal, SetArg::TCSANOW, &self.before);
    }
}

/// Reads what is typed up to Return or Ctrl-D; `None` if it is given up by Ctrl-C.
fn read_line(terminal: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut key = [0];
    loop {
        let is_end = terminal.read(&mut key)? == 0;
        match key[0] {
            _ if is_end => return Ok(Some(line)),
            b'\r' | b'\n' | 0x04 => return Ok(Some(line)),
            0x03 => return Ok(None),
            // Ctrl-U.
            0x15 => line.clear(),
            // Backspace takes a whole character away, whose bytes but the first begin with 10.
            0x08 | 0x7f => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            byte => line.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_what_they_do_on_a_terminal() {
        for (typed, expected) in [
            (&b"secret\nrest"[..], Some(&b"secret"[..])),
            (b"secret\r", Some(b"secret")),
            (b"secret", Some(b"secret")),
            (b"\n", Some(b"")),
            (b"wrong\x15right\n", Some(b"right")),
            (b"ab\x7fc\x08\x08d\n", Some(b"d")),
            ("p\u{e4}\u{20ac}\x7f\x7fx\n".as_bytes(), Some(b"px")),
            (b"\x7fa\x04", Some(b"a")),
            (b"abc\x03", None),
        ] {
            let mut typed = typed;
            assert_eq!(read_line(&mut typed).unwrap().as_deref(), expected);
        }
    }
}
