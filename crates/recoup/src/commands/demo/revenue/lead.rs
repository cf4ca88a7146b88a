//! One lead: how it comes, when it is answered, what it books, whether it comes and pays.

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use connectors::signal::{Signal, SignalKind};
use kernel::money::{Currency, Money};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use revenue::settings::Place;
use serde_json::{Value, json};

use super::chance;
use super::spots::Spot;

/// Whoever asks, where and when.
pub struct Asks<'a> {
    /// The place.
    pub spot: &'a Spot,
    /// Its clock.
    pub place: &'a Place,
    /// Nobody else's number: [`MOST`] a day and place, calls within the first hundred.
    pub number: usize,
    /// When.
    pub at: DateTime<Utc>,
}

/// A call that nobody answered and nobody returned: what follows depends on whether a play wrote back.
pub struct Missed {
    /// The source's id of the call.
    pub external_id: String,
    /// What follows when the play wrote.
    pub written_to: Vec<Signal>,
    /// What follows when it did not.
    pub left_alone: Vec<Signal>,
}

/// The numbers of a day and place.
pub const MOST: usize = 200;

/// The source of calls.
pub const CALLS: &str = "callrail";
/// The source of bookings.
pub const DESK: &str = "mindbody";
/// The source of payments.
pub const TILL: &str = "stripe";

/// Of a hundred missed callers so many book when they are written to, and when they are not.
const WON_BACK: (u32, u32) = (56, 6);

impl Asks<'_> {
    /// A telephone number of the range that is nobody's.
    pub fn phone(&self) -> String {
        format!("+1{:03}55501{:02}", 300 + self.number / MOST % 400, self.number % MOST % 100)
    }

    fn email(&self) -> String {
        format!("guest{}@example.com", self.number)
    }

    fn signal(&self, source: &str, id: String, kind: SignalKind, at: DateTime<Utc>, contact: String) -> Signal {
        let mut signal = Signal::new(source, id, kind, at);
        signal.location = Some(self.spot.name.to_owned());
        signal.contact = Some(contact);
        signal
    }

    /// A call that somebody answers, and what comes of it.
    pub fn answered_call(&self, rng: &mut ChaCha8Rng) -> Vec<Signal> {
        let mut call = self.signal(CALLS, format!("CAL{}", self.number), SignalKind::Call, self.at, self.phone());
        call.data = data(json!({ "direction": "inbound", "answered": true, "duration_s": rng.random_range(45..480) }));
        let mut all = vec![call];
        self.closes(rng, self.at, 52, &self.phone(), &mut all);
        all
    }

    /// A call that nobody answers. Somebody may call back within the day; of the others a play decides.
    pub fn missed_call(&self, rng: &mut ChaCha8Rng, returned: u32) -> (Vec<Signal>, Option<Missed>) {
        let external_id = format!("CAL{}", self.number);
        let phone = self.phone();
        let mut call = self.signal(CALLS, external_id.clone(), SignalKind::Call, self.at, phone.clone());
        call.data = data(json!({ "direction": "inbound", "answered": false, "duration_s": 0 }));
        if rng.random_range(0..100) < returned {
            let at = self.at + seconds(chance::minutes(rng, 26.0));
            let mut back = self.signal(CALLS, format!("CAL{}b", self.number), SignalKind::Call, at, phone.clone());
            back.data =
                data(json!({ "direction": "outbound", "answered": true, "duration_s": rng.random_range(40..300) }));
            let mut all = vec![call, back];
            self.closes(rng, at, 38, &phone, &mut all);
            return (all, None);
        }
        let (mut written_to, mut left_alone) = (Vec::new(), Vec::new());
        let drawn = rng.random_range(0..100);
        let later = self.at + seconds(chance::minutes(rng, 55.0)) + Duration::minutes(6);
        if drawn < WON_BACK.0 {
            self.calls_again(rng, later, &mut written_to);
        }
        if drawn < WON_BACK.1 {
            self.calls_again(rng, later + Duration::hours(20), &mut left_alone);
        }
        (vec![call], Some(Missed { external_id, written_to, left_alone }))
    }

    /// A missed caller comes back and books.
    fn calls_again(&self, rng: &mut ChaCha8Rng, at: DateTime<Utc>, all: &mut Vec<Signal>) {
        let phone = self.phone();
        let mut call = self.signal(CALLS, format!("CAL{}c", self.number), SignalKind::Call, at, phone.clone());
        call.data = data(json!({ "direction": "inbound", "answered": true, "duration_s": rng.random_range(60..420) }));
        all.push(call);
        self.closes(rng, at, 100, &phone, all);
    }

    /// A form or message, its answer, and what comes of it.
    pub fn form(&self, rng: &mut ChaCha8Rng) -> Vec<Signal> {
        let source = match rng.random_range(0..100) {
            0..46 => "website",
            46..74 => "google_ads",
            _ => "instagram",
        };
        let email = self.email();
        let mut lead = self.signal(source, format!("lead-{}", self.number), SignalKind::Lead, self.at, email.clone());
        lead.lead = Some(format!("lead-{}", self.number));
        let mut all = vec![lead];
        if rng.random_range(0.0..1.0) < self.spot.silent {
            return all;
        }
        let seen = if self.spot.watches { self.at } else { self.opens_after(self.at) };
        let at = seen + seconds(chance::minutes(rng, self.spot.answers_in));
        let mut response =
            self.signal(source, format!("answer-{}", self.number), SignalKind::Response, at, email.clone());
        response.data = data(json!({ "writer": "person" }));
        all.push(response);
        let books = match (at - self.at).num_minutes() {
            ..=5 => 48,
            6..=60 => 37,
            61..=1_440 => 24,
            _ => 11,
        };
        self.closes(rng, at, books, &email, &mut all);
        all
    }

    /// The next instant at which the place is open.
    fn opens_after(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let today = self.place.day(at);
        let opening = (0..10).find_map(|days| {
            let day = today + Days::new(days);
            let (from, to) = self.spot.open(day)?;
            let (opens, closes) = (self.place.instant(day, from), self.place.instant(day, to));
            (at < closes).then(|| opens.max(at))
        });
        opening.unwrap_or(at)
    }

    /// From an answer on: of a hundred so many book, after a quote where it is dear.
    fn closes(&self, rng: &mut ChaCha8Rng, from: DateTime<Utc>, of_100: u32, contact: &str, all: &mut Vec<Signal>) {
        let (wish, cents) = chance::wish(rng);
        let mut from = from;
        let books = rng.random_range(0..100) < of_100;
        if cents >= 100_000 {
            from += Duration::minutes(rng.random_range(30..1_800));
            let id = format!("quote-{}", self.number);
            all.push(self.money(DESK, id, SignalKind::Quote, from, (cents, contact)));
            // Half of those who only ask are asked once more.
            if !books && rng.random_range(0..100) < 50 {
                let id = format!("follow-{}", self.number);
                let at = from + Duration::minutes(rng.random_range(600..3_600));
                all.push(self.signal(DESK, id, SignalKind::Response, at, contact.to_owned()));
            }
        }
        if books {
            let at = from + Duration::minutes(rng.random_range(2..900));
            self.books(rng, at, (wish, cents), contact, all);
        }
    }

    fn books(
        &self,
        rng: &mut ChaCha8Rng,
        at: DateTime<Utc>,
        (wish, cents): (&'static str, i64),
        contact: &str,
        all: &mut Vec<Signal>,
    ) {
        let day = self.place.day(at) + Days::new(rng.random_range(1..8));
        let starts = self.slot(rng, day);
        let mut booking = self.money(DESK, format!("visit-{}", self.number), SignalKind::Booking, at, (cents, contact));
        booking.data = data(json!({ "starts_at": starts, "service": wish }));
        all.push(booking);
        match rng.random_range(0..100) {
            0..4 => {
                let id = format!("visit-{}-cancelled", self.number);
                let at = at + (starts - at) / 2;
                let mut cancelled = self.signal(DESK, id, SignalKind::Booking, at, contact.to_owned());
                cancelled.data = data(json!({ "cancelled": true, "starts_at": starts }));
                all.push(cancelled);
                self.books_anew(rng, at, (wish, cents), contact, all);
            }
            4..10 => {
                let (id, at) = (format!("missed-{}", self.number), starts + Duration::minutes(20));
                all.push(self.signal(DESK, id, SignalKind::NoShow, at, contact.to_owned()));
                self.books_anew(rng, at, (wish, cents), contact, all);
            }
            _ => self.pays(rng, starts, cents, contact, all),
        }
    }

    /// Less than half of those who did not come take another time.
    fn books_anew(
        &self,
        rng: &mut ChaCha8Rng,
        at: DateTime<Utc>,
        (wish, cents): (&'static str, i64),
        contact: &str,
        all: &mut Vec<Signal>,
    ) {
        if rng.random_range(0..100) >= 42 {
            return;
        }
        let at = at + Duration::minutes(rng.random_range(60..5_000));
        let day = self.place.day(at) + Days::new(rng.random_range(1..9));
        let starts = self.slot(rng, day);
        let id = format!("visit-{}-again", self.number);
        let mut booking = self.money(DESK, id, SignalKind::Booking, at, (cents, contact));
        booking.data = data(json!({ "starts_at": starts, "service": wish }));
        all.push(booking);
        self.pays(rng, starts, cents, contact, all);
    }

    fn pays(&self, rng: &mut ChaCha8Rng, came: DateTime<Utc>, cents: i64, contact: &str, all: &mut Vec<Signal>) {
        let at = came + Duration::minutes(rng.random_range(40..110));
        // What is dear is paid in two halves.
        let later = if cents >= 100_000 { cents / 2 } else { 0 };
        let id = format!("ch_{}", self.number);
        all.push(self.money(TILL, id, SignalKind::Payment, at, (cents - later, contact)));
        if later > 0 {
            let id = format!("ch_{}_2", self.number);
            all.push(self.money(TILL, id, SignalKind::Payment, at + Duration::days(21), (later, contact)));
        }
        if rng.random_range(0..100) < 3 {
            let at = at + Duration::minutes(rng.random_range(900..5_000));
            let back = (cents / 2).clamp(2_000, 40_000);
            all.push(self.money(TILL, format!("re_{}", self.number), SignalKind::Refund, at, (back, contact)));
        }
    }

    /// A time at which the place is open, on a day or soon after it.
    fn slot(&self, rng: &mut ChaCha8Rng, from: NaiveDate) -> DateTime<Utc> {
        let open = (0..8).find_map(|days| {
            let day = from + Days::new(days);
            self.spot.open(day).map(|hours| (day, hours))
        });
        let (day, (from, to)) = open.unwrap_or((from, (9 * 60, 17 * 60)));
        let minute = rng.random_range(from..to.max(from + 60) - 45) / 10 * 10;
        self.place.instant(day, minute)
    }

    fn money(
        &self,
        source: &str,
        id: String,
        kind: SignalKind,
        at: DateTime<Utc>,
        (cents, contact): (i64, &str),
    ) -> Signal {
        let mut signal = self.signal(source, id, kind, at, contact.to_owned());
        signal.value = Some(Money::new(cents, Currency::USD));
        signal
    }
}

/// An object as the data of a signal.
pub fn data(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    }
}

fn seconds(minutes: f64) -> Duration {
    Duration::seconds((minutes * 60.0).round() as i64)
}
