//! `/settings/audit-log`: what was done, as sentences, newest first.

use askama::Template;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shell::auth::permission::ManagePeople;
use shell::page::url_encoded;
use shell::{Allowed, AppError, Frame, Listed, Page, Query, show};

use super::list::Filter;
use super::signing::PublicKeys;
use super::verify::{self, Verdict};
use super::words::{Change, changes, icon, sentence, short};
use crate::store::log::{self, Entry};

const PATH: &str = "/settings/audit-log";

/// What the page can be narrowed to: the beginning of an action, and its name.
const CHOICES: [(&str, &str); 7] = [
    ("", "Everything"),
    ("sign_in", "Sign-ins"),
    ("member", "People"),
    ("key", "Keys"),
    ("settings", "Settings"),
    ("vault", "Secrets"),
    ("audit_log", "Exports of this log"),
];

#[derive(Template)]
#[template(path = "audit/show.html")]
struct LogPage {
    frame: Frame,
    asked: Asked,
    choices: Vec<Choice>,
    /// What narrows the list besides the choice, each with the address without it.
    chips: Vec<Chip>,
    /// The address of the export of what is shown.
    export: String,
    complaint: String,
    empty: bool,
    rows: Rows,
}

/// What the page was asked for, as it stands in its address.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Asked {
    action: String,
    actor: String,
    ip: String,
    subject: String,
    /// Days, both included.
    from: String,
    to: String,
}

struct Chip {
    label: String,
    without: String,
}

/// One page of rows and the link to the next: what htmx puts below.
#[derive(Template)]
#[template(path = "audit/_rows.html")]
struct Rows {
    rows: Vec<Row>,
    more: String,
}

#[derive(Template)]
#[template(path = "audit/_verdict.html")]
struct VerdictPart {
    verdict: Verdict,
}

struct Choice {
    href: String,
    label: &'static str,
    selected: bool,
}

struct Row {
    icon: &'static str,
    actor: String,
    /// The address of the list of this actor's rows, of this subject's, of this address's.
    by_actor: String,
    by_subject: String,
    by_ip: String,
    what: String,
    /// What was changed: the field, what it was, what it became.
    changes: Vec<Change>,
    /// The subject, short; the whole is in its title.
    subject: String,
    subject_id: String,
    ip: String,
    device: String,
    at: DateTime<Utc>,
}

impl Asked {
    fn filter(&self) -> Result<Filter, &'static str> {
        let day = |text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse::<NaiveDate>().map(Some).map_err(|_| "A day is written like 2030-01-31."),
        };
        let ip = match self.ip.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| "This is no address.")?),
        };
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        Ok(Filter {
            action: self.action.trim().to_owned(),
            actor: self.actor.trim().to_owned(),
            ip,
            subject: self.subject.trim().to_owned(),
            from: day(&self.from)?.map(midnight),
            to: day(&self.to)?.and_then(|day| day.succ_opt()).map(midnight),
        })
    }

    /// The address of the page, or of another that takes the same words.
    fn href(&self, path: &str) -> String {
        let Self { action, actor, ip, subject, from, to } = self;
        let parts =
            [("action", action), ("actor", actor), ("ip", ip), ("subject", subject), ("from", from), ("to", to)];
        let parts = parts.into_iter().filter(|(_, value)| !value.is_empty());
        let query: Vec<String> = parts.map(|(name, value)| format!("{name}={}", url_encoded(value))).collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }

    fn page(&self) -> String {
        self.href(PATH)
    }

    fn chips(&self) -> Vec<Chip> {
        let chip = |label: String, without: Self| Chip { label, without: without.page() };
        let mut chips = Vec::new();
        if !self.actor.is_empty() {
            chips.push(chip(format!("by {}", short(&self.actor)), Self { actor: String::new(), ..self.clone() }));
        }
        if !self.subject.is_empty() {
            chips
                .push(chip(format!("about {}", short(&self.subject)), Self { subject: String::new(), ..self.clone() }));
        }
        if !self.ip.is_empty() {
            chips.push(chip(format!("from {}", self.ip), Self { ip: String::new(), ..self.clone() }));
        }
        chips
    }
}

pub(crate) async fn get(
    by: Allowed<ManagePeople>,
    page: Page<i64>,
    Query(asked): Query<Asked>,
) -> Result<Response, AppError> {
    let (filter, complaint) = match asked.filter() {
        Ok(filter) => (filter, ""),
        Err(complaint) => (Filter { action: asked.action.clone(), ..Filter::default() }, complaint),
    };
    let mut tx = by.tx().await?;
    let found = log::list(&mut tx, &filter.wanted(), page.after, page.fetch()).await?;
    let Listed { data, next_cursor } = Listed::new(&page, found, |entry| entry.seq)?;
    let more = next_cursor.map(|cursor| more(&asked, &cursor)).unwrap_or_default();
    let rows = Rows { rows: data.into_iter().map(|entry| row(entry, &asked)).collect(), more };
    if by.request().fragment {
        return Ok(show(&rows)?.into_response());
    }
    let choice = |(word, label): (&'static str, &'static str)| {
        let href = Asked { action: word.into(), ..asked.clone() }.page();
        Choice { href, label, selected: word == asked.action }
    };
    let log_page = LogPage {
        frame: by.frame("Audit log"),
        choices: CHOICES.into_iter().map(choice).collect(),
        chips: asked.chips(),
        export: export_of(&asked),
        complaint: complaint.to_owned(),
        empty: rows.rows.is_empty(),
        asked,
        rows,
    };
    Ok(show(&log_page)?.into_response())
}

pub(crate) async fn verification(by: Allowed<ManagePeople>) -> Result<Response, AppError> {
    let keys = PublicKeys::of(by.kernel()).await?;
    let verdict = verify::walk(&mut by.tx().await?, &keys).await?;
    Ok(show(&VerdictPart { verdict })?.into_response())
}

fn more(asked: &Asked, cursor: &str) -> String {
    let page = asked.page();
    let joint = if page.contains('?') { '&' } else { '?' };
    format!("{page}{joint}cursor={}", url_encoded(cursor))
}

/// The export takes instants, not days.
fn export_of(asked: &Asked) -> String {
    let filter = asked.filter().unwrap_or_default();
    let instant =
        |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default();
    let asked = Asked { from: instant(filter.from), to: instant(filter.to), ..asked.clone() };
    asked.href("/settings/audit-log/export")
}

fn row(entry: Entry, asked: &Asked) -> Row {
    let Entry { at, actor, actor_name, action, subject, detail, ip, device, before, after, .. } = entry;
    let by_actor = Asked { actor: actor.clone(), ..asked.clone() }.page();
    let by_subject = Asked { subject: subject.clone(), ..asked.clone() }.page();
    let by_ip = Asked { ip: ip.clone(), ..asked.clone() }.page();
    let actor = actor_name.unwrap_or_else(|| match actor.as_str() {
        "system" => "Recoup".to_owned(),
        "bot" => "The bot".to_owned(),
        key if key.starts_with("key_") => short(key),
        _ => "A former member".to_owned(),
    });
    let read = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    Row {
        icon: icon(&action),
        actor,
        by_actor,
        by_subject,
        by_ip,
        what: sentence(&action, &read(&detail)),
        changes: changes(&read(&before), &read(&after)),
        subject: short(&subject),
        subject_id: subject,
        ip,
        device,
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_carry_what_was_asked_and_nothing_that_is_not_escaped() {
        let asked = Asked { action: "sign_in".into(), ..Asked::default() };
        assert_eq!(more(&asked, "abc"), "/settings/audit-log?action=sign_in&cursor=abc");
        assert_eq!(more(&Asked::default(), "abc"), "/settings/audit-log?cursor=abc");
        let odd = Asked { action: "\"><script>".into(), ..Asked::default() };
        assert!(!odd.page().contains(['"', '<', '>']), "{}", odd.page());
        let days = Asked { from: "2030-01-31".into(), to: "2030-01-31".into(), ..Asked::default() };
        let export = export_of(&days);
        assert!(
            export.contains("2030-01-31T00") && export.contains("2030-02-01T00"),
            "the last day is included: {export}"
        );
        assert!(Asked { from: "31.1.2030".into(), ..Asked::default() }.filter().is_err());
        assert!(Asked { ip: "here".into(), ..Asked::default() }.filter().is_err());
    }
}
