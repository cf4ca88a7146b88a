//! Everything a public form meets: markup in every field, header injection, long and odd values, replays, floods.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{World, hidden};

const MARKUP: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>";

fn message(text: &str) -> Value {
    json!({ "name": "Dana", "email": "dana@example.com", "message": text, "inquiryType": "question" })
}

#[tokio::test]
async fn markup_in_every_field_is_words_wherever_it_is_shown() {
    let world = World::new().await;
    let fields =
        ["name", "email", "company", "phone", "topic", "message", "letters", "slot", "zone"].map(|name| (name, MARKUP));
    for (page, action) in [("/contact", "/contact"), ("/letters", "/letters"), ("/book", "/book")] {
        let answer = world.fill(page, action, &fields).await;
        assert_eq!(answer.status, 422, "{action}: {}", answer.text);
        assert!(!answer.text.contains("<script>alert") && !answer.text.contains("<img src=x"), "{action}");
    }
    for path in [
        "/contact?topic=%3Cscript%3Ealert(1)%3C/script%3E",
        "/book?zone=%3Cscript%3Ealert(1)%3C/script%3E&day=%22%3E%3Cscript%3E",
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text.contains("<script>alert"), "{path}");
    }
}

#[tokio::test]
async fn nothing_becomes_a_header_of_a_letter() {
    let world = World::new().await;
    for (field, value) in [
        ("name", "Dana\r\nBcc: all@example.com"),
        ("email", "dana@example.com\r\nBcc: all@example.com"),
        ("email", "dana@example.com, all@example.com"),
        ("company", "Northwind\nSubject: Buy"),
    ] {
        let mut body = message("Hello");
        body[field] = json!(value);
        let answer = world.post_json("/v2/contact/submit", &body).await;
        assert_eq!(answer.status, 422, "{value:?}: {}", answer.text);
        assert_eq!(answer.json()["error"]["details"][0]["field"], field);
        world.pass(Duration::minutes(10));
    }
    world.work().await;
    assert!(world.mail.letters().is_empty());
}

#[tokio::test]
async fn odd_bodies_are_refused_with_words_and_never_by_a_fault() {
    let world = World::new().await;
    let bodies = [
        json!({}),
        json!([]),
        json!({ "name": 7, "email": {}, "message": [], "inquiryType": null }),
        json!({ "name": "D", "email": "d@example.com", "message": "x", "inquiryType": "question", "admin": true }),
        message(&"x".repeat(20_000)),
        message("a\u{0}b"),
        message(""),
    ];
    for body in bodies {
        let answer = world.post_json("/v2/contact/submit", &body).await;
        assert!(matches!(answer.status, 400 | 422), "{}: {}", answer.status, answer.text);
        world.pass(Duration::minutes(10));
    }
    let large = world.post_json("/v2/contact/submit", &message(&"x".repeat(1 << 20))).await;
    assert_eq!(large.status, 413, "{}", large.text);
    let form = "y".repeat(900_000);
    let large = world.post_form("/contact", &[("name", "Dana"), ("email", "d@example.com"), ("message", &form)]).await;
    assert_eq!(large.status, 422, "{}", large.status);
    assert_eq!(world.count("select count(*) from site_inquiries").await, 0);
}

#[tokio::test]
async fn a_form_that_is_sent_again_with_other_words_tells_that_it_is_a_program() {
    let world = World::new().await;
    let page = world.get("/contact").await;
    let hidden = hidden(&page.text);
    world.pass(Duration::seconds(1));
    for n in 0..3 {
        let (email, text) = (format!("d{n}@example.com"), format!("Offer number {n}"));
        let mut fields: Vec<(&str, &str)> =
            hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.extend([("name", "Dana"), ("email", email.as_str()), ("message", text.as_str())]);
        assert_eq!(world.post_form("/contact", &fields).await.status, 303);
    }
    // Quick and used before: from the second on.
    assert_eq!(world.count("select count(*) from site_inquiries where state = 'spam'").await, 2);
}

#[tokio::test]
async fn a_flood_of_one_address_is_told_to_wait() {
    let world = World::new().await;
    let mut refused = 0;
    for n in 0..25 {
        let answer = world.post_json("/v2/contact/submit", &message(&format!("Hello {n}"))).await;
        assert!(matches!(answer.status, 202 | 429), "{}: {}", answer.status, answer.text);
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(refused, 5);
    let other = world.post_json_from([198, 51, 100, 1], "/v2/contact/submit", &message("Hello from elsewhere")).await;
    assert_eq!(other.status, 202, "others are served");
}

#[tokio::test]
async fn in_a_flood_of_many_addresses_a_person_with_a_browser_still_gets_through() {
    let world = World::new().await;
    for n in 0..70_u8 {
        let body = json!({
            "name": "Dana", "email": format!("v{n}@example.com"), "message": format!("Hello {n}"), "inquiryType": "question",
        });
        let answer = world.post_json_from([198, 51, 100, n], "/v2/contact/submit", &body).await;
        assert_eq!(answer.status, 202, "{}", answer.text);
    }
    let aside = world.count("select count(*) from site_inquiries where state = 'spam'").await;
    assert_eq!(aside, 10, "what comes over the rate without work is kept aside");
    let fields = [("name", "Sam"), ("email", "sam@example.com"), ("message", "We lose calls.")];
    assert_eq!(world.fill("/contact", "/contact", &fields).await.status, 303);
    assert_eq!(world.count("select count(*) from site_inquiries where state = 'spam'").await, aside);
}

#[tokio::test]
async fn one_site_knows_nothing_of_anothers_links_and_stamps() {
    let world = World::new().await;
    world.other("south.example").await;
    let booked = world
        .fill("/book", "/book", &[("name", "Dana"), ("email", "dana@example.com"), ("slot", "2026-11-30T10:00:00Z")])
        .await;
    let place = booked.header("location").to_owned();
    assert_eq!(world.get(&place).await.status, 200);
    assert_eq!(world.get_with(&place, &[("x-forwarded-host", "south.example")]).await.status, 200);
    assert_eq!(world.at_host("south.example", &place).await.status, 404);
    assert_eq!(world.at_host("south.example", "/contact").await.status, 200);
}

#[tokio::test]
async fn the_link_of_a_consultation_confirms_no_address() {
    let world = World::new().await;
    let fields = [("name", "Mallory"), ("email", "dana@example.com"), ("slot", "2026-11-30T10:00:00Z")];
    let booked = world.fill("/book", "/book", &fields).await;
    let token = booked.header("location").rsplit('/').next().expect("a token").to_owned();
    world.work().await;
    for word in ["confirm", "stop"] {
        let place = format!("/letters/{word}/{token}");
        assert_eq!((world.get(&place).await.status, world.post_form(&place, &[]).await.status), (404, 404), "{word}");
    }
    world.work().await;
    assert_eq!(world.count("select count(*) from site_inquiries where consent or confirmed_at is not null").await, 0);
    assert!(world.crm.told().iter().all(|(_, story)| story.letters.is_none()));
}

#[tokio::test]
async fn a_consultation_is_no_way_to_flood_an_address() {
    let world = World::new().await;
    let fields = [("name", "Mallory"), ("email", "dana@example.com"), ("slot", "2026-11-30T10:00:00Z")];
    let place = world.fill("/book", "/book", &fields).await.header("location").to_owned();
    let mut answers = Vec::new();
    for n in 0..6 {
        let slot = if n % 2 == 0 { "2026-11-30T12:00:00Z" } else { "2026-11-30T10:00:00Z" };
        answers.push(world.post_form(&format!("{place}/move"), &[("slot", slot)]).await.status);
    }
    assert_eq!(answers, [303, 303, 303, 303, 303, 409]);
    assert_eq!(world.post_form(&format!("{place}/cancel"), &[]).await.status, 303, "it can be cancelled still");
}

#[tokio::test]
async fn what_one_request_says_stands_in_nobody_elses_page() {
    let world = World::new().await;
    world.other("south.example").await;
    for path in ["/about", "/sitemap.xml", "/feed.xml"] {
        assert_eq!(world.at_host("south.example:1337", path).await.status, 200, "{path}");
        let page = world.at_host("south.example", path).await;
        assert!(page.text.contains("://south.example") && !page.text.contains(":1337"), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn addresses_that_strangers_invent_are_not_counted() {
    let world = World::new().await;
    for path in ["/solutions/none-1", "/case-studies/none-2", "/blog/none-3", "/blog/tag/none-4", "/none-5"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    for path in ["/solutions/dentists", "/solutions/%64entists", "/solutions/d%65ntists"] {
        assert_eq!(world.get(path).await.status, 200, "{path}");
    }
    world.core.settle().await;
    let counted = world.text("select string_agg(path || ' ' || views, ', ' order by path) from site_views").await;
    assert_eq!(counted, "/solutions/dentists 3");
}

#[tokio::test]
async fn the_sites_role_changes_what_its_token_opens_and_only_what_a_visit_changes() {
    let world = World::new().await;
    let fields = [("name", "Dana"), ("email", "dana@example.com"), ("slot", "2026-11-30T10:00:00Z")];
    let booked = world.fill("/book", "/book", &fields).await;
    let token = booked.header("location").rsplit('/').next().expect("a token").to_owned();
    let db = &world.web.kernel.db;
    for statement in [
        "update site_bookings set token_hash = 'another'",
        "update site_bookings set org_id = gen_random_uuid()",
        "delete from site_bookings",
        "update site_inquiries set contact_id = gen_random_uuid()",
        "update site_inquiries set token_hash = 'another'",
        "insert into site_inquiries (org_id, id, kind, sealed, email_index, digest, lead_id, at, updated_at) \
         values (recoup_org(), gen_random_uuid(), 'contact', '', '', '', gen_random_uuid(), now(), now())",
        "update site_redirects set to_path = 'https://evil.example'",
        "update site_audits set words = '{}'",
        "update site_views set path = '/'",
    ] {
        let mut tx = db.begin_site(world.org, Some(&token)).await.expect("a transaction");
        assert!(sqlx::query(statement).execute(tx.conn()).await.is_err(), "{statement}");
    }
    // Nobody gives back what somebody else has taken.
    for (token, taken) in [("another", 0), (token.as_str(), 3)] {
        let mut tx = db.begin_site(world.org, Some(token)).await.expect("a transaction");
        let gone = sqlx::query("delete from site_booking_quarters").execute(tx.conn()).await.expect("it runs");
        assert_eq!(gone.rows_affected(), taken);
    }
}

#[tokio::test]
async fn the_sites_role_speaks_for_no_person() {
    let world = World::new().await;
    let chat = uuid::Uuid::from_u128(7);
    for (author, may) in [("visitor", true), ("assistant", true), ("person", false)] {
        let mut tx = world.web.kernel.db.begin_site(world.org, Some("a chat")).await.expect("a transaction");
        sqlx::query(
            "insert into site_chats (org_id, id, token_hash, flow, source, begun_at, last_at) \
             values (recoup_org(), $1, recoup_site_token(), '{}', '{}', now(), now())",
        )
        .bind(chat)
        .execute(tx.conn())
        .await
        .expect("a chat");
        let said = sqlx::query(
            "insert into site_chat_messages (org_id, chat_id, id, author, sealed, at) \
             values (recoup_org(), $1, gen_random_uuid(), $2, '', now())",
        )
        .bind(chat)
        .bind(author)
        .execute(tx.conn())
        .await;
        assert_eq!(said.is_ok(), may, "{author}");
    }
}
