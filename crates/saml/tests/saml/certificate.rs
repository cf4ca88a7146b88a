//! Which certificates can be pinned.

use saml::{BadCertificate, Certificate};

use crate::support::{at, certificate, fixture};

#[test]
fn a_certificate_says_whose_it_is_and_until_when() {
    let read = certificate("idp");
    assert!(read.subject.contains("CN=idp.example"), "{}", read.subject);
    assert!(read.not_before < at("2027-01-01T00:00:00Z") && read.not_after > at("2036-01-01T00:00:00Z"));
    // As `openssl x509 -fingerprint -sha256` prints it.
    assert_eq!(read.fingerprint(), "b0c2980acbd9fdce45c05dae3b7e9a7dc3bc61259d2baad03d35118e8789ab4d");
    assert_eq!(Certificate::from_der(read.der()), Ok(read));
}

#[test]
fn pem_and_bare_base64_are_the_same() {
    let pem = fixture("test-only-idp.cert.pem");
    let bare = pem
        .lines()
        .filter(|line| !line.starts_with("--"))
        .map(|line| format!("  {line}\r\n"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(Certificate::from_text(&bare), Certificate::from_text(&format!("Bag Attributes\n{pem}")));
    let both = format!("{pem}\n{}", fixture("test-only-p256.cert.pem"));
    let all = Certificate::all_from_text(&both).expect("two certificates");
    assert_eq!(all, [certificate("idp"), certificate("p256")]);
    assert_eq!(Certificate::all_from_text(&bare).expect("one").len(), 1);
}

#[test]
fn keys_that_are_weak_or_foreign_cannot_be_pinned() {
    let read = |name: &str| Certificate::from_text(&fixture(name));
    assert_eq!(read("test-only-rsa1024.cert.pem"), Err(BadCertificate::KeySize(1024)));
    assert_eq!(read("test-only-p521.cert.pem"), Err(BadCertificate::Key));
    assert_eq!(read("test-only-ed25519.cert.pem"), Err(BadCertificate::Key));
    // A private key in the wrong field must not be taken, nor stored.
    assert_eq!(read("test-only-idp.key.pem"), Err(BadCertificate::NotText));
    for text in ["", "   ", "hello", "-----BEGIN CERTIFICATE-----", &"A".repeat(50_000)] {
        assert_eq!(Certificate::from_text(text), Err(BadCertificate::NotText), "{text:.30}");
    }
    assert_eq!(Certificate::from_text("aGVsbG8="), Err(BadCertificate::NotX509));
}
