use crate::testing::{complete, error, message, one_column, one_value, ready, session};

use super::*;

#[tokio::test]
async fn every_statement_gives_its_result() {
    let (mut session, mut server) = session().await;
    let (results, ()) = tokio::join!(session.query("select; \u{e4}"), async {
        let (tag, body) = server.receive().await;
        assert_eq!((tag, &body[..]), (b'Q', "select; \u{e4}\0".as_bytes()));
        server
            .send(&[
                message(b'N', b"SNOTICE\0C00000\0Mhello\0\0"),
                message(b'S', b"server_version\x0018.0\0"),
                one_column(),
                one_value(b"1"),
                one_value(b"2"),
                complete("SELECT 2"),
                complete("SET"),
                message(b'I', b""),
                ready(),
            ])
            .await;
    });
    let lengths: Vec<usize> = results.unwrap().iter().map(Rows::len).collect();
    assert_eq!(lengths, [2, 0, 0]);
    assert_eq!(session.parameter("server_version"), Some("18.0".into()));
    assert_eq!(session.cancel_key().unwrap().process_id(), 7);
}

#[tokio::test]
async fn an_error_of_the_server_leaves_the_session_usable() {
    let (mut session, mut server) = session().await;
    for _ in 0..2 {
        let (result, ()) = tokio::join!(session.query("x"), async {
            server.receive().await;
            server
                .send(&[
                    one_column(),
                    one_value(b"1"),
                    error("ERROR", "42601"),
                    ready(),
                ])
                .await;
        });
        let error = result.unwrap_err();
        assert_eq!(error.server().unwrap().sqlstate, "42601");
        assert!(!error.is_connection_lost());
    }
}

#[tokio::test]
async fn a_fatal_error_says_more_than_the_end_that_follows() {
    let (mut session, mut server) = session().await;
    let (result, ()) = tokio::join!(session.execute("x"), async {
        server.receive().await;
        server.send(&[error("FATAL", "57P01")]).await;
        drop(server);
    });
    let error = result.unwrap_err();
    assert_eq!(error.server().unwrap().sqlstate, "57P01");
    assert!(error.is_connection_lost());
    let later = session.execute("x").await.unwrap_err();
    assert_eq!(
        later.to_string(),
        "the session cannot be used any more: connection to the server lost while running a statement: the server \
         closed the connection"
    );
}

#[tokio::test]
async fn a_dropped_query_leaves_the_session_unusable() {
    let (mut session, _server) = session().await;
    let timeout = tokio::time::timeout(
        std::time::Duration::from_millis(10),
        session.query("select 1"),
    );
    assert!(timeout.await.is_err());
    for _ in 0..2 {
        let error = session.execute("x").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the session cannot be used any more: it was abandoned while running a query"
        );
    }
}

#[tokio::test]
async fn what_the_protocol_does_not_allow_breaks_the_session() {
    for wrong in [
        message(b'!', b""),
        message(b'R', &[0; 4]),
        message(b'W', b"\0\0\0"),
        message(b'N', b"Sunfinished"),
        message(b'E', b"Sunfinished"),
        message(b'S', b"unfinished"),
        one_value(b"1"),
        [one_column(), one_column()].concat(),
        vec![b'D', 0xff, 0xff, 0xff, 0xff],
    ] {
        let (mut session, mut server) = session().await;
        let (result, ()) = tokio::join!(session.query("x"), async {
            server.receive().await;
            server.send(&[wrong.clone(), ready()]).await;
        });
        assert!(
            matches!(result, Err(Error::Protocol { .. })),
            "{wrong:?}: {result:?}"
        );
        assert!(
            matches!(session.query("x").await, Err(Error::Unusable { .. })),
            "{wrong:?}"
        );
    }
}

#[tokio::test]
async fn rows_wants_one_statement_with_rows() {
    let (mut session, mut server) = session().await;
    for (answer, found) in [
        (vec![complete("SET")], "a statement without"),
        (vec![message(b'I', b"")], "a statement without"),
        (vec![], "0 statements"),
        (
            vec![
                one_column(),
                complete("SELECT 0"),
                one_column(),
                complete("SELECT 0"),
            ],
            "2 statements",
        ),
    ] {
        let (result, ()) = tokio::join!(session.rows("x"), async {
            server.receive().await;
            server.send(&[answer, vec![ready()]].concat()).await;
        });
        assert_eq!(
            result.unwrap_err().to_string(),
            format!(
                "unexpected result of a statement: expected one statement with rows, found {found}"
            )
        );
    }
}

#[tokio::test]
async fn copy_statements_in_a_query_fail_and_leave_the_session_usable() {
    let (mut session, mut server) = session().await;
    let (result, ()) = tokio::join!(session.query("copy t to stdout"), async {
        server.receive().await;
        let data = message(b'd', b"row\n");
        server
            .send(&[
                message(b'H', b"\0\0\0"),
                data,
                message(b'c', b""),
                complete("COPY 1"),
                ready(),
            ])
            .await;
    });
    assert!(
        matches!(result, Err(Error::UnexpectedResult { .. })),
        "{result:?}"
    );

    let (result, ()) = tokio::join!(session.query("copy t from stdin"), async {
        server.receive().await;
        server.send(&[message(b'G', b"\0\0\0")]).await;
        assert_eq!(server.receive().await.0, b'f');
        server.send(&[error("ERROR", "57014"), ready()]).await;
    });
    assert_eq!(result.unwrap_err().server().unwrap().sqlstate, "57014");
    assert!(session.check_ready().is_ok());
}

#[tokio::test]
async fn a_statement_with_a_nul_byte_is_not_sent() {
    let (mut session, _server) = session().await;
    let error = session.query(b"select '\0'").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot send the statement: it contains a NUL byte"
    );
    assert!(session.check_ready().is_ok());
}

#[tokio::test]
async fn a_session_can_be_handed_over() {
    let (session, mut server) = session().await;
    server
        .send(&[message(b'N', b"SNOTICE\0C00000\0Mlate\0\0")])
        .await;
    let (_, replay) = session.into_startup().unwrap();
    let expected = [
        message(b'R', &[0; 4]),
        message(b'S', b"server_version\x0017.5\0"),
        message(b'K', b"\0\0\0\x07\0\0\0\x09"),
        ready(),
    ];
    assert_eq!(replay, expected.concat());
}
