//! Pages of words: whole for people and programs, the site's own before the built-in ones, and what is not there says so.

use axum::body::Body;
use axum::http::{Method, Request, header};
use base64::Engine as _;
use kernel::db::site_token;
use kernel::ids::OrgId;
use serde_json::{Value, json};
use shell::testing::Answer;

use crate::support::{BROWSER, World, visitor};

/// Pages that are there for everybody before anybody wrote one.
const PAGES: [&str; 9] = [
    "/",
    "/solutions",
    "/solutions/clinics",
    "/solutions/professional-services",
    "/case-studies",
    "/pricing",
    "/about",
    "/privacy",
    "/terms",
];

/// A page of the database.
struct Written<'a> {
    kind: &'a str,
    slug: &'a str,
    title: &'a str,
    body: &'a str,
    fields: Value,
    /// A preview link's token; the page is a draft then.
    token: Option<&'a str>,
}

const PAGE: Written<'static> =
    Written { kind: "page", slug: "", title: "", body: "", fields: Value::Null, token: None };

async fn write(world: &World, org: OrgId, page: Written<'_>) {
    let fields = if page.fields.is_null() { json!({}) } else { page.fields };
    sqlx::query(
        "insert into site_pages (org_id, id, kind, slug, title, summary, body, fields, state, published_at, preview_hash, made_by, \
         created_at, updated_at) values ($1, gen_random_uuid(), $2, $3, $4, 'What it is about.', $5, $6, \
         case when $7::text is null then 'published' else 'draft' end, $8, $7, 'test', $8, $8)",
    )
    .bind(org)
    .bind(page.kind)
    .bind(page.slug)
    .bind(page.title)
    .bind(page.body)
    .bind(fields)
    .bind(page.token.map(site_token))
    .bind(world.now())
    .execute(&mut world.web.db.owner().await)
    .await
    .expect("a page");
}

async fn redirect(world: &World, from: &str, to: &str, permanent: bool) {
    sqlx::query(
        "insert into site_redirects (org_id, from_path, to_path, permanent, by_actor, at) values ($1, $2, $3, $4, 'test', $5)",
    )
    .bind(world.org)
    .bind(from)
    .bind(to)
    .bind(permanent)
    .bind(world.now())
    .execute(&mut world.web.db.owner().await)
    .await
    .expect("a redirect");
}

async fn get_at(world: &World, host: &str, path: &str) -> Answer {
    let request = Request::builder().uri(path).header(header::HOST, host).header(header::USER_AGENT, BROWSER);
    world.send(request.body(Body::empty()).expect("a request")).await
}

/// A browser takes the page's style and script: the policy names what stands in it, as browsers reckon it.
#[track_caller]
fn allows_what_stands_in_it(page: &Answer) {
    let policy = page.header("content-security-policy");
    let of = |kind: &str| {
        let (open, close) = (format!("<{kind}>"), format!("</{kind}>"));
        let texts = page.text.split(&open).skip(1).filter_map(|rest| rest.split(&close).next());
        let allowed =
            policy.split("; ").find(|part| part.starts_with(&format!("{kind}-src 'self' "))).unwrap_or_default();
        let texts: Vec<&str> = texts.collect();
        for text in &texts {
            let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
            let named = format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(digest));
            assert!(allowed.contains(&named), "{policy} lacks {named}");
        }
        (texts.len(), allowed.matches("'sha256-").count())
    };
    let (there, named) = of("style");
    assert!(there >= 1 && named <= there + 2, "and no other than what some pages have besides: {policy}");
    assert_eq!(of("script"), (1, 1), "{policy}");
}

/// What stands for search engines in a page, read.
fn data(page: &str) -> Vec<Value> {
    let blocks = page.split("<script type=\"application/ld+json\">").skip(1);
    blocks
        .map(|rest| rest.split("</script>").next().unwrap_or_default())
        .map(|block| serde_json::from_str(block).expect("it is JSON"))
        .collect()
}

#[tokio::test]
async fn every_page_is_whole_for_people_and_programs() {
    let world = World::new().await;
    for path in PAGES {
        let page = world.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        assert_eq!(page.text.matches("<h1").count(), 1, "{path} has one heading");
        for part in [
            "<html lang=\"en\">",
            "<main id=\"main\"",
            "<meta name=\"description\" content=\"",
            "class=\"skip\"",
            "og:image",
        ] {
            assert!(page.text.contains(part), "{path} lacks {part}");
        }
        assert!(page.text.contains(&format!("{path}\">\n<style>")), "{path} says its one address");
        assert!(!page.text.contains("noindex"), "{path} may be found");
        assert_eq!(page.header("set-cookie"), "", "{path} sets no cookie");
        assert!(page.header("content-security-policy").contains("default-src 'self'"), "{path}");
        for inline in [" style=\"", " onclick=", "javascript:", "{owner}", ":if ", ":end", "/assets/missing"] {
            let written = page.text.rsplit("</style>").next().unwrap_or_default();
            assert!(!written.contains(inline), "{path} has {inline}");
        }
        assert!(data(&page.text).iter().all(|block| block["@context"] == "https://schema.org"), "{path}");
    }
}

#[tokio::test]
async fn search_engines_learn_who_and_what() {
    let world = World::new().await;
    let kinds = |page: &Answer| -> Vec<String> {
        data(&page.text).iter().map(|block| block["@type"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(kinds(&world.get("/").await), ["Organization", "WebSite"]);
    assert_eq!(kinds(&world.get("/pricing").await), ["BreadcrumbList", "FAQPage"]);
    let solution = world.get("/solutions/dentists").await;
    let trail = &data(&solution.text)[0]["itemListElement"];
    assert_eq!((trail[1]["name"].as_str(), trail[2]["position"].as_i64()), (Some("Solutions"), Some(3)));
}

#[tokio::test]
async fn a_page_is_answered_from_memory_and_asked_again() {
    let world = World::new().await;
    let page = world.get("/about").await;
    let again = world.get_with("/about", &[("if-none-match", page.header("etag"))]).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let head = world.send(visitor(Method::HEAD, "/about").body(Body::empty()).expect("a request")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.header("etag"), page.header("etag"));
}

#[tokio::test]
async fn what_somebody_wrote_replaces_what_is_built_in() {
    let world = World::new().await;
    let fields = json!({ "headline": "Ours" });
    let about = Written { slug: "about", title: "Who we are", body: "We are **here**. <b>Raw</b>", fields, ..PAGE };
    write(&world, world.org, about).await;
    write(&world, world.org, Written { kind: "solution", slug: "florists", title: "Florists", body: "Roses.", ..PAGE })
        .await;
    let page = world.get("/about").await;
    assert!(page.text.contains("<h1>Ours</h1>") && page.text.contains("<strong>here</strong>"), "{}", page.text);
    assert!(page.text.contains("&lt;b&gt;Raw"), "HTML in words is a text");
    assert!(world.get("/solutions").await.text.contains("href=\"/solutions/florists\""));
    assert!(world.get("/solutions/florists").await.text.contains("Roses."));
    let map = world.get("/sitemap.xml").await;
    assert!(map.text.contains("/solutions/florists</loc><lastmod>2026-11-27</lastmod>"), "{}", map.text);
}

#[tokio::test]
async fn a_case_study_shows_how_its_figures_were_measured() {
    let world = World::new().await;
    assert!(world.get("/case-studies").await.text.contains("Nothing here yet"));
    assert!(!world.get("/sitemap.xml").await.text.contains("/case-studies"));
    let other = world.other("southwind.test").await;
    let fields = json!({ "figures": [{ "label": "won back", "value": "12 %", "how": "against leads left alone" }] });
    write(&world, other, Written { kind: "case_study", slug: "mill", title: "The mill", body: "How.", fields, ..PAGE })
        .await;
    let list = get_at(&world, "southwind.test", "/case-studies").await;
    assert!(list.text.contains("<b>12 %</b> won back") && !list.text.contains("Nothing here yet"), "{}", list.text);
    let study = get_at(&world, "southwind.test", "/case-studies/mill").await;
    assert!(study.text.contains("<small>against leads left alone</small>"), "{}", study.text);
    assert_eq!(world.get("/case-studies/mill").await.status, 404, "it is not this site's");
}

#[tokio::test]
async fn a_draft_is_seen_by_its_link_alone_and_never_kept() {
    let world = World::new().await;
    let draft = Written { kind: "case_study", slug: "mill", title: "The mill", token: Some("secret"), ..PAGE };
    write(&world, world.org, draft).await;
    for path in ["/case-studies/mill", "/case-studies/mill?preview=guess", "/case-studies/mill?preview="] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    let seen = world.get("/case-studies/mill?preview=secret").await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert!(seen.text.contains("<meta name=\"googlebot\" content=\"noindex\">"));
    assert!(seen.header("cache-control").contains("no-store"), "{}", seen.header("cache-control"));
    assert_eq!(world.get("/case-studies/mill").await.status, 404, "the look at it is not kept");
}

#[tokio::test]
async fn an_address_that_moved_leads_to_the_end_of_its_way() {
    let world = World::new().await;
    redirect(&world, "/about/old", "/about/older", true).await;
    redirect(&world, "/about/older", "/pricing", true).await;
    redirect(&world, "/blog/a/b", "/blog/b/a", true).await;
    redirect(&world, "/blog/b/a", "/blog/a/b", true).await;
    redirect(&world, "/terms/out", "//evil.test", false).await;
    let moved = world.get("/about/old?from=letter").await;
    assert_eq!((moved.status, moved.header("location")), (301, "/pricing?from=letter"));
    assert_eq!(world.count("select sum(hits)::bigint from site_redirects").await, 2, "each step is counted");
    assert_eq!(world.get("/blog/a/b").await.status, 404, "a circle leads nowhere");
    assert_eq!(world.get("/terms/out").await.status, 404, "an address that is not one leads nowhere");
    let plain = world.get("/about/").await;
    assert_eq!((plain.status, plain.header("location")), (301, "/about"));
}

#[tokio::test]
async fn what_is_not_there_says_so_and_names_what_is_like_it() {
    let world = World::new().await;
    let missing = world.get("/solutions/dentist").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text.contains("There is no such page") && missing.text.contains("href=\"/solutions/dentists\""));
    assert!(missing.text.contains("noindex") && missing.text.contains("Northwind Recovery"));
    world.other("southwind.test").await;
    let elsewhere = get_at(&world, "southwind.test", "/prices").await;
    assert_eq!(elsewhere.status, 404);
    assert!(elsewhere.text.contains("href=\"/pricing\""), "{}", elsewhere.text);
    assert_eq!(world.post_form("/about/nothing", &[]).await.status, 404);
}

#[tokio::test]
async fn a_page_of_its_own_stands_at_its_own_address() {
    let world = World::new().await;
    let other = world.other("southwind.test").await;
    write(&world, other, Written { slug: "imprint", title: "Imprint", body: "By law.", ..PAGE }).await;
    let page = get_at(&world, "southwind.test", "/imprint").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("By law.") && page.text.contains("southwind.test:8080/imprint\">"));
    assert_eq!(get_at(&world, "southwind.test", "/home").await.status, 404, "the first page has one address");
}

#[tokio::test]
async fn a_site_has_its_own_colours_and_nobody_waits_for_the_usual_ones() {
    let world = World::new().await;
    let usual = world.get("/about").await;
    assert_eq!(usual.text.matches("<style>").count(), 2, "words, and the font of headings");
    allows_what_stands_in_it(&usual);
    let other = world.other("southwind.test").await;
    sqlx::query("update sites set look = '{\"hue\": 20, \"chroma\": 0.12}' where org_id = $1")
        .bind(other)
        .execute(&mut world.web.db.owner().await)
        .await
        .expect("a look");
    let page = get_at(&world, "southwind.test", "/about").await;
    assert_eq!(page.text.matches("<style>").count(), 3);
    assert!(!page.text.contains("rel=\"stylesheet\""), "nothing else is waited for");
    allows_what_stands_in_it(&page);
    let own = page
        .text
        .split("<style>")
        .find(|rest| rest.starts_with(":root {\n--accent"))
        .and_then(|rest| rest.split("</style>").next())
        .expect("own colours");
    assert!(own.contains("--accent: light-dark(") && !own.contains(".hero"), "{own}");
    let missing = get_at(&world, "southwind.test", "/nothing").await;
    assert_eq!(missing.status, 404);
    allows_what_stands_in_it(&missing);
    let known = world.get_with("/about", &[("if-none-match", usual.header("etag"))]).await;
    assert_eq!(known.status, 304, "a browser keeps the page and takes the headers that came last");
    assert_eq!(known.header("content-security-policy"), usual.header("content-security-policy"));
    let mark = get_at(&world, "southwind.test", "/favicon.ico").await;
    assert_eq!(mark.header("content-type"), "image/svg+xml");
}

/// Nobody waits for a font on a page that is opened from a letter; whoever comes from another page of the site has it.
#[tokio::test]
async fn a_page_of_ones_own_has_the_font_of_headings_for_those_who_have_it() {
    let world = World::new().await;
    for (from, has) in [("same-origin", true), ("none", false), ("cross-site", false)] {
        let page = world.get_with("/nothing", &[("sec-fetch-site", from)]).await;
        assert_eq!(page.text.contains("inter-display."), has, "{from}");
        allows_what_stands_in_it(&page);
        assert!(world.get_with("/about", &[("sec-fetch-site", from)]).await.text.contains("inter-display."), "{from}");
    }
}

#[tokio::test]
async fn a_name_is_a_text_wherever_it_stands() {
    let world = World::with(&json!({ "legal_name": "</script><img src=x>", "address": "A\n# B" })).await;
    world.owner("update sites set name = '<script>alert(1)</script>', tagline = '\"><svg onload=x>'").await;
    for path in ["/", "/about", "/privacy", "/terms", "/nothing"] {
        let page = world.get(path).await;
        for raw in ["<script>alert", "<img src=x", "<svg onload", "<h2 id=\"b\">"] {
            assert!(!page.text.contains(raw), "{path} has {raw}");
        }
    }
}

#[tokio::test]
async fn robots_find_what_is_published() {
    let world = World::new().await;
    let word = world.get("/robots.txt").await;
    assert!(
        word.header("content-type").starts_with("text/plain") && word.text.contains("/sitemap.xml"),
        "{}",
        word.text
    );
    let map = world.get("/sitemap.xml").await;
    assert!(map.header("content-type").starts_with("application/xml"));
    let places = map.text.matches("<loc>").count();
    assert!(places > 20 && map.text.matches("</url>").count() == places, "{}", map.text);
    assert!(!map.text.contains("results") && !map.text.contains("/admin"));
}
