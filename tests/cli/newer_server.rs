//! A server newer than any that pgark knows, which only a program can play.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use anyhow::{Result, ensure};
use bstr::ByteSlice;
use support::{
    Fixture, Major, Scratch, Server, archdiff, expect_no_archive, observe, pgark, shared_server,
};

#[test]
fn a_server_newer_than_known_is_refused_with_its_version() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept()?;
        serve(stream)
    });
    let scratch = Scratch::new()?;
    let archive = scratch.join("archive");
    let ran = observe(
        pgark()
            .args([
                "dump",
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "postgres",
                "-d",
                "db",
                "-j1",
                "-f",
            ])
            .arg(&archive),
    )?;
    ran.expect_code(4)?
        .expect_one_line(["19.1 (of the future)", "13 to 18"])?;
    expect_no_archive(&archive)?;
    let queries = server.join().expect("no panic")?;
    ensure!(
        queries
            .last()
            .is_some_and(|query| query.contains("server_version_num")),
        "it was asked for more than its version: {queries:?}"
    );
    Ok(())
}

#[test]
fn a_newer_server_is_dumped_as_the_newest_known_where_that_is_allowed() -> Result<()> {
    let server = shared_server(Major::V18);
    let db = Fixture::named("shop")?.database(Major::V18)?;
    let relay = Relay::start(server)?;
    let scratch = Scratch::new()?;
    let (oracle, archive) = (scratch.join("oracle"), scratch.join("archive"));
    let dump = || {
        let mut command = pgark();
        let port = relay.port.to_string();
        command.args(["dump", "-h", "127.0.0.1", "-U", "postgres", "-p", &port]);
        command.args(["-d", &db, "-f"]).arg(&archive);
        command
    };
    observe(&mut dump())?
        .expect_code(4)?
        .expect_one_line([relay.version.as_str(), "13 to 18"])?;
    expect_no_archive(&archive)?;

    let ran = observe(dump().arg("--allow-newer-server"))?;
    ran.expect_code(0)?
        .expect_one_line(["warning", relay.version.as_str(), "PostgreSQL 18"])?;
    server.pg_dump(&db, ["-Fc"], &oracle)?;
    let diff = archdiff(&oracle, &archive, &[])?;
    ensure!(
        diff.identical == diff.total && diff.total > 0,
        "{}",
        diff.output
    );
    let listing = observe(pgark().arg("list").arg(&archive))?.stdout;
    let listing = String::from_utf8_lossy(&listing).into_owned();
    ensure!(
        listing.contains(&format!(
            "Dumped from database version: {}\n",
            relay.version
        )) && listing.contains("Dumped by pg_dump version: 18 (pgark "),
        "{listing}"
    );
    Ok(())
}

/// What leads to a server of 18 and lets it say that it is of 19.
struct Relay {
    port: u16,
    version: String,
}

impl Relay {
    fn start(server: &Server) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let target = server.port();
        let [number, version] = [
            server.psql("postgres", "show server_version_num")?,
            server.psql("postgres", "show server_version")?,
        ];
        let newer = [
            number.replacen("18", "19", 1),
            version.replacen("18", "19", 1),
        ];
        let told_version = newer[1].clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, mut server) =
                    (client?, TcpStream::connect(("127.0.0.1", target))?);
                let (mut to_server, mut from_client) = (server.try_clone()?, client.try_clone()?);
                thread::spawn(move || io::copy(&mut from_client, &mut to_server));
                let replaced = [
                    (number.clone(), newer[0].clone()),
                    (version.clone(), newer[1].clone()),
                ];
                thread::spawn(move || pass_on(&mut server, &mut client, &replaced));
            }
            io::Result::Ok(())
        });
        Ok(Self {
            port,
            version: told_version,
        })
    }
}

/// Passes on what comes, up to its end, with other words of the same length for some.
fn pass_on(
    from: &mut TcpStream,
    to: &mut TcpStream,
    replaced: &[(String, String)],
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return to.shutdown(Shutdown::Both);
        }
        let mut bytes = buffer[..count].to_vec();
        for (old, new) in replaced {
            bytes = bytes.replace(old, new);
        }
        to.write_all(&bytes)?;
    }
}

/// Lets anybody in, answers every query with success, and the one for the version with 19.1. Returns the queries.
fn serve(mut stream: TcpStream) -> io::Result<Vec<String>> {
    const SSL_REQUEST: u32 = 80_877_103;
    const GSSENC_REQUEST: u32 = 80_877_104;
    loop {
        let packet = read_packet(&mut stream)?;
        let code = packet.first_chunk().copied().map(u32::from_be_bytes);
        if matches!(code, Some(SSL_REQUEST | GSSENC_REQUEST)) {
            stream.write_all(b"N")?;
        } else {
            break;
        }
    }
    let parameters = [
        ("server_version", "19.1 (of the future)"),
        ("server_encoding", "UTF8"),
        ("client_encoding", "UTF8"),
        ("standard_conforming_strings", "on"),
    ];
    let mut greeting = message(b'R', &0_u32.to_be_bytes());
    for (name, value) in parameters {
        greeting.extend(message(b'S', format!("{name}\0{value}\0").as_bytes()));
    }
    greeting.extend(message(b'K', &[0, 0, 0, 1, 0, 0, 0, 2]));
    greeting.extend(message(b'Z', b"I"));
    stream.write_all(&greeting)?;

    let mut queries = Vec::new();
    let mut kind = [0];
    while stream.read(&mut kind)? == 1 && kind == *b"Q" {
        let query = read_packet(&mut stream)?;
        let query = String::from_utf8_lossy(&query)
            .trim_end_matches('\0')
            .to_owned();
        let mut answer = Vec::new();
        if query.contains("server_version_num") {
            answer.extend(row(&["190001", "19.1 (of the future)", "UTF8", "on", "f"]));
        }
        answer.extend(message(b'C', b"SELECT 1\0"));
        answer.extend(message(b'Z', b"T"));
        stream.write_all(&answer)?;
        queries.push(query);
    }
    Ok(queries)
}

/// Reads what follows a length that counts itself.
fn read_packet(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut packet = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut packet)?;
    Ok(packet)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a short message");
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// One row of text columns, with its description.
fn row(values: &[&str]) -> Vec<u8> {
    let count = u16::try_from(values.len())
        .expect("a few columns")
        .to_be_bytes();
    let (mut description, mut data) = (count.to_vec(), count.to_vec());
    for value in values {
        // A column named c of type text: no table, no column number, OID 25, length -1, modifier -1, text format.
        description.extend(b"c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0");
        data.extend(
            u32::try_from(value.len())
                .expect("a short value")
                .to_be_bytes(),
        );
        data.extend(value.as_bytes());
    }
    [message(b'T', &description), message(b'D', &data)].concat()
}
