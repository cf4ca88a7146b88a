//! The desk of what the site says: writing, publishing, scheduling, two people at once, history, pictures.

use axum::body::Body;
use axum::http::{Method, Request, header};
use chrono::Duration;
use shell::Role;
use shell::testing::Answer;

use crate::support::World;

/// Fields as a form sends them.
fn form(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect()
    };
    fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}

async fn create(world: &World, token: &str, fields: &[(&str, &str)]) -> Answer {
    world.web.submit(token, Method::POST, "/admin/content", &form(fields)).await
}

async fn save(world: &World, token: &str, id: &str, fields: &[(&str, &str)]) -> Answer {
    world.web.submit(token, Method::POST, &format!("/admin/content/{id}"), &form(fields)).await
}

/// The id of a page that was just kept.
fn id_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let place = answer.header("location").strip_prefix("/admin/content/").expect("its editor");
    place.split('?').next().unwrap_or_default().to_owned()
}

const POST: [(&str, &str); 6] = [
    ("kind", "post"),
    ("slug", "missed-calls"),
    ("title", "What a missed call costs"),
    ("summary", "Three numbers you already have."),
    ("body", "## Count them\n\nWords with **weight**."),
    ("act", "publish"),
];

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<(&str, &str)> = POST.to_vec();
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    fields
}

#[tokio::test]
async fn what_is_published_is_seen_at_once_and_told_to_the_ledger() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    assert_eq!(world.get("/blog/missed-calls").await.status, 404);
    let id = id_of(&create(&world, &admin, &with(&[])).await);
    let page = world.get("/blog/missed-calls").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("<strong>weight</strong>") && page.text.contains("BlogPosting"), "{}", page.text);
    let changed = [("revision", "1"), ("body", "Other words."), ("act", "save")];
    id_of(&save(&world, &admin, &id, &with(&changed)).await);
    assert!(world.get("/blog/missed-calls").await.text.contains("Other words."));
    id_of(&save(&world, &admin, &id, &with(&[("revision", "2"), ("act", "archive")])).await);
    assert_eq!(world.get("/blog/missed-calls").await.status, 404);
    assert_eq!(world.count("select count(*) from site_pages").await, 1, "it is archived, not deleted");
    assert_eq!(world.count("select count(*) from site_revisions").await, 3);
    assert_eq!(world.count("select count(*) from events where kind = 'site.page'").await, 3);
}

#[tokio::test]
async fn every_page_of_the_desk_shows_and_asks_who_may() {
    let world = World::new().await;
    let (admin, agent) = (world.token(Role::Admin), world.token(Role::Agent));
    let id = id_of(&create(&world, &admin, &with(&[])).await);
    let (editor, history) = (format!("/admin/content/{id}"), format!("/admin/content/{id}/history"));
    for path in [
        "/admin/content",
        "/admin/content?kind=page&state=draft&q=x",
        "/admin/content?kind=solution",
        "/admin/content/new?kind=post",
        "/admin/content/new?kind=page&slug=about",
        "/admin/content/new?kind=case_study",
        "/admin/images",
        "/admin/authors",
        &editor,
        &history,
    ] {
        let page = world.web.browse(&admin, path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        assert_eq!(world.web.browse(&agent, path).await.status, 403, "{path}");
    }
    let words = form(&[("title", "T"), ("body", "# One <script>alert(1)</script>")]);
    let shown = world.web.submit(&admin, Method::POST, "/admin/content/preview", &words).await;
    assert!(shown.text.contains("&lt;script&gt;") && !shown.text.contains("<script"), "{}", shown.text);
    assert_eq!(world.web.submit(&agent, Method::POST, "/admin/content", &form(&POST)).await.status, 403);
}

#[tokio::test]
async fn a_draft_is_seen_by_its_link_alone_and_a_link_ends_when_the_page_is_published() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let made = create(&world, &admin, &with(&[("act", "link")])).await;
    let id = id_of(&made);
    let token = made.header("location").split("link=").nth(1).expect("a token").to_owned();
    let editor = world.web.browse(&admin, made.header("location")).await;
    assert!(editor.text.contains(&format!("/blog/missed-calls?preview={token}")), "{}", editor.text);
    assert_eq!(world.get("/blog/missed-calls").await.status, 404);
    assert_eq!(world.get("/blog/missed-calls?preview=wrong").await.status, 404);
    let draft = world.get(&format!("/blog/missed-calls?preview={token}")).await;
    assert_eq!(draft.status, 200);
    assert!(draft.text.contains("noindex") && draft.text.contains("This is a preview"), "{}", draft.text);
    assert!(draft.header("cache-control").contains("no-store"));
    assert!(!world.get("/blog").await.text.contains("missed-calls"), "no list shows it");
    id_of(&save(&world, &admin, &id, &with(&[("revision", "1")])).await);
    let again = world.get(&format!("/blog/missed-calls?preview={token}")).await;
    assert_eq!((again.status, again.header("location")), (303, "/blog/missed-calls"));
}

#[tokio::test]
async fn what_is_scheduled_comes_when_its_time_has_come() {
    let world = World::with(&serde_json::json!({ "time_zone": "Europe/Berlin" })).await;
    let admin = world.token(Role::Admin);
    // 11:00 in Berlin now.
    let past = [("act", "schedule"), ("publish_at", "2026-11-27T10:59"), ("body", "Words that must not be lost.")];
    let refused = create(&world, &admin, &with(&past)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("has passed") && refused.text.contains("Words that must not be lost."));
    id_of(&create(&world, &admin, &with(&[("act", "schedule"), ("publish_at", "2026-11-27T12:00")])).await);
    world.pass(Duration::minutes(59));
    world.look().await;
    assert_eq!(world.get("/blog/missed-calls").await.status, 404);
    world.pass(Duration::minutes(3));
    world.look().await;
    world.look().await;
    let page = world.get("/blog/missed-calls").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("2026-11-27T11:00:00Z"), "the time that was promised: {}", page.text);
    assert_eq!(world.count("select count(*) from events where kind = 'site.page'").await, 1, "once");
}

#[tokio::test]
async fn of_two_who_write_at_once_nobody_loses_a_word() {
    let world = World::new().await;
    let (one, two) = (world.token(Role::Admin), world.token(Role::Owner));
    let id = id_of(&create(&world, &one, &with(&[])).await);
    let first = [("revision", "1"), ("body", "What one wrote."), ("act", "save")];
    id_of(&save(&world, &one, &id, &with(&first)).await);
    let second = [("revision", "1"), ("body", "What two wrote."), ("act", "save")];
    let overtaken = save(&world, &two, &id, &with(&second)).await;
    assert_eq!(overtaken.status, 409);
    assert!(overtaken.text.contains("What one wrote.") && overtaken.text.contains("What two wrote."));
    assert!(overtaken.text.contains("name=\"revision\" value=\"2\""), "the next save is over theirs");
    assert!(world.get("/blog/missed-calls").await.text.contains("What one wrote."));
    let knowing = [("revision", "2"), ("body", "What both wrote."), ("act", "save")];
    id_of(&save(&world, &two, &id, &with(&knowing)).await);
    assert!(world.get("/blog/missed-calls").await.text.contains("What both wrote."));
}

#[tokio::test]
async fn what_was_said_before_can_be_read_and_brought_back() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let id = id_of(&create(&world, &admin, &with(&[("body", "Kept line.\nOld line.")])).await);
    let next = [("revision", "1"), ("body", "Kept line.\nNew line."), ("act", "save")];
    id_of(&save(&world, &admin, &id, &with(&next)).await);
    let path = format!("/admin/content/{id}/history");
    let history = world.web.browse(&admin, &path).await;
    assert!(history.text.contains("class=\"gone\"") && history.text.contains("Old line."), "{}", history.text);
    let stale = world.web.submit(&admin, Method::POST, &path, "revision=1&over=1").await;
    assert_eq!(stale.status, 409);
    let back = world.web.submit(&admin, Method::POST, &path, "revision=1&over=2").await;
    assert_eq!(back.status, 303, "{}", back.text);
    assert!(world.get("/blog/missed-calls").await.text.contains("Old line."));
    assert_eq!(world.count("select revision::bigint from site_pages").await, 3);
}

#[tokio::test]
async fn an_address_that_moved_leads_on_and_no_address_leads_out() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let id = id_of(&create(&world, &admin, &with(&[])).await);
    id_of(&save(&world, &admin, &id, &with(&[("revision", "1"), ("slug", "lost-calls"), ("act", "save")])).await);
    let old = world.get("/blog/missed-calls").await;
    assert!(matches!(old.status, 301 | 308), "{}", old.status);
    assert_eq!(old.header("location"), "/blog/lost-calls");
    id_of(&save(&world, &admin, &id, &with(&[("revision", "2"), ("slug", "missed-calls"), ("act", "save")])).await);
    assert_eq!(world.get("/blog/missed-calls").await.status, 200, "back again: it does not lead in a circle");
    for slug in ["../admin", "a/b", "tag", "Ä", "a b", ""] {
        let refused = create(&world, &admin, &with(&[("slug", slug)])).await;
        assert_eq!(refused.status, 422, "{slug}");
        assert!(refused.text.contains("Words with **weight**."), "what was written is shown again");
    }
    let taken = create(&world, &admin, &with(&[])).await;
    assert_eq!(taken.status, 422);
    assert!(taken.text.contains("is the address of another page"), "{}", taken.text);
}

#[tokio::test]
async fn an_organisation_sees_its_own_pages_alone() {
    let world = World::new().await;
    let id = id_of(&create(&world, &world.token(Role::Admin), &with(&[])).await);
    let other = world.other("south.test").await;
    let theirs = world.web.token(other, Role::Admin);
    for path in [format!("/admin/content/{id}"), format!("/admin/content/{id}/history")] {
        assert_eq!(world.web.browse(&theirs, &path).await.status, 404, "{path}");
    }
    assert_eq!(save(&world, &theirs, &id, &with(&[("revision", "1")])).await.status, 404);
}

/// A form with a file, as a browser sends it.
async fn upload(world: &World, token: &str, alt: &str, name: &str, bytes: &[u8]) -> Answer {
    let mut body = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"alt\"\r\n\r\n{alt}\r\n--XX\r\nContent-Disposition: form-data; \
         name=\"file\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--XX--\r\n");
    let request = Request::post("/admin/images")
        .header(header::COOKIE, format!("recoup_session={token}"))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
        .header("sec-fetch-site", "same-origin")
        .header("x-csrf-token", shell::auth::token_for_session(token));
    world.send(request.body(Body::from(body)).expect("a request")).await
}

#[tokio::test]
async fn a_picture_is_kept_in_sizes_served_for_good_and_shown_among_words() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let mut picture = images::share_card("A picture", "Northwind", 200, 0.1).expect("drawn");
    // Something behind the picture that a browser could take for a page.
    picture.extend(b"<script>alert(1)</script>");
    for _ in 0..2 {
        let kept = upload(&world, &admin, "A desk", "../desk.png", &picture).await;
        assert_eq!(kept.status, 303, "{}", kept.text);
    }
    assert_eq!(world.count("select count(*) from site_images").await, 1, "the same bytes are the same picture");
    let sizes =
        world.text("select string_agg(width || '.' || format, ' ' order by width, format) from site_image_files").await;
    assert_eq!(sizes, "480.jpeg 480.webp 960.jpeg 960.webp 1200.jpeg 1200.webp");
    let raw = world.text("select id::text from site_images").await;
    let bits = u128::from_str_radix(&raw.replace('-', ""), 16).expect("an id");
    let id = format!("img_{}", kernel::ids::encode(bits));
    let (status, headers, bytes) = world.file(&format!("/media/{id}/480.webp")).await;
    assert_eq!((status, &bytes[8..12]), (200, &b"WEBP"[..]));
    assert_eq!(headers[header::CONTENT_TYPE], "image/webp");
    assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(!bytes.windows(7).any(|seven| seven == b"<script"));
    for odd in ["481.webp", "480.svg", "480.webp.html", "x"] {
        assert_eq!(world.file(&format!("/media/{id}/{odd}")).await.0, 404, "{odd}");
    }
    let body = format!("Words.\n\n![A quiet desk](/media/{id})");
    let fields = [("body", body.as_str()), ("image", id.as_str())];
    let page = id_of(&create(&world, &admin, &with(&fields)).await);
    let post = world.get("/blog/missed-calls").await.text;
    assert_eq!(post.matches("<picture>").count(), 2, "{post}");
    assert!(post.contains("alt=\"A quiet desk\"") && post.contains("fetchpriority=\"high\""), "{post}");
    let editor = world.web.browse(&admin, &format!("/admin/content/{page}")).await.text;
    assert!(editor.contains(&format!("/admin/images/{id}/480.jpeg")), "{editor}");
    assert_eq!(world.web.browse(&admin, &format!("/admin/images/{id}/480.jpeg")).await.status, 200);
    let remove = format!("/admin/images/{id}/remove");
    assert_eq!(world.web.submit(&admin, Method::POST, &remove, "").await.status, 409, "a page shows it");
    let without = [("revision", "1"), ("body", "Words."), ("image", ""), ("act", "save")];
    id_of(&save(&world, &admin, &page, &with(&without)).await);
    assert_eq!(world.web.submit(&admin, Method::POST, &remove, "").await.status, 303);
    assert_eq!(world.file(&format!("/media/{id}/480.webp")).await.0, 404);
}

#[tokio::test]
async fn what_is_no_picture_is_refused_with_words_and_nothing_is_kept() {
    let world = World::new().await;
    let admin = world.token(Role::Admin);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let cases: [(&str, &[u8], &str); 4] = [
        ("a.png", svg, "is an SVG"),
        ("a.png", b"GIF89a and more", "is not a PNG"),
        ("a.png", b"\x89PNG\r\n\x1a\nbroken", "is damaged"),
        ("a.png", b"", "is required"),
    ];
    for (name, bytes, words) in cases {
        let refused = upload(&world, &admin, "Two telephones", name, bytes).await;
        assert_eq!(refused.status, 422, "{words}");
        assert!(refused.text.contains(words) && refused.text.contains("Two telephones"), "{words}: {}", refused.text);
    }
    let large = upload(&world, &admin, "Large", "a.png", &vec![0; (10 << 20) + (65 << 10)]).await;
    assert!(matches!(large.status, 413 | 422), "{}", large.status);
    assert_eq!(world.count("select count(*) from site_images").await, 0);
    assert_eq!(upload(&world, &world.token(Role::Agent), "x", "a.png", svg).await.status, 403);
}
