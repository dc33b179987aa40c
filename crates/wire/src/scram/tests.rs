use super::*;

/// The user's name, which stands in the example of RFC 7677 and not in our messages, changes what is signed; so the
/// other side is played here.
struct Server {
    salted: [u8; 32],
}

impl Server {
    fn check(&self, first_bare: &str, challenge: &str, answer: &str) -> (bool, String) {
        let (unproved, proof) = answer.rsplit_once(",p=").unwrap();
        let signed = format!("{first_bare},{challenge},{unproved}");
        let stored_key = Sha256::digest(hmac(&self.salted, b"Client Key"));
        let signature = hmac(&stored_key, signed.as_bytes());
        let key: Vec<u8> = BASE64
            .decode(proof)
            .unwrap()
            .iter()
            .zip(signature)
            .map(|(proof, signature)| proof ^ signature)
            .collect();
        let verifier = hmac(&hmac(&self.salted, b"Server Key"), signed.as_bytes());
        (
            Sha256::digest(key) == stored_key,
            format!("v={}", BASE64.encode(verifier)),
        )
    }
}

const CHALLENGE: &str = "r=noncemore,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

fn begin(password: &str) -> Scram {
    Scram::with_nonce(password.as_bytes(), Binding::Unsupported, "nonce".into())
}

#[test]
fn the_salted_password_is_that_of_the_rfc() {
    // RFC 7677, section 3: its proofs follow from this.
    let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    let salted = salted_password(b"pencil", &salt, 4096);
    let signed = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    assert_eq!(
        BASE64.encode(hmac(&hmac(&salted, b"Server Key"), signed.as_bytes())),
        "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    );
}

#[test]
fn both_sides_prove_that_they_know_the_password() {
    let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
    let server = Server {
        salted: salted_password(b"pencil", &salt, 4096),
    };
    for (password, is_right) in [("pencil", true), ("pen\u{ad}cil", true), ("pencils", false)] {
        let mut scram = begin(password);
        assert_eq!(scram.first_message(), "n,,n=,r=nonce");
        let answer = scram.answer(CHALLENGE.as_bytes()).unwrap();
        assert!(answer.starts_with("c=biws,r=noncemore,p="), "{answer}");
        let (accepted, last) = server.check("n=,r=nonce", CHALLENGE, &answer);
        assert_eq!(accepted, is_right, "{password}");
        assert_eq!(
            scram.finish(last.as_bytes()).is_ok(),
            is_right,
            "{password}"
        );
    }
}

#[test]
fn a_binding_is_named_and_proved() {
    for (binding, first, proved) in [
        (Binding::Unrequested, "y,,n=,r=nonce", "c=eSws,"),
        (
            Binding::TlsServerEndPoint(b"hash".into()),
            "p=tls-server-end-point,,n=,r=nonce",
            "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsaGFzaA==,",
        ),
    ] {
        let mut scram = Scram::with_nonce(b"p", binding, "nonce".into());
        assert_eq!(scram.first_message(), first);
        assert!(
            scram
                .answer(CHALLENGE.as_bytes())
                .unwrap()
                .starts_with(proved)
        );
    }
}

#[test]
fn a_nonce_is_new_each_time() {
    let nonce = || Scram::new(b"p", Binding::Unsupported).unwrap().nonce;
    assert_eq!(nonce().len(), 24);
    assert_ne!(nonce(), nonce());
}

#[test]
fn malformed_and_greedy_challenges_are_refused() {
    for (challenge, problem) in [
        (
            &b"r=other,s=c2FsdA==,i=1"[..],
            "the server's nonce does not begin with ours",
        ),
        (b"s=c2FsdA==,i=1", "there is no \"r=\" in the challenge"),
        (b"r=nonce,i=1", "there is no \"s=\" in the challenge"),
        (b"r=nonce,s=c2FsdA==", "there is no \"i=\" in the challenge"),
        (b"r=nonce,s=?,i=1", "the salt is malformed"),
        (
            b"r=nonce,s=c2FsdA==,i=0",
            "the number of iterations is malformed",
        ),
        (
            b"r=nonce,s=c2FsdA==,i=-1",
            "the number of iterations is malformed",
        ),
        (
            b"r=nonce,s=c2FsdA==,i=99999999999",
            "the number of iterations is malformed",
        ),
        (
            b"r=nonce,s=c2FsdA==,i=1000001",
            "the server asks for 1000001 iterations, more than the 1000000 allowed",
        ),
        (b"\xff", "the challenge is no text"),
        (b"", "there is no \"r=\" in the challenge"),
    ] {
        let mut scram = begin("p");
        assert_eq!(scram.answer(challenge).unwrap_err(), problem);
        assert_eq!(
            scram.answer(CHALLENGE.as_bytes()).unwrap_err(),
            "a second challenge"
        );
    }
}

#[test]
fn a_server_without_a_proof_is_refused() {
    let answered = || {
        let mut scram = begin("p");
        scram.answer(b"r=nonce,s=c2FsdA==,i=1").unwrap();
        scram
    };
    for (last, problem) in [
        (&b"v=AAAA"[..], "the server does not know the password"),
        (b"v=", "the server does not know the password"),
        (b"v=?", "the server's last message is malformed"),
        (b"", "the server's last message is malformed"),
        (b"e=other-error", "the server says \"other-error\""),
    ] {
        assert_eq!(answered().finish(last).unwrap_err(), problem);
    }
    assert_eq!(
        begin("p").finish(b"v=AAAA").unwrap_err(),
        "a proof of the server before ours"
    );
    let mut twice = answered();
    let _ = twice.finish(b"v=AAAA");
    assert_eq!(
        twice.finish(b"v=AAAA").unwrap_err(),
        "a proof of the server before ours"
    );
}

proptest::proptest! {
    #[test]
    fn no_challenge_makes_it_panic(challenge in proptest::collection::vec(proptest::num::u8::ANY, 0..100), text in "r=nonce[a-z]*,s=[A-Za-z0-9+/=]*,i=[0-9]{0,3}") {
        let _ = begin("p").answer(&challenge);
        let mut scram = begin("p");
        let _ = scram.answer(text.as_bytes());
        let _ = scram.finish(&challenge);
    }
}
