//! Visits are counted without cookies, days that are over become totals, and wordings are compared.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, header};
use chrono::Duration;
use serde_json::json;

use crate::support::{BROWSER, World, visitor};

/// A visit from an address with a browser.
async fn from(world: &World, ip: [u8; 4], path: &str, headers: &[(&str, &str)]) -> u16 {
    let request = visitor(Method::GET, path).extension(ConnectInfo(SocketAddr::from((ip, 40_000))));
    let others = headers.iter().filter(|(name, _)| *name != "user-agent");
    let request = others.fold(request, |request, (name, value)| request.header(*name, *value));
    let mut request = request.body(Body::empty()).expect("a request");
    if let Some((_, agent)) = headers.iter().find(|(name, _)| *name == "user-agent") {
        request.headers_mut().insert(header::USER_AGENT, agent.parse().expect("a name"));
    }
    let answer = world.send(request).await;
    assert_eq!(answer.header("set-cookie"), "", "no cookie before somebody agreed");
    answer.status
}

#[tokio::test]
async fn a_visitor_is_a_network_and_a_browser_and_programs_are_none() {
    let world = World::new().await;
    assert_eq!(from(&world, [203, 0, 113, 7], "/", &[]).await, 200);
    assert_eq!(from(&world, [203, 0, 113, 99], "/about", &[]).await, 200, "the same network");
    from(&world, [198, 51, 100, 1], "/", &[("referer", "https://www.example.org/list?q=private")]).await;
    from(&world, [198, 51, 100, 1], "/", &[("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)")]).await;
    from(&world, [192, 0, 2, 1], "/", &[("dnt", "1")]).await;
    from(&world, [192, 0, 2, 1], "/", &[("sec-gpc", "1")]).await;
    world.core.settle().await;
    assert_eq!(world.count("select count(*) from site_visitors").await, 2);
    assert_eq!(world.count("select sum(views)::bigint from site_views where path = '/'").await, 2);
    assert_eq!(world.count("select sum(views)::bigint from site_views where path = '/about'").await, 1);
    assert_eq!(world.text("select string_agg(source, ',' order by source) from site_visitors").await, ",example.org");
    // Counted again it adds up, and writing nothing changes nothing.
    from(&world, [203, 0, 113, 7], "/", &[]).await;
    world.core.settle().await;
    world.core.settle().await;
    assert_eq!(world.count("select max(views)::bigint from site_visitors").await, 3);
}

#[tokio::test]
async fn a_site_that_does_not_count_counts_nothing() {
    let world = World::new().await;
    world.owner("update sites set flags = '{\"analytics\": false}', version = version + 1").await;
    world.pass(Duration::seconds(10));
    from(&world, [203, 0, 113, 7], "/", &[]).await;
    world.core.settle().await;
    assert_eq!(world.count("select count(*) from site_visitors").await, 0);
    assert_eq!(world.count("select count(*) from site_days").await, 0);
}

#[tokio::test]
async fn a_day_that_is_over_keeps_its_totals_and_forgets_its_visitors() {
    let world = World::new().await;
    from(&world, [203, 0, 113, 7], "/?utm_source=letter", &[]).await;
    from(&world, [198, 51, 100, 1], "/", &[]).await;
    world.post_form("/audit/begin", &[]).await;
    world.core.settle().await;
    world.look().await;
    assert_eq!(world.count("select count(*) from site_visitors").await, 2, "the day is not over");
    world.pass(Duration::hours(24));
    world.look().await;
    assert_eq!(world.count("select count(*) from site_visitors").await, 0);
    assert_eq!(world.count("select count(*) from site_days where key is not null").await, 0);
    assert_eq!(world.count("select sum(visitors)::bigint from site_totals").await, 2);
    assert_eq!(world.count("select sum(visitors)::bigint from site_totals where source = 'letter'").await, 1);
    assert_eq!(world.count("select sum(reached[1])::bigint from site_totals").await, 1);
    assert_eq!(world.count("select sum(reached[5])::bigint from site_totals").await, 0);
    world.look().await;
    assert_eq!(world.count("select sum(visitors)::bigint from site_totals").await, 2, "once");
}

#[tokio::test]
async fn a_visitor_sees_one_wording_and_what_they_do_is_its() {
    let world = World::new().await;
    let admin = world.token(shell::Role::Admin);
    let variants = json!([
        { "name": "As it is", "weight": 1, "fields": null },
        { "name": "Other", "weight": 1, "fields": { "headline": "Quite another headline" } },
    ]);
    sqlx::query(
        "insert into site_experiments (org_id, id, name, page, goal, variants, baseline, smallest_effect, needed, state, by_actor, \
         created_at, started_at) values ($1, gen_random_uuid(), 'Headline', 'home', 'audit_begun', $2, 0.1, 0.1, 5, 'running', \
         'system', $3, $3)",
    )
    .bind(world.org)
    .bind(&variants)
    .bind(world.now())
    .execute(&mut world.web.db.owner().await)
    .await
    .expect("an experiment");
    let mut others = 0;
    for n in 0..40_u8 {
        let agent = format!("{BROWSER} {n}");
        let request = |path: &'static str| {
            let mut request = visitor(Method::GET, path).body(Body::empty()).expect("a request");
            request.headers_mut().insert(header::USER_AGENT, agent.parse().expect("a name"));
            request
        };
        let first = world.send(request("/")).await.text.contains("Quite another headline");
        let again = world.send(request("/")).await.text.contains("Quite another headline");
        assert_eq!(first, again, "the same all day");
        others += u32::from(first);
    }
    assert!((5..=35).contains(&others), "{others} of 40 at even weights");
    // One more, who begins the audit.
    world.get("/").await;
    world.post_form("/audit/begin", &[]).await;
    world.core.settle().await;
    assert_eq!(world.count("select count(*) from site_exposures").await, 41);
    assert_eq!(world.count("select count(*) from site_exposures where variant = 1 or variant = 0").await, 41);
    assert_eq!(world.count("select count(*) from site_exposures where reached").await, 1);
    // Somebody who is not counted sees what stands now.
    let refused = world.get_with("/", &[("dnt", "1")]).await;
    assert!(!refused.text.contains("Quite another headline"));
    let list = world.web.browse(&admin, "/admin/experiments").await;
    assert_eq!(list.status, 200);
    assert!(list.text.contains("Headline"), "{}", list.text);
}
