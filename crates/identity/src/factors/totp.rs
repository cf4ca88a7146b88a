//! Codes of authenticator apps (RFC 6238): six digits, thirty seconds, HMAC-SHA-1, because that is what all apps read.

use chrono::{DateTime, Utc};
use ring::hmac;
use shell::page::url_encoded;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Bytes of a secret: 160 bits, as RFC 4226 recommends.
pub(crate) const SECRET: usize = 20;
/// Seconds of one step.
const STEP_S: i64 = 30;
/// Digits of a code.
const DIGITS: u32 = 6;
/// Who issues the codes, as the app shows it.
const ISSUER: &str = "Recoup";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step of an instant.
fn step_at(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(STEP_S)
}

/// The code of a step, with any of RFC 6238's algorithms and lengths.
fn code(algorithm: hmac::Algorithm, secret: &[u8], step: i64, digits: u32) -> u32 {
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), &step.to_be_bytes());
    let tag = tag.as_ref();
    // Dynamic truncation: the last nibble says where four bytes are taken from; all digests are at least 20 bytes long.
    let at = usize::from(tag[tag.len() - 1] & 15);
    let number = u32::from_be_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]) & 0x7fff_ffff;
    number % 10_u32.pow(digits)
}

/// The step whose code this is: now's, or one before or after it, for clocks that disagree. All three are compared, in
/// constant time; whether the step was used before is asked where that is kept.
pub(crate) fn matching_step(secret: &[u8], typed: &str, now: DateTime<Utc>) -> Option<i64> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let (mut found, mut step) = (Choice::from(0), 0);
    for candidate in step_at(now) - 1..=step_at(now) + 1 {
        let code = code(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret, candidate, DIGITS);
        let same = format!("{code:06}").as_bytes().ct_eq(typed.as_bytes());
        step.conditional_assign(&candidate, same);
        found |= same;
    }
    bool::from(found).then_some(step)
}

/// What an app reads from the picture.
pub(crate) fn uri(secret: &[u8], email: &str) -> String {
    let (account, secret) = (url_encoded(email), base32(secret));
    format!(
        "otpauth://totp/{ISSUER}:{account}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"
    )
}

/// Base32 of RFC 4648, without padding: what people type when they cannot scan.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(char::from(BASE32[(held >> bits) as usize & 31]));
        }
    }
    if bits > 0 {
        out.push(char::from(BASE32[(held << (5 - bits)) as usize & 31]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    #[test]
    fn the_vectors_of_rfc_6238() {
        let vectors = [
            (59, 94_287_082, 46_119_246, 90_693_936),
            (1_111_111_109, 7_081_804, 68_084_774, 25_091_201),
            (1_111_111_111, 14_050_471, 67_062_674, 99_943_326),
            (1_234_567_890, 89_005_924, 91_819_424, 93_441_116),
            (2_000_000_000, 69_279_037, 90_698_825, 38_618_901),
            (20_000_000_000, 65_353_130, 77_737_706, 47_863_826),
        ];
        let digits = "1234567890".repeat(7);
        for (seconds, sha1, sha256, sha512) in vectors {
            let step = step_at(instant(seconds));
            let code = |algorithm, length: usize| code(algorithm, &digits.as_bytes()[..length], step, 8);
            assert_eq!(code(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, 20), sha1, "{seconds}");
            assert_eq!(code(hmac::HMAC_SHA256, 32), sha256, "{seconds}");
            assert_eq!(code(hmac::HMAC_SHA512, 64), sha512, "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_for_its_step_and_the_ones_beside_it() {
        let secret = b"12345678901234567890";
        // The six last digits of the vector at 59 s: step 1.
        for (seconds, fits) in [(0, true), (29, true), (59, true), (60, true), (89, true), (90, false), (3_000, false)]
        {
            assert_eq!(matching_step(secret, "287082", instant(seconds)), fits.then_some(1), "{seconds}");
        }
        assert_eq!(matching_step(secret, " 287 082 ", instant(59)), Some(1), "as apps show it");
        for wrong in ["", "287083", "87082", "0287082", "287O82", "２８７０８２", "-87082"] {
            assert_eq!(matching_step(secret, wrong, instant(59)), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_written_for_apps_and_people() {
        // RFC 4648's vectors, without padding.
        for (plain, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")]
        {
            assert_eq!(base32(plain.as_bytes()), text);
        }
        assert_eq!(
            uri(b"12345678901234567890", "dana+x@example.com"),
            "otpauth://totp/Recoup:dana%2Bx%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Recoup\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
