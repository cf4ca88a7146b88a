//! Request rates by plan, by address, alone and shared.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use chrono::{DateTime, Duration};
use kernel::Clock;
use kernel::testing::{TestDb, TestRedis};
use shell::testing::TestWeb;
use shell::{Limiter, Plan, Rate, Role, Settings};

use super::sample::{room, web_with};

/// A web whose clock the test moves.
async fn still(settings: Settings) -> TestWeb {
    let db = TestDb::new().await;
    let clock = Clock::manual(DateTime::from_timestamp(1_700_000_000, 0).expect("a valid instant"));
    let kernel = db.kernel_with(clock, |_| {}).await;
    TestWeb::over(db, kernel, settings, |app| vec![room(app, &mut None)])
}

async fn free_token(web: &TestWeb) -> String {
    let org = web.org("Ours").await;
    let mut principal = web.principal(&web.token(org, Role::Owner)).expect("known");
    principal.plan = Plan::Free;
    web.introduce(principal)
}

#[tokio::test]
async fn the_plan_sets_the_rate_and_the_headers_say_where_one_stands() {
    let web = still(Settings::default()).await;
    let token = free_token(&web).await;
    for n in 0..100 {
        let answer = web.get(&token, "/v2/things").await;
        assert_eq!(answer.status, 200, "request {n}");
        assert_eq!(answer.header("ratelimit-limit"), "100");
        assert_eq!(answer.header("ratelimit-remaining"), (99 - n).to_string());
    }
    let refused = web.get(&token, "/v2/things").await;
    assert_eq!((refused.status, refused.json()["error"]["code"].as_str()), (429, Some("too_many_requests")));
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit-reset")), ("1", "60"));
    assert_eq!(web.browse(&token, "/things").await.status, 200, "people are not counted with programs");
    let other = free_token(&web).await;
    assert_eq!(web.get(&other, "/v2/things").await.status, 200, "another organisation has its own");
    web.kernel.clock.advance(Duration::milliseconds(601));
    assert_eq!(web.get(&token, "/v2/things").await.status, 200, "it comes back evenly");
    assert_eq!(web.get(&token, "/v2/things").await.status, 429);
}

#[tokio::test]
async fn an_address_cannot_try_passwords_without_end() {
    let settings = Settings { sign_in_per_minute: 3, trust_proxy: true, ..Settings::default() };
    let (web, _) = web_with(settings).await;
    let knock = |peer: [u8; 4], forwarded: &str| {
        let mut request = Request::post("/v2/auth/login");
        for line in forwarded.lines() {
            request = request.header("x-forwarded-for", line);
        }
        let mut request = request.body(Body::empty()).expect("valid");
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 4000))));
        web.send(request)
    };
    for _ in 0..3 {
        assert_ne!(knock([10, 0, 0, 1], "").await.status, 429);
    }
    assert_eq!(knock([10, 0, 0, 1], "").await.status, 429);
    assert_ne!(knock([10, 0, 0, 2], "").await.status, 429, "another address is not held up");
    assert_eq!(
        knock([10, 0, 0, 9], "1.2.3.4, 10.0.0.1").await.status,
        429,
        "the proxy's word counts, not the client's"
    );
    assert_eq!(
        knock([10, 0, 0, 9], "1.2.3.4\n10.0.0.1").await.status,
        429,
        "also where the proxy adds a line of its own"
    );
}

#[tokio::test]
async fn a_key_has_a_share_of_its_own_and_leaves_the_rest_to_the_others() {
    let web = still(Settings::default()).await;
    let org = web.org("Ours").await;
    let free = |token: String| {
        let mut principal = web.principal(&token).expect("known");
        principal.plan = Plan::Free;
        web.introduce(principal)
    };
    let key = || free(web.key(org, Role::Owner.permissions()));
    let (one, other, person) = (key(), key(), free(web.token(org, Role::Owner)));
    for n in 0..60 {
        let answer = web.get(&one, "/v2/things").await;
        assert_eq!((answer.status, answer.header("ratelimit-limit")), (200, "60"), "request {n}");
    }
    let refused = web.get(&one, "/v2/things").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    let told = web.get(&other, "/v2/things").await;
    // What the first key was refused did not count for the organisation.
    assert_eq!((told.status, told.header("ratelimit-limit"), told.header("ratelimit-remaining")), (200, "100", "39"));
    for _ in 0..39 {
        assert_eq!(web.get(&person, "/v2/things").await.status, 200);
    }
    assert_eq!(web.get(&person, "/v2/things").await.status, 429, "the plan's limit is for all of them");
    assert_eq!(web.get(&other, "/v2/things").await.status, 429);
}

#[tokio::test]
async fn a_refused_door_says_when_to_come_back() {
    let web = still(Settings { sign_in_per_minute: 2, ..Settings::default() }).await;
    let knock = |path: &str, ip: &str| {
        let mut request = Request::post(path).body(Body::empty()).expect("valid");
        let ip: std::net::IpAddr = ip.parse().expect("an address");
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((ip, 4000))));
        web.send(request)
    };
    // One bucket for all doors: whoever is sent away from one does not try the next.
    for path in ["/v2/auth/login", "/reset"] {
        assert_ne!(knock(path, "2001:db8::1").await.status, 429);
    }
    let refused = knock("/v2/auth/password-reset/guess", "2001:db8::ffff").await;
    assert_eq!(
        (refused.status, refused.header("retry-after"), refused.header("ratelimit-remaining")),
        (429, "30", "0")
    );
    assert_ne!(knock("/invite/guess", "2001:db8:0:1::1").await.status, 429, "another network");
}

#[tokio::test]
async fn processes_share_a_bucket_through_redis_and_count_alone_without_it() {
    let mut redis = TestRedis::start().await;
    let settings = Settings { redis_url: Some(redis.url()), ..Settings::default() };
    let (one, two) = (still(settings.clone()).await, still(settings).await);
    let token = free_token(&one).await;
    let same = two.introduce(one.principal(&token).expect("known"));
    // The organisation is only in the first database; rates do not look there.
    for _ in 0..50 {
        one.get(&token, "/v2/none").await;
        two.get(&same, "/v2/none").await;
    }
    assert_eq!(one.get(&token, "/v2/none").await.status, 429);
    assert_eq!(two.get(&same, "/v2/none").await.status, 429);
    redis.stop();
    assert_eq!(one.get(&token, "/v2/none").await.status, 404, "its loss refuses nobody");
}

#[tokio::test]
async fn what_a_room_counts_by_the_hour_is_one_number_in_all_processes() {
    let mut redis = TestRedis::start().await;
    let clock = Clock::manual(DateTime::from_timestamp(1_700_000_000, 0).expect("a valid instant"));
    let process = || Limiter::new(clock.clone(), Some(&redis.url()));
    let (one, two, rate) = (process(), process(), Rate::an_hour(4));
    assert!(!two.is_spent("room:x", rate).await);
    for _ in 0..2 {
        assert_eq!(one.count("room:x", rate).await, Ok(()));
        assert!(!one.is_spent("room:x", rate).await, "looking takes nothing");
        assert_eq!(two.count("room:x", rate).await, Ok(()));
    }
    assert!(one.is_spent("room:x", rate).await && two.is_spent("room:x", rate).await);
    assert_eq!(one.count("room:x", rate).await, Err(std::time::Duration::from_secs(900)));
    assert_eq!(one.count("room:y", rate).await, Ok(()), "another subject");
    clock.advance(Duration::minutes(15));
    assert_eq!(two.count("room:x", rate).await, Ok(()), "it comes back evenly");
    assert!(one.count("room:x", rate).await.is_err());
    redis.stop();
    for _ in 0..4 {
        assert_eq!(one.count("room:x", rate).await, Ok(()), "alone it counts from the beginning");
    }
    assert!(one.count("room:x", rate).await.is_err() && one.is_spent("room:x", rate).await);
}

#[tokio::test]
async fn what_comes_once_comes_once_in_all_processes_and_stays_known_while_redis_is_away() {
    let mut redis = TestRedis::start().await;
    let clock = Clock::manual(DateTime::from_timestamp(1_700_000_000, 0).expect("a valid instant"));
    let process = || Limiter::new(clock.clone(), Some(&redis.url()));
    let (one, two, day) = (process(), process(), std::time::Duration::from_secs(24 * 60 * 60));
    assert!(one.is_first("room:stamp", day).await);
    assert!(!one.is_first("room:stamp", day).await && !two.is_first("room:stamp", day).await);
    assert!(two.is_first("room:another", day).await);
    redis.stop();
    redis.resume().await;
    clock.advance(Duration::seconds(10));
    assert!(!one.is_first("room:stamp", day).await, "Redis has lost it, and the process has not");
    redis.stop();
    assert!(one.is_first("room:third", day).await, "alone it counts from what it knows");
    assert!(!one.is_first("room:third", day).await && !two.is_first("room:another", day).await);
    clock.advance(Duration::hours(25));
    assert!(one.is_first("room:stamp", day).await, "it is forgotten in time");
}
