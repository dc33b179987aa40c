use super::*;

/// The body of an Authentication message.
fn request(code: i32, rest: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes(), rest].concat()
}

const SCRAM: &[u8] = b"SCRAM-SHA-256\0\0";
const BOTH: &[u8] = b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";

fn with(
    password: Option<&str>,
    binding: Option<&[u8]>,
    required: bool,
    cleartext: bool,
) -> Authentication {
    Authentication {
        password: password.map(Secret::new),
        channel_binding: binding.map_or(ChannelBinding::None, |hash| {
            ChannelBinding::TlsServerEndPoint(hash.into())
        }),
        channel_binding_required: required,
        cleartext_allowed: cleartext,
    }
}

/// What is sent in answer to a first request, or the error's text.
fn answer(authentication: &Authentication, body: &[u8]) -> Result<(bool, Vec<u8>), String> {
    let startup = Startup::new("md5_user", "db");
    let mut out = BytesMut::new();
    match Exchange::new(&startup, authentication).answer(body, &mut out) {
        Ok(accepted) => Ok((accepted, out.to_vec())),
        Err(Failure::Error(error)) => Err(error.to_string()),
        Err(Failure::Protocol(what)) => Err(format!("protocol: {what}")),
    }
}

#[test]
fn passwords_are_sent_as_the_server_asks() {
    let authentication = with(Some("password"), None, false, true);
    assert_eq!(
        answer(&authentication, &request(3, b"")),
        Ok((false, b"p\0\0\0\rpassword\0".to_vec()))
    );
    // The vector is that of postgres-protocol's own test.
    assert_eq!(
        answer(&authentication, &request(5, b"\x2a\x3d\x8f\xe0")),
        Ok((
            false,
            b"p\0\0\0\x28md562af4dd09bbb41884907a838a3233294\0".to_vec()
        ))
    );
    assert_eq!(
        answer(&authentication, &request(0, b"")),
        Ok((true, vec![]))
    );
}

#[test]
fn what_cannot_or_must_not_be_answered_is_refused() {
    let password = with(Some("p"), None, false, false);
    let nothing = with(None, None, false, true);
    let empty = with(Some(""), None, false, true);
    let required = with(Some("p"), Some(b"hash"), true, true);
    let unbound = with(Some("p"), None, true, true);
    let clear =
        "the server asks for the password in clear text over an unencrypted connection: refused";
    let unsupported = |method: &str| {
        format!("the server asks for the authentication method {method}, which is not supported")
    };
    let none =
        |method: &str| format!("the server asks for a password ({method}) and none was given");
    let binding = |why: &str| format!("channel binding is required, but {why}");
    let cases = [
        (&password, request(3, b""), clear.into()),
        (&nothing, request(3, b""), none("password")),
        (&empty, request(5, b"salt"), none("md5")),
        (&nothing, request(10, SCRAM), none("scram-sha-256")),
        (&password, request(2, b""), unsupported("Kerberos V5")),
        (&password, request(6, b""), unsupported("SCM credentials")),
        (&password, request(7, b""), unsupported("GSSAPI")),
        (&password, request(9, b""), unsupported("SSPI")),
        (
            &password,
            request(10, b"OAUTHBEARER\0X\0\0"),
            unsupported("SASL with OAUTHBEARER X"),
        ),
        (&password, request(10, b""), unsupported("SASL with ")),
        (
            &required,
            request(0, b""),
            binding("the server asks for a method that cannot carry it"),
        ),
        (
            &required,
            request(3, b""),
            binding("the server asks for a method that cannot carry it"),
        ),
        (
            &required,
            request(5, b"salt"),
            binding("the server asks for a method that cannot carry it"),
        ),
        (
            &required,
            request(10, SCRAM),
            binding("the server does not offer it"),
        ),
        (
            &unbound,
            request(10, BOTH),
            binding("the connection has no TLS or its certificate defines no hash to bind to"),
        ),
        (
            &password,
            b"\0\0".to_vec(),
            "protocol: malformed Authentication message".into(),
        ),
        (
            &password,
            request(5, b"sal"),
            "protocol: malformed AuthenticationMD5Password".into(),
        ),
        (
            &password,
            request(77, b""),
            "protocol: unknown authentication request 77".into(),
        ),
        (
            &password,
            request(11, b"r=x"),
            "protocol: AuthenticationSASLContinue without a start".into(),
        ),
        (
            &password,
            request(12, b"v=x"),
            "protocol: AuthenticationSASLFinal without a start".into(),
        ),
    ];
    for (authentication, body, message) in cases {
        assert_eq!(answer(authentication, &body), Err(message), "{body:?}");
    }
}

#[test]
fn scram_says_what_it_can_bind_to() {
    for (binding, offered, mechanism, header) in [
        (None, SCRAM, "SCRAM-SHA-256", "n,,"),
        (None, BOTH, "SCRAM-SHA-256", "n,,"),
        (Some(&b"hash"[..]), SCRAM, "SCRAM-SHA-256", "y,,"),
        (
            Some(b"hash"),
            BOTH,
            "SCRAM-SHA-256-PLUS",
            "p=tls-server-end-point,,",
        ),
    ] {
        let (_, sent) = answer(
            &with(Some("p"), binding, false, false),
            &request(10, offered),
        )
        .unwrap();
        let expected = format!("{mechanism}\0");
        assert!(
            sent[5..].starts_with(expected.as_bytes()),
            "{}",
            sent.as_bstr()
        );
        assert!(
            sent[5 + expected.len() + 4..].starts_with(header.as_bytes()),
            "{}",
            sent.as_bstr()
        );
    }
}

#[test]
fn a_server_that_does_not_prove_itself_is_refused() {
    let startup = Startup::new("u", "db");
    let authentication = with(Some("p"), None, false, false);
    let start = |out: &mut BytesMut| {
        let mut exchange = Exchange::new(&startup, &authentication);
        assert!(matches!(
            exchange.answer(&request(10, SCRAM), out),
            Ok(false)
        ));
        exchange
    };
    let refused = |result: Result<bool, Failure>| match result {
        Ok(_) => panic!("accepted"),
        Err(Failure::Error(error)) => error.to_string(),
        Err(Failure::Protocol(what)) => what,
    };
    let mut out = BytesMut::new();
    let accepted_early = start(&mut out).answer(&request(0, b""), &mut out);
    assert_eq!(
        refused(accepted_early),
        "AuthenticationOk in the middle of a SASL exchange"
    );

    let foreign_nonce = start(&mut out).answer(&request(11, b"r=other,s=c2FsdA==,i=1"), &mut out);
    assert_eq!(
        refused(foreign_nonce),
        "SCRAM authentication failed: invalid nonce"
    );

    for (iterations, proof, message) in [
        (
            1,
            "v=AAAA",
            "SCRAM authentication failed: SCRAM verification error",
        ),
        (
            1,
            "e=other-error",
            "SCRAM authentication failed: SCRAM error: other-error",
        ),
        (
            4_000_000_000_u32,
            "",
            "SCRAM authentication failed: SCRAM iteration count exceeds the maximum allowed",
        ),
    ] {
        out.clear();
        let mut exchange = start(&mut out);
        let nonce = out.rsplit_once_str("r=").unwrap().1.as_bstr().to_string();
        let first = request(
            11,
            format!("r={nonce}more,s=c2FsdA==,i={iterations}").as_bytes(),
        );
        let result = match exchange.answer(&first, &mut out) {
            Ok(_) => exchange.answer(&request(12, proof.as_bytes()), &mut out),
            refused => refused,
        };
        assert_eq!(refused(result), message);
    }
}
