//! What a form carries so that programs that fill every form they find give themselves away: a field that people do not see, the
//! sealed time at which it was shown, and a little work of the browser's. None of it is needed: who lacks it is looked at more closely.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use kernel::ids::OrgId;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use shell::AppError;

use super::rate;
use crate::core::Core;
use crate::visit::Visit;

/// Zero bits that the work must reach: about 16,000 digests, well under a second of a telephone.
const BITS: u32 = 14;
/// The same while a site is flooded.
const BITS_IN_A_FLOOD: u32 = 17;
/// How long a stamp that was used is remembered: as long as a form may be open without a doubt.
const REMEMBERED: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
/// The longest stamp and the longest proof that are read.
const LONGEST: usize = 256;

/// The hidden fields of a form, for templates: `{{ ui::guard(guard) }}`.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// When the form was shown, sealed.
    pub stamp: String,
    /// How much work its proof is.
    pub bits: u32,
}

/// What came back in the fields of a guard: `#[serde(flatten)] guard: Given` in a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Given {
    /// The stamp of the guard.
    pub stamp: String,
    /// The number that does the work; empty without script.
    pub proof: String,
    /// The field that people do not see; empty.
    pub website: String,
}

/// What a guard says of who filled the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub lured: bool,
    /// How long the form was open; none where the stamp is not ours.
    pub open_for: Option<Duration>,
    pub work: Work,
    /// Whether the stamp was used before.
    pub again: bool,
}

/// Whether the browser did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Done,
    Missing,
    Wrong,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    at: DateTime<Utc>,
    bits: u32,
    /// Makes every stamp another.
    nonce: u64,
}

/// The guard of a form that is shown now.
///
/// # Errors
/// When the installation's key does not seal.
pub(crate) async fn issue(core: &Core, visit: &Visit) -> Result<Guard, AppError> {
    let kernel = core.kernel();
    let bits = if super::is_flooded(core, visit.site.org).await { BITS_IN_A_FLOOD } else { BITS };
    let sealed = Sealed { at: kernel.clock.now(), bits, nonce: rand::random() };
    let plain = serde_json::to_vec(&sealed).map_err(AppError::internal)?;
    let (key, sealed) = kernel.vault.seal_own(&place(visit.site.org), &plain)?;
    Ok(Guard { stamp: format!("{key}.{}", URL_SAFE_NO_PAD.encode(sealed)), bits })
}

/// Reads what came back.
pub(super) async fn read(core: &Core, org: OrgId, given: &Given) -> Told {
    let opened = open(core, org, &given.stamp);
    let open_for = opened.as_ref().map(|sealed| core.kernel().clock.now() - sealed.at);
    let work = match &opened {
        _ if given.proof.is_empty() => Work::Missing,
        Some(sealed) if is_done(&given.stamp, &given.proof, sealed.bits) => Work::Done,
        _ => Work::Wrong,
    };
    let again = match opened {
        Some(sealed) => !rate::is_first(core, org, "guard", &sealed.nonce.to_be_bytes(), REMEMBERED).await,
        None => false,
    };
    Told { lured: !given.website.trim().is_empty(), open_for, work, again }
}

fn open(core: &Core, org: OrgId, stamp: &str) -> Option<Sealed> {
    if stamp.len() > LONGEST {
        return None;
    }
    let (key, sealed) = stamp.split_once('.')?;
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let plain = core.kernel().vault.open_own(&place(org), key, &sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

fn is_done(stamp: &str, proof: &str, bits: u32) -> bool {
    if proof.len() > LONGEST {
        return false;
    }
    let digest = digest(&SHA256, format!("{stamp}:{proof}").as_bytes());
    zero_bits(digest.as_ref()) >= bits
}

/// How many zero bits bytes begin with.
fn zero_bits(bytes: &[u8]) -> u32 {
    let whole = bytes.iter().take_while(|byte| **byte == 0).count();
    let rest = bytes.get(whole).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(whole).unwrap_or(u32::MAX).saturating_mul(8).saturating_add(rest)
}

/// A stamp of one site is none of another.
fn place(org: OrgId) -> String {
    format!("site/guard/{org}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_bits_are_counted_over_bytes() {
        assert_eq!(zero_bits(&[0xff]), 0);
        assert_eq!(zero_bits(&[0x00, 0x01]), 15);
        assert_eq!(zero_bits(&[0x00, 0x00]), 16);
    }

    #[test]
    fn work_is_done_by_the_right_number_for_the_right_stamp() {
        let right = (0..100_000).find(|n| is_done("stamp", &n.to_string(), 8)).expect("a number");
        assert!(is_done("stamp", &right.to_string(), 8));
        assert!(!is_done("stamp", &format!("{right}x"), 24));
        assert!(!is_done("stamp", &"1".repeat(300), 0), "a proof is short");
    }
}
