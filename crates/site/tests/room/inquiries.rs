//! Forms become contacts, leads, tasks and letters, once; letters wait for a confirmed address; spam is kept and answered the same.

use chrono::Duration;
use serde_json::json;

use crate::support::World;

const FIELDS: [(&str, &str); 4] = [
    ("name", "Dana Whitfield"),
    ("email", "dana@example.com"),
    ("topic", "demo"),
    ("message", "We lose half of the calls after five o'clock."),
];

#[tokio::test]
async fn a_message_becomes_a_lead_with_its_story_a_task_and_two_letters() {
    let world = World::new().await;
    let owner = world.member("sam@northwind.example").await;
    world.settings(&json!({ "notify": [owner] })).await;
    let sent = world.fill("/contact", "/contact", &FIELDS).await;
    assert_eq!((sent.status, sent.header("location")), (303, "/contact/thanks"), "{}", sent.text);
    let thanks = world.get("/contact/thanks").await;
    assert!(thanks.text.contains("Monday, 30 November"), "{}", thanks.text);
    assert_eq!(world.text("select state from site_inquiries").await, "new");
    world.work().await;
    let told = world.crm.told();
    assert_eq!(told.len(), 1);
    let (person, story) = &told[0];
    assert_eq!((person.name.as_str(), person.email.as_str()), ("Dana Whitfield", "dana@example.com"));
    assert_eq!(story.title, "Contact form: See it at work");
    assert!(story.body.contains("half of the calls"), "{}", story.body);
    assert_eq!(story.task, "Answer Dana Whitfield, who wrote on the site");
    assert_eq!(story.due_at, Some(crate::support::at("2026-11-30T17:00:00Z")));
    assert_eq!(story.letters, None, "nobody asked for letters");
    assert_eq!(world.count("select count(*) from events where kind = 'site.inquiry'").await, 1);
    let receipt = &world.mail.letters_to("dana@example.com")[0];
    assert!(receipt.text.contains("Monday, 30 November"), "{}", receipt.text);
    assert!(!receipt.text.contains("half of the calls"), "what was typed does not go back: {}", receipt.text);
    let letter = &world.mail.letters_to("sam@northwind.example")[0];
    assert!(letter.text.contains("half of the calls"), "{}", letter.text);
    assert_eq!(world.work().await, 0);
}

#[tokio::test]
async fn what_is_kept_is_sealed() {
    let world = World::new().await;
    world.fill("/contact", "/contact", &FIELDS).await;
    let row = world.text("select row_to_json(i)::text from site_inquiries i").await;
    assert!(!row.contains("Dana") && !row.contains("example.com") && !row.contains("half of"), "{row}");
}

#[tokio::test]
async fn the_same_form_sent_twice_is_one_inquiry_and_one_lead() {
    let world = World::new().await;
    let body = json!({
        "name": "Dana", "email": "dana@example.com", "message": "We lose calls.", "inquiryType": "question",
    });
    let first = world.post_json("/v2/contact/submit", &body).await;
    assert_eq!(first.status, 202, "{}", first.text);
    assert_eq!(first.json()["status"], "received");
    assert_eq!(first.header("access-control-allow-origin"), "*");
    let again = world.post_json("/v2/contact/submit", &body).await;
    assert_eq!(again.json()["inquiryId"], first.json()["inquiryId"]);
    world.work().await;
    world.work().await;
    assert_eq!(world.count("select count(*) from site_inquiries").await, 1);
    assert_eq!(world.crm.told().len(), 1);
    assert_eq!(world.mail.letters_to("dana@example.com").len(), 1);
    world.pass(Duration::days(2));
    let later = world.post_json("/v2/contact/submit", &body).await;
    assert_ne!(later.json()["inquiryId"], first.json()["inquiryId"], "on another day it is another");
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost() {
    let world = World::new().await;
    let sent =
        world.fill("/contact", "/contact", &[("name", "Dana"), ("email", "dana"), ("message", "We lose calls.")]).await;
    assert_eq!(sent.status, 422);
    for kept in ["value=\"Dana\"", "value=\"dana\"", "We lose calls.", "is not an email address"] {
        assert!(sent.text.contains(kept), "{kept}: {}", sent.text);
    }
    assert_eq!(world.count("select count(*) from site_inquiries").await, 0);
    let refused = world
        .post_json(
            "/v2/contact/submit",
            &json!({ "name": "D", "email": "d@e.fr", "message": "x", "inquiryType": "buy" }),
        )
        .await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["error"]["details"][0]["field"], "inquiryType");
}

#[tokio::test]
async fn without_script_the_form_works_and_a_program_is_kept_aside_and_answered_the_same() {
    let world = World::new().await;
    let page = world.get("/contact").await;
    let stamp = crate::support::hidden(&page.text).into_iter().find(|(name, _)| name == "stamp").expect("a stamp").1;
    world.pass(Duration::seconds(20));
    let plain = [&FIELDS[..], &[("stamp", stamp.as_str()), ("proof", "")]].concat();
    assert_eq!(world.post_form("/contact", &plain).await.status, 303);
    assert_eq!(world.text("select state from site_inquiries").await, "new");
    let lured =
        [("name", "Bot"), ("email", "bot@example.com"), ("message", "Buy"), ("website", "https://spam.example")];
    let answer = world.post_form("/contact", &lured).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/contact/thanks"));
    world.work().await;
    assert_eq!(world.crm.told().len(), 1, "spam becomes nobody");
    assert!(world.mail.letters_to("bot@example.com").is_empty());
    assert_eq!(world.count("select count(*) from site_inquiries where state = 'spam'").await, 1);
    let why = world.text("select spam::text from site_inquiries where state = 'spam'").await;
    assert!(why.contains("people do not see"), "{why}");
}

#[tokio::test]
async fn letters_wait_until_the_address_is_confirmed_and_stop_with_one_click() {
    let world = World::new().await;
    let sent = world.fill("/letters", "/letters", &[("email", "dana@example.com")]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    world.work().await;
    assert!(world.crm.told().is_empty(), "an address that is not confirmed is nobody's yet");
    let asked = world.mail.letters_to("dana@example.com");
    assert_eq!(asked.len(), 1);
    let link = path_in(&asked[0].links(), "/letters/confirm/");
    assert_eq!(world.get(&link).await.status, 200);
    assert_eq!(world.text("select state from site_inquiries").await, "unconfirmed", "looking confirms nothing");
    for _ in 0..2 {
        assert_eq!(world.post_form(&link, &[]).await.status, 303);
        world.work().await;
    }
    assert_eq!(world.crm.told().last().map(|(_, story)| story.letters), Some(Some(true)));
    let welcome = world.mail.letters_to("dana@example.com");
    assert_eq!(welcome.len(), 2);
    let stop = path_in(&welcome[1].links(), "/letters/stop/");
    assert_eq!(world.get(&stop).await.status, 200);
    assert_eq!(world.post_form(&stop, &[]).await.status, 303);
    world.work().await;
    assert_eq!(world.crm.told().last().map(|(_, story)| story.letters), Some(Some(false)));
    assert_eq!(world.get("/letters/stop/00000000000000000000000000").await.status, 404);
}

#[tokio::test]
async fn a_contact_who_wants_letters_too_is_answered_at_once_and_asked_to_confirm() {
    let world = World::new().await;
    let fields = [&FIELDS[..], &[("letters", "yes")]].concat();
    world.fill("/contact", "/contact", &fields).await;
    world.work().await;
    assert_eq!(world.crm.told()[0].1.letters, None);
    let letters = world.mail.letters_to("dana@example.com");
    let subjects: Vec<&str> = letters.iter().map(standins::mail::Letter::subject).collect();
    assert_eq!(letters.len(), 2, "{subjects:?}");
    let link = letters.iter().flat_map(standins::mail::Letter::links).find(|link| link.contains("/letters/confirm/"));
    let link = path_in(&[link.expect("a link")], "/letters/confirm/");
    world.post_form(&link, &[]).await;
    world.work().await;
    assert_eq!(world.crm.told().last().map(|(_, story)| story.letters), Some(Some(true)));
}

#[tokio::test]
async fn an_inquiry_that_nobody_answers_becomes_a_task_once() {
    let world = World::new().await;
    world.fill("/contact", "/contact", &FIELDS).await;
    world.work().await;
    world.pass(Duration::days(1));
    world.look().await;
    assert!(world.crm.reminders().is_empty(), "it is Saturday");
    world.pass(Duration::days(3));
    world.look().await;
    world.look().await;
    assert_eq!(world.crm.reminders(), ["An inquiry of the site waits for an answer"]);
    world.owner("update site_inquiries set state = 'open', follow_up_at = '2026-12-02T09:00:00Z'").await;
    world.pass(Duration::days(2));
    world.look().await;
    world.look().await;
    assert_eq!(world.crm.reminders().len(), 2);
}

#[tokio::test]
async fn what_was_kept_long_enough_goes() {
    let world = World::with(&json!({ "kept_days": 30 })).await;
    world.fill("/contact", "/contact", &FIELDS).await;
    world.work().await;
    world.pass(Duration::days(29));
    world.look().await;
    assert_eq!(world.count("select count(*) from site_inquiries").await, 1);
    world.pass(Duration::days(2));
    world.look().await;
    assert_eq!(world.count("select count(*) from site_inquiries").await, 0);
}

/// The path of the first link that leads somewhere.
fn path_in(links: &[String], to: &str) -> String {
    let link = links.iter().find(|link| link.contains(to)).unwrap_or_else(|| panic!("no link to {to} in {links:?}"));
    link[link.find(to).expect("it is there")..].to_owned()
}
