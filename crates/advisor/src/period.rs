//! Which days a question means.

use chrono::{Datelike, Days, NaiveDate};

use crate::tool::fold;

/// The days when a question names none: the window of the scores.
pub const USUAL: u64 = 28;

/// The first and the last day a question means, seen from `today`.
pub fn meant(question: &str, today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let folded = fold(question);
    let has = |words: &str| folded.contains(&format!(" {words} "));
    let back = |days: u64| today.checked_sub_days(Days::new(days)).unwrap_or(today);
    let monday = back(u64::from(today.weekday().num_days_from_monday()));
    let first = today.with_day(1).unwrap_or(today);
    if has("yesterday") {
        return (back(1), back(1));
    }
    if has("today") {
        return (today, today);
    }
    if has("this week") {
        return (monday, today);
    }
    if has("last week") {
        let end = monday.pred_opt().unwrap_or(monday);
        return (end.checked_sub_days(Days::new(6)).unwrap_or(end), end);
    }
    if has("this month") {
        return (first, today);
    }
    if has("last month") {
        let end = first.pred_opt().unwrap_or(first);
        return (end.with_day(1).unwrap_or(end), end);
    }
    if has("this quarter") {
        let month = (today.month0() / 3) * 3 + 1;
        return (NaiveDate::from_ymd_opt(today.year(), month, 1).unwrap_or(first), today);
    }
    if has("this year") {
        return (NaiveDate::from_ymd_opt(today.year(), 1, 1).unwrap_or(first), today);
    }
    let words: Vec<&str> = folded.split_whitespace().collect();
    for pair in words.windows(2) {
        let Ok(count) = pair[0].parse::<u64>() else { continue };
        let unit = match pair[1].trim_end_matches('s') {
            "day" => 1,
            "week" => 7,
            "month" => 30,
            "quarter" => 91,
            "year" => 365,
            _ => continue,
        };
        return (back((count.saturating_mul(unit)).clamp(1, 366) - 1), today);
    }
    (back(USUAL - 1), today)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn people_name_days_in_many_ways() {
        let today = day("2026-11-27");
        for (question, from, to) in [
            ("What did we lose yesterday?", "2026-11-26", "2026-11-26"),
            ("how was this week", "2026-11-23", "2026-11-27"),
            ("and last week?", "2026-11-16", "2026-11-22"),
            ("Last month's leads", "2026-10-01", "2026-10-31"),
            ("the last 7 days", "2026-11-21", "2026-11-27"),
            ("over 2 weeks", "2026-11-14", "2026-11-27"),
            ("this quarter", "2026-10-01", "2026-11-27"),
            ("why do we lose leads", "2026-10-31", "2026-11-27"),
            ("the last 99999999999999999 days", "2025-11-27", "2026-11-27"),
        ] {
            assert_eq!(meant(question, today), (day(from), day(to)), "{question}");
        }
    }
}
