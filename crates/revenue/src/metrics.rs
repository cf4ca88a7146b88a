//! The daily metrics: every name in `daily_metrics`, what it counts and how it reads.
//!
//! A row has a count `n` and an `amount`. A metric's figure over days is made from their sums as [`Shown`] says, so that days,
//! places and sources add up. Metrics of leads are on the day the lead arrived (at its place), of signals on the day they happened.

use serde::Serialize;

/// Leads that arrived (a form, a first message, a call).
pub const LEADS: &str = "leads";
/// Of them, those that came by telephone.
pub const LEADS_CALL: &str = "leads_call";
/// Leads with a first meaningful answer; the amount is seconds until it.
pub const ANSWERED: &str = "answered";
/// Leads answered within 5 minutes.
pub const ANSWERED_5: &str = "answered_5";
/// Leads answered within 60 minutes.
pub const ANSWERED_60: &str = "answered_60";
/// Every lead; the amount is micro-points of response velocity.
pub const VELOCITY: &str = "velocity";
/// The same, counting opening hours alone.
pub const VELOCITY_BUSINESS: &str = "velocity_business";
/// Leads with a known value; the amount is value in minor units times hundredths of a point.
pub const VELOCITY_VALUE: &str = "velocity_value";
/// Leads with a known value; the amount is that value.
pub const LEAD_VALUE: &str = "lead_value";
/// Histogram of waits: `wait:` and the bucket (see `rollup::bucket`), three digits.
pub const WAIT: &str = "wait:";
/// Delay bins: `delay:` and the bin; the amount is how many of them closed.
pub const DELAY: &str = "delay:";
/// Leads that leaked or will, unless something happens first; the amount is their value.
pub const LEAKED: &str = "leaked";
/// The same by stage: `leaked:` and the stage.
pub const LEAKED_AT: &str = "leaked:";
/// Leaks on the day they fell due.
pub const LEAKS: &str = "leaks";
/// Leaked leads that came back unaided.
pub const RETURNED: &str = "returned";
/// Leads that were reached; the amount is how many of them closed.
pub const REACHED: &str = "reached";
/// Leads that were given a price.
pub const QUOTED: &str = "quoted";
/// Of them, those that booked or paid.
pub const QUOTED_CLOSED: &str = "quoted_closed";
/// Leads that booked; the amount is how many of them paid.
pub const BOOKED: &str = "booked";
/// Of them, those that did not come.
pub const MISSED: &str = "missed";
/// Leads that paid; the amount is payments less refunds.
pub const PAID: &str = "paid";
/// Leads that booked or paid.
pub const CLOSED: &str = "closed";
/// Leads that booked or paid and did not leak before an answer.
pub const ANSWERED_CLOSED: &str = "answered_closed";
/// Leads that did not leak before an answer.
pub const ANSWERED_IN_TIME: &str = "answered_in_time";

/// Signals of leads, whether or not they opened a new one.
pub const ENQUIRIES: &str = "enquiries";
/// Answers of the business.
pub const RESPONSES: &str = "responses";
/// Calls that came in; the amount is seconds.
pub const CALLS: &str = "calls";
/// Of them, those nobody answered.
pub const MISSED_CALLS: &str = "missed_calls";
/// Calls of the business; the amount is seconds.
pub const CALLS_OUT: &str = "calls_out";
/// Prices that were given; the amount is their sum.
pub const QUOTES: &str = "quotes";
/// Bookings; the amount is their value where it is told.
pub const BOOKINGS: &str = "bookings";
/// Bookings that were cancelled.
pub const CANCELLATIONS: &str = "cancellations";
/// Bookings to which nobody came.
pub const NO_SHOWS: &str = "no_shows";
/// Payments.
pub const PAYMENTS: &str = "payments";
/// Refunds.
pub const REFUNDS: &str = "refunds";
/// Payments less refunds; the count is of payments.
pub const REVENUE: &str = "revenue";
/// Reviews; the amount is ratings in hundredths.
pub const REVIEWS: &str = "reviews";
/// Of them, those the business answered.
pub const REVIEWS_REPLIED: &str = "reviews_replied";
/// Reviews of a rival: the name follows; the amount is ratings in hundredths.
pub const RIVAL_REVIEWS: &str = "rival:";
/// Of them, those it answered.
pub const RIVAL_REPLIES: &str = "rival_replied:";
/// Money spent on advertising.
pub const AD_SPEND: &str = "ad_spend";
/// Clicks on advertisements.
pub const AD_CLICKS: &str = "ad_clicks";
/// Advertisements shown.
pub const AD_IMPRESSIONS: &str = "ad_impressions";
/// Visits of the website.
pub const VISITS: &str = "visits";

/// How a figure is made from sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// The count.
    Count,
    /// The amount in minor units.
    Money,
    /// The amount over the count, in seconds.
    MeanSeconds,
    /// The amount over the count, in millionths.
    MeanMicro,
    /// The amount over the count, in hundredths.
    MeanHundredths,
    /// The count over the count of another metric, as a share of 0 to 1.
    Share(&'static str),
}

/// A daily metric as people and programs meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// Its name in the table.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// How a figure is made from sums.
    pub shown: Shown,
    /// Whether more is better; none where neither is.
    pub higher_is_better: Option<bool>,
    /// The colour of its line: 1–6 of the chart palette.
    pub colour: u8,
    /// Whether anomalies are looked for in it.
    pub watched: bool,
}

const fn metric(
    name: &'static str,
    title: &'static str,
    shown: Shown,
    higher_is_better: Option<bool>,
    colour: u8,
    watched: bool,
) -> Metric {
    Metric { name, title, shown, higher_is_better, colour, watched }
}

const BETTER: Option<bool> = Some(true);
const WORSE: Option<bool> = Some(false);

/// Every metric that is shown by name; the families `wait:`, `delay:`, `leaked:`, `rival:` serve the scores.
pub const ALL: &[Metric] = &[
    metric(LEADS, "Leads", Shown::Count, BETTER, 1, true),
    metric(LEADS_CALL, "Leads by telephone", Shown::Count, BETTER, 2, false),
    metric(ANSWERED, "Time to first answer", Shown::MeanSeconds, WORSE, 3, true),
    metric(ANSWERED_5, "Answered within 5 minutes", Shown::Share(LEADS), BETTER, 3, true),
    metric(ANSWERED_60, "Answered within an hour", Shown::Share(LEADS), BETTER, 3, false),
    metric(VELOCITY, "Response velocity", Shown::MeanMicro, BETTER, 3, false),
    metric(VELOCITY_BUSINESS, "Response velocity in opening hours", Shown::MeanMicro, BETTER, 3, false),
    metric(LEAD_VALUE, "Value of leads", Shown::Money, BETTER, 4, false),
    metric(LEAKED, "Leaked leads", Shown::Share(LEADS), WORSE, 5, false),
    metric(LEAKS, "Leads that leaked", Shown::Count, WORSE, 5, true),
    metric(RETURNED, "Came back unaided", Shown::Count, BETTER, 4, false),
    metric(REACHED, "Reached", Shown::Share(LEADS), BETTER, 2, false),
    metric(QUOTED, "Quoted", Shown::Share(LEADS), BETTER, 2, false),
    metric(BOOKED, "Booked", Shown::Share(LEADS), BETTER, 2, false),
    metric(PAID, "Paid by leads", Shown::Money, BETTER, 4, false),
    metric(CLOSED, "Closed", Shown::Share(LEADS), BETTER, 4, false),
    metric(ENQUIRIES, "Enquiries", Shown::Count, BETTER, 1, false),
    metric(RESPONSES, "Answers", Shown::Count, BETTER, 3, true),
    metric(CALLS, "Calls", Shown::Count, BETTER, 2, true),
    metric(MISSED_CALLS, "Missed calls", Shown::Count, WORSE, 5, true),
    metric(CALLS_OUT, "Calls made", Shown::Count, BETTER, 2, false),
    metric(QUOTES, "Quotes", Shown::Count, BETTER, 2, true),
    metric(BOOKINGS, "Bookings", Shown::Count, BETTER, 2, true),
    metric(CANCELLATIONS, "Cancellations", Shown::Count, WORSE, 5, true),
    metric(NO_SHOWS, "No-shows", Shown::Count, WORSE, 5, true),
    metric(PAYMENTS, "Payments", Shown::Count, BETTER, 4, false),
    metric(REFUNDS, "Refunds", Shown::Money, WORSE, 5, true),
    metric(REVENUE, "Revenue", Shown::Money, BETTER, 4, true),
    metric(REVIEWS, "Rating of reviews", Shown::MeanHundredths, BETTER, 6, true),
    metric(REVIEWS_REPLIED, "Reviews answered", Shown::Share(REVIEWS), BETTER, 6, false),
    metric(AD_SPEND, "Advertising", Shown::Money, None, 6, true),
    metric(AD_CLICKS, "Clicks on advertisements", Shown::Count, BETTER, 6, false),
    metric(AD_IMPRESSIONS, "Advertisements shown", Shown::Count, BETTER, 6, false),
    metric(VISITS, "Visits", Shown::Count, BETTER, 1, true),
];

impl Metric {
    /// The metric of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|metric| metric.name == name)
    }

    /// The figure of sums: `n` and `amount` of this metric, and `of` the count of the metric that a share is of. None where
    /// there is nothing to divide by.
    pub fn figure(&self, n: i64, amount: i64, of: i64) -> Option<f64> {
        let over = |above: f64, below: i64| (below > 0).then(|| above / below as f64);
        match self.shown {
            Shown::Count => Some(n as f64),
            Shown::Money => Some(amount as f64),
            Shown::MeanSeconds => over(amount as f64, n),
            Shown::MeanMicro => over(amount as f64 / 1e6, n),
            Shown::MeanHundredths => over(amount as f64 / 100.0, n),
            Shown::Share(_) => over(n as f64, of),
        }
    }

    /// Its unit: `count`, `money`, `seconds`, `points`, `stars`, `share`.
    pub fn unit(&self) -> &'static str {
        match self.shown {
            Shown::Count => "count",
            Shown::Money => "money",
            Shown::MeanSeconds => "seconds",
            Shown::MeanMicro => "points",
            Shown::MeanHundredths => "stars",
            Shown::Share(_) => "share",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_single_and_shares_are_of_a_metric() {
        for (place, metric) in ALL.iter().enumerate() {
            assert!(ALL[place + 1..].iter().all(|other| other.name != metric.name), "{}", metric.name);
            if let Shown::Share(of) = metric.shown {
                assert!(Metric::named(of).is_some(), "{of}");
            }
        }
    }

    #[test]
    fn a_figure_of_nothing_is_none() {
        let mean = Metric::named(ANSWERED).expect("a metric");
        assert_eq!((mean.figure(0, 0, 0), mean.figure(2, 90, 0)), (None, Some(45.0)));
    }
}
