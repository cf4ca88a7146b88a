//! An inquiry as the desk should read it: what becomes the lead's story, and what is to be done about it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kernel::money::Currency;

use super::Kind;
use super::store::Inquiry;
use crate::audit::Outcome;
use crate::booking::slots::{next_business_day, zone_of};
use crate::booking::store::Booking;
use crate::ports::Story;
use crate::roi::model::forecast;
use crate::sites::Site;

/// The longest story, in characters: what an activity may hold.
const LONGEST: usize = 19_000;

/// The story of an inquiry, with what it came from.
pub(crate) fn of(inquiry: &Inquiry, site: &Site, outcome: Option<&Outcome>, booking: Option<&Booking>) -> Story {
    let zone = zone_of(site);
    let due = next_business_day(&site.settings.hours, zone, inquiry.at);
    let (task, due_at) = task(inquiry, booking, zone, due);
    Story {
        inquiry: inquiry.id,
        title: title(inquiry, outcome, booking, zone),
        body: body(inquiry, site, outcome, booking),
        href: format!("/admin/inquiries/{}", inquiry.id),
        task,
        due_at,
        meeting: booking.map(|booking| (booking.starts_at, booking.ends_at)),
        value: outcome.and_then(value),
        letters: letters(inquiry),
    }
}

/// Whether they agreed to letters: yes once they agreed, no once they took it back, and otherwise nothing was said.
fn letters(inquiry: &Inquiry) -> Option<bool> {
    if inquiry.consent { Some(true) } else { inquiry.confirmed_at.map(|_| false) }
}

fn title(inquiry: &Inquiry, outcome: Option<&Outcome>, booking: Option<&Booking>, zone: Tz) -> String {
    match (inquiry.kind, outcome, booking) {
        (Kind::Booking, _, Some(booking)) if booking.stands() => {
            format!("Consultation: {}", time(booking.starts_at, zone))
        }
        (Kind::Booking, _, Some(booking)) => format!("Consultation cancelled: {}", time(booking.starts_at, zone)),
        (Kind::Booking, _, None) => "Consultation asked for".to_owned(),
        (Kind::Audit, Some(outcome), _) => format!("Maturity audit: {} of 100", outcome.total),
        (Kind::Letters, _, _) => "Wants letters".to_owned(),
        (Kind::Chat, _, _) => "Made themselves known in the site's chat".to_owned(),
        (Kind::Audit | Kind::Contact, _, _) => about(inquiry.kind, &inquiry.topic),
    }
}

/// What an inquiry of a kind is called.
pub(crate) fn called(kind: Kind) -> &'static str {
    match kind {
        Kind::Contact => "Contact form",
        Kind::Audit => "Maturity audit",
        Kind::Booking => "Consultation",
        Kind::Letters => "Letters",
        Kind::Chat => "Chat",
    }
}

/// What an inquiry is about, in one line: its kind and its topic. A topic that names the kind itself, as those of audits and chats do,
/// is said alone.
pub(crate) fn about(kind: Kind, topic: &str) -> String {
    let kind = called(kind);
    let names_kind = topic.strip_prefix(kind).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    match topic {
        "" => kind.to_owned(),
        topic if names_kind => topic.to_owned(),
        topic => format!("{kind}: {topic}"),
    }
}

fn task(inquiry: &Inquiry, booking: Option<&Booking>, zone: Tz, due: DateTime<Utc>) -> (String, Option<DateTime<Utc>>) {
    let who = shown_name(inquiry);
    match (inquiry.kind, booking) {
        (Kind::Booking, Some(booking)) if booking.stands() => {
            let when = time(booking.starts_at, zone);
            (format!("Prepare the consultation with {who}: {when}"), Some(booking.starts_at))
        }
        (Kind::Booking, Some(_)) => {
            (format!("{who} cancelled the consultation: ask whether another time suits"), Some(due))
        }
        (Kind::Booking | Kind::Contact | Kind::Chat, _) => (format!("Answer {who}, who wrote on the site"), Some(due)),
        (Kind::Audit, _) => (format!("Talk with {who} about the result of the maturity audit"), Some(due)),
        (Kind::Letters, _) => (String::new(), None),
    }
}

/// The name to speak of somebody by, which is never empty.
pub(crate) fn shown_name(inquiry: &Inquiry) -> String {
    let letter = &inquiry.letter;
    let name = [&letter.name, &letter.company, &letter.email].into_iter().find(|text| !text.is_empty());
    name.cloned().unwrap_or_else(|| "somebody".to_owned())
}

fn body(inquiry: &Inquiry, site: &Site, outcome: Option<&Outcome>, booking: Option<&Booking>) -> String {
    let letter = &inquiry.letter;
    let mut lines = Vec::new();
    // What other kinds are about is in the title and below: the time, the score.
    let topic = if inquiry.kind == Kind::Contact { inquiry.topic.as_str() } else { "" };
    let said = [
        ("Name", letter.name.as_str()),
        ("Email", letter.email.as_str()),
        ("Phone", letter.phone.as_str()),
        ("Company", letter.company.as_str()),
        ("About", topic),
    ];
    lines.extend(said.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name}: {text}")));
    if let Some(booking) = booking {
        lines.push(format!("Time: {}", time(booking.starts_at, zone_of(site))));
        lines.push(format!("Their time zone: {}", booking.time_zone));
    }
    // Of an audit the message is the way to its result, which is only theirs.
    if !letter.message.is_empty() && inquiry.kind != Kind::Audit {
        lines.push(String::new());
        lines.push(letter.message.clone());
    }
    if let Some(outcome) = outcome {
        lines.push(String::new());
        lines.extend(of_outcome(outcome));
    }
    lines.push(String::new());
    lines.push(match letter.letters {
        Some(true) if inquiry.consent => "They agreed to letters.".to_owned(),
        Some(true) if inquiry.confirmed_at.is_some() => "They took their word back: no letters.".to_owned(),
        Some(true) => {
            "They asked for letters and have not confirmed their address yet: no letters until then.".to_owned()
        }
        _ => "They did not ask for letters.".to_owned(),
    });
    lines.join("\n").trim().chars().take(LONGEST).collect()
}

fn of_outcome(outcome: &Outcome) -> Vec<String> {
    let mut lines = vec![
        format!("Score: {} of 100, {}", outcome.total, outcome.band.name),
        format!("Business: {}, {}", outcome.industry.name, outcome.size.name),
    ];
    lines.extend(
        outcome
            .said
            .iter()
            .filter(|said| !said.answers.is_empty())
            .map(|said| format!("{} {}", said.question, said.answers.join(", "))),
    );
    lines.extend(outcome.dimensions.iter().map(|dimension| match dimension.level {
        Some(level) => format!("{}: level {level} of 4", dimension.name),
        None => format!("{}: not answered", dimension.name),
    }));
    lines.push("To do this quarter:".to_owned());
    lines.extend(outcome.top.iter().map(|advice| format!("- {}", advice.title)));
    let base = forecast(&outcome.assumptions).base;
    let money = |major: f64| shell::page::amount(minor(major, &outcome.currency), &outcome.currency);
    lines.push(format!(
        "Forecast: {} of margin won back a month, {} net in the first year",
        money(base.recovered_margin_month),
        money(base.net_year)
    ));
    lines
}

/// What could be won back in a year; none where that is nothing.
fn value(outcome: &Outcome) -> Option<(i64, String)> {
    let year = forecast(&outcome.assumptions).base.recovered_margin_month * 12.0;
    let minor = minor(year, &outcome.currency);
    (minor > 0).then(|| (minor, outcome.currency.clone()))
}

fn minor(major: f64, currency: &str) -> i64 {
    let digits = Currency::from_code(currency).map_or(2, Currency::digits);
    (major * 10_f64.powi(digits as i32)).round() as i64
}

/// A time as people of a zone read it.
pub(crate) fn time(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    format!("{} ({})", local.format("%A, %-d %B %Y, %H:%M"), zone.name().replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_about_is_said_once() {
        for (kind, topic, expected) in [
            (Kind::Audit, "Maturity audit: 43 of 100", "Maturity audit: 43 of 100"),
            (Kind::Chat, "Chat on the site", "Chat on the site"),
            (Kind::Chat, "Chatbots", "Chat: Chatbots"),
            (Kind::Contact, "A question", "Contact form: A question"),
            (Kind::Letters, "", "Letters"),
            (Kind::Audit, "Maturity audit", "Maturity audit"),
        ] {
            assert_eq!(about(kind, topic), expected);
        }
    }

    #[test]
    fn a_time_names_its_zone() {
        let at = "2026-11-30T15:00:00Z".parse().expect("an instant");
        assert_eq!(time(at, chrono_tz::America::New_York), "Monday, 30 November 2026, 10:00 (America/New York)");
    }

    #[test]
    fn money_is_in_the_units_of_its_currency() {
        assert_eq!(minor(1_234.5, "USD"), 123_450);
        assert_eq!(minor(1_234.5, "JPY"), 1_235);
    }
}
