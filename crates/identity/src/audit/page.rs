//! `/settings/audit-log`: what was done, as sentences, newest first.

use askama::Template;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::Value;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Frame, Listed, Page, Query, show};

use super::list::Filter;
use super::verify::{self, Verdict};
use crate::store::log::{self, Entry};

/// What the page can be narrowed to: the beginning of an action, and its name.
const CHOICES: [(&str, &str); 6] = [
    ("", "Everything"),
    ("sign_in", "Sign-ins"),
    ("member", "People"),
    ("key", "Keys"),
    ("settings", "Settings"),
    ("vault", "Secrets"),
];

#[derive(Template)]
#[template(path = "audit/show.html")]
struct LogPage {
    frame: Frame,
    choices: Vec<Choice>,
    empty: bool,
    rows: Rows,
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
    word: &'static str,
    label: &'static str,
    selected: bool,
}

struct Row {
    icon: &'static str,
    actor: String,
    what: String,
    /// The subject, short; the whole is in its title.
    subject: String,
    subject_id: String,
    ip: String,
    at: DateTime<Utc>,
}

pub(crate) async fn get(
    by: Allowed<ManagePeople>,
    page: Page<i64>,
    Query(filter): Query<Filter>,
) -> Result<Response, AppError> {
    let action = filter.action.clone();
    let mut tx = by.tx().await?;
    let found = log::list(&mut tx, &filter.wanted(), page.after, page.fetch()).await?;
    let Listed { data, next_cursor } = Listed::new(&page, found, |entry| entry.seq)?;
    let more = next_cursor.map(|cursor| more(&action, &cursor)).unwrap_or_default();
    let rows = Rows { rows: data.into_iter().map(row).collect(), more };
    if by.request().fragment {
        return Ok(show(&rows)?.into_response());
    }
    let choices = CHOICES.map(|(word, label)| Choice { word, label, selected: word == action }).into();
    Ok(show(&LogPage { frame: by.frame("Audit log"), choices, empty: rows.rows.is_empty(), rows })?.into_response())
}

pub(crate) async fn verification(by: Allowed<ManagePeople>) -> Result<Response, AppError> {
    let verdict = verify::walk(&mut by.tx().await?).await?;
    Ok(show(&VerdictPart { verdict })?.into_response())
}

fn more(action: &str, cursor: &str) -> String {
    // Only words of ours pass: they need no escaping.
    let known = CHOICES.iter().find(|(word, _)| *word == action).map_or("", |(word, _)| word);
    format!("/settings/audit-log?action={known}&cursor={cursor}")
}

fn row(entry: Entry) -> Row {
    let Entry { at, actor, actor_name, action, subject, detail, ip, .. } = entry;
    let actor = actor_name.unwrap_or_else(|| match actor.as_str() {
        "system" => "Recoup".to_owned(),
        "bot" => "The bot".to_owned(),
        key if key.starts_with("key_") => short(key),
        _ => "A former member".to_owned(),
    });
    let detail = serde_json::from_str(&detail).unwrap_or(Value::Null);
    Row {
        icon: icon(&action),
        actor,
        what: sentence(&action, &detail),
        subject: short(&subject),
        subject_id: subject,
        ip,
        at,
    }
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
        "settings.changed" => "changed settings".into(),
        "vault.used" => "used a secret".into(),
        "channel.connected" => "connected a channel".into(),
        "channel.disconnected" => "disconnected a channel".into(),
        "crm.connected" => "connected the CRM".into(),
        "crm.disconnected" => "disconnected the CRM".into(),
        other => other.replace(['.', '_'], " "),
    }
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
        assert_eq!(more("sign_in", "abc"), "/settings/audit-log?action=sign_in&cursor=abc");
        assert_eq!(more("\"><script>", "abc"), "/settings/audit-log?action=&cursor=abc");
    }
}
