//! What programs set up of a site: how it looks, when it is open, its pictures, and the people who write.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use shell::Role;
use shell::testing::Answer;

use crate::support::World;

const SETTINGS: &str = "/v2/site/settings";
const PICTURES: &str = "/v2/site/pictures";
const AUTHORS: &str = "/v2/site/authors";

async fn call(world: &World, token: &str, method: Method, path: &str, body: Value) -> Answer {
    world.web.call(token, method, path, Some(&body)).await
}

async fn removed(world: &World, token: &str, path: &str) -> u16 {
    world.web.call(token, Method::DELETE, path, None).await.status
}

/// A form with a file, as a program sends it.
async fn upload(world: &World, token: &str, alt: &str, bytes: &[u8]) -> Answer {
    let mut body = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"alt\"\r\n\r\n{alt}\r\n--XX\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"desk.png\"\r\nContent-Type: image/png\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--XX--\r\n");
    let request = Request::post(PICTURES)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX");
    world.send(request.body(Body::from(body)).expect("a request")).await
}

fn id_of(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap_or_else(|| panic!("no id: {}", answer.text)).to_owned()
}

#[tokio::test]
async fn all_of_the_settings_are_read_and_changed_part_by_part() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let before = world.web.get(&admin, SETTINGS).await.json();
    assert_eq!((&before["look"]["hue"], &before["hours"]["from"]), (&json!(207), &json!("09:00")), "{before}");
    assert_eq!((&before["doubleOptIn"], &before["keptDays"]), (&json!(true), &json!(730)), "{before}");
    let change = json!({
        "legalName": "Northwind Ltd", "postalAddress": "1 Quay\nHull", "timeZone": "Europe/London", "keptDays": 365,
        "look": { "hue": 29 }, "hours": { "days": [1, 3], "to": "12:00" }
    });
    let changed = call(&world, &admin, Method::PATCH, SETTINGS, change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let mut expected = before.clone();
    (expected["legalName"], expected["postalAddress"]) = (json!("Northwind Ltd"), json!("1 Quay\nHull"));
    (expected["timeZone"], expected["keptDays"]) = (json!("Europe/London"), json!(365));
    (expected["look"]["hue"], expected["hours"]["days"], expected["hours"]["to"]) =
        (json!(29), json!([1, 3]), json!("12:00"));
    assert_eq!(changed.json(), expected, "what was not said stays");
    assert_eq!(world.web.get(&admin, SETTINGS).await.json(), expected);
    assert!(world.get("/privacy").await.text.contains("Northwind Ltd"));
    for (wrong, field) in [
        (json!({ "look": { "chroma": 1.0 } }), "look.chroma"),
        (json!({ "look": { "logo": "img_00000000000000000000000000" } }), "look.logo"),
        (json!({ "hours": { "from": "late" } }), "hours.from"),
        (json!({ "hours": { "minutes": 20 } }), "hours.minutes"),
        (json!({ "keptDays": 2 }), "keptDays"),
    ] {
        let refused = call(&world, &admin, Method::PATCH, SETTINGS, wrong).await;
        assert_eq!((refused.status, refused.text.contains(&format!("\"{field}\""))), (422, true), "{}", refused.text);
    }
    assert_eq!(world.web.get(&admin, SETTINGS).await.json(), expected, "nothing was kept of what was refused");
}

#[tokio::test]
async fn pictures_are_kept_described_shown_and_removed() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let bytes = images::share_card("A picture", "Northwind", 200, 0.1).expect("drawn");
    let kept = upload(&world, &admin, "A desk", &bytes).await;
    assert_eq!(kept.status, 201, "{}", kept.text);
    let (id, picture) = (id_of(&kept), kept.json());
    assert_eq!((&picture["name"], &picture["alt"]), (&json!("desk.png"), &json!("A desk")));
    let path = picture["files"][0]["path"].as_str().expect("a path").to_owned();
    assert_eq!(world.file(&path).await.0, 200);
    assert_eq!(id_of(&upload(&world, &admin, "A desk", &bytes).await), id, "the same file is the same picture");
    let listed = world.web.get(&admin, &format!("{PICTURES}?limit=1")).await.json();
    assert_eq!((&listed["data"][0], &listed["next_cursor"]), (&picture, &Value::Null), "{listed}");

    let own = format!("{PICTURES}/{id}");
    let told = call(&world, &admin, Method::PATCH, &own, json!({ "alt": "Two telephones" })).await;
    assert_eq!((told.status, &told.json()["alt"]), (200, &json!("Two telephones")), "{}", told.text);
    assert_eq!(call(&world, &admin, Method::PATCH, &own, json!({ "alt": " " })).await.status, 422);
    let mark = json!({ "look": { "logo": id } });
    assert_eq!(call(&world, &admin, Method::PATCH, SETTINGS, mark).await.json()["look"]["logo"], json!(id));
    assert_eq!(removed(&world, &admin, &own).await, 409, "it is the site's mark");
    let none = call(&world, &admin, Method::PATCH, SETTINGS, json!({ "look": { "logo": null } })).await;
    assert_eq!(none.json()["look"]["logo"], Value::Null, "{}", none.text);
    assert_eq!(removed(&world, &admin, &own).await, 204);
    assert_eq!((removed(&world, &admin, &own).await, world.file(&path).await.0), (404, 404));

    let refused = upload(&world, &admin, "", &bytes).await;
    assert_eq!((refused.status, refused.text.contains("\"alt\"")), (422, true), "{}", refused.text);
    assert_eq!(upload(&world, &admin, "x", b"<svg/>").await.status, 422);
    let agent = world.token(Role::Agent);
    assert_eq!(upload(&world, &agent, "A desk", &bytes).await.status, 403);
    assert_eq!(world.web.get(&agent, PICTURES).await.status, 403);
    assert_eq!(world.count("select count(*) from site_images").await, 0);
}

#[tokio::test]
async fn people_who_write_are_added_changed_and_removed() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let made = world.web.post(&admin, AUTHORS, &json!({ "name": "Dana Whitfield", "role": "Founder" })).await;
    assert_eq!((made.status, &made.json()["slug"]), (201, &json!("dana-whitfield")), "{}", made.text);
    let own = format!("{AUTHORS}/{}", id_of(&made));
    let changed = call(&world, &admin, Method::PATCH, &own, json!({ "bio": "Counts calls." })).await;
    assert_eq!((&changed.json()["bio"], &changed.json()["role"]), (&json!("Counts calls."), &json!("Founder")));
    let listed = world.web.get(&admin, AUTHORS).await.json();
    assert_eq!(listed["data"], json!([changed.json()]));
    for (wrong, field) in [
        (json!({ "name": "Another", "slug": "dana-whitfield" }), "slug"),
        (json!({ "name": " " }), "name"),
        (json!({ "name": "Another", "image": "img_00000000000000000000000000" }), "image"),
    ] {
        let refused = world.web.post(&admin, AUTHORS, &wrong).await;
        assert_eq!((refused.status, refused.text.contains(&format!("\"{field}\""))), (422, true), "{}", refused.text);
    }

    let post = json!({ "kind": "post", "slug": "calls", "title": "Calls", "body": "Words.", "author": id_of(&made) });
    let page = world.web.post(&admin, "/v2/site/pages", &post).await;
    assert_eq!(page.status, 201, "{}", page.text);
    assert_eq!(removed(&world, &admin, &own).await, 409, "a page names them");
    let without = json!({ "revision": 1, "author": null });
    let pages = format!("/v2/site/pages/{}", id_of(&page));
    assert_eq!(call(&world, &admin, Method::PATCH, &pages, without).await.status, 200);
    let theirs = world.web.token(world.other("south.test").await, Role::Admin);
    assert_eq!(removed(&world, &theirs, &own).await, 404);
    assert_eq!(call(&world, &theirs, Method::PATCH, &own, json!({ "bio": "Mine." })).await.status, 404);
    assert_eq!(removed(&world, &admin, &own).await, 204);
    assert_eq!(world.web.get(&world.token(Role::Agent), AUTHORS).await.status, 403);
    assert_eq!(world.count("select count(*) from audit_log where action like 'site.author_%'").await, 3);
}
