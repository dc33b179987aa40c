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
        allowed: Methods::ALL,
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
    let undefined = Authentication {
        channel_binding: ChannelBinding::Undefined,
        ..unbound.clone()
    };
    let clear =
        "the server asks for the password in clear text over an unencrypted connection: refused";
    let unsupported = |method: &str| {
        format!("the server asks for the authentication method {method}, which is not supported")
    };
    let none =
        |method: &str| format!("the server asks for a password ({method}) and none was given");
    let binding = |why: &str| format!("channel binding {why}");
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
            binding("is required, but the server asks for a method that cannot carry it"),
        ),
        (
            &required,
            request(3, b""),
            binding("is required, but the server asks for a method that cannot carry it"),
        ),
        (
            &required,
            request(5, b"salt"),
            binding("is required, but the server asks for a method that cannot carry it"),
        ),
        (
            &required,
            request(10, SCRAM),
            binding("is required, but the server does not offer it"),
        ),
        (
            &unbound,
            request(10, BOTH),
            binding("is offered by the server, although the connection has no TLS"),
        ),
        (
            &unbound,
            request(10, SCRAM),
            binding("is required, but the connection has no TLS"),
        ),
        (
            &undefined,
            request(10, BOTH),
            binding("is required, but the server's certificate defines no hash to bind to"),
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
    let hash = ChannelBinding::TlsServerEndPoint(b"hash".into());
    for (binding, offered, mechanism, header) in [
        (ChannelBinding::None, SCRAM, "SCRAM-SHA-256", "n,,"),
        (ChannelBinding::Disabled, SCRAM, "SCRAM-SHA-256", "n,,"),
        (ChannelBinding::Disabled, BOTH, "SCRAM-SHA-256", "n,,"),
        (ChannelBinding::Undefined, BOTH, "SCRAM-SHA-256", "n,,"),
        (hash.clone(), SCRAM, "SCRAM-SHA-256", "y,,"),
        (hash, BOTH, "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"),
    ] {
        let authentication = Authentication {
            channel_binding: binding,
            ..Authentication::password(Secret::new("p"))
        };
        let (_, sent) = answer(&authentication, &request(10, offered)).unwrap();
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
fn what_the_user_does_not_allow_is_refused_before_anything_is_sent() {
    let requests = [
        (Method::None, request(0, b"")),
        (Method::Password, request(3, b"")),
        (Method::Md5, request(5, b"salt")),
        (Method::Gss, request(7, b"")),
        (Method::Sspi, request(9, b"")),
        (Method::ScramSha256, request(10, SCRAM)),
    ];
    for allowed in Method::ALL {
        let authentication = Authentication {
            allowed: Methods::EMPTY.with(allowed),
            ..with(Some("p"), None, false, true)
        };
        for (method, body) in &requests {
            let refusal = AuthenticationError::NotAllowed { method: *method }.to_string();
            let answered = answer(&authentication, body);
            assert_eq!(
                answered == Err(refusal),
                *method != allowed,
                "{method} where {allowed} is allowed: {answered:?}"
            );
        }
    }
    assert_eq!(
        AuthenticationError::NotAllowed {
            method: Method::None
        }
        .to_string(),
        "the server asks for no authentication, which require_auth does not allow: refused"
    );
}

#[test]
fn a_second_request_is_refused() {
    let startup = Startup::new("u", "db");
    let authentication = with(Some("p"), None, false, true);
    for first in [request(5, b"salt"), request(10, SCRAM)] {
        for second in [request(3, b""), request(5, b"salt"), request(10, SCRAM)] {
            let mut exchange = Exchange::new(&startup, &authentication);
            let mut out = BytesMut::new();
            assert!(matches!(exchange.answer(&first, &mut out), Ok(false)));
            out.clear();
            assert!(matches!(
                exchange.answer(&second, &mut out),
                Err(Failure::Protocol(what)) if what == "a second authentication request"
            ));
            assert!(out.is_empty());
        }
    }
}

#[tokio::test]
async fn the_protocol_is_agreed_on() {
    use crate::testing::{error, message, ready, start};
    let (v3_0, v3_2) = (ProtocolVersion::V3_0, ProtocolVersion::V3_2);
    let negotiate = |version: ProtocolVersion| {
        message(
            NEGOTIATE_TAG,
            &[version.code().to_be_bytes(), [0; 4]].concat(),
        )
    };
    let accept = [message(b'R', &[0; 4]), ready()].concat();
    for (least, wanted, sent, expected) in [
        (v3_0, v3_0, accept.clone(), Ok(v3_0)),
        (v3_0, v3_2, accept.clone(), Ok(v3_2)),
        (
            v3_0,
            v3_2,
            [negotiate(v3_0), accept.clone()].concat(),
            Ok(v3_0),
        ),
        (
            v3_2,
            v3_2,
            [negotiate(v3_0), accept.clone()].concat(),
            Err("the server speaks protocol 3.0 at most, and 3.2 is the least wanted"),
        ),
        (
            v3_0,
            v3_2,
            [negotiate(v3_0), negotiate(v3_0), accept.clone()].concat(),
            Err("protocol violation by the server while logging in: unexpected message 'v'"),
        ),
        (
            v3_0,
            v3_2,
            error("FATAL", "28000"),
            Err("FATAL: text (SQLSTATE 28000)"),
        ),
    ] {
        let startup = Startup::new("u", "db").protocol(least, wanted);
        let found = start(&startup, &Authentication::default(), sent).await;
        let found = found.map(|session| session.protocol());
        assert_eq!(
            found.map_err(|error| error.to_string()),
            expected.map_err(str::to_owned)
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
        "SCRAM authentication failed: the server's nonce does not begin with ours"
    );

    for (iterations, proof, message) in [
        (
            1,
            "v=AAAA",
            "SCRAM authentication failed: the server does not know the password",
        ),
        (
            1,
            "e=other-error",
            "SCRAM authentication failed: the server says \"other-error\"",
        ),
        (
            4_000_000_000_u32,
            "",
            "SCRAM authentication failed: the server asks for 4000000000 iterations, more than the 1000000 allowed",
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
