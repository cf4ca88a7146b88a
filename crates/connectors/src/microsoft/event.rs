//! An event of Graph as an entry.

use serde_json::Value;

use crate::calendar::entry::{Entry, made, moment, people};
use crate::record::{self, rejected};
use crate::source::Rejection;
use crate::wire::{self, each};

/// What people wrote, which no booking needs.
const WORDS: [&str; 5] = ["body", "bodyPreview", "location", "locations", "onlineMeeting"];
/// What times of a series share.
const SHARED: [&str; 9] = [
    "subject",
    "attendees",
    "organizer",
    "sensitivity",
    "createdDateTime",
    "lastModifiedDateTime",
    "isAllDay",
    "isCancelled",
    "showAs",
];

/// Takes out what nobody needs.
pub(super) fn forget_words(record: &mut Value) {
    if let Some(fields) = record.as_object_mut() {
        fields.retain(|name, _| !WORDS.contains(&name.as_str()));
    }
}

/// The series of a time that came bare.
pub(super) fn bare(record: &Value) -> Option<String> {
    let lacks = record["attendees"].is_null() || record["createdDateTime"].is_null();
    wire::id(&record["seriesMasterId"]).filter(|_| lacks && record["@removed"].is_null())
}

/// Gives a time what its series says, where it says nothing itself.
pub(super) fn share(record: &mut Value, series: &Value) {
    for name in SHARED {
        if record[name].is_null() && !series[name].is_null() {
            record[name] = series[name].clone();
        }
    }
}

/// Reads an event; none where only the name of a removed one is left.
pub(super) fn entry(record: &Value) -> Result<Option<Entry>, Rejection> {
    let id = wire::id(&record["id"]).ok_or_else(|| rejected("id", "the event has no id"))?;
    if !record["@removed"].is_null() {
        return Ok(None);
    }
    let starts = moment(&record["start"]["dateTime"], &record["start"]["timeZone"], "start")?;
    let changed =
        record::moment(&record["lastModifiedDateTime"]).or_else(|| record::moment(&record["createdDateTime"]));
    let changed =
        changed.ok_or_else(|| rejected("createdDateTime", "the event does not say when it was written down"))?;
    let address = |one: &Value| record::email(&one["emailAddress"]["address"]);
    let organiser = address(&record["organizer"]).map(|address| (address, false));
    let guests = each(&record["attendees"])
        .filter(|one| one["type"] != "resource")
        .filter_map(|one| Some((address(one)?, one["status"]["response"] == "declined")));
    Ok(Some(Entry {
        id,
        made: made(&record["createdDateTime"], changed),
        changed,
        starts,
        title: record["subject"].as_str().unwrap_or_default().to_owned(),
        whole_days: record["isAllDay"] == true,
        private: matches!(record["sensitivity"].as_str(), Some("personal" | "private" | "confidential")),
        cancelled: record["isCancelled"] == true,
        tentative: record["showAs"] == "tentative",
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
            "@odata.etag": "W/\"DwAAABYAAAB\"", "id": "AAMkAGI1AAAoZCfHAAA=", "iCalUId": "040000008200E00074C5B7101A82E008",
            "createdDateTime": "2026-09-21T09:12:28.1234567Z", "lastModifiedDateTime": "2026-09-22T10:00:01.4821234Z",
            "subject": "Consultation", "bodyPreview": "Bring the X-rays", "type": "singleInstance", "isAllDay": false,
            "isCancelled": false, "sensitivity": "normal", "showAs": "busy", "body": { "contentType": "html", "content": "<p>…</p>" },
            "start": { "dateTime": "2026-10-05T14:00:00.0000000", "timeZone": "UTC" },
            "end": { "dateTime": "2026-10-05T14:30:00.0000000", "timeZone": "UTC" },
            "organizer": { "emailAddress": { "name": "Front desk", "address": "Front@acme.example" } },
            "attendees": [
                { "type": "required", "status": { "response": "none" }, "emailAddress": { "name": "Ana", "address": "Ana@Example.com" } },
                { "type": "resource", "status": { "response": "accepted" }, "emailAddress": { "address": "room@elsewhere.example" } },
            ],
        })
    }

    fn read(record: &Value) -> Entry {
        entry(record).expect("readable").expect("an entry")
    }

    #[test]
    fn an_event_is_a_booking_of_its_guest() {
        let calendar = Calendar { owner: "front@acme.example".into(), ..Calendar::default() };
        let told = read(&event()).signals("microsoft_calendar", &Config::default(), &calendar).remove(0);
        assert_eq!(
            (told.external_id.as_str(), told.contact.as_deref()),
            ("booking:AAMkAGI1AAAoZCfHAAA=", Some("ana@example.com"))
        );
        assert_eq!(told.data["starts_at"], "2026-10-05T14:00:00+00:00");
        assert!(!told.data.contains_key("guests"), "a room is no guest");
        let mut declined = event();
        declined["attendees"][0]["status"]["response"] = json!("declined");
        let told = read(&declined).signals("microsoft_calendar", &Config::default(), &calendar).remove(0);
        assert_eq!(told.data["cancelled"], true);
    }

    #[test]
    fn states_are_read() {
        let with = |name: &str, value: Value| {
            let mut event = event();
            event[name] = value;
            event
        };
        assert!(read(&with("isAllDay", json!(true))).whole_days && read(&with("isCancelled", json!(true))).cancelled);
        assert!(
            read(&with("sensitivity", json!("private"))).private && read(&with("showAs", json!("tentative"))).tentative
        );
        let removed = json!({ "id": "AAMk", "@removed": { "reason": "deleted" } });
        assert!(entry(&removed).expect("readable").is_none());
        let zone = json!({ "dateTime": "2026-10-05T14:00:00.0000000", "timeZone": "Romance Standard Time" });
        assert_eq!(entry(&with("start", zone)).expect_err("not asked for").field.as_deref(), Some("start"));
    }

    #[test]
    fn a_bare_time_has_what_its_series_says() {
        let mut time = json!({
            "id": "o1", "type": "occurrence", "seriesMasterId": "s1",
            "start": { "dateTime": "2026-10-12T14:00:00.0000000", "timeZone": "UTC" },
        });
        assert_eq!(bare(&time).as_deref(), Some("s1"));
        assert!(entry(&time).is_err());
        share(&mut time, &event());
        assert_eq!(read(&time).people.len(), 2);
        assert_eq!((bare(&time), read(&time).starts.to_rfc3339()), (None, "2026-10-12T14:00:00+00:00".to_owned()));
        let mut words = event();
        forget_words(&mut words);
        assert!(words["body"].is_null() && words["bodyPreview"].is_null() && words["subject"] == "Consultation");
    }
}
