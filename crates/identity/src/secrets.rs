//! Random secrets and their hashes. A secret is shown once and kept as SHA-256: it has 128 bits or more of chance, so a slow
//! hash would only cost time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use shell::AppError;

/// What every API key begins with.
const KEY_PREFIX: &str = "rk_";
/// Characters of an API key that are shown again in lists.
const KEY_SHOWN: usize = 11;
/// Base32 characters of 128 bits, and those of them that are the checksum.
const CHECKSUM: usize = 6;

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], AppError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| AppError::internal(anyhow::anyhow!("no randomness")))?;
    Ok(bytes)
}

/// A secret of 256 bits for a cookie, a refresh token or a link.
pub(crate) fn fresh(prefix: &str) -> Result<String, AppError> {
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random::<32>()?)))
}

/// The form in which a secret is stored and looked up.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret.as_bytes()).as_ref().to_vec()
}

/// An API key: `rk_`, 26 characters of chance, 6 of checksum, so that a mistyped or cut key is known without a look-up and
/// scanners of leaked code can tell a key from noise.
pub(crate) fn fresh_key() -> Result<String, AppError> {
    let body = kernel::ids::encode(u128::from_be_bytes(random()?));
    Ok(format!("{KEY_PREFIX}{body}{}", checksum(&body)))
}

/// The first characters of a key, to recognise it by.
pub(crate) fn shown(key: &str) -> &str {
    key.get(..KEY_SHOWN).unwrap_or(key)
}

/// Whether a credential claims to be an API key.
pub(crate) fn is_key(text: &str) -> bool {
    text.starts_with(KEY_PREFIX)
}

/// Whether a key is complete and its checksum right.
pub(crate) fn is_whole_key(text: &str) -> bool {
    text.strip_prefix(KEY_PREFIX)
        .filter(|rest| rest.is_ascii() && rest.len() > CHECKSUM)
        .map(|rest| rest.split_at(rest.len() - CHECKSUM))
        .is_some_and(|(body, sum)| sum == checksum(body))
}

fn checksum(body: &str) -> String {
    let digest = digest::digest(&digest::SHA256, format!("recoup key 1 {body}").as_bytes());
    let mut bits = [0; 16];
    bits.copy_from_slice(&digest.as_ref()[..16]);
    kernel::ids::encode(u128::from_be_bytes(bits)).split_off(26 - CHECKSUM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_knows_when_it_is_mistyped() {
        let key = fresh_key().expect("randomness");
        assert!(is_key(&key) && is_whole_key(&key), "{key}");
        assert_eq!(key.len(), 3 + 26 + 6);
        assert!(shown(&key).len() < 12);
        for at in 3..key.len() {
            let mut wrong: Vec<char> = key.chars().collect();
            wrong[at] = if wrong[at] == 'x' { 'y' } else { 'x' };
            assert!(!is_whole_key(&wrong.into_iter().collect::<String>()), "character {at}");
        }
        assert!(!is_whole_key(&key[..key.len() - 1]) && !is_whole_key("rk_") && !is_whole_key("rk_é"));
    }

    #[test]
    fn secrets_differ_and_so_do_their_hashes() {
        let (one, other) = (fresh("rr_").expect("randomness"), fresh("rr_").expect("randomness"));
        assert_ne!(one, other);
        assert_ne!(hash(&one), hash(&other));
        assert_eq!(one.len(), 3 + 43);
    }
}
