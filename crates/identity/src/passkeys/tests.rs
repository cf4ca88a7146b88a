//! The ceremonies on their own: what an authenticator says, truthfully and not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cbor4ii::core::Value as Cbor;
use kernel::Clock;
use kernel::db::system::PasskeyRow;
use kernel::ids::{PasskeyId, UserId};
use serde_json::{Value, json};

use super::authenticator::{Authenticator, VERIFIED, base64};
use super::cose::Key;
use super::party::Party;
use super::verify::{Asserted, Created, Credential, NewPasskey};
use super::wire::AuthenticatorData;
use super::{Wrong, cbor};

const ORIGIN: &str = "https://recoup.example";

fn party() -> Party {
    Party::at(ORIGIN).expect("a host name")
}

fn options(user: UserId) -> Value {
    json!({ "challenge": "c2FtcGxl", "user": { "id": base64(user.uuid().as_bytes()) } })
}

fn made(authenticator: &mut Authenticator, user: UserId) -> Result<NewPasskey, Wrong> {
    let credential: Credential<Created> = serde_json::from_value(authenticator.make(&options(user))).expect("readable");
    credential.verify(&party())
}

fn row(new: NewPasskey, user_id: UserId) -> PasskeyRow {
    let clock = Clock::system();
    PasskeyRow {
        id: PasskeyId::new(&clock),
        user_id,
        credential_id: new.credential_id,
        public_key: new.public_key,
        sign_count: i64::from(new.count),
        backup_eligible: new.backup_eligible,
        backed_up: new.backed_up,
        transports: new.transports,
        name: String::new(),
        created_at: clock.now(),
        last_used_at: None,
    }
}

fn used(authenticator: &mut Authenticator, passkey: &PasskeyRow) -> Result<u32, Wrong> {
    let given = authenticator.answer(&json!({ "challenge": "c2FtcGxl" }));
    let credential: Credential<Asserted> = serde_json::from_value(given).expect("readable");
    credential.verify(&party(), passkey).map(|used| used.count)
}

fn user() -> UserId {
    UserId::new(&Clock::system())
}

#[test]
fn passkeys_of_both_curves_are_made_and_used() {
    for algorithm in [-7, -8] {
        let (user, mut authenticator) = (user(), Authenticator::new(algorithm, ORIGIN));
        let new = made(&mut authenticator, user).expect("a new passkey");
        assert_eq!(new.transports, ["internal"], "what we do not know is not kept");
        let passkey = row(new, user);
        authenticator.count = 7;
        assert_eq!(used(&mut authenticator, &passkey), Ok(7));
    }
}

#[test]
fn a_key_that_signs_for_itself_is_believed_and_no_other_statement() {
    for (format, expected) in [("packed", Ok(())), ("tpm", Err(Wrong::Attestation)), ("", Err(Wrong::Attestation))] {
        let mut authenticator = Authenticator::new(-7, ORIGIN);
        authenticator.format = format;
        assert_eq!(made(&mut authenticator, user()).map(|_| ()), expected, "{format}");
    }
}

/// A lie, and what is said to it.
type Lie = (fn(&mut Authenticator), Wrong);

/// Lies that neither ceremony believes.
const LIES: [Lie; 11] = [
    (|a| a.kind = Some("webauthn.other"), Wrong::Kind),
    (|a| a.origin = "https://recoup.example.evil.example".into(), Wrong::Origin),
    (|a| a.origin = "http://recoup.example".into(), Wrong::Origin),
    (|a| a.origin = "https://recoup.example:8443".into(), Wrong::Origin),
    (|a| a.origin = "https://sub.recoup.example".into(), Wrong::Origin),
    (|a| a.cross_origin = true, Wrong::Origin),
    (|a| a.party = "evil.example".into(), Wrong::Party),
    (|a| a.party = "example".into(), Wrong::Party),
    (|a| a.flags = 0x01, Wrong::NotVerified),
    (|a| a.flags = 0x04, Wrong::NotVerified),
    (|a| a.flags = VERIFIED | 0x10, Wrong::Backup),
];

#[test]
fn no_lie_is_believed_when_a_passkey_is_made() {
    for (index, (lie, expected)) in LIES.into_iter().enumerate() {
        let mut authenticator = Authenticator::new(-7, ORIGIN);
        lie(&mut authenticator);
        assert_eq!(made(&mut authenticator, user()).map(|_| ()), Err(expected), "lie {index}");
    }
    let only_here: [Lie; 5] = [
        (|a| a.algorithm = Some(-8), Wrong::Algorithm),
        (|a| a.algorithm = Some(-257), Wrong::Algorithm),
        (|a| a.algorithm = Some(-65_535), Wrong::Algorithm),
        (|a| a.id = vec![7; 1_024], Wrong::CredentialId),
        (|a| a.id = Vec::new(), Wrong::CredentialId),
    ];
    for (index, (lie, expected)) in only_here.into_iter().enumerate() {
        let mut authenticator = Authenticator::new(-7, ORIGIN);
        lie(&mut authenticator);
        assert_eq!(made(&mut authenticator, user()).map(|_| ()), Err(expected), "lie {index} of a new passkey");
    }
    let mut longest = Authenticator::new(-7, ORIGIN);
    longest.id = vec![7; 1_023];
    assert!(made(&mut longest, user()).is_ok());
}

#[test]
fn no_lie_is_believed_when_a_passkey_is_used() {
    for (index, (lie, expected)) in LIES.into_iter().enumerate() {
        let (user, mut authenticator) = (user(), Authenticator::new(-7, ORIGIN));
        let passkey = row(made(&mut authenticator, user).expect("new"), user);
        lie(&mut authenticator);
        assert_eq!(used(&mut authenticator, &passkey), Err(expected), "lie {index}");
    }
    let only_here: [Lie; 5] = [
        (|a| a.flags = VERIFIED | 0x08, Wrong::Backup),
        (|a| a.flags = VERIFIED | 0x40, Wrong::Malformed),
        (|a| a.handle = Some(base64(&[1; 16])), Wrong::User),
        (|a| a.id = vec![9; 32], Wrong::CredentialId),
        (|a| a.secret = Authenticator::new(-7, ORIGIN).secret, Wrong::Signature),
    ];
    for (index, (lie, expected)) in only_here.into_iter().enumerate() {
        let (user, mut authenticator) = (user(), Authenticator::new(-7, ORIGIN));
        let passkey = row(made(&mut authenticator, user).expect("new"), user);
        lie(&mut authenticator);
        assert_eq!(used(&mut authenticator, &passkey), Err(expected), "lie {index} of a known passkey");
    }
}

#[test]
fn the_stored_key_alone_says_how_a_signature_is_checked() {
    let (user, mut elliptic) = (user(), Authenticator::new(-7, ORIGIN));
    let passkey = row(made(&mut elliptic, user).expect("new"), user);
    let mut edwards = Authenticator::new(-8, ORIGIN);
    (edwards.id, edwards.handle) = (elliptic.id.clone(), elliptic.handle.clone());
    assert_eq!(used(&mut edwards, &passkey), Err(Wrong::Signature));
}

#[test]
fn what_is_cut_or_has_more_at_its_end_is_refused() {
    let mut authenticator = Authenticator::new(-7, ORIGIN);
    let given = authenticator.make(&options(user()));
    let object = given["response"]["attestationObject"].as_str().expect("text");
    let object = cbor::item(&mut URL_SAFE_NO_PAD.decode(object).expect("base64").as_slice()).expect("CBOR");
    let data = cbor::bytes(cbor::named(&object, "authData").expect("an entry")).expect("bytes");
    assert!(AuthenticatorData::read(data).is_ok());
    for length in 0..data.len() {
        assert!(AuthenticatorData::read(&data[..length]).is_err(), "{length} bytes");
    }
    assert!(AuthenticatorData::read(&[data, &[0]].concat()).is_err());
    let mut extended = [data, &[0xa0]].concat();
    extended[32] |= 0x80;
    assert!(AuthenticatorData::read(&extended).is_ok(), "a map of extensions may follow");
    *extended.last_mut().expect("a byte") = 0x01;
    assert!(AuthenticatorData::read(&extended).is_err(), "anything else may not");
}

#[test]
fn deep_nesting_and_double_labels_are_no_keys() {
    let deep = [vec![0x81; 60_000], vec![0x00]].concat();
    assert_eq!(cbor::item(&mut deep.as_slice()).map(|_| ()), Err(Wrong::Malformed));
    let number = |n: i128| Cbor::Integer(n);
    let twice = Cbor::Map(vec![(number(1), number(1)), (number(1), number(2)), (number(3), number(-8))]);
    assert_eq!(Key::read(&twice), Err(Wrong::Key));
    let short = Cbor::Map(vec![
        (number(1), number(3)),
        (number(3), number(-257)),
        (number(-1), Cbor::Bytes(vec![0xff; 128])),
        (number(-2), Cbor::Bytes(vec![1, 0, 1])),
    ]);
    assert_eq!(Key::read(&short), Err(Wrong::Key), "RSA of 1024 bits");
}

#[test]
fn rsa_signatures_are_checked() {
    // Made once with OpenSSL; the private key is gone.
    let modulus = hex::decode(concat!(
        "d88ede6ac67161fdfcd398dec59bdba442b2acaba36d197dfe589af56e340ec4ed7739d4ef7c8e62735eaf8ebee43989d13883370a892ad9",
        "e585d3ebf16d6d26a71d4ad6a587d34e0781d9caafb54b794b46898ffe4213a0468e51c257937dad7739b202b4401ab050dd529b6cdbc636",
        "2e4ebc364658834fd9fffb6045d3524c75337e387d557bada2514902e505d0767066de788bf98923f7fdb54796365c4ae1c7a0823e14bcf2",
        "39cd2b54735a54707971778aa7d3387d1600b624cc0e621882d137a68680537a1b4fc887cbc72e02a1448f704fa5e122289da38aae8d2843",
        "d609cd80e7b88e1300e0ca03bbb0e380f5ad6c14c70af2b565c0e987d97df115",
    ));
    let signed = hex::decode(concat!(
        "0e3ec7b27066c0593cbdddb86903e7b3c0a5bf8cbb61affe2089dfb771c82fb43ae2c96a1be475c770569c6e6c109b0ee394d81a721c1506",
        "dde2644f3e7edb9ffdbd67fd518c7490c9c99bd966e90b82b4b56427c3f5dcf2b4ba3ec34046abba351238bad74c743fcb4074a2aa70bcf9",
        "33a15c85cb6c13e8d966a36d3f4bb690a5ea1afe29c5096e8b5a11ac9f678a0f7ea629f72d97f77bb5e665b9f02a184b24c94f3f6c218ab4",
        "b2c36361283fcf208065b4547cc69eb12cf4d3ab657ec288e3738ca0d2f3611578bbf6004be7306229a10b4616a8982f9715ebc72c198f75",
        "36ecd278953977c1a0b389ba9d79cfadd8098d351638ee67f1ff923a559f955b",
    ))
    .expect("hex");
    let number = |n: i128| Cbor::Integer(n);
    let key = Cbor::Map(vec![
        (number(1), number(3)),
        (number(3), number(-257)),
        (number(-1), Cbor::Bytes(modulus.expect("hex"))),
        (number(-2), Cbor::Bytes(vec![1, 0, 1])),
    ]);
    let key = Key::read(&key).expect("a key");
    assert_eq!(key.verify(b"recoup passkey vector", &signed), Ok(()));
    assert_eq!(key.verify(b"recoup passkey Vector", &signed), Err(Wrong::Signature));
}
