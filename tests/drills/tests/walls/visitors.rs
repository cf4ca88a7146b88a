//! Strangers on a public site: what they are given, what they cannot reach, and what the role that serves them may touch at all.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, header};
use kernel::ids::OrgId;
use serde_json::{Value, json};

use crate::furniture::SITE;
use crate::house::{House, PASSWORD};

/// Pages that every site has.
const PAGES: [&str; 14] = [
    "/",
    "/solutions",
    "/case-studies",
    "/pricing",
    "/about",
    "/privacy",
    "/terms",
    "/contact",
    "/book",
    "/letters",
    "/audit",
    "/roi",
    "/blog",
    "/about/nothing-of-the-kind",
];

/// A house with a site at its own address.
async fn house() -> House {
    let house = House::new().await;
    publish(&house, house.org, None).await;
    house
}

async fn publish(house: &House, org: OrgId, domain: Option<&str>) {
    let mut owner = house.db.owner().await;
    for statement in SITE {
        sqlx::query(statement).bind(org).execute(&mut owner).await.expect("a site");
    }
    sqlx::query("update sites set domain = $2 where org_id = $1")
        .bind(org)
        .bind(domain)
        .execute(&mut owner)
        .await
        .expect("a domain");
}

fn get(host: &str, path: &str) -> Request<Body> {
    Request::get(path).header(header::HOST, host).body(Body::empty()).expect("valid")
}

fn post(host: &str, path: &str, body: &Value) -> Request<Body> {
    let request = Request::post(path).header(header::HOST, host).header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(body.to_string())).expect("valid")
}

fn answers() -> Value {
    json!({
        "industry": "dentist", "companySize": "6_20", "painPoints": ["missed_calls"], "currentSystems": ["crm"], "kpis": ["inquiries"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_gets_no_cookie_and_is_sent_to_nobody_else() {
    let house = house().await;
    for path in PAGES {
        let (seen, page) = house.visit(get("recoup.test", path)).await;
        let wanted = if path == "/about/nothing-of-the-kind" { 404 } else { 200 };
        assert_eq!(seen.status, wanted, "{path}: {page}");
        assert!(!seen.headers.contains_key(header::SET_COOKIE), "{path} sets a cookie");
        let policy = seen.headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("default-src 'self'") || policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{path}: {policy}");
        assert_eq!(seen.headers["x-content-type-options"], "nosniff", "{path}");
        for loaded in page.split([' ', '\n']).filter_map(|part| part.strip_prefix("src=\"")) {
            assert!(loaded.starts_with('/') && !loaded.starts_with("//"), "{path} loads {loaded}");
        }
        for name in ["Northwind", house.email.as_str()] {
            assert!(!page.contains(name), "{path} shows {name}, which the site does not say");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_does_not_believe_the_host_of_a_request() {
    let house = house().await;
    for path in PAGES {
        let mut request = get("evil.example", path);
        for name in ["x-forwarded-host", "x-host", "x-original-host", "x-forwarded-server"] {
            request.headers_mut().insert(name, "evil.example".parse().expect("a value"));
        }
        let (seen, page) = house.visit(request).await;
        assert!(!page.contains("evil.example"), "{path} shows the host");
        for value in seen.headers.values() {
            assert!(!value.to_str().unwrap_or_default().contains("evil.example"), "{path}: {value:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_one_sites_visitor_is_not_at_another_site() {
    let house = House::new().await;
    let new = identity::registration::NewOrganisation {
        organisation: "Southwind".into(),
        name: "Nora".into(),
        email: "nora@example.com".into(),
        password: PASSWORD.into(),
    };
    let other = identity::registration::register(&house.kernel, new).await.expect("registered").org;
    publish(&house, house.org, Some("one.test")).await;
    publish(&house, other, Some("two.test")).await;
    let (seen, told) = house.visit(post("one.test", "/v2/audit/submit", &answers())).await;
    assert_eq!(seen.status, 201, "{told}");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let token = told["auditId"].as_str().expect("an id").to_owned();
    let (seen, told) = house.visit(post("one.test", "/v2/site/chat", &json!({ "agreed": true }))).await;
    assert_eq!(seen.status, 201, "{told}");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let chat = told["token"].as_str().expect("a token").to_owned();
    let statuses = async |host: &str| {
        let mut all = Vec::new();
        for path in [
            format!("/v2/audit/results/{token}"),
            format!("/audit/results/{token}"),
            format!("/audit/results/{token}/report.pdf"),
        ] {
            all.push(house.visit(get(host, &path)).await.0.status);
        }
        let mut request = get(host, "/v2/site/chat");
        request.headers_mut().insert("x-chat-token", chat.parse().expect("a value"));
        all.push(house.visit(request).await.0.status);
        all
    };
    assert_eq!(statuses("one.test").await, [200; 4]);
    assert_eq!(statuses("two.test").await, [404; 4]);
    // A domain shows its site, and nothing of the product.
    for path in ["/sign-in", "/inbox", "/leads", "/admin", "/v2/leads", "/v2/auth/session", "/settings", "/metrics"] {
        let status = house.visit(get("one.test", path)).await.0.status;
        assert_eq!(status, 404, "{path} at a site's own domain");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_guess_find_nothing() {
    let house = house().await;
    let guesses = [
        "0".repeat(26),
        "7zzzzzzzzzzzzzzzzzzzzzzzzz".to_owned(),
        "%27%20or%20true--".to_owned(),
        "..%2f..%2fadmin".to_owned(),
    ];
    for guess in guesses {
        for path in [
            format!("/audit/{guess}"),
            format!("/audit/{guess}/1"),
            format!("/audit/results/{guess}"),
            format!("/audit/results/{guess}/report.pdf"),
            format!("/v2/audit/results/{guess}"),
            format!("/book/{guess}"),
            format!("/book/{guess}/calendar.ics"),
            format!("/letters/confirm/{guess}"),
            format!("/blog/furnished?preview={guess}"),
            format!("/media/{guess}/480.webp"),
        ] {
            let status = house.visit(get("recoup.test", &path)).await.0.status;
            assert!(matches!(status, 400 | 404 | 422), "{path} answers {status}");
        }
    }
}

/// Tables of the site that visitors are served from, and what may be done with them.
const SERVED: [&str; 18] = [
    "site_answers",
    "site_audit_versions",
    "site_audits",
    "site_authors",
    "site_booking_quarters",
    "site_bookings",
    "site_chat_messages",
    "site_chats",
    "site_days",
    "site_experiments",
    "site_exposures",
    "site_image_files",
    "site_images",
    "site_inquiries",
    "site_pages",
    "site_redirects",
    "site_views",
    "site_visitors",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_visitors_may_touch_what_a_site_serves_and_nothing_else() {
    let house = house().await;
    let mut owner = house.db.owner().await;
    let may: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') \
         and (has_table_privilege('recoup_site', c.oid, 'select, insert, update, delete, truncate, references, trigger') \
           or has_any_column_privilege('recoup_site', c.oid, 'select, insert, update, references')) order by 1",
    )
    .fetch_all(&mut owner)
    .await
    .expect("the catalogue");
    let served: BTreeSet<&str> = SERVED.into_iter().chain(["sites"]).collect();
    let more: Vec<&String> = may.iter().filter(|table| !served.contains(table.as_str())).collect();
    assert!(more.is_empty(), "visitors reach {more:?}");
    assert!(may.iter().any(|table| table == "sites"), "the role is not there: {may:?}");
    // Its own settings decide whose rows they are; without an organisation there are none.
    let mut tx = house.kernel.db.begin_site(OrgId::new(&house.kernel.clock), None).await.expect("a transaction");
    for table in may {
        // A table that may only be written cannot be read.
        let query = format!("select count(*) from {table}");
        let readable: bool = sqlx::query_scalar("select has_table_privilege('recoup_site', $1, 'select')")
            .bind(&table)
            .fetch_one(&mut owner)
            .await
            .expect("the catalogue");
        if readable {
            let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(tx.conn()).await.expect("a count");
            assert_eq!(rows, 0, "{table} shows rows of somebody else");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_other_sites_may_call_what_is_meant_for_them_and_carry_nobody() {
    let house = house().await;
    let wish = json!({ "name": "Ida", "email": "ida@example.com", "message": "Could somebody call me?", "inquiryType": "question" });
    let work = json!({ "employees": 6, "processes": ["calls"], "timeSpent": { "calls": 12 } });
    for (path, body) in [("/v2/audit/submit", answers()), ("/v2/contact/submit", wish), ("/v2/calculator/roi", work)] {
        let mut request = post("recoup.test", path, &body);
        for (name, value) in [("origin", "https://clinic.example"), ("sec-fetch-site", "cross-site")] {
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        let (seen, told) = house.visit(request).await;
        assert!((200..300).contains(&seen.status), "{path}: {} {told}", seen.status);
        assert_eq!(seen.headers["access-control-allow-origin"], "*", "{path}");
        assert!(!seen.headers.contains_key("access-control-allow-credentials"), "{path} lets somebody come along");
        let asked = Request::options(path)
            .header(header::HOST, "recoup.test")
            .header("origin", "https://clinic.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let (seen, _) = house.visit(asked.body(Body::empty()).expect("valid")).await;
        assert!((200..300).contains(&seen.status), "{path} is not asked about first: {}", seen.status);
        assert_eq!(seen.headers["access-control-allow-origin"], "*", "{path}");
    }
    // A page of another site cannot do at the desk what its reader may do there.
    let crate::house::Who::Cookie(session) = house.cookie(&house.email).await else { panic!("a browser") };
    let mut request = post("recoup.test", "/v2/site/inquiries", &json!({}));
    request.headers_mut().insert("cookie", format!("__Host-recoup_session={session}").parse().expect("a value"));
    request.headers_mut().insert("origin", "https://clinic.example".parse().expect("a value"));
    assert_eq!(house.visit(request).await.0.status, 403);
}
