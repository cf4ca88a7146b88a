//! What Google holds at the start, the same for the same seed, and what happens later.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use super::{Data, Google, GoogleConfig};
use crate::server::dice::Dice;

/// A place of business.
#[derive(Clone, Debug)]
pub struct Place {
    /// Such as `locations/2001`.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The chain's own code of it.
    pub store_code: Option<String>,
    /// By day: impressions on phones in search, call clicks, website clicks, ways asked.
    pub days: Vec<(NaiveDate, [u64; 4])>,
}

/// Visits of one day from one source.
#[derive(Clone, Debug)]
pub struct Session {
    /// The day, in the property's time zone.
    pub date: NaiveDate,
    /// Where they came from.
    pub source: String,
    /// By what medium.
    pub medium: String,
    /// Visits.
    pub sessions: u64,
    /// People.
    pub users: u64,
    /// Key events.
    pub key_events: u64,
}

/// One campaign's day.
#[derive(Clone, Debug)]
pub struct AdDay {
    /// The day, in the customer's time zone.
    pub date: NaiveDate,
    /// The campaign.
    pub campaign: u64,
    /// Its name.
    pub name: String,
    /// Clicks.
    pub clicks: u64,
    /// Shown.
    pub impressions: u64,
    /// Spent, in millionths of the currency.
    pub cost_micros: u64,
    /// Conversions.
    pub conversions: f64,
}

/// A call from an ad.
#[derive(Clone, Debug)]
pub struct CallView {
    /// Its name.
    pub resource: String,
    /// When it began, in the customer's time zone, without offset.
    pub start: String,
    /// Seconds.
    pub duration: u64,
    /// `RECEIVED` or `MISSED`.
    pub status: String,
}

const STARS: [&str; 5] = ["ONE", "TWO", "THREE", "FOUR", "FIVE"];

pub(super) fn data(config: &GoogleConfig, dice: &Dice) -> Data {
    let mut data = Data::default();
    for (number, title) in [(2001, "Acme Dental Dallas"), (2002, "Acme Dental Plano")] {
        let place = Place {
            name: format!("locations/{number}"),
            title: title.to_owned(),
            store_code: (number == 2001).then(|| "DAL".to_owned()),
            days: days(config).map(|day| (day, figures(dice))).collect(),
        };
        let path = format!("accounts/{}/{}", config.account, place.name);
        for count in 0..config.reviews {
            let back = u64::from(count) * u64::from(config.days.max(1)) / u64::from(config.reviews.max(1));
            let day = config.today.checked_sub_days(Days::new(back)).unwrap_or(config.today);
            data.reviews.push((path.clone(), review(&path, dice, &format!("{day}T{:02}:15:00Z", 8 + count % 9))));
        }
        data.places.push(place);
    }
    for day in days(config) {
        for (source, medium) in [("google", "organic"), ("(direct)", "(none)"), ("facebook", "paid_social")] {
            data.sessions.push(session(dice, day, source, medium));
        }
        for (campaign, name) in [(55, "Brand"), (56, "Implants")] {
            data.ad_days.push(ad_day(dice, day, campaign, name));
        }
        if dice.chance(0.4) {
            data.calls.push(call(config, dice, day));
        }
    }
    super::calendar::seed(config, &mut data);
    data
}

fn days(config: &GoogleConfig) -> impl Iterator<Item = NaiveDate> + use<> {
    let today = config.today;
    (0..u64::from(config.days)).rev().filter_map(move |back| today.checked_sub_days(Days::new(back)))
}

/// Now and then a zero, which is not sent.
fn figures(dice: &Dice) -> [u64; 4] {
    [20 + dice.below(200), dice.below(6), dice.below(12), dice.below(4)]
}

fn review(path: &str, dice: &Dice, at: &str) -> Value {
    let id = format!("AbFvOq{}", dice.word(16));
    let mut review = json!({
        "name": format!("{path}/reviews/{id}"), "reviewId": id, "createTime": at, "updateTime": at,
        "reviewer": { "displayName": format!("Guest {}", dice.digits(4)), "isAnonymous": false },
        "starRating": STARS[dice.below(5) as usize],
    });
    if dice.chance(0.7) {
        review["comment"] = json!("They took their time and explained every step.");
    }
    if dice.chance(0.5) {
        review["reviewReply"] = json!({ "comment": "Thank you!", "updateTime": at });
    }
    review
}

fn session(dice: &Dice, date: NaiveDate, source: &str, medium: &str) -> Session {
    let sessions = 5 + dice.below(80);
    let (source, medium) = (source.to_owned(), medium.to_owned());
    Session { date, source, medium, sessions, users: sessions - dice.below(5), key_events: dice.below(4) }
}

fn ad_day(dice: &Dice, date: NaiveDate, campaign: u64, name: &str) -> AdDay {
    let clicks = 10 + dice.below(70);
    AdDay {
        date,
        campaign,
        name: name.to_owned(),
        clicks,
        impressions: clicks * (9 + dice.below(9)),
        cost_micros: clicks * 1_230_000 + dice.below(99) * 10_000,
        conversions: dice.below(8) as f64 / 2.0,
    }
}

fn call(config: &GoogleConfig, dice: &Dice, day: NaiveDate) -> CallView {
    let missed = dice.chance(0.3);
    CallView {
        resource: format!("customers/{}/callViews/{}", config.customer, dice.digits(12)),
        start: format!("{day} {:02}:{:02}:09", 8 + dice.below(10), dice.below(60)),
        duration: if missed { 0 } else { 20 + dice.below(400) },
        status: if missed { "MISSED" } else { "RECEIVED" }.to_owned(),
    }
}

impl Google {
    /// Somebody reviews the first place, at `at` (RFC 3339).
    pub fn review_comes(&self, at: &str) {
        let path = format!("accounts/{}/locations/2001", self.config.account);
        let review = review(&path, &self.shared.dice, at);
        self.data(|data| data.reviews.push((path, review)));
    }

    /// The owner answers the newest review of the first place, at `at`.
    pub fn review_is_answered(&self, at: &str) {
        self.data(|data| {
            let newest = data.reviews.iter_mut().filter(|(path, _)| path.ends_with("/2001"));
            if let Some((_, review)) = newest.max_by_key(|(_, review)| review["updateTime"].to_string()) {
                review["reviewReply"] = json!({ "comment": "Thank you for coming.", "updateTime": at });
                review["updateTime"] = json!(at);
            }
        });
    }

    /// A day passes: visits, ad spend, a call from an ad and figures of the profiles come.
    pub fn day_comes(&self, day: NaiveDate) {
        let dice = &self.shared.dice;
        let (sessions, call) = (session(dice, day, "google", "organic"), call(&self.config, dice, day));
        let ads = ad_day(dice, day, 55, "Brand");
        let figures = figures(dice);
        self.data(|data| {
            data.sessions.push(sessions);
            data.ad_days.push(ads);
            data.calls.push(call);
            for place in &mut data.places {
                place.days.push((day, figures));
            }
        });
    }

    /// Late attribution: the spend of a day of a campaign is corrected.
    pub fn spend_is_corrected(&self, date: NaiveDate, campaign: u64, cost_micros: u64) {
        self.data(|data| {
            let same = |day: &&mut AdDay| day.date == date && day.campaign == campaign;
            if let Some(day) = data.ad_days.iter_mut().find(same) {
                day.cost_micros = cost_micros;
            }
        });
    }

    /// How many reviews, days of places, rows of Analytics, days of campaigns and calls there are.
    pub fn counts(&self) -> [usize; 5] {
        self.data(|data| {
            let days = data.places.iter().map(|place| place.days.len()).sum();
            [data.reviews.len(), days, data.sessions.len(), data.ad_days.len(), data.calls.len()]
        })
    }
}
