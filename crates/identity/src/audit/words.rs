//! Rows of the audit log in words: what was done, and what it changed.

use chrono::{DateTime, Utc};
use serde_json::Value;
use shell::page::clock_time;

/// What is not there, is empty, or has no members.
const NOTHING: &str = "nothing";

/// A field that was changed, as a person reads it; `before` is empty when there was nothing.
pub(super) struct Change {
    pub(super) field: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// The fields that differ, in their order; a whole that is no object is one field without a name.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let fields = |state: &Value| match state {
        Value::Object(fields) => fields.keys().cloned().collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let mut names = fields(before);
    names.extend(fields(after));
    names.sort_unstable();
    names.dedup();
    let change = |field: String| {
        let (before, after) = (told(before.get(&field)), told(after.get(&field)));
        // What was nothing and is nothing now is no change, and what was nothing needs no mention.
        (before != after).then(|| Change {
            before: if before == NOTHING { String::new() } else { before },
            after,
            field: field.replace('_', " "),
        })
    };
    names.into_iter().filter_map(change).collect()
}

/// A value as a person reads it.
fn told(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => NOTHING.to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::String(text)) if text.is_empty() => NOTHING.to_owned(),
        Some(Value::String(text)) => match text.parse::<DateTime<Utc>>() {
            Ok(instant) => clock_time(&instant),
            Err(_) => cut(text),
        },
        Some(Value::Array(all)) if all.is_empty() => NOTHING.to_owned(),
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
pub(super) fn short(subject: &str) -> String {
    match subject.split_once('_') {
        Some((kind, rest)) if rest.len() == 26 && rest.is_ascii() => format!("{kind} …{}", &rest[20..]),
        _ => subject.to_owned(),
    }
}

pub(super) fn icon(action: &str) -> &'static str {
    match action.split('.').next().unwrap_or_default() {
        "sign_in" | "sign_out" | "refresh" | "session" | "session_policy" | "sso" | "hold" => "lock",
        "password" | "totp" | "passkey" | "security" | "factors" | "recovery_codes" | "vault" | "audit_log" => "shield",
        "member" | "members" | "invite" | "org" | "team" => "users",
        "organisation" => "building-2",
        "key" => "key",
        "settings" => "settings",
        "consent" => "file-text",
        "export" => "download",
        "erasure" => "trash-2",
        _ => "activity",
    }
}

/// Actions that read the same whatever else is known of them.
const SENTENCES: &[(&str, &str)] = &[
    ("org.registered", "registered the organisation"),
    ("sign_in.refused", "refused a sign-in with a wrong password"),
    ("sign_out", "signed out"),
    ("refresh.reused", "ended a session whose refresh token was used twice"),
    ("member.removed", "removed a member"),
    ("invite.resent", "gave an invitation a new link"),
    ("organisation.changed", "changed the organisation's name or time zone"),
    ("organisation.handed_over", "handed the organisation over"),
    ("organisation.deleted", "deleted the organisation"),
    ("organisation.restored", "took the organisation's deletion back"),
    ("invite.revoked", "took an invitation back"),
    ("key.revoked", "revoked a key"),
    ("password.set", "set a password from the command line"),
    ("key.refused", "was refused, because it came from where it may not"),
    ("settings.changed", "changed settings"),
    ("vault.rekeyed", "got a new data key"),
    ("audit_log.exported", "exported the audit log"),
    ("audit_log.pruned", "removed entries older than seven years"),
    ("sign_out.others", "signed out everywhere else"),
    ("member.signed_out", "ended a member's sessions"),
    ("member.suspended", "suspended a member"),
    ("member.resumed", "let a suspended member in again"),
    ("member.provisioned", "was told by the identity provider about a member"),
    ("session.verified", "proved who they are again"),
    ("session_policy.changed", "changed the rules of signing in"),
    ("security.second_factor", "changed who needs a second factor"),
    ("totp.added", "added an authenticator"),
    ("totp.removed", "removed an authenticator"),
    ("passkey.added", "added a passkey"),
    ("passkey.removed", "removed a passkey"),
    ("recovery_codes.renewed", "made new recovery codes"),
    ("factors.reset", "took a member's second factors away"),
    ("password.changed", "changed their password"),
    ("password.reset", "chose a new password by a link"),
    ("password.reset_asked", "asked for a link to a new password"),
    ("person.renamed", "changed their name"),
    ("sso.connection_created", "connected an identity provider"),
    ("sso.connection_changed", "changed an identity provider's connection"),
    ("sso.connection_removed", "removed an identity provider"),
    ("sso.domain_claimed", "claimed a domain"),
    ("sso.domain_verified", "proved that a domain is theirs"),
    ("sso.domain_removed", "let a domain go"),
    ("sso.bypassed", "signed in past single sign-on, as an owner may"),
    ("sso.refused", "refused a sign-in by the identity provider"),
    ("sso.failed", "could not take the identity provider's word"),
    ("sso.only_off", "opened the other ways in again"),
    ("sso.only_on", "closed every way in but single sign-on"),
    ("sso.unlinked", "removed a person's link to an identity provider"),
    ("sso.linked", "signed in through the identity provider for the first time"),
    ("team.created", "made a team"),
    ("team.changed", "changed a team"),
    ("team.deleted", "deleted a team"),
    ("team.member_added", "put somebody into a team"),
    ("team.member_removed", "took somebody out of a team"),
    ("export.requested", "asked for a contact's data"),
    ("export.downloaded", "downloaded a contact's data"),
    ("erasure.requested", "asked for a contact to be erased"),
    ("erasure.cancelled", "took an erasure back"),
    ("erasure.done", "erased a contact"),
    ("consent.recorded", "recorded a contact's consent"),
    ("channel.connected", "connected a channel"),
    ("channel.disconnected", "disconnected a channel"),
    ("crm.changed", "changed what the CRM is told"),
    ("crm.connected", "connected the CRM"),
    ("ingestion.address_renewed", "gave a source's notices a new address"),
    ("ingestion.cache_forgotten", "had sources read from the beginning"),
    ("ingestion.cancelled", "cancelled a run"),
    ("ingestion.changed", "changed a source"),
    ("ingestion.checked", "checked a source"),
    ("ingestion.connected", "connected a source"),
    ("ingestion.connection_paused", "paused a source"),
    ("ingestion.connection_resumed", "let a source go on"),
    ("ingestion.errors_exported", "exported rejected rows"),
    ("ingestion.file_started", "had a table read"),
    ("ingestion.paused", "paused a run"),
    ("ingestion.removed", "removed a source"),
    ("ingestion.resumed", "let a run go on"),
    ("ingestion.triggered", "had sources read"),
    ("crm.disconnected", "disconnected the CRM"),
    ("hold.placed", "placed a legal hold"),
    ("hold.released", "released a legal hold"),
    ("location.created", "made a place of business"),
    ("location.changed", "changed a place of business"),
    ("visibility.changed", "told a fact of visibility"),
    ("visibility.forgotten", "took a fact of visibility back"),
    ("action.approved", "approved an action of the command centre"),
    ("action.taken_back", "took an approved action back"),
    ("report.requested", "had a report made"),
    ("report.saved", "saved a report"),
    ("report.removed", "removed a saved report"),
    ("report.scheduled", "scheduled a report"),
    ("report.unscheduled", "removed a report's schedule"),
    ("report.resent", "had a report sent again"),
    ("report.shared", "shared a report by a link"),
    ("report.unshared", "revoked the link to a report"),
    ("play.changed", "changed a play"),
    ("anomaly.acknowledged", "saw an anomaly"),
    ("anomaly.metric_muted", "muted a metric, or watched it again"),
];

/// The action in words; one we do not know is shown as it is.
pub(super) fn sentence(action: &str, detail: &Value) -> String {
    let text = |field: &str| detail[field].as_str().unwrap_or_default().to_owned();
    match action {
        "sign_in" if text("kind") == "token" => "signed in with a program".into(),
        "sign_in" => "signed in".into(),
        "member.invited" => format!("invited somebody as {}", text("role")),
        "member.joined" => format!("joined or was added as {}", text("role")),
        "member.role_changed" => format!("changed a role from {} to {}", text("from"), text("to")),
        "members.imported" => format!("imported a table of people and invited {}", detail["invited"]),
        "key.created" => format!("made the key “{}”", text("name")),
        "key.rotated" => format!("rotated the key “{}”", text("name")),
        "vault.used" => used(detail),
        other => match SENTENCES.iter().find(|(known, _)| *known == other) {
            Some((_, sentence)) => (*sentence).to_owned(),
            None => other.replace(['.', '_'], " "),
        },
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
    fn changes_read_field_by_field() {
        let before = json!({ "enabled": true, "channels": null, "tone": "warm", "same": 1 });
        let after = json!({ "enabled": false, "channels": ["x", "facebook"], "tone": "", "same": 1 });
        let read: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|change| format!("{}: {} → {}", change.field, change.before, change.after))
            .collect();
        assert_eq!(read, ["channels:  → x, facebook", "enabled: yes → no", "tone: warm → nothing"]);
        assert!(changes(&Value::Null, &Value::Null).is_empty());
        assert!(changes(&Value::Null, &json!({ "allow_from": [], "expires_at": null })).is_empty());
        assert_eq!(told(Some(&json!("2030-01-31T08:00:00.123456Z"))), "31 Jan 2030, 08:00 UTC");
        assert_eq!(told(Some(&json!("a".repeat(500)))).chars().count(), 121);
    }
}
