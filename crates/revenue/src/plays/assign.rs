//! Who is held back: by a keyed hash of play and lead, so that the same lead always falls on the same side and nobody can choose.

use ring::hmac;
use uuid::Uuid;

/// What the value of a lead is doubled from, in minor units, for the classes of [`stratum`].
const FIRST_CLASS_MINOR: f64 = 2_500.0;
/// The highest class.
const LAST_CLASS: u32 = 12;

/// The side of the experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// The play acts.
    Treated,
    /// The play does not, so that it is known what happens without it.
    Held,
}

/// Draws by an organisation's key.
pub struct Assigner {
    key: hmac::Key,
}

impl Assigner {
    /// Over a secret of the organisation.
    pub fn new(secret: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// The side of a lead in a play, of whose leads `holdout_percent` are held back.
    pub fn arm(&self, play: &str, lead: Uuid, holdout_percent: i32) -> Arm {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(play.as_bytes());
        context.update(&[0]);
        context.update(lead.as_bytes());
        let tag = context.sign();
        let drawn = tag.as_ref().iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        // The share of 2⁶⁴ below which a lead is held.
        let held = (u128::from(drawn) * 100) >> 64;
        if held < u128::from(holdout_percent.clamp(0, 100).unsigned_abs()) { Arm::Held } else { Arm::Treated }
    }
}

/// The class of value, by doublings: 0 where none is known. Known before the play acts, so that arms are compared within it.
pub fn stratum(value_minor: i64) -> u32 {
    if value_minor <= 0 {
        return 0;
    }
    let doublings = (value_minor as f64 / FIRST_CLASS_MINOR).log2().floor();
    (doublings.max(0.0) as u32 + 1).min(LAST_CLASS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_stays_where_it_fell_and_keys_and_plays_differ() {
        let (one, other) = (Assigner::new(b"one"), Assigner::new(b"other"));
        let leads: Vec<Uuid> = (0..400_u128).map(|n| Uuid::from_u128(n * 7_919)).collect();
        let side = |assigner: &Assigner, play: &str| -> Vec<Arm> {
            leads.iter().map(|lead| assigner.arm(play, *lead, 50)).collect()
        };
        assert_eq!(side(&one, "a"), side(&Assigner::new(b"one"), "a"));
        assert_ne!(side(&one, "a"), side(&one, "b"));
        assert_ne!(side(&one, "a"), side(&other, "a"));
    }

    #[test]
    fn the_share_is_what_was_asked_for_within_what_chance_does_and_grows_with_it() {
        let assigner = Assigner::new(b"key");
        let n = 20_000_u128;
        let held = |percent: i32| {
            (0..n).filter(|lead| assigner.arm("p", Uuid::from_u128(*lead), percent) == Arm::Held).count()
        };
        for percent in [5, 10, 20, 50] {
            let (share, expected) = (held(percent) as f64 / n as f64, f64::from(percent) / 100.0);
            let deviation = (expected * (1.0 - expected) / n as f64).sqrt();
            assert!((share - expected).abs() < 4.0 * deviation, "{percent}: {share}");
        }
        assert_eq!((held(0), held(100)), (0, n as usize));
        let raised = (0..n)
            .map(Uuid::from_u128)
            .all(|lead| assigner.arm("p", lead, 10) == Arm::Treated || assigner.arm("p", lead, 20) == Arm::Held);
        assert!(raised, "whoever was held at 10 % is held at 20 %");
    }

    #[test]
    fn classes_double_and_are_in_order() {
        assert_eq!([0, -5, 1, 2_500, 5_000, 9_999, 10_000].map(stratum), [0, 0, 1, 1, 2, 2, 3]);
        assert_eq!(stratum(i64::MAX), LAST_CLASS);
    }
}
