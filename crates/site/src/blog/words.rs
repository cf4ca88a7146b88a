//! How posts are spoken of: how long they take, when they came, how a category or a tag stands in an address.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::content::markdown;
use crate::sites::Site;

/// Characters that are read in a minute: some 220 words.
const PER_MINUTE: usize = 1_150;

/// Minutes that a text of so many characters takes, at least one.
pub(super) fn minutes(characters: usize) -> usize {
    ((characters + PER_MINUTE / 2) / PER_MINUTE).max(1)
}

/// How a category or a tag stands in an address: small letters and hyphens, or what it is in another script.
pub(super) fn address_word(name: &str) -> String {
    let plain = markdown::slug(name);
    if plain.is_empty() { name.trim().to_lowercase() } else { plain }
}

/// The site's time zone; UTC where it has none that is known.
pub(crate) fn zone(site: &Site) -> Tz {
    site.settings.time_zone.parse().unwrap_or(Tz::UTC)
}

/// A day in the site's time zone: `27 November 2026`.
pub(crate) fn day(site: &Site, at: DateTime<Utc>) -> String {
    at.with_timezone(&zone(site)).format("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_takes_at_least_a_minute() {
        assert_eq!((minutes(0), minutes(1_150), minutes(5_700)), (1, 1, 5));
    }

    #[test]
    fn a_name_has_an_address_in_every_script() {
        assert_eq!(address_word("Missed calls"), "missed-calls");
        assert_eq!(address_word(" 予約 "), "予約");
        assert_eq!(address_word("../../etc"), "etc");
    }
}
