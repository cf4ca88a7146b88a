//! The letters that follow from inquiries. What a visitor typed never goes back to the address that was given: whoever fills a form
//! with somebody else's address could else write to them through us.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kernel::mail::{Attachment, Letter, one_line};

use super::Kind;
use super::store::Inquiry;
use super::story::{self, shown_name};
use crate::booking::calendar::Entry;
use crate::booking::store::Booking;
use crate::ports::Story;
use crate::sites::Site;

/// The site and where its links begin, for letters.
pub(crate) struct Sender<'a> {
    pub site: &'a Site,
    /// Without a slash at the end.
    pub base: String,
}

impl<'a> Sender<'a> {
    /// From the configuration and the site's own domain, never from a request.
    pub(crate) fn new(site: &'a Site, installation: &str) -> Self {
        let base = site.address(installation);
        Self { site, base }
    }

    /// The host of its links.
    pub(crate) fn host(&self) -> &str {
        let rest = self.base.split_once("://").map_or(self.base.as_str(), |(_, rest)| rest);
        rest.split([':', '/']).next().unwrap_or_default()
    }

    fn name(&self) -> String {
        one_line(&self.site.name, 80)
    }

    fn to(&self, inquiry: &Inquiry, subject: &str) -> Letter {
        Letter::new(inquiry.letter.email.clone(), format!("{subject} – {}", self.name()))
    }

    fn sign(&self, letter: Letter) -> Letter {
        let settings = &self.site.settings;
        let who = if settings.legal_name.is_empty() { &self.site.name } else { &settings.legal_name };
        let address = [who, &settings.address].into_iter().filter(|text| !text.is_empty()).cloned();
        letter.say(&address.collect::<Vec<_>>().join(", "))
    }

    /// That an inquiry arrived, and by when it is answered.
    pub(crate) fn receipt(&self, inquiry: &Inquiry, answer_by: DateTime<Utc>, zone: Tz) -> Letter {
        let by = answer_by.with_timezone(&zone).format("%A, %-d %B");
        let letter = self
            .to(inquiry, "We have your message")
            .say("Thank you for writing. Your message arrived, and a person reads it.")
            .say(&format!("You have an answer by {by} at the latest."))
            .say("If you did not write to us, somebody gave your address by mistake. Nothing else follows from it.");
        self.sign(letter)
    }

    /// The result of an audit.
    pub(crate) fn result(&self, inquiry: &Inquiry, total: u8, report: Option<&[u8]>) -> Letter {
        let letter = self
            .to(inquiry, &format!("Your maturity audit: {total} of 100"))
            .say(&format!("Here is the result you asked for. Your score is {total} of 100."));
        let letter = match self.result_link(&inquiry.letter.message) {
            Some(link) => letter.link("Open the result", &link).say(
                "Whoever has the link can read the result, so that you can pass it on. It does not say who you are.",
            ),
            None => letter,
        };
        let letter = match report {
            Some(bytes) => letter.attach(Attachment::new("maturity-audit.pdf", "application/pdf", bytes)),
            None => letter,
        };
        let talk = if self.site.flags.booking { "/book" } else { "/contact?topic=audit" };
        self.sign(letter.link("Talk about it with us", &format!("{}{talk}", self.base)))
    }

    /// The address of a result: only one of this site.
    pub(super) fn result_link(&self, given: &str) -> Option<String> {
        let path = given.strip_prefix(self.base.as_str()).unwrap_or(given);
        let token = path.strip_prefix("/audit/results/")?;
        let is_token = token.len() == 26 && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_token.then(|| format!("{}/audit/results/{token}", self.base))
    }

    /// Asks whether the address is theirs and they want letters.
    pub(crate) fn confirm(&self, inquiry: &Inquiry) -> Letter {
        let letter = self
            .to(inquiry, "Please confirm your address")
            .say(&format!("Somebody asked {} to send letters to this address. Was it you?", self.name()))
            .link("Yes, send me letters", &format!("{}/letters/confirm/{}", self.base, inquiry.token))
            .say("If it was not you, do nothing: without your word no letter is sent.");
        self.sign(letter)
    }

    /// That letters will come, and how to stop them.
    pub(crate) fn welcome(&self, inquiry: &Inquiry) -> Letter {
        let letter = self
            .to(inquiry, "You will hear from us")
            .say("You get our letters from now on.")
            .link("Stop them", &format!("{}/letters/stop/{}", self.base, inquiry.token));
        self.sign(letter)
    }

    /// A consultation that was booked, moved or cancelled.
    pub(crate) fn consultation(&self, inquiry: &Inquiry, booking: &Booking) -> Letter {
        let file = self.calendar(booking, &inquiry.token);
        let zone = booking.time_zone.parse().unwrap_or(Tz::UTC);
        let when = story::time(booking.starts_at, zone);
        let (subject, said) = match (booking.stands(), booking.moved) {
            (false, _) => ("Your consultation is cancelled", "It does not take place, and the time is free again."),
            (true, 0) => ("Your consultation", "We look forward to talking with you."),
            (true, _) => ("Your consultation has another time", "The new time replaces the one before."),
        };
        let letter = self.to(inquiry, subject).facts(&[("When", &when)]).say(said);
        let letter = if booking.stands() {
            letter.link("Move or cancel it", &format!("{}/book/{}", self.base, inquiry.token))
        } else {
            letter.link("Choose another time", &format!("{}/book", self.base))
        };
        self.sign(letter.attach(Attachment::new("consultation.ics", "text/calendar; charset=utf-8", file.as_bytes())))
    }

    /// The consultation as a file for a calendar; the token is that of its link.
    pub(crate) fn calendar(&self, booking: &Booking, token: &str) -> String {
        let url = format!("{}/book/{token}", self.base);
        let title = format!("Consultation with {}", self.site.name);
        let text = format!("Move or cancel it: {url}");
        let entry = Entry {
            id: booking.id,
            host: self.host(),
            starts: booking.starts_at,
            ends: booking.ends_at,
            changed: booking.at,
            moved: booking.moved,
            cancelled: !booking.stands(),
            title: &title,
            text: &text,
            url: &url,
        };
        entry.file()
    }

    /// What members are told.
    pub(crate) fn told(to: &str, inquiry: &Inquiry, story: &Story, installation: &str) -> Letter {
        let subject = one_line(&format!("{}: {}", shown_name(inquiry), story.title), 180);
        let what = match inquiry.kind {
            Kind::Audit => "Somebody finished the maturity audit and asked for the result by email.",
            Kind::Booking => "A visitor of the site booked a consultation.",
            Kind::Letters => "A visitor of the site wants letters.",
            Kind::Chat => "A visitor made themselves known in the site's chat.",
            Kind::Contact => "Somebody wrote on the site.",
        };
        Letter::new(to, subject).say(what).say(&story.body).link("Open it", &format!("{installation}{}", story.href))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sites::{Flags, Look, Settings};

    fn site(domain: Option<&str>) -> Site {
        Site {
            org: kernel::ids::OrgId::from_uuid(uuid::Uuid::nil()),
            name: "Northwind\r\nRecovery".to_owned(),
            tagline: String::new(),
            domain: domain.map(str::to_owned),
            published: true,
            version: 1,
            look: Look::default(),
            flags: Flags::default(),
            settings: Settings::default(),
        }
    }

    #[test]
    fn links_begin_with_the_sites_own_address() {
        let own = site(Some("audit.example.com"));
        let sender = Sender::new(&own, "https://app.example.com");
        assert_eq!((sender.base.as_str(), sender.host()), ("https://audit.example.com", "audit.example.com"));
        let shared = site(None);
        let sender = Sender::new(&shared, "http://127.0.0.1:8080");
        assert_eq!((sender.base.as_str(), sender.host()), ("http://127.0.0.1:8080", "127.0.0.1"));
    }

    #[test]
    fn only_a_result_of_this_site_is_linked() {
        let shared = site(None);
        let sender = Sender::new(&shared, "https://app.example.com");
        let good = "/audit/results/01h455vb4pex5vsknk084sn02q";
        let expected = format!("https://app.example.com{good}");
        assert_eq!(sender.result_link(good).as_deref(), Some(expected.as_str()));
        assert_eq!(sender.result_link(&expected).as_deref(), Some(expected.as_str()));
        for bad in
            ["https://evil.example/audit/results/01h455vb4pex5vsknk084sn02q", "/audit/results/../../x", "", "Buy now"]
        {
            assert_eq!(sender.result_link(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_with_a_line_end_stays_in_its_subject() {
        let shared = site(None);
        let sender = Sender::new(&shared, "https://app.example.com");
        assert_eq!(sender.name(), "Northwind Recovery");
    }
}
