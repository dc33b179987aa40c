//! Services on this machine that hand out credentials as AWS's do, to whoever proves what they demand.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

/// What was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With what stands behind a `?`.
    pub(crate) path: String,
    /// By their names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    /// A header, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// A status and a body.
pub(crate) type Answer = (u16, String);

/// A service; it lives as long as the test program.
pub(crate) struct Endpoint {
    port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Endpoint {
    /// Starts one whose clock is ahead by so many seconds.
    pub(crate) fn start(
        ahead: i64,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let asked = Arc::<Mutex<Vec<Request>>>::default();
        let keeps = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hangs up or says nonsense is not answered.
                let _ = serve(stream, ahead, &answer, &keeps);
            }
        });
        Ok(Self { port, asked })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How often it was asked.
    pub(crate) fn count(&self) -> usize {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.len()
    }
}

fn serve(
    mut stream: TcpStream,
    ahead: i64,
    answer: impl Fn(&Request) -> Answer,
    asked: &Mutex<Vec<Request>>,
) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let request = read(&stream)?;
    let (status, body) = answer(&request);
    asked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request);
    let now = Timestamp::from_second(Timestamp::now().as_second() + ahead)?;
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
    write!(
        stream,
        "HTTP/1.1 {status} Said\r\ndate: {date}\r\ncontent-length: {}\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    Ok(())
}

fn read(stream: &TcpStream) -> Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next(), words.next());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').context("no header")?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(Ok(0), |length| length.parse())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request {
        method: method.context("no method")?,
        path: path.context("no path")?,
        headers,
        body: String::from_utf8(body)?,
    })
}

/// Examines the signature of a request to a service by the secret of a key; `session` is the token that goes with it.
pub(crate) fn check_signature(
    request: &Request,
    key: &str,
    secret: &str,
    session: Option<&str>,
) -> Result<()> {
    let authorization = request.header("authorization");
    let part = |name: &str| -> Result<&str> {
        let (_, rest) = authorization
            .split_once(name)
            .with_context(|| format!("no {name} in {authorization:?}"))?;
        Ok(rest.split(',').next().unwrap_or_default().trim())
    };
    let credential = part("Credential=")?;
    let (found, scope) = credential.split_once('/').context("no scope")?;
    ensure!(found == key, "it is signed with {found}");
    ensure!(
        request.header("x-amz-security-token") == session.unwrap_or_default(),
        "its session token is another"
    );
    let names = part("SignedHeaders=")?;
    let headers: Vec<String> = names
        .split(';')
        .map(|name| format!("{name}:{}\n", request.header(name)))
        .collect();
    let headers = headers.concat();
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let canonical = format!(
        "{}\n{path}\n{query}\n{headers}\n{names}\n{}",
        request.method,
        support::digest(request.body.as_bytes())
    );
    let scope: Vec<&str> = scope.split('/').collect();
    let expected = support::signature(secret, request.header("x-amz-date"), &scope, &canonical)?;
    ensure!(part("Signature=")? == expected, "its signature is wrong");
    Ok(())
}
