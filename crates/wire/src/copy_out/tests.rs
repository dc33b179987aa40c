use tokio::io::DuplexStream;

use crate::testing::{Server, complete, error, message, one_column, one_value, ready, session};

use super::*;

fn copy_response() -> Vec<u8> {
    message(b'H', b"\0\0\x01\0\0")
}

/// Runs a COPY whose answer is this; the data, or the error and what came before it.
async fn copy(
    session: &mut Session<DuplexStream>,
    server: &mut Server,
    answer: &[Vec<u8>],
) -> Result<Vec<u8>, (Vec<u8>, Error)> {
    let (result, ()) = tokio::join!(
        async {
            let mut data = Vec::new();
            let mut copy = match session.copy_out("copy t to stdout").await {
                Ok(copy) => copy,
                Err(error) => return Err((data, error)),
            };
            loop {
                match copy.next().await {
                    Ok(Some(piece)) => data.extend_from_slice(piece),
                    Ok(None) => {
                        assert!(matches!(copy.next().await, Ok(None)));
                        return Ok(data);
                    }
                    Err(error) => return Err((data, error)),
                }
            }
        },
        async {
            server.receive().await;
            server.send(answer).await;
        }
    );
    result
}

#[tokio::test]
async fn the_data_comes_without_headers() {
    let (mut session, mut server) = session().await;
    let answer = [
        copy_response(),
        message(b'd', b"1\n"),
        message(b'N', b"SNOTICE\0C00000\0Mhello\0\0"),
        message(b'd', b"2\n"),
        message(b'd', b"3\n"),
        message(b'c', b""),
        complete("COPY 3"),
        ready(),
    ];
    for _ in 0..2 {
        let data = copy(&mut session, &mut server, &answer).await.unwrap();
        assert_eq!(data, b"1\n2\n3\n");
    }
}

#[tokio::test]
async fn a_refused_or_failed_copy_leaves_the_session_usable() {
    let (mut session, mut server) = session().await;
    let refused = [error("ERROR", "42501"), ready()];
    let failed = [
        copy_response(),
        message(b'd', b"1\n"),
        error("ERROR", "22012"),
        ready(),
    ];
    for (answer, before, sqlstate) in [
        (&refused[..], &b""[..], "42501"),
        (&failed, b"1\n", "22012"),
    ] {
        let (data, error) = copy(&mut session, &mut server, answer).await.unwrap_err();
        assert_eq!(
            (&data[..], error.server().unwrap().sqlstate.as_str()),
            (before, sqlstate)
        );
        assert!(session.check_ready().is_ok());
    }
}

#[tokio::test]
async fn another_statement_is_refused_and_leaves_the_session_usable() {
    let (mut session, mut server) = session().await;
    let done = message(b'c', b"");
    let answers = [
        vec![complete("SET"), ready()],
        vec![one_column(), one_value(b"1"), complete("SELECT 1"), ready()],
        vec![
            copy_response(),
            done.clone(),
            complete("COPY 0"),
            copy_response(),
            done,
            complete("COPY 0"),
            ready(),
        ],
    ];
    for answer in answers {
        let (_, error) = copy(&mut session, &mut server, &answer).await.unwrap_err();
        assert!(matches!(error, Error::UnexpectedResult { .. }), "{error}");
        assert!(session.check_ready().is_ok());
    }
}

#[tokio::test]
async fn a_copy_that_breaks_off_is_an_error() {
    let (mut session, mut server) = session().await;
    let broken = [
        copy_response(),
        message(b'd', b"1\n"),
        message(b'R', &[0; 4]),
    ];
    let (data, error) = copy(&mut session, &mut server, &broken).await.unwrap_err();
    assert_eq!(data, b"1\n");
    assert!(matches!(error, Error::Protocol { .. }), "{error}");
    assert!(matches!(session.check_ready(), Err(Error::Unusable { .. })));
}

#[tokio::test]
async fn a_dropped_copy_leaves_the_session_unusable() {
    let (mut session, mut server) = session().await;
    let (copy, ()) = tokio::join!(session.copy_out("copy t to stdout"), async {
        server.receive().await;
        server.send(&[copy_response(), message(b'd', b"1\n")]).await;
    });
    drop(copy.unwrap());
    let error = session.query("x").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the session cannot be used any more: it was abandoned while reading COPY data"
    );
}

#[tokio::test]
async fn waiting_for_data_may_be_cancelled_and_taken_up_again() {
    let (mut session, mut server) = session().await;
    let (copy, ()) = tokio::join!(session.copy_out("copy t to stdout"), async {
        server.receive().await;
        server.send(&[copy_response()]).await;
    });
    let mut copy = copy.unwrap();
    let short = std::time::Duration::from_millis(5);
    assert!(tokio::time::timeout(short, copy.next()).await.is_err());
    let row = message(b'd', b"row\n");
    server.send(&[row[..7].to_vec()]).await;
    assert_eq!(copy.next().await.unwrap(), Some(&b"ro"[..]));
    assert!(tokio::time::timeout(short, copy.next()).await.is_err());
    server
        .send(&[
            row[7..].to_vec(),
            message(b'c', b""),
            complete("COPY 1"),
            ready(),
        ])
        .await;
    assert_eq!(copy.next().await.unwrap(), Some(&b"w\n"[..]));
    assert_eq!(copy.next().await.unwrap(), None);
}

#[tokio::test]
async fn several_come_one_after_the_other() {
    let (mut session, mut server) = session().await;
    let one = |rows: &[&[u8]]| {
        let mut answer = vec![copy_response()];
        answer.extend(rows.iter().map(|row| message(b'd', row)));
        answer.extend([message(b'c', b""), complete("COPY")]);
        answer
    };
    let whole = [
        one(&[b"1\n", b"2\n"]),
        one(&[]),
        one(&[b"3\n"]),
        vec![ready()],
    ];
    let failing = [one(&[b"1\n"]), vec![error("ERROR", "42501"), ready()]];
    for (answers, expected, sqlstate) in [
        (&whole[..], "1\n2\n;;3\n;", None),
        (&failing, "1\n;", Some("42501")),
    ] {
        let answer = answers.concat();
        let (found, ()) = tokio::join!(
            async {
                let mut copies = session
                    .copy_out("copy t to stdout; copy u to stdout")
                    .await?;
                let mut found = String::new();
                loop {
                    match copies.next_of_several().await {
                        Ok(Some(CopyPiece::Data(data))) => {
                            found.push_str(std::str::from_utf8(data).unwrap());
                        }
                        Ok(Some(CopyPiece::End)) => found.push(';'),
                        Ok(None) => return Ok((found, None)),
                        Err(error) => return Ok((found, Some(error))),
                    }
                }
            },
            async {
                server.receive().await;
                server.send(&answer).await;
            }
        );
        let (found, error): (String, Option<Error>) =
            found.unwrap_or_else(|error: Error| panic!("{error}"));
        assert_eq!(found, expected);
        assert_eq!(
            error
                .map(|error| error.server().unwrap().sqlstate.clone())
                .as_deref(),
            sqlstate
        );
        assert!(session.is_ready());
    }
}
