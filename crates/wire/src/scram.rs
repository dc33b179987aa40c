//! SCRAM-SHA-256, the client's side.
//!
//! RFC 5802 and RFC 7677; manual: "SASL Authentication". Passwords are prepared as PostgreSQL prepares them, which
//! postgres-protocol does not quite do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bstr::ByteSlice;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::saslprep;

pub(crate) const SCRAM_SHA_256: &str = "SCRAM-SHA-256";
pub(crate) const SCRAM_SHA_256_PLUS: &str = "SCRAM-SHA-256-PLUS";

/// As many random bytes as libpq takes (source: SCRAM_RAW_NONCE_LEN, scram-common.h).
const NONCE_BYTES: usize = 18;

/// The server says how often we hash; one that means harm would say two billion. PostgreSQL's own default is 4096.
const ITERATION_LIMIT: u32 = 1_000_000;

type HmacSha256 = Hmac<Sha256>;

/// What an exchange is bound to, as its first message says (RFC 5802, section 7, gs2-cbind-flag).
pub(crate) enum Binding {
    /// This side cannot bind, or does not want to.
    Unsupported,
    /// This side could, and believes that the server cannot.
    Unrequested,
    /// The hash of the server's certificate.
    TlsServerEndPoint(Vec<u8>),
}

impl Binding {
    fn header(&self) -> &'static str {
        match self {
            Self::Unsupported => "n,,",
            Self::Unrequested => "y,,",
            Self::TlsServerEndPoint(_) => "p=tls-server-end-point,,",
        }
    }

    /// What the second message proves to have been bound to.
    fn proved(&self) -> Vec<u8> {
        match self {
            Self::TlsServerEndPoint(hash) => [self.header().as_bytes(), hash].concat(),
            Self::Unsupported | Self::Unrequested => self.header().into(),
        }
    }
}

/// An exchange that has begun.
pub(crate) struct Scram {
    binding: Binding,
    nonce: String,
    state: State,
}

enum State {
    Begun { password: Vec<u8> },
    Proved { expected: HmacSha256 },
    Over,
}

impl Scram {
    pub(crate) fn new(password: &[u8], binding: Binding) -> Result<Self, String> {
        let mut random = [0; NONCE_BYTES];
        getrandom::fill(&mut random).map_err(|error| format!("no random numbers: {error}"))?;
        Ok(Self::with_nonce(password, binding, BASE64.encode(random)))
    }

    fn with_nonce(password: &[u8], binding: Binding, nonce: String) -> Self {
        Self {
            binding,
            nonce,
            state: State::Begun {
                password: saslprep::prepare(password).into_owned(),
            },
        }
    }

    /// The first message. The user is named in the startup message already.
    pub(crate) fn first_message(&self) -> String {
        format!("{}{}", self.binding.header(), self.first_bare())
    }

    fn first_bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// Answers the server's challenge with the proof that we know the password.
    pub(crate) fn answer(&mut self, challenge: &[u8]) -> Result<String, String> {
        let State::Begun { password } = std::mem::replace(&mut self.state, State::Over) else {
            return Err("a second challenge".into());
        };
        let challenge = challenge.to_str().map_err(|_| "the challenge is no text")?;
        let Challenge {
            nonce,
            salt,
            iterations,
        } = Challenge::parse(challenge)?;
        if !nonce.starts_with(&self.nonce) {
            return Err("the server's nonce does not begin with ours".into());
        }

        let salted = salted_password(&password, &salt, iterations);
        let client_key = hmac(&salted, b"Client Key");
        let unproved = format!("c={},r={nonce}", BASE64.encode(self.binding.proved()));
        let signed = format!("{},{challenge},{unproved}", self.first_bare());
        let signature = hmac(&Sha256::digest(client_key), signed.as_bytes());
        let proof: Vec<u8> = client_key
            .iter()
            .zip(signature)
            .map(|(key, signature)| key ^ signature)
            .collect();

        let mut expected = keyed(&hmac(&salted, b"Server Key"));
        expected.update(signed.as_bytes());
        self.state = State::Proved { expected };
        Ok(format!("{unproved},p={}", BASE64.encode(proof)))
    }

    /// Checks the server's proof that it knows the password.
    pub(crate) fn finish(&mut self, last: &[u8]) -> Result<(), String> {
        let State::Proved { expected } = std::mem::replace(&mut self.state, State::Over) else {
            return Err("a proof of the server before ours".into());
        };
        if let Some(error) = last.strip_prefix(b"e=") {
            return Err(format!("the server says \"{}\"", error.as_bstr()));
        }
        let proof = last
            .strip_prefix(b"v=")
            // Extensions may follow.
            .and_then(|rest| rest.split_str(",").next())
            .and_then(|proof| BASE64.decode(proof).ok())
            .ok_or("the server's last message is malformed")?;
        // In constant time.
        expected
            .verify_slice(&proof)
            .map_err(|_| "the server does not know the password".into())
    }
}

/// The server's first message taken apart.
struct Challenge<'a> {
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> Challenge<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let mut attributes = text.split(',');
        let mut attribute = |name: &str| {
            attributes
                .next()
                .and_then(|attribute| attribute.strip_prefix(name))
                .ok_or_else(|| format!("there is no \"{name}\" in the challenge"))
        };
        let (nonce, salt, iterations) = (attribute("r=")?, attribute("s=")?, attribute("i=")?);
        let salt = BASE64.decode(salt).map_err(|_| "the salt is malformed")?;
        let iterations = match iterations.parse() {
            Ok(0) | Err(_) => return Err("the number of iterations is malformed".into()),
            Ok(iterations) if iterations > ITERATION_LIMIT => {
                return Err(format!(
                    "the server asks for {iterations} iterations, more than the {ITERATION_LIMIT} allowed"
                ));
            }
            Ok(iterations) => iterations,
        };
        Ok(Self {
            nonce,
            salt,
            iterations,
        })
    }
}

/// `Hi` of RFC 5802, section 2.2.
fn salted_password(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    let key = keyed(password);
    let mut first = key.clone();
    first.update(salt);
    first.update(&1_u32.to_be_bytes());
    let mut block: [u8; 32] = first.finalize().into_bytes().into();
    let mut sum = block;
    for _ in 1..iterations {
        let mut next = key.clone();
        next.update(&block);
        block = next.finalize().into_bytes().into();
        for (sum, byte) in sum.iter_mut().zip(block) {
            *sum ^= byte;
        }
    }
    sum
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key);
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests;
