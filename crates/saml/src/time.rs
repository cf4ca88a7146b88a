//! Times in messages, and how far two clocks may be apart.

use chrono::{DateTime, Duration, SecondsFormat, Utc};

/// How far the clocks of the two sides may differ.
pub(crate) const SKEW: Duration = Duration::minutes(3);

/// Reads an `xs:dateTime` with a time zone; one without would be a guess.
pub(crate) fn read(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc))
}

/// Writes one the way SAML wants it: in UTC, with a `Z`.
pub(crate) fn write(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
