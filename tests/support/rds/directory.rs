//! A directory that takes tokens for passwords: as much of LDAP (RFC 4511) as a server asks of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

use super::token::TokenRules;

/// What stands before a role's name when its token is asked about.
pub(super) const PREFIX: &str = "iam=";

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0a;
const TEXT: u8 = 0x04;
const BIND: u8 = 0x60;
const BIND_ANSWER: u8 = 0x61;
const PASSWORD: u8 = 0x80;

const SUCCESS: u8 = 0;
const INVALID_CREDENTIALS: u8 = 49;

/// A token that somebody wanted to log in with.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The role.
    pub role: String,
    /// What was shown.
    pub token: String,
    /// When.
    pub at: Timestamp,
    /// What was wrong with it.
    pub problem: Option<String>,
}

/// What the directory knows and has seen.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) rules: TokenRules,
    pub(super) shown: Vec<Shown>,
}

/// Answers until this program ends; the port.
pub(super) fn serve(book: &Arc<Mutex<Book>>) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let book = Arc::clone(book);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let book = Arc::clone(&book);
            // Whoever does not keep to the protocol is hung up on.
            thread::spawn(move || answer(stream, &book).ok());
        }
    });
    Ok(port)
}

/// Answers one bind, which is all that a server asks for on a connection.
fn answer(mut stream: TcpStream, book: &Mutex<Book>) -> Result<()> {
    let message = read(&mut stream)?;
    let (id, rest) = element(&message, INTEGER)?;
    let (bind, _) = element(rest, BIND)?;
    let (_version, rest) = element(bind, INTEGER)?;
    let (name, rest) = element(rest, TEXT)?;
    let (token, _) = element(rest, PASSWORD)?;
    let role = std::str::from_utf8(name)?.strip_prefix(PREFIX);
    let role = role.context("the name has no prefix")?.to_owned();
    let token = String::from_utf8(token.to_vec())?;

    let at = Timestamp::now();
    let problem = {
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        let checked = book.rules.check(&token, &role, at);
        let problem = checked.err().map(|error| format!("{error:#}"));
        book.shown.push(Shown {
            role,
            token,
            at,
            problem: problem.clone(),
        });
        problem
    };
    let code = if problem.is_none() {
        SUCCESS
    } else {
        INVALID_CREDENTIALS
    };
    let result = [
        encoded(ENUMERATED, &[code]),
        encoded(TEXT, b""),
        encoded(TEXT, problem.unwrap_or_default().as_bytes()),
    ];
    let answer = [encoded(INTEGER, id), encoded(BIND_ANSWER, &result.concat())];
    stream.write_all(&encoded(SEQUENCE, &answer.concat()))?;
    // The server says goodbye; that it does not would change nothing.
    let _ = stream.read(&mut [0; 100]);
    Ok(())
}

/// Reads a message; its content.
fn read(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    ensure!(head[0] == SEQUENCE, "no message");
    let mut length = usize::from(head[1]);
    if head[1] & 0x80 != 0 {
        let mut digits = vec![0; length & 0x7f];
        stream.read_exact(&mut digits)?;
        length = number(&digits);
    }
    ensure!(length < 1 << 16, "a message of {length} bytes");
    let mut content = vec![0; length];
    stream.read_exact(&mut content)?;
    Ok(content)
}

/// The content of the element that bytes begin with, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Result<(&[u8], &[u8])> {
    let [found, short, rest @ ..] = bytes else {
        anyhow::bail!("an element is cut short");
    };
    ensure!(*found == tag, "element {found:#x} where {tag:#x} belongs");
    let digits = if short & 0x80 == 0 { 0 } else { short & 0x7f };
    let (digits, rest) = rest
        .split_at_checked(digits.into())
        .context("a length is cut short")?;
    let length = if digits.is_empty() {
        usize::from(*short)
    } else {
        number(digits)
    };
    rest.split_at_checked(length)
        .context("an element is cut short")
}

fn number(digits: &[u8]) -> usize {
    digits
        .iter()
        .fold(0, |number, digit| (number << 8) | usize::from(*digit))
}

fn encoded(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut element = vec![tag];
    match u8::try_from(length) {
        Ok(length) if length < 0x80 => element.push(length),
        _ => {
            element.push(0x82);
            element.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    element.extend_from_slice(content);
    element
}
