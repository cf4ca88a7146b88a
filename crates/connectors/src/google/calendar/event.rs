//! An event of Google as an entry.

use serde_json::Value;

use crate::calendar::entry::{Entry, made, moment, people};
use crate::record::{self, rejected};
use crate::source::Rejection;
use crate::wire::{self, each};

/// Reads an event; none where only the name of a removed one is left.
pub(super) fn entry(record: &Value) -> Result<Option<Entry>, Rejection> {
    let id = wire::id(&record["id"]).ok_or_else(|| rejected("id", "the event has no id"))?;
    let status = record["status"].as_str().unwrap_or_default();
    let start = &record["start"];
    if status == "cancelled" && (start.is_null() || record["updated"].is_null()) {
        return Ok(None);
    }
    let whole_days = start["dateTime"].is_null();
    let starts = if whole_days {
        record::moment(&start["date"]).ok_or_else(|| rejected("start", "the event does not say when it begins"))?
    } else {
        moment(&start["dateTime"], &start["timeZone"], "start")?
    };
    let changed = record::moment_in(record, "updated")?;
    let organiser = record::email(&record["organizer"]["email"]).map(|address| (address, false));
    let guests = each(&record["attendees"])
        .filter(|one| one["resource"] != true)
        .filter_map(|one| Some((record::email(&one["email"])?, one["responseStatus"] == "declined")));
    Ok(Some(Entry {
        id,
        made: made(&record["created"], changed),
        changed,
        starts,
        title: record["summary"].as_str().unwrap_or_default().to_owned(),
        whole_days,
        private: matches!(record["visibility"].as_str(), Some("private" | "confidential")),
        cancelled: status == "cancelled",
        tentative: status == "tentative",
        people: people(organiser.into_iter().chain(guests)),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::calendar::{Calendar, Config};

    fn event() -> Value {
        json!({
            "kind": "calendar#event", "etag": "\"3517\"", "id": "7kq2s5v0a1b2c3d4e5f6g7h8i9_20261005T140000Z", "status": "confirmed",
            "created": "2026-09-21T09:12:28.000Z", "updated": "2026-09-22T10:00:01.482Z", "summary": "Cleaning, 30 min",
            "organizer": { "email": "c_chair1@group.calendar.google.com" },
            "start": { "dateTime": "2026-10-05T09:00:00-05:00", "timeZone": "America/Chicago" },
            "attendees": [
                { "email": "room-2@resource.calendar.google.com", "resource": true, "responseStatus": "accepted" },
                { "email": "Front@Acme.example", "responseStatus": "accepted" },
                { "email": "Ana@Example.com", "responseStatus": "needsAction" },
            ],
        })
    }

    fn read(record: &Value) -> Entry {
        entry(record).expect("readable").expect("an entry")
    }

    #[test]
    fn an_instance_of_a_series_is_a_booking_of_its_own() {
        let calendar = Calendar { owner: "front@acme.example".into(), ..Calendar::default() };
        let told = read(&event()).signals("google_calendar", &Config::default(), &calendar).remove(0);
        assert_eq!(told.external_id, "booking:7kq2s5v0a1b2c3d4e5f6g7h8i9_20261005T140000Z");
        assert_eq!(
            (told.contact.as_deref(), told.at.to_rfc3339().as_str()),
            (Some("ana@example.com"), "2026-09-21T09:12:28+00:00")
        );
        assert_eq!(told.data["starts_at"], "2026-10-05T14:00:00+00:00");
    }

    #[test]
    fn states_are_read() {
        let with = |name: &str, value: Value| {
            let mut event = event();
            event[name] = value;
            event
        };
        assert!(read(&with("start", json!({ "date": "2026-10-05" }))).whole_days);
        assert!(read(&with("visibility", json!("private"))).private && !read(&event()).private);
        assert!(read(&with("status", json!("tentative"))).tentative);
        assert!(read(&with("status", json!("cancelled"))).cancelled);
        let mut declined = event();
        declined["attendees"][2]["responseStatus"] = json!("declined");
        assert!(read(&declined).people.iter().any(|one| one.declined && one.address == "ana@example.com"));
        let left = json!({ "id": "e1", "status": "cancelled", "originalStartTime": { "dateTime": "2026-10-05T09:00:00-05:00" } });
        assert!(entry(&left).expect("readable").is_none());
        assert!(entry(&with("start", json!({}))).is_err() && entry(&json!({ "status": "confirmed" })).is_err());
    }
}
