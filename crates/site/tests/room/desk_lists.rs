//! What the rows of the desk say: each thing once, and times as they are where the site is.

use serde_json::json;
use shell::Role;

use crate::admin::{CONTACT, shown};
use crate::support::World;

#[tokio::test]
async fn what_an_inquiry_is_about_is_said_once_and_in_the_sites_own_time() {
    let world = World::with(&json!({ "time_zone": "America/New_York" })).await;
    let agent = world.token(Role::Agent);
    let audit = json!({
        "industry": "dentist", "companySize": "6_20", "painPoints": [], "currentSystems": ["crm"], "kpis": [],
        "contactInfo": { "email": "amara@example.com", "company": "Amara Dental" }
    });
    let sent = world.post_json("/v2/audit/submit", &audit).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    world.fill("/contact", "/contact", &CONTACT).await;
    // As a chat writes it.
    world.owner("update site_inquiries set kind = 'chat', topic = 'Chat on the site' where kind = 'contact'").await;
    let slot = [
        ("name", "Ben Okafor"),
        ("email", "ben@example.com"),
        ("message", "Late calls."),
        ("slot", "2026-11-30T15:00:00Z"),
    ];
    let booked = world.fill("/book", "/book", &slot).await;
    assert_eq!(booked.status, 303, "{}", booked.text);
    world.work().await;

    let list = shown(&world, &agent, "/admin/inquiries").await;
    for (said, times) in [
        (">Maturity audit: ", 1),
        ("Maturity audit: Maturity audit", 0),
        (">Chat on the site<", 1),
        (">Consultation: 30 Nov 2026, 10:00 EST<", 1),
        // When it arrived, before script makes it relative.
        (">27 Nov 2026, 05:00 EST<", 3),
        (" UTC<", 0),
    ] {
        assert_eq!(list.matches(said).count(), times, "{said}: {list}");
    }
    let told = world.crm.told();
    let (_, story) = told.iter().find(|(person, _)| person.email == "amara@example.com").expect("the audit's story");
    assert!(story.title.starts_with("Maturity audit: "), "{}", story.title);
    assert_eq!(story.body.matches("Maturity audit").count(), 0, "the title says it: {}", story.body);
    let rows: Vec<&str> =
        list.split("href=\"/admin/inquiries/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(rows.len(), 3, "{list}");
    for id in rows {
        let page = shown(&world, &agent, &format!("/admin/inquiries/{id}")).await;
        assert!(page.contains("EST</time>") && !page.contains(" UTC</time>"), "{page}");
    }
}
