//! The form of the settings, and what it means.

use std::str::FromStr;

use chrono_tz::Tz;
use kernel::ids::MemberId;
use kernel::money::Currency;
use serde::Deserialize;
use shell::{AppError, Detail};

use crate::sites::{Flags, Look, Opening, Settings, Site};

const LONGEST_NAME: usize = 80;
const LONGEST_LINE: usize = 200;
const LONGEST_TEXT: usize = 600;
const LONGEST_HOST: usize = 253;
/// The most members who are told of inquiries.
const MOST_TOLD: usize = 50;

/// What the form shows and sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub name: String,
    pub tagline: String,
    pub domain: String,
    pub published: bool,
    pub hue: String,
    pub chroma: String,
    pub logo: String,
    pub audit: bool,
    pub calculator: bool,
    pub assistant: bool,
    pub booking: bool,
    pub blog: bool,
    pub letters: bool,
    pub analytics: bool,
    pub legal_name: String,
    pub address: String,
    pub email: String,
    pub phone: String,
    pub currency: String,
    pub time_zone: String,
    pub notify: Vec<String>,
    pub double_opt_in: bool,
    pub kept_days: String,
    pub days: Vec<String>,
    pub from: String,
    pub to: String,
    pub minutes: String,
    pub buffer: String,
    pub notice_hours: String,
    pub horizon_days: String,
}

impl Typed {
    /// The settings as the form shows them.
    pub(super) fn of(site: &Site) -> Self {
        let Site { name, tagline, domain, published, look, flags, settings, .. } = site.clone();
        let hours = settings.hours;
        Self {
            name,
            tagline,
            domain: domain.unwrap_or_default(),
            published,
            hue: look.hue.to_string(),
            chroma: look.chroma.to_string(),
            logo: look.logo.map(|id| id.to_string()).unwrap_or_default(),
            audit: flags.audit,
            calculator: flags.calculator,
            assistant: flags.assistant,
            booking: flags.booking,
            blog: flags.blog,
            letters: flags.letters,
            analytics: flags.analytics,
            legal_name: settings.legal_name,
            address: settings.address,
            email: settings.email,
            phone: settings.phone,
            currency: settings.currency,
            time_zone: settings.time_zone,
            notify: settings.notify,
            double_opt_in: settings.double_opt_in,
            kept_days: settings.kept_days.to_string(),
            days: hours.days.iter().map(u8::to_string).collect(),
            from: clock(hours.from_minute),
            to: clock(hours.to_minute),
            minutes: hours.minutes.to_string(),
            buffer: hours.buffer.to_string(),
            notice_hours: hours.notice_hours.to_string(),
            horizon_days: hours.horizon_days.to_string(),
        }
    }

    /// The colours that were typed, as far as they can be read.
    pub(super) fn look(&self, site: &Site) -> Look {
        Look {
            hue: self.hue.trim().parse::<u16>().ok().filter(|hue| *hue < 360).unwrap_or(site.look.hue),
            chroma: decimal(&self.chroma).filter(|chroma| (0.0..=0.2).contains(chroma)).unwrap_or(site.look.chroma),
            logo: site.look.logo,
        }
    }

    /// What it means, or everything that is wrong with it. `is_own` says whether a host is the installation's.
    pub(super) fn read(&self, before: &Site, is_own: &dyn Fn(&str) -> bool) -> Result<Site, AppError> {
        let mut wrong = Wrong::default();
        let site = Site {
            org: before.org,
            name: wrong.line("name", &self.name, (1, LONGEST_NAME)),
            tagline: wrong.line("tagline", &self.tagline, (0, LONGEST_LINE)),
            domain: self.domain(is_own, &mut wrong),
            published: self.published,
            version: before.version,
            look: Look {
                hue: wrong.number("hue", &self.hue, (0, 359)),
                chroma: wrong.unless(
                    "chroma",
                    decimal(&self.chroma).filter(|n| (0.0..=0.2).contains(n)),
                    "is a number from 0 to 0.2",
                ),
                logo: match self.logo.as_str() {
                    "" => None,
                    id => wrong.unless("logo", id.parse().ok().map(Some), "is not there any more; choose another one"),
                },
            },
            flags: Flags {
                audit: self.audit,
                calculator: self.calculator,
                assistant: self.assistant,
                booking: self.booking,
                blog: self.blog,
                letters: self.letters,
                analytics: self.analytics,
            },
            settings: self.settings(&mut wrong),
        };
        if wrong.0.is_empty() { Ok(site) } else { Err(AppError::fields(wrong.0)) }
    }

    fn settings(&self, wrong: &mut Wrong) -> Settings {
        let currency = self.currency.trim().to_uppercase();
        let currency = Some(currency).filter(|code| Currency::from_code(code).is_some());
        let zone = Some(self.time_zone.trim()).filter(|name| Tz::from_str(name).is_ok());
        if self.notify.len() > MOST_TOLD || self.notify.iter().any(|id| id.parse::<MemberId>().is_err()) {
            wrong.say("notify", format!("are at most {MOST_TOLD} members of this organisation"));
        }
        let email = self.email.trim();
        let is_address = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        if !email.is_empty()
            && (!is_address || email.chars().any(|letter| letter.is_whitespace() || letter.is_control()))
        {
            wrong.say("email", "is an address such as hello@example.com".to_owned());
        }
        Settings {
            currency: wrong.unless("currency", currency, "is a code of three letters, such as USD"),
            time_zone: wrong.unless("time_zone", zone, "is a name such as Europe/London").to_owned(),
            legal_name: wrong.line("legal_name", &self.legal_name, (0, LONGEST_LINE)),
            address: wrong.text("address", &self.address, LONGEST_TEXT),
            email: wrong.line("email", email, (0, LONGEST_HOST)),
            phone: wrong.line("phone", &self.phone, (0, LONGEST_NAME)),
            notify: self.notify.clone(),
            double_opt_in: self.double_opt_in,
            kept_days: wrong.number("kept_days", &self.kept_days, (30, 3_650)),
            hours: self.hours(wrong),
        }
    }

    fn hours(&self, wrong: &mut Wrong) -> Opening {
        let mut days: Vec<u8> =
            self.days.iter().filter_map(|day| day.parse::<u8>().ok()).filter(|day| (1..=7).contains(day)).collect();
        days.sort_unstable();
        days.dedup();
        if self.booking && days.is_empty() {
            wrong.say("days", "are at least one while consultations can be booked".to_owned());
        }
        let (from, to) = (wrong.clock("from", &self.from), wrong.clock("to", &self.to));
        let hours = Opening {
            days,
            from_minute: from,
            to_minute: to,
            minutes: wrong.number("minutes", &self.minutes, (15, 480)),
            buffer: wrong.number("buffer", &self.buffer, (0, 240)),
            notice_hours: wrong.number("notice_hours", &self.notice_hours, (0, 336)),
            horizon_days: wrong.number("horizon_days", &self.horizon_days, (1, 366)),
        };
        for (field, minutes) in [("minutes", hours.minutes), ("buffer", hours.buffer)] {
            if !minutes.is_multiple_of(15) {
                wrong.say(field, "is a multiple of 15 minutes".to_owned());
            }
        }
        if from.saturating_add(hours.minutes) > to {
            wrong.say("to", "is too early: not one consultation fits in".to_owned());
        }
        hours
    }

    fn domain(&self, is_own: &dyn Fn(&str) -> bool, wrong: &mut Wrong) -> Option<String> {
        let typed = self.domain.trim().to_lowercase();
        let host = typed.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches(['/', '.']);
        if host.is_empty() {
            return None;
        }
        let part = |part: &str| {
            (1..=63).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        let last_is_word =
            host.rsplit('.').next().is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()));
        if host.len() > LONGEST_HOST || !host.contains('.') || !host.split('.').all(part) || !last_is_word {
            wrong.say("domain", "is a name such as www.example.com, without a path or a port".to_owned());
        } else if is_own(host) {
            wrong.say(
                "domain",
                "is where this installation itself answers; leave it empty to show the site there".to_owned(),
            );
        }
        Some(host.to_owned())
    }
}

/// Everything that is wrong with a form.
#[derive(Default)]
struct Wrong(Vec<Detail>);

impl Wrong {
    fn say(&mut self, field: &str, reason: String) {
        self.0.push(Detail::new(field, reason));
    }

    fn unless<T: Default>(&mut self, field: &str, value: Option<T>, reason: &str) -> T {
        value.unwrap_or_else(|| {
            self.say(field, reason.to_owned());
            T::default()
        })
    }

    /// A text of one line.
    fn line(&mut self, field: &str, text: &str, (least, most): (usize, usize)) -> String {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !(least..=most).contains(&text.chars().count()) {
            self.say(
                field,
                if text.is_empty() { "is required".to_owned() } else { format!("has at most {most} characters") },
            );
        }
        text
    }

    /// A text of several lines.
    fn text(&mut self, field: &str, text: &str, most: usize) -> String {
        let text = text.replace("\r\n", "\n").trim().to_owned();
        if text.chars().count() > most {
            self.say(field, format!("has at most {most} characters"));
        }
        text
    }

    fn number(&mut self, field: &str, text: &str, (least, most): (u16, u16)) -> u16 {
        let number = text.trim().parse::<u16>().ok().filter(|number| (least..=most).contains(number));
        self.unless(field, number, &format!("is a whole number from {least} to {most}"))
    }

    fn clock(&mut self, field: &str, text: &str) -> u16 {
        let minutes = text.trim().split_once(':').and_then(|(hour, minute)| {
            let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        });
        self.unless(field, minutes, "is a time such as 09:00")
    }
}

fn decimal(text: &str) -> Option<f64> {
    text.trim().replace(',', ".").parse().ok()
}

/// Minutes after midnight as a browser's time.
pub(super) fn clock(minutes: u16) -> String {
    let minutes = minutes.min(1_439);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use kernel::ids::OrgId;

    use super::*;

    fn site() -> Site {
        Site {
            org: OrgId::from_uuid(uuid::Uuid::nil()),
            name: "Northwind".to_owned(),
            tagline: String::new(),
            domain: Some("audit.example.com".to_owned()),
            published: true,
            version: 4,
            look: Look::default(),
            flags: Flags::default(),
            settings: Settings::default(),
        }
    }

    fn wrong(change: impl FnOnce(&mut Typed)) -> Vec<String> {
        let mut typed = Typed::of(&site());
        change(&mut typed);
        let error = typed.read(&site(), &|host| host == "app.example.com").expect_err("refused");
        error.details().iter().map(|detail| detail.field.clone()).collect()
    }

    #[test]
    fn what_is_shown_reads_back_as_it_was() {
        let read = Typed::of(&site()).read(&site(), &|_| false).expect("it reads");
        assert_eq!((read.settings, read.look, read.flags, read.domain), {
            let site = site();
            (site.settings, site.look, site.flags, site.domain)
        });
    }

    #[test]
    fn a_domain_is_a_name_and_not_the_installations_own() {
        for domain in
            ["app.example.com", "localhost", "10.0.0.1", "a b.com", "-x.com", "x.com/path", "x.com:80", "x..com"]
        {
            assert_eq!(wrong(|typed| typed.domain = domain.to_owned()), ["domain"], "{domain}");
        }
        let mut typed = Typed::of(&site());
        typed.domain = " HTTPS://Audit.Example.com/ ".to_owned();
        assert_eq!(typed.read(&site(), &|_| false).expect("it reads").domain.as_deref(), Some("audit.example.com"));
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let fields = wrong(|typed| {
            typed.name = " ".to_owned();
            typed.hue = "400".to_owned();
            typed.chroma = "NaN".to_owned();
            typed.currency = "dollar".to_owned();
            typed.time_zone = "Nowhere".to_owned();
            typed.to = "09:15".to_owned();
            typed.buffer = "10".to_owned();
        });
        assert_eq!(fields, ["name", "hue", "chroma", "currency", "time_zone", "buffer", "to"]);
    }
}
