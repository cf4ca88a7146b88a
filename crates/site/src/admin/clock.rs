//! Times of the desk: a browser makes them relative and local; until then, and without script, they are those of where the site is.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// An instant, and how its clock reads where the site is. Templates show it with `site_admin/clock.html`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct When {
    pub at: DateTime<Utc>,
    /// Such as `27 Nov 2026, 10:00 CET`.
    pub local: String,
}

impl When {
    pub(crate) fn new(at: DateTime<Utc>, zone: Tz) -> Self {
        Self { at, local: at.with_timezone(&zone).format("%-d %b %Y, %H:%M %Z").to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_reads_as_it_does_where_the_site_is() {
        let read = |zone: Tz| When::new("2026-11-30T23:30:00Z".parse().expect("an instant"), zone).local;
        assert_eq!(read(Tz::America__New_York), "30 Nov 2026, 18:30 EST");
        assert_eq!(read(Tz::Europe__Berlin), "1 Dec 2026, 00:30 CET");
        assert_eq!(read(Tz::UTC), "30 Nov 2026, 23:30 UTC");
    }
}
