//! What a site says at a host of its own.

use std::sync::Arc;

use ai::gateway::Gateway;
use axum::body::Body;
use axum::http::{Method, header};
use kernel::Clock;
use kernel::testing::TestDb;
use shell::Settings;
use shell::testing::TestWeb;
use site::Core;

use crate::support::{FakeCrm, FakeDesk, FakeFigures, NOW, at, visitor};

const HOME: &str = "https://app.test";

#[tokio::test]
async fn nothing_is_promised_about_names_beneath_a_customers_own() {
    let db = TestDb::new().await;
    let kernel = db.kernel_with(Clock::manual(at(NOW)), |config| config.http.public_url = Some(HOME.to_owned())).await;
    let gateway = Gateway::new(&kernel, None);
    let core = Core::new(kernel.clone(), gateway, Arc::new(FakeCrm::default()), Arc::new(FakeDesk::default()));
    let settings = Settings { public_url: HOME.to_owned(), ..Settings::default() };
    let mut web =
        TestWeb::over(db, kernel, settings, |app| vec![site::room(&core, app, Arc::new(FakeFigures::default()))]);
    web.router = site::front(&core, web.router.clone(), site::public(&core, &web.app));
    let org = web.org("Northwind Recovery").await;
    sqlx::query(
        "insert into sites (org_id, name, domain, published, created_at, updated_at) \
         values ($1, 'Northwind Recovery', 'audit.test', true, $2, $2)",
    )
    .bind(org)
    .bind(web.kernel.clock.now())
    .execute(&mut web.db.owner().await)
    .await
    .expect("a site");

    for (host, path, said) in [
        ("audit.test", "/", "max-age=63072000"),
        ("audit.test", "/about", "max-age=63072000"),
        ("audit.test", "/nowhere", "max-age=63072000"),
        // What every host serves is the product's own.
        ("audit.test", "/assets/none.css", "max-age=63072000"),
        ("Audit.test:443", "/v2/nothing", "max-age=63072000"),
        ("app.test", "/assets/none.css", "max-age=63072000; includeSubDomains"),
        ("app.test", "/v2/nothing", "max-age=63072000; includeSubDomains"),
    ] {
        let mut request = visitor(Method::GET, path).body(Body::empty()).expect("a request");
        request.headers_mut().insert(header::HOST, host.parse().expect("a host"));
        let answer = web.send(request).await;
        assert_eq!(answer.header("strict-transport-security"), said, "{host}{path}");
    }
}
