//! "Harbour Revenue Partners": a small firm that offers Recoup to practices, with a public site, a past of visits, and people who wrote.
//! Made once. Dana of Northwind owns it too, and goes there by the list of her organisations.

mod counts;
mod pages;
mod people;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use identity::members::{self, NewMember};
use identity::registration::{NewOrganisation, register};
use kernel::db::{OrgTx, system};
use kernel::ids::OrgId;
use kernel::{CanFail, Kernel};
use serde_json::{Value, json};
use shell::auth::Role;
use tower::ServiceExt;

use super::business;
use super::revenue::{is_marked, mark};
use crate::commands::told;
use crate::rooms::Rooms;

/// Its name.
pub const NAME: &str = "Harbour Revenue Partners";
/// How its owner signs in, with the password of everybody in the demo.
pub const OWNER_EMAIL: &str = "ruth@harbour.example";
/// The markers among the settings: the site with its past, and who wrote since.
const MARKERS: [&str; 2] = ["demo_site", "demo_site_people"];
/// What visitors ask for: nobody's domain, so that the installation's own site answers. What a host shows is believed for some
/// seconds, so that the desk, which is asked before there is a site, has another name.
const HOSTS: [&str; 2] = ["harbour.example", "desk.example"];
/// The longest answer that is read.
const LARGEST: usize = 8 << 20;

/// Makes the firm, its site and whoever wrote, where they are not there. The workers must run.
pub async fn ensure(kernel: &Kernel, rooms: &Rooms, password: &str) -> anyhow::Result<()> {
    let org = found(kernel, password).await?;
    let (_, router) = rooms.web();
    let [web, desk] = HOSTS.map(|host| Web { router: router.clone(), host });
    if !is_marked(kernel, org, MARKERS[0]).await? {
        let study = pages::measured(&desk, password)
            .await
            .can_fail("reading what the demo's play measured; its study is left out");
        let mut tx = kernel.db.begin(org).await?;
        publish(&mut tx).await?;
        pages::write(&mut tx, study).await?;
        counts::write(&mut tx).await?;
        tx.commit().await?;
        mark(kernel, org, MARKERS[0], &Value::Bool(true)).await?;
    }
    if !is_marked(kernel, org, MARKERS[1]).await? {
        people::come(kernel, &web, org).await?;
        mark(kernel, org, MARKERS[1], &Value::Bool(true)).await?;
    }
    Ok(())
}

/// Finds the organisation, or registers it and brings Dana in.
async fn found(kernel: &Kernel, password: &str) -> anyhow::Result<OrgId> {
    let known = system::list_organisations(&kernel.db).await?.into_iter().find(|(_, name)| name == NAME);
    if let Some((org, _)) = known {
        return Ok(org);
    }
    let new = NewOrganisation {
        organisation: NAME.to_owned(),
        name: "Ruth Castellane".to_owned(),
        email: OWNER_EMAIL.to_owned(),
        password: password.to_owned(),
    };
    let org = register(kernel, new).await.map_err(told)?.org;
    let dana = NewMember {
        email: business::OWNER_EMAIL.to_owned(),
        name: "Dana Whitfield".to_owned(),
        password: password.to_owned(),
        role: Role::Owner,
    };
    members::add(kernel, org, dana).await.map_err(told)?;
    Ok(org)
}

/// The site as its owner set it up.
async fn publish(tx: &mut OrgTx) -> anyhow::Result<()> {
    let (org, now) = (tx.org(), tx.clock().now());
    let settings = json!({
        "currency": "USD", "time_zone": counts::ZONE.name(), "legal_name": "Harbour Revenue Partners (a firm of the demo)",
        "address": "14 Quay Street, Portland", "email": "hello@harbour.example", "phone": "+1 207 555 0142",
        "double_opt_in": true, "kept_days": 730, "notify": [OWNER_EMAIL],
    });
    sqlx::query(
        "insert into sites (org_id, name, tagline, published, look, settings, created_at, updated_at) \
         values ($1, $2, 'We find what practices lose between the first call and the payment.', true, $3, $4, $5, $5) \
         on conflict (org_id) do nothing",
    )
    .bind(org)
    .bind(NAME)
    .bind(json!({ "hue": 230, "chroma": 0.1 }))
    .bind(settings)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The whole web side, asked as browsers and programs ask it.
pub struct Web {
    router: Router,
    host: &'static str,
}

/// What is sent: its media type and its text.
type Sent<'a> = (&'a str, String);

impl Web {
    /// Asks; a status that is no success and leads nowhere is an error.
    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        (kind, text): Sent<'_>,
    ) -> anyhow::Result<String> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, self.host);
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let Ok(response) = self.router.clone().oneshot(request.body(Body::from(text))?).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), LARGEST).await?;
        let said = String::from_utf8_lossy(&bytes).into_owned();
        let fine = status.is_success() || status == StatusCode::SEE_OTHER;
        anyhow::ensure!(fine, "{method} {path} was answered with {status}: {said}");
        Ok(said)
    }

    /// Sends JSON and reads JSON.
    async fn json(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> anyhow::Result<Value> {
        let sent = if body.is_null() { ("", String::new()) } else { ("application/json", body.to_string()) };
        let said = self.ask(method, path, headers, sent).await?;
        serde_json::from_str(&said).with_context(|| format!("{path} did not answer in JSON: {said}"))
    }

    /// Sends a form.
    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<()> {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", shell::page::url_encoded(value))).collect();
        self.ask("POST", path, &[], ("application/x-www-form-urlencoded", pairs.join("&"))).await?;
        Ok(())
    }
}
