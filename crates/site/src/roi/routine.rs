//! How much of people's time is routine: our assumptions by the kind of work, for the calculator's page and its part of the API.

/// The most people who do the work.
pub(super) const MOST_EMPLOYEES: u32 = 100_000;
/// Hours of a week.
pub(super) const A_WEEK: f64 = 168.0;
pub(super) const WEEKS_A_MONTH: f64 = 52.0 / 12.0;

/// What share of the time of a process its routine is, by what its name says.
const ROUTINE: [(&[&str], f64); 7] = [
    (&["remind", "confirm"], 0.7),
    (&["follow", "nurtur", "recover", "win back"], 0.6),
    (&["report", "data", "entry", "crm"], 0.6),
    (&["schedul", "book", "appointment", "calendar"], 0.5),
    (&["inquir", "message", "call", "lead", "answer", "respon", "phone", "email", "support"], 0.5),
    (&["review", "reputation", "feedback"], 0.5),
    (&["invoice", "payment", "billing", "quote"], 0.5),
];
/// Of a process that none of these words name.
const OTHER_ROUTINE: f64 = 0.3;

/// The share of a process that is routine.
pub(super) fn routine_share(name: &str) -> f64 {
    let lower = name.to_lowercase();
    let known = ROUTINE.iter().find(|(words, _)| words.iter().any(|word| lower.contains(word)));
    known.map_or(OTHER_ROUTINE, |(_, share)| *share)
}

/// What of the time spent could be saved, in percent.
pub(super) fn saved_share(saved: f64, spent: f64) -> f64 {
    if spent > 0.0 { tenths(saved / spent * 100.0) } else { 0.0 }
}

pub(super) fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
