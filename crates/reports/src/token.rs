//! The secret of a link: the organisation it leads to and 256 bits of chance. Only its hash is kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::ids::OrgId;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};

/// A new secret.
pub(crate) fn fresh(org: OrgId) -> anyhow::Result<String> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow::anyhow!("no randomness"))?;
    Ok(format!("{}.{}", kernel::ids::encode(org.uuid().as_u128()), URL_SAFE_NO_PAD.encode(bytes)))
}

/// The organisation that a secret names; it says nothing about whether the secret is good.
pub(crate) fn org(token: &str) -> Option<OrgId> {
    let (org, secret) = token.split_once('.')?;
    let bits = kernel::ids::decode(org)?;
    (secret.len() == 43).then(|| OrgId::from_uuid(uuid::Uuid::from_u128(bits)))
}

/// The form in which a secret is kept and looked up.
pub(crate) fn hash(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_leads_to_its_organisation_and_no_two_are_alike() {
        let ours = OrgId::new(&kernel::Clock::system());
        let (one, two) = (fresh(ours).expect("a secret"), fresh(ours).expect("a secret"));
        assert_eq!(org(&one), Some(ours));
        assert_ne!(hash(&one), hash(&two));
        for bad in ["", ".", "x.y", "nonsense", &one[..40]] {
            assert_eq!(org(bad), None, "{bad}");
        }
    }
}
