//! The server's side of a connection.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// No play lasts longer.
const LIMIT: Duration = Duration::from_secs(20);

/// A server that plays a script for everyone who comes.
pub(crate) struct Played {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Played {
    /// What it heard after the startup message or the wish for TLS, one text a connection.
    pub(crate) fn heard(&self) -> Vec<Vec<u8>> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

pub(crate) fn play(script: fn(&mut Peer) -> io::Result<()>) -> Result<Played> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let heard = Arc::<Mutex<Vec<Vec<u8>>>>::default();
    let hears = Arc::clone(&heard);
    // It lives as long as the test program, and waits for nobody.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let hears = Arc::clone(&hears);
            thread::spawn(move || {
                let place = {
                    let mut all = hears.lock().unwrap_or_else(PoisonError::into_inner);
                    all.push(Vec::new());
                    all.len() - 1
                };
                let mut peer = Peer {
                    stream,
                    place,
                    hears,
                    is_slow: false,
                };
                for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
                    let _ = set(&peer.stream, Some(LIMIT));
                }
                // The client goes when it has had enough, in the middle of anything.
                let _ = script(&mut peer);
            });
        }
    });
    Ok(Played { port, heard })
}

/// A message of the server.
pub(crate) fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a short message");
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

/// A connection of a client.
pub(crate) struct Peer {
    stream: TcpStream,
    place: usize,
    hears: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Whether it writes a byte at a time.
    pub(crate) is_slow: bool,
}

impl Peer {
    /// Reads what asks for TLS.
    pub(crate) fn tls_request(&mut self) -> io::Result<()> {
        self.stream.read_exact(&mut [0; 8])
    }

    /// Reads the startup message, having declined TLS.
    pub(crate) fn startup(&mut self) -> io::Result<()> {
        const SSL_REQUEST: u32 = 80_877_103;
        loop {
            let mut head = [0; 8];
            self.stream.read_exact(&mut head)?;
            let [length, code] = [&head[..4], &head[4..]]
                .map(|bytes| u32::from_be_bytes(bytes.try_into().expect("four bytes")));
            if code != SSL_REQUEST {
                return self.stream.read_exact(&mut vec![0; length as usize - 8]);
            }
            self.stream.write_all(b"N")?;
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.is_slow {
            return self.stream.write_all(bytes);
        }
        self.stream.set_nodelay(true)?;
        for byte in bytes {
            self.stream.write_all(&[*byte])?;
            thread::sleep(Duration::from_micros(500));
        }
        Ok(())
    }

    pub(crate) fn send(&mut self, tag: u8, body: &[u8]) -> io::Result<()> {
        self.write(&message(tag, body))
    }

    /// The end of a login.
    pub(crate) fn ready(&mut self) -> io::Result<()> {
        self.send(b'K', &[0, 0, 0, 1, 0, 0, 0, 2])?;
        self.send(b'Z', b"I")
    }

    /// Lets anybody in, and takes the first statement.
    pub(crate) fn log_in(&mut self) -> io::Result<()> {
        self.startup()?;
        self.send(b'R', &[0; 4])?;
        self.ready()?;
        self.receive().map(drop)
    }

    /// The end of a login, and what comes after it.
    pub(crate) fn welcome(&mut self) -> io::Result<()> {
        self.ready()?;
        self.listen()
    }

    /// Reads a message; its body.
    pub(crate) fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes(head[1..].try_into().expect("four bytes")) as usize;
        let mut body = vec![0; length - 4];
        self.stream.read_exact(&mut body)?;
        self.note(&head);
        self.note(&body);
        Ok(body)
    }

    /// Reads whatever comes until the client goes.
    pub(crate) fn listen(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1000];
        loop {
            match self.stream.read(&mut buffer)? {
                0 => return Ok(()),
                read => self.note(&buffer[..read]),
            }
        }
    }

    fn note(&self, bytes: &[u8]) {
        let mut all = self.hears.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(heard) = all.get_mut(self.place) {
            heard.extend_from_slice(bytes);
        }
    }
}
