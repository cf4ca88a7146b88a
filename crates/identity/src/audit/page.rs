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

struct Change {
    field: String,
    before: String,
    after: String,
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

/// The fields that differ, in their order; a whole that is no object is one field without a name.
fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let fields = |state: &Value| match state {
        Value::Object(fields) => fields.keys().cloned().collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let mut names = fields(before);
    names.extend(fields(after));
    names.sort_unstable();
    names.dedup();
    let change = |field: String| {
        let (before, after) = (before.get(&field), after.get(&field));
        (before != after).then(|| Change { before: told(before), after: told(after), field: field.replace('_', " ") })
    };
    names.into_iter().filter_map(change).collect()
}

/// A value as a person reads it.
fn told(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
        Some(Value::String(text)) => cut(text),
        Some(Value::Array(all)) if all.is_empty() => "none".to_owned(),
        Some(Value::Array(all)) => cut(&all.iter().map(|one| told(Some(one))).collect::<Vec<_>>().join(", ")),
        Some(other) => cut(&other.to_string()),
    }
}

/// A text of one line's length.
fn cut(text: &str) -> String {
    const LONGEST: usize = 120;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(LONGEST).collect::<String>())
}

/// An id by its kind and its last characters (the first ones are the time, and alike); other subjects as they are.
fn short(subject: &str) -> String {
    match subject.split_once('_') {
        Some((kind, rest)) if rest.len() == 26 && rest.is_ascii() => format!("{kind} …{}", &rest[20..]),
        _ => subject.to_owned(),
    }
}

fn icon(action: &str) -> &'static str {
    match action.split('.').next().unwrap_or_default() {
        "sign_in" | "sign_out" | "refresh" => "lock",
        "member" | "members" | "invite" | "org" | "team" => "users",
        "organisation" => "building-2",
        "key" => "key",
        "settings" => "settings",
        "vault" => "shield",
        _ => "activity",
    }
}

/// The action in words; one we do not know is shown as it is.
fn sentence(action: &str, detail: &Value) -> String {
    let text = |field: &str| detail[field].as_str().unwrap_or_default().to_owned();
    match action {
        "org.registered" => "registered the organisation".into(),
        "sign_in" if text("kind") == "token" => "signed in with a program".into(),
        "sign_in" => "signed in".into(),
        "sign_in.refused" => "refused a sign-in with a wrong password".into(),
        "sign_out" => "signed out".into(),
        "refresh.reused" => "ended a session whose refresh token was used twice".into(),
        "member.invited" => format!("invited somebody as {}", text("role")),
        "member.joined" => format!("joined or was added as {}", text("role")),
        "member.role_changed" => format!("changed a role from {} to {}", text("from"), text("to")),
        "member.removed" => "removed a member".into(),
        "invite.resent" => "gave an invitation a new link".into(),
        "members.imported" => format!("imported a table of people and invited {}", detail["invited"]),
        "organisation.changed" => "changed the organisation's name or time zone".into(),
        "organisation.handed_over" => "handed the organisation over".into(),
        "organisation.deleted" => "deleted the organisation".into(),
        "organisation.restored" => "took the organisation's deletion back".into(),
        "invite.revoked" => "took an invitation back".into(),
        "key.created" => format!("made the key “{}”", text("name")),
        "key.revoked" => "revoked a key".into(),
        "password.set" => "set a password from the command line".into(),
        "key.rotated" => format!("rotated the key “{}”", text("name")),
        "key.refused" => "was refused, because it came from where it may not".into(),
        "settings.changed" => "changed settings".into(),
        "vault.used" => used(detail),
        "vault.rekeyed" => "got a new data key".into(),
        "audit_log.exported" => "exported the audit log".into(),
        "audit_log.pruned" => "removed entries older than seven years".into(),
        "channel.connected" => "connected a channel".into(),
        "channel.disconnected" => "disconnected a channel".into(),
        "crm.changed" => "changed what the CRM is told".into(),
        "crm.connected" => "connected the CRM".into(),
        "crm.disconnected" => "disconnected the CRM".into(),
        other => other.replace(['.', '_'], " "),
    }
}

/// How often a secret was used, and for what.
fn used(detail: &Value) -> String {
    let (times, purpose) = (detail["times"].as_u64().unwrap_or(1), detail["purpose"].as_str().unwrap_or_default());
    let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
    format!("used a secret {times} to {purpose}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn actions_read_as_sentences_and_unknown_ones_as_they_are() {
        assert_eq!(
            sentence("member.role_changed", &json!({"from": "agent", "to": "admin"})),
            "changed a role from agent to admin"
        );
        assert_eq!(sentence("export.made", &Value::Null), "export made");
        assert_eq!(short("key_01h455vb4pex5vsknk084sn02q"), "key …4sn02q");
        assert_eq!(short("brand_voice"), "brand_voice");
        assert_eq!(sentence("vault.used", &json!({ "times": 3, "purpose": "send" })), "used a secret 3 times to send");
    }

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

    #[test]
    fn changes_read_field_by_field() {
        let before = json!({ "enabled": true, "channels": null, "tone": "warm", "same": 1 });
        let after = json!({ "enabled": false, "channels": ["x", "facebook"], "tone": "", "same": 1 });
        let read: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|change| format!("{}: {} → {}", change.field, change.before, change.after))
            .collect();
        assert_eq!(read, ["channels: nothing → x, facebook", "enabled: yes → no", "tone: warm → empty"]);
        assert!(changes(&Value::Null, &Value::Null).is_empty());
        assert_eq!(told(Some(&json!("a".repeat(500)))).chars().count(), 121);
    }
}
