use super::*;
use crate::testing::{Server, complete, error, message, ready, session};

/// Sends `data` by a COPY to a server that answers at once with `early`, and with `late` when it has had all of it.
async fn copied(
    data: &[u8],
    early: Vec<Vec<u8>>,
    late: Vec<Vec<u8>>,
) -> (Result<()>, Vec<u8>, Session<tokio::io::DuplexStream>) {
    let (mut session, mut server) = session().await;
    let sending = async {
        let mut copy = session.copy_in("copy t from stdin").await?;
        for piece in data.chunks(100_000) {
            if !copy.send(piece).await? {
                break;
            }
        }
        copy.finish().await
    };
    let (ended, got) = tokio::join!(sending, play(&mut server, early, late));
    (ended, got, session)
}

async fn play(server: &mut Server, early: Vec<Vec<u8>>, late: Vec<Vec<u8>>) -> Vec<u8> {
    assert_eq!(server.receive().await.0, b'Q');
    server
        .send(&[complete("TRUNCATE"), message(b'G', b"\0\0\0")])
        .await;
    server.send(&early).await;
    let mut got = Vec::new();
    loop {
        match server.receive().await {
            (b'd', body) => got.extend_from_slice(&body),
            (tag, _) => {
                assert_eq!(tag, b'c');
                server.send(&late).await;
                return got;
            }
        }
    }
}

#[tokio::test]
async fn all_data_arrives() {
    let data: Vec<u8> = (0..2_500_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    let (ended, got, mut session) = copied(&data, vec![], vec![complete("COPY 3"), ready()]).await;
    ended.unwrap();
    assert!(got == data && session.check_ready().is_ok());
}

#[tokio::test]
async fn a_copy_that_fails_early_or_late_leaves_the_session_usable() {
    let failed = || vec![error("ERROR", "22P04"), ready()];
    for (early, late) in [(failed(), vec![]), (vec![], failed())] {
        let (ended, _, mut session) = copied(&vec![b'x'; 300_000], early, late).await;
        let error = ended.unwrap_err();
        assert_eq!(error.server().map(|e| e.sqlstate.as_str()), Some("22P04"));
        session.check_ready().unwrap();
    }
}

#[tokio::test]
async fn a_statement_that_wants_no_data_is_no_copy() {
    let (mut session, mut server) = session().await;
    let (refused, ()) = tokio::join!(session.copy_in("select 1"), async {
        server.receive().await;
        server.send(&[complete("SELECT 1"), ready()]).await;
    });
    assert!(matches!(
        refused.map(|_| ()),
        Err(Error::UnexpectedResult { .. })
    ));
    session.check_ready().unwrap();
}

#[tokio::test]
async fn many_copies_go_in_one_exchange() {
    let wants = || message(b'G', b"\0\0\0");
    for (answers, expected) in [
        (
            vec![wants(), complete("COPY 1"), wants(), complete("COPY 1")],
            None,
        ),
        (vec![wants(), error("ERROR", "22P04")], Some("22P04")),
    ] {
        let (mut session, mut server) = session().await;
        let played = async {
            let mut got = Vec::new();
            for _ in 0..5 {
                let (tag, body) = server.receive().await;
                got.push((char::from(tag), body));
            }
            server.send(&answers).await;
            server.send(&[ready()]).await;
            got
        };
        let sql = "copy a from stdin; copy b from stdin";
        let (ended, got) = tokio::join!(session.copy_in_all(sql, &["1\n", "2\n"]), played);
        let tags: String = got.iter().map(|(tag, _)| tag).collect();
        assert_eq!(tags, "Qdcdc");
        let failed = ended.err();
        let state = failed.as_ref().and_then(Error::server);
        assert_eq!(state.map(|error| error.sqlstate.as_str()), expected);
        session.check_ready().unwrap();
    }
}

#[tokio::test]
async fn a_copy_without_data_is_made_to_fail() {
    let (mut session, mut server) = session().await;
    let played = async {
        server.receive().await;
        server.send(&[message(b'G', b"\0\0\0")]).await;
        assert_eq!(server.receive().await.0, b'f');
        server.send(&[error("ERROR", "57014"), ready()]).await;
    };
    let none: [&[u8]; 0] = [];
    let (ended, ()) = tokio::join!(session.copy_in_all("copy a from stdin", &none), played);
    assert!(ended.unwrap_err().server().is_some());
}
