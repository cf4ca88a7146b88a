//! Consultations: times, double booking, moving, cancelling, and what the calendar is told.

use chrono::Duration;

use crate::support::{World, at};

const WHO: [(&str, &str); 3] =
    [("name", "Dana Whitfield"), ("email", "dana@example.com"), ("message", "Calls after five.")];
const TEN: &str = "2026-11-30T10:00:00Z";

async fn book(world: &World, slot: &str, who: &[(&str, &str)]) -> shell::testing::Answer {
    let fields = [who, &[("slot", slot)]].concat();
    world.fill("/book", "/book", &fields).await
}

#[tokio::test]
async fn a_time_is_booked_with_a_letter_and_a_meeting() {
    let world = World::new().await;
    let page = world.get("/book?day=2026-11-30").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains(TEN) && page.text.contains("Times are those of UTC"), "{}", page.text);
    let booked = book(&world, TEN, &WHO).await;
    assert_eq!(booked.status, 303, "{}", booked.text);
    let place = booked.header("location").to_owned();
    let shown = world.get(&place).await;
    assert!(shown.text.contains("Monday, 30 November 2026, 10:00 (UTC)"), "{}", shown.text);
    world.work().await;
    let (_, story) = world.crm.told().remove(0);
    assert_eq!(story.meeting, Some((at(TEN), at("2026-11-30T10:30:00Z"))));
    let letters = world.mail.letters_to("dana@example.com");
    assert_eq!(letters.len(), 1);
    assert!(letters[0].text.contains("Monday, 30 November 2026"), "{}", letters[0].text);
    let (status, headers, file) = world.file(&format!("{place}/calendar.ics")).await;
    let kind = headers["content-type"].to_str().unwrap_or_default();
    assert_eq!((status, kind), (200, "text/calendar; charset=utf-8"));
    let file = String::from_utf8(file).expect("text");
    assert!(file.contains("DTSTART:20261130T100000Z\r\n") && file.contains("SEQUENCE:0\r\n"), "{file}");
    let left = world.get("/book?day=2026-11-30").await;
    assert!(!left.text.contains(TEN), "the time is taken");
    assert_eq!(world.count("select count(*) from events where kind = 'site.booking'").await, 1);
}

#[tokio::test]
async fn of_many_who_want_one_time_one_gets_it() {
    let world = World::new().await;
    let page = world.get("/book").await;
    world.pass(Duration::seconds(10));
    let hidden = crate::support::hidden(&page.text);
    let wants = (0..8_u8).map(|n| {
        let (world, hidden) = (&world, &hidden);
        async move {
            let email = format!("visitor{n}@example.com");
            let mut fields: Vec<(&str, &str)> = hidden
                .iter()
                .filter(|(name, _)| name != "stamp" && name != "proof")
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            // Half an hour later they would meet in the free time after the first.
            let slot = if n % 2 == 0 { TEN } else { "2026-11-30T10:30:00Z" };
            fields.extend([("name", "Visitor"), ("email", email.as_str()), ("slot", slot)]);
            world.post_form_from([203, 0, 113, n], "/book", &fields).await.status
        }
    });
    let answers = futures_util::future::join_all(wants).await;
    assert_eq!(answers.iter().filter(|status| **status == 303).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 422).count(), 7, "{answers:?}");
    assert_eq!(world.count("select count(*) from site_booking_quarters").await, 3);
    assert_eq!(
        world.count("select count(*) from site_inquiries").await,
        1,
        "who got none is asked again with what they typed"
    );
}

#[tokio::test]
async fn the_same_form_sent_twice_is_one_booking() {
    let world = World::new().await;
    let first = book(&world, TEN, &WHO).await;
    let again = book(&world, TEN, &WHO).await;
    assert_eq!((again.status, again.header("location")), (303, first.header("location")), "{}", again.text);
    assert_eq!(world.count("select count(*) from site_bookings").await, 1);
}

#[tokio::test]
async fn a_booking_is_moved_and_cancelled_by_its_link_alone() {
    let world = World::new().await;
    let place = book(&world, TEN, &WHO).await.header("location").to_owned();
    world.work().await;
    assert_eq!(world.get(&format!("{place}/move")).await.status, 200);
    let moved = world.post_form(&format!("{place}/move"), &[("slot", "2026-12-01T15:00:00Z")]).await;
    assert_eq!(moved.status, 303, "{}", moved.text);
    world.work().await;
    let told = world.crm.told();
    assert_eq!(
        told.last().and_then(|(_, story)| story.meeting),
        Some((at("2026-12-01T15:00:00Z"), at("2026-12-01T15:30:00Z")))
    );
    assert!(world.get("/book?day=2026-11-30").await.text.contains(TEN), "the first time is free again");
    for _ in 0..2 {
        assert_eq!(world.post_form(&format!("{place}/cancel"), &[]).await.status, 303);
    }
    world.work().await;
    assert_eq!(world.count("select count(*) from site_booking_quarters").await, 0);
    assert_eq!(
        world.crm.told().last().map(|(_, story)| story.title.clone()).as_deref(),
        Some("Consultation cancelled: Tuesday, 1 December 2026, 15:00 (UTC)")
    );
    let letters = world.mail.letters_to("dana@example.com");
    assert_eq!(letters.len(), 3, "booked, moved, cancelled");
    assert_eq!(world.get("/book/00000000000000000000000000").await.status, 404);
    let late = world.post_form(&format!("{place}/move"), &[("slot", "2026-12-02T15:00:00Z")]).await;
    assert_eq!(late.status, 409, "{}", late.text);
}

#[tokio::test]
async fn times_outside_of_the_hours_and_of_the_past_are_refused_with_everything_kept() {
    let world = World::new().await;
    for slot in
        ["2026-11-28T10:00:00Z", "2026-11-30T03:00:00Z", "2026-11-27T09:00:00Z", "2027-11-30T10:00:00Z", "soon", ""]
    {
        let refused = book(&world, slot, &WHO).await;
        assert_eq!(refused.status, 422, "{slot}: {}", refused.text);
        assert!(refused.text.contains("Dana Whitfield") && refused.text.contains("Calls after five."));
        world.pass(Duration::hours(1));
    }
    assert_eq!(world.count("select count(*) from site_booking_quarters").await, 0);
}

#[tokio::test]
async fn a_visitor_sees_the_times_of_their_own_place() {
    let world = World::with(&serde_json::json!({ "time_zone": "Europe/Berlin" })).await;
    let page = world.get("/book?day=2026-11-30&zone=America/New_York").await;
    // Nine in Berlin is three at night in New York.
    assert!(page.text.contains("America/New York") && page.text.contains("<span>03:00</span>"), "{}", page.text);
    let fields = [&WHO[..], &[("slot", TEN), ("zone", "America/New_York")]].concat();
    let booked = world.fill("/book", "/book", &fields).await;
    let shown = world.get(booked.header("location")).await;
    assert!(shown.text.contains("05:00 (America/New York)"), "{}", shown.text);
    let odd = world.get("/book?zone=Nowhere/Atall&day=9999-99-99").await;
    assert!(odd.text.contains("Europe/Berlin"), "{}", odd.text);
}
