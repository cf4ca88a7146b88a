//! Signatures that hold and signatures that must not. The RSA vectors were made once with another implementation; their private
//! keys were thrown away.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::*;

const RSA_N: &str = concat!(
    "qf_A1Z1jE_IvsyU70aAtEmOLCCkZkhSkNqDBp1ejyyKCMEFjNURCAbculC8Otll2p8jv-QbVGhPqCFBIPFcgL_ZhMB_EWqW5m-jX",
    "FNaXPjIg-Q3HjM5o9v_3BD8JMYlS7-j4CWADt-AL00M41pVj4-2m-kfO_r8hT6FjG7IZeEhGUap0_xI3a0thx1qphr5u6akch-vE",
    "gi-fAA_zcj8kv5Ao_VvxmU5F6k5p86CPOmDoLY6D1vtXs7SsgiaYPVD9KW0WlylsAZXnGklvP3SIZmOv9I-QCRqs-TGBPpPrZVi8",
    "9925107hw91aNZ0WiU_qG7udjAVyaKHc-zlGswPGMw",
);
const RS256: &str = concat!(
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InIifQ.eyJzdWIiOiJzIn0.eKeqLSTZCH47ej5rpKtm0isk9q14Da5OOvIX7mVxTdtrUa71j",
    "J9dXJxh1NEezM95fa_eINxncjONoYJIAxYsE0SQxYv1g-xIhANbBDADcblZzrEcxvG5kor7xlrRJWnBLifELpf1V-iM7b_VLvB_p",
    "P99jzWqZ4t7Su0LKLfZp-gMCIWQUyfj6hoKYE0uAvEqB1-1srO2VZDK8nG7uOUZRyhT0hbHwiw9rOriDEcVZRHRV55jvGdiP2xhx",
    "8ij6GAb7aA-o9zqtrJhUkifVO_hM5LCFzivdrNaJ5aC8MbX74L6NfOT3Mhd1ptxf-JEH_1Ung--d2UDc-E6-rgoE81iNQ",
);
const PS256: &str = concat!(
    "eyJhbGciOiJQUzI1NiIsImtpZCI6InIifQ.eyJzdWIiOiJzIn0.HW2vF7NghPBfC4sZP4KGk-fY81sWVixwzssXdO0ol3MlmGFp4",
    "ianNc5Qcb1SczMPRIMmqpgL7EYXPvkyajicH91KEyEhxdg-rjgMLK3ziJBVXJIdlDCMlUACTQtHrgkJYbm7ZUoH0ZPgoSLvGldfY",
    "iYEua9Dbgukpv28d5h0_R3TljxeVcuBaS4_jP7IWwLOVV43AyhJFfuLPNs3i4YzkQuapqHPs4GgbI6qvb-4anIhex8Q8bFfRiKBK",
    "prZoQJ50hyL7axYDHjuuLXLwecsc_jYVInYiCzQLbqpWAZLvSwNdropRPZKPfkMEeloQHaUmb9QArjsnVdS1enlPnPDSA",
);
const SMALL_N: &str = concat!(
    "xE0fze4Dvrc9_91SeJ91AEA92LCiF-xuSxrCpB5RZALfSS6x9G8hJ7-nvb6AwtQ3sa5VikmFlOTugF58VJSt6VrkAkyjjmbzKSuW",
    "Bw2eBES79aWXUb5Gh04NspigptUySdfwdadcCPjiYSddVsyH_WqzZ98jALgFUB7XEfr0qqE",
);
const SMALL_RS256: &str = concat!(
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InNtYWxsIn0.eyJzdWIiOiJzIn0.NkxmbHKZeTpliU3adhukUIRDuxjfHWgwCZVb30sS-vFM",
    "OTJLwa7z-WS16criv4d-8C_n2BYPNG-FEjyK1ZeQ5vd6BKRAlXIJT1vhwnUbR8Eg5ONaIDodESDqBv151LTcfBQr8rC-KNK5DPgU",
    "1qoCWUIhek21t7uWq55LdYfsY4I",
);

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn keys(all: Value) -> Vec<Jwk> {
    serde_json::from_value(all).expect("keys read")
}

fn rsa(kid: &str, n: &str) -> Value {
    json!({ "kty": "RSA", "kid": kid, "use": "sig", "n": n, "e": "AQAB" })
}

fn parts(header: &Value) -> String {
    format!("{}.{}", b64(header.to_string()), b64(r#"{"sub":"s"}"#))
}

/// An Ed25519 key with its published half.
fn ed25519(kid: &str) -> (Ed25519KeyPair, Value) {
    let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("randomness");
    let pair = Ed25519KeyPair::from_pkcs8(pair.as_ref()).expect("a fresh key");
    let public = json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(pair.public_key()) });
    (pair, public)
}

fn signed(pair: &Ed25519KeyPair, header: &Value) -> String {
    let message = parts(header);
    format!("{message}.{}", b64(pair.sign(message.as_bytes())))
}

fn outcome(token: &str, keys: &[Jwk]) -> Result<Vec<u8>, String> {
    let jws = Jws::read(token).map_err(|error| error.to_string())?;
    jws.proved(keys).map(<[u8]>::to_vec).map_err(|error| format!("{error:?}"))
}

#[test]
fn rsa_signatures_of_another_implementation_hold() {
    let published = keys(json!([rsa("r", RSA_N)]));
    for token in [RS256, PS256] {
        assert_eq!(outcome(token, &published), Ok(br#"{"sub":"s"}"#.to_vec()));
        let mut bent = token.to_owned();
        let at = bent.len() - 20;
        bent.replace_range(at..=at, if &bent[at..=at] == "A" { "B" } else { "A" });
        assert_eq!(outcome(&bent, &published), Err("Wrong".into()));
    }
    // A key said to be for one algorithm makes no signature of another.
    let mut bound = rsa("r", RSA_N);
    bound["alg"] = json!("PS256");
    assert_eq!(outcome(RS256, &keys(json!([bound]))), Err("UnknownKey".into()));
    assert_eq!(
        outcome(SMALL_RS256, &keys(json!([rsa("small", SMALL_N)]))),
        Err("Wrong".into()),
        "1024 bits are too few"
    );
}

#[test]
fn elliptic_signatures_hold() {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("randomness");
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("a fresh key");
    let point = pair.public_key().as_ref();
    let key = json!({ "kty": "EC", "crv": "P-256", "kid": "e", "x": b64(&point[1..33]), "y": b64(&point[33..]) });
    let message = parts(&json!({ "alg": "ES256", "kid": "e" }));
    let token = format!("{message}.{}", b64(pair.sign(&random, message.as_bytes()).expect("signed")));
    assert!(outcome(&token, &keys(json!([key]))).is_ok());
    let (ed, public) = ed25519("d");
    let published = keys(json!([key, public]));
    assert!(outcome(&signed(&ed, &json!({ "alg": "EdDSA", "kid": "d" })), &published).is_ok());
    assert_eq!(outcome(&signed(&ed, &json!({ "alg": "ES256", "kid": "e" })), &published), Err("Wrong".into()));
}

#[test]
fn what_the_token_brings_along_never_decides() {
    let (ours, public) = ed25519("a");
    let (theirs, evil) = ed25519("a");
    let published = keys(json!([public]));
    for header in [
        json!({ "alg": "EdDSA", "kid": "a", "jwk": evil }),
        json!({ "alg": "EdDSA", "kid": "a", "jku": "https://evil.example/keys" }),
        json!({ "alg": "EdDSA", "kid": "a", "x5u": "https://evil.example/cert" }),
    ] {
        assert_eq!(outcome(&signed(&theirs, &header), &published), Err("Wrong".into()), "{header}");
    }
    assert!(outcome(&signed(&ours, &json!({ "alg": "EdDSA", "kid": "a", "crit": ["exp"] })), &published).is_err());
}

#[test]
fn no_signature_and_shared_secrets_are_not_read_at_all() {
    let published = keys(json!([rsa("r", RSA_N)]));
    for alg in ["none", "None", "HS256", "HS512", "RS1", "rs256", "ES384", ""] {
        let message = parts(&json!({ "alg": alg, "kid": "r" }));
        let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, RSA_N.as_bytes());
        let tag = b64(ring::hmac::sign(&secret, message.as_bytes()));
        for signature in ["", tag.as_str()] {
            let refused = outcome(&format!("{message}.{signature}"), &published).expect_err("must be refused");
            assert!(refused.contains("not allowed"), "{alg}: {refused}");
        }
    }
}

#[test]
fn the_key_is_the_one_named_and_without_a_name_there_is_no_choice() {
    let ((one, a), (other, b)) = (ed25519("a"), ed25519("b"));
    let both = keys(json!([a, b]));
    assert_eq!(outcome(&signed(&one, &json!({ "alg": "EdDSA", "kid": "b" })), &both), Err("Wrong".into()));
    assert_eq!(outcome(&signed(&one, &json!({ "alg": "EdDSA", "kid": "c" })), &both), Err("UnknownKey".into()));
    assert!(outcome(&signed(&other, &json!({ "alg": "EdDSA", "kid": "b" })), &both).is_ok());
    let unnamed = signed(&one, &json!({ "alg": "EdDSA" }));
    assert_eq!(outcome(&unnamed, &both), Err("UnknownKey".into()));
    assert!(outcome(&unnamed, &keys(json!([a]))).is_ok());
    let mut encrypting = a.clone();
    encrypting["use"] = json!("enc");
    assert_eq!(outcome(&unnamed, &keys(json!([encrypting]))), Err("UnknownKey".into()));
}

#[test]
fn what_is_no_token_is_refused_without_a_panic() {
    for text in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "e30.e30.", "eyJhbGciOiJub25lIn0", &"x".repeat(70_000)] {
        assert!(Jws::read(text).is_err(), "{text:.20}");
    }
}
