//! Several servers: their order, their state, and what is told when none will do.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;

use anyhow::{Result, ensure};
use support::{Major, Scratch, Server, run, server_user};

use crate::case::Expected::{Connects, Refused, Stricter};
use crate::case::{Case, Kind};
use crate::hostile::peer::{Peer, play};
use crate::judge::{judge, run_ping};
use crate::process::{Listening, free_port};

const HBA: &str = "local all all trust\nlocal replication all trust\nhost all all all trust\nhost replication all all trust\n";

fn start(conf: &str) -> Result<Server> {
    Server::with(Major::V17).hba(HBA).conf(conf).start()
}

/// A standby of a server.
struct Standby {
    _process: Listening,
    _folder: Scratch,
    port: u16,
}

impl Standby {
    fn of(primary: &Server) -> Result<Self> {
        let folder = Scratch::new()?;
        let data = folder.join("data");
        let mut copy = primary.tool("pg_basebackup");
        copy.args(["-R", "-X", "stream", "-c", "fast", "-D"])
            .arg(&data);
        run(&mut copy)?;
        if let Some(user) = server_user() {
            run(std::process::Command::new("chown")
                .arg("-R")
                .arg(format!("{}:{}", user.uid, user.gid))
                .arg(&data))?;
            chown(&data, Some(user.uid), Some(user.gid))?;
        }
        let port = free_port()?;
        let settings = format!(
            "port = {port}\nunix_socket_directories = '{}'\nhot_standby = on\n",
            folder.path().display()
        );
        fs::write(
            data.join("postgresql.auto.conf"),
            fs::read_to_string(data.join("postgresql.auto.conf"))? + &settings,
        )?;
        let args: [&OsStr; 2] = ["-D".as_ref(), data.as_ref()];
        let process =
            Listening::start(folder.path(), port, primary.bin("postgres").as_ref(), &args)?;
        let standby = Self {
            _process: process,
            _folder: folder,
            port,
        };
        // It listens before it can be read.
        for _ in 0..500 {
            let mut psql = primary.tool("psql");
            psql.env("PGPORT", port.to_string())
                .args(["-X", "-d", "postgres", "-c", "select"]);
            if psql.output()?.status.success() {
                return Ok(standby);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        anyhow::bail!("the standby does not come up")
    }
}

/// Ends a login before it has begun.
fn refuse(peer: &mut Peer, sqlstate: &str, why: &str) -> std::io::Result<()> {
    peer.startup()?;
    let body = format!("SFATAL\0VFATAL\0C{sqlstate}\0M{why}\0\0");
    peer.send(b'E', body.as_bytes())
}

#[test]
fn the_server_that_psql_chooses_is_chosen() -> Result<()> {
    let primary = start("")?;
    let standby = Standby::of(&primary)?;
    let read_only = start("default_transaction_read_only = on")?;
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let closed = free_port()?;
    let (main, copy, frozen, mute, shut) = (
        primary.port(),
        standby.port,
        read_only.port(),
        silent.local_addr()?.port(),
        closed,
    );
    let starting = play(|peer| refuse(peer, "57P03", "the database system is starting up"))?;
    let full = play(|peer| refuse(peer, "53300", "sorry, too many clients already"))?;
    let case = |ports: &[u16], rest: &str, expected| {
        let hosts = vec!["127.0.0.1"; ports.len()].join(",");
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        Case::of(
            format!(
                "host={hosts} port={} user=postgres dbname=postgres {rest}",
                ports.join(",")
            ),
            expected,
        )
    };
    let wants = |ports: &[u16], wanted: &str, expected| {
        case(ports, &format!("target_session_attrs={wanted}"), expected)
    };
    let (none, network) = (Refused(Kind::Session), Refused(Kind::Network));
    let cases = [
        case(&[main, copy], "", Connects),
        case(&[copy, main], "", Connects),
        case(&[shut, copy, main], "", Connects),
        case(&[shut, shut], "", network),
        // Another server is tried after one that says nothing.
        case(&[mute, main], "connect_timeout=2", Connects),
        case(&[mute, shut], "connect_timeout=2", network),
        case(&[mute], "connect_timeout=2", network),
        // A refused login and a missing database end the search.
        case(&[main, copy], "dbname=nowhere", Refused(Kind::Database)),
        case(&[main, main], "sslmode=require", Refused(Kind::Tls)),
        wants(&[copy, main], "any", Connects),
        wants(&[main, copy, frozen], "read-write", Connects),
        wants(&[copy, frozen, main], "read-write", Connects),
        wants(&[copy, frozen], "read-write", none),
        wants(&[main, frozen, copy], "read-only", Connects),
        wants(&[main, copy, frozen], "read-only", Connects),
        wants(&[main], "read-only", none),
        wants(&[copy, frozen], "primary", Connects),
        wants(&[copy, main], "primary", Connects),
        wants(&[copy, copy], "primary", none),
        wants(&[main, frozen, copy], "standby", Connects),
        wants(&[main, frozen], "standby", none),
        wants(&[shut, main], "standby", none),
        wants(&[main, shut], "standby", network),
        wants(&[main, copy], "prefer-standby", Connects),
        wants(&[main, frozen], "prefer-standby", Connects),
        wants(&[shut, main], "prefer-standby", Connects),
        wants(&[shut, shut], "prefer-standby", network),
        wants(&[copy, main], "read-write", Connects),
        case(&[main], "load_balance_hosts=random", Connects),
        case(&[shut, main, shut], "load_balance_hosts=random", Connects),
        // One that is starting up is passed over, one that is full or has no TLS where it must is not.
        case(&[starting.port, main], "", Connects),
        case(
            &[starting.port, copy, main],
            "target_session_attrs=primary",
            Connects,
        ),
        case(&[full.port, main], "", Refused(Kind::Full)),
        case(&[main, full.port], "sslmode=require", Refused(Kind::Tls)),
        case(
            &[copy, full.port],
            "target_session_attrs=primary",
            Refused(Kind::Full),
        ),
        Case::of(
            format!(
                "host=no-such-host.invalid,127.0.0.1 port={main} user=postgres dbname=postgres"
            ),
            Connects,
        ),
        Case::of(
            format!(
                "host=no-such-host.invalid,127.0.0.1 port=1,{main} user=postgres dbname=postgres"
            ),
            Connects,
        ),
        Case::of(
            format!(
                "host=127.0.0.1,{} port={shut},{main} user=postgres dbname=postgres",
                primary.socket_dir().display()
            ),
            Connects,
        ),
        Case::of(
            format!(
                "host=a,b hostaddr=127.0.0.1,127.0.0.1 port={shut},{main} user=postgres dbname=postgres"
            ),
            Connects,
        ),
        Case::of(
            format!(
                "postgres://postgres@127.0.0.1:{shut},127.0.0.1:{main}/postgres?target_session_attrs=primary"
            ),
            Connects,
        ),
        Case::of(
            format!("host=127.0.0.1,127.0.0.1 port=0,{main} user=postgres dbname=postgres"),
            Stricter(
                Kind::Option,
                "a port that cannot be is an error, not a server that does not answer",
            ),
        ),
    ];
    judge("hosts", &cases, 41);

    // All failures are told.
    let ran = run_ping(&wants(
        &[shut, copy, mute],
        "primary connect_timeout=1",
        none,
    ))?;
    ran.expect_code(8)?.expect_words([
        format!("port {shut}: Connection refused"),
        format!("port {copy}: the server is a standby, and target_session_attrs is \"primary\""),
        format!("port {mute}: no answer within 1 s"),
    ])?;

    // Randomly, each is chosen at some time: that one of two is not in 20 goes happens once in 500,000 runs.
    let mut chosen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let ran = run_ping(&case(&[main, copy], "load_balance_hosts=random", Connects))?;
        let told: serde_json::Value = serde_json::from_slice(&ran.expect_code(0)?.stdout)?;
        chosen.insert(told["standby"].as_bool());
    }
    ensure!(chosen.len() == 2, "always {chosen:?}");
    Ok(())
}
