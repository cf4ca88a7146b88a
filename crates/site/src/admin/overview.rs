//! `/admin`: how the site is doing, and what to do next.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{InquiryId, MaturityId};
use shell::auth::permission::Reply;
use shell::page::{count, percent};
use shell::{Allowed, AppError, Frame, Permission, Tab, show};

use super::analytics::figures::{self, Range};
use super::content::{address, site};
use super::inquiries::store;
use super::tabs;
use crate::core::Core;
use crate::sites::Site;
use crate::tally::day_of;

/// The days that are looked at.
const DAYS: u64 = 28;
/// Results that are listed.
const RESULTS: i64 = 10;

#[derive(Template)]
#[template(path = "site_admin/overview.html")]
struct OverviewPage {
    frame: Frame,
    tabs: Vec<Tab>,
    address: String,
    published: bool,
    may_manage: bool,
    visitors: String,
    begun: String,
    begun_share: String,
    done: String,
    done_share: String,
    waiting: String,
    waiting_since: Option<DateTime<Utc>>,
    next: Vec<Next>,
    results: Vec<Finished>,
}

/// Something to do.
#[derive(Debug, PartialEq, Eq)]
struct Next {
    title: String,
    why: &'static str,
    href: &'static str,
    done: bool,
}

/// A result of the audit.
#[derive(sqlx::FromRow)]
struct Finished {
    id: MaturityId,
    score: Option<i16>,
    industry: Option<String>,
    inquiry_id: Option<InquiryId>,
    done_at: DateTime<Utc>,
}

async fn results(tx: &mut OrgTx) -> Result<Vec<Finished>, sqlx::Error> {
    sqlx::query_as(
        "select id, score, result #>> '{industry,name}' as industry, inquiry_id, done_at from site_audits \
         where org_id = $1 and state = 'done' and done_at is not null order by done_at desc limit $2",
    )
    .bind(tx.org())
    .bind(RESULTS)
    .fetch_all(tx.conn())
    .await
}

/// `GET /admin`
pub(super) async fn page(by: Allowed<Reply>, State(core): State<Core>) -> Result<Html<String>, AppError> {
    core.tally().settle().await;
    let mut tx = by.tx().await?;
    let site = site(&mut tx).await?;
    let range = Range::last(DAYS, day_of(by.now(), &site));
    let (visitors, reached) = figures::funnel(&mut tx, range).await?;
    let counts = store::counts(&mut tx).await?;
    let waiting: i64 = ["new", "open"].iter().filter_map(|state| counts.get(*state)).sum();
    let new = counts.get("new").copied().unwrap_or_default();
    let [begun, .., done, _] = reached;
    let share = |part: i64, whole: i64| if whole > 0 { percent(part as f64 / whole as f64) } else { String::new() };
    show(&OverviewPage {
        frame: by.frame("Site"),
        tabs: tabs("/admin"),
        address: address(&core, &site),
        published: site.published,
        may_manage: by.may(Permission::ManageChannels),
        visitors: count(visitors),
        begun: count(begun),
        begun_share: share(begun, visitors),
        done: count(done),
        done_share: share(done, begun),
        waiting: count(waiting),
        waiting_since: store::waiting_since(&mut tx).await?,
        next: next(&site, new),
        results: results(&mut tx).await?,
    })
}

/// What to do, in the order in which it is worth it; what is done stays as long as the site is being set up.
fn next(site: &Site, new: i64) -> Vec<Next> {
    let settings = &site.settings;
    let inquiries = match new {
        0 => None,
        1 => Some("An inquiry waits for an answer".to_owned()),
        more => Some(format!("{} inquiries wait for an answer", count(more))),
    };
    let answer = inquiries.map(|title| Next {
        title,
        why: "Somebody expects to hear from you.",
        href: "/admin/inquiries",
        done: false,
    });
    let steps = [
        ("Give the site its name", "It stands on every page and in every letter.", site.name.is_empty()),
        (
            "Say who answers for the site",
            "The privacy page and the terms name them, and many places ask for it by law.",
            settings.legal_name.is_empty() || settings.email.is_empty(),
        ),
        (
            "Choose who is told of inquiries",
            "Without it they wait in the list until somebody looks.",
            settings.notify.is_empty(),
        ),
        ("Publish the site", "Visitors see it from that moment on; you can take it back at any time.", !site.published),
    ];
    let in_setup = steps.iter().any(|(.., open)| *open);
    let steps = steps.into_iter().filter(|_| in_setup).map(|(title, why, open)| Next {
        title: title.to_owned(),
        why,
        href: "/admin/settings",
        done: !open,
    });
    answer.into_iter().chain(steps).collect()
}

#[cfg(test)]
mod tests {
    use kernel::ids::OrgId;

    use super::*;
    use crate::sites::{Flags, Look, Settings};

    fn bare() -> Site {
        Site {
            org: OrgId::from_uuid(uuid::Uuid::nil()),
            name: String::new(),
            tagline: String::new(),
            domain: None,
            published: false,
            version: 0,
            look: Look::default(),
            flags: Flags::default(),
            settings: Settings::default(),
        }
    }

    #[test]
    fn setting_up_is_shown_until_it_is_done() {
        let mut site = bare();
        assert!(next(&site, 0).iter().all(|step| !step.done));
        site.name = "Northwind".to_owned();
        assert_eq!(next(&site, 0).iter().filter(|step| step.done).count(), 1);
        site.settings.legal_name = "Northwind Ltd".to_owned();
        site.settings.email = "hello@example.com".to_owned();
        site.settings.notify = vec!["member_x".to_owned()];
        site.published = true;
        assert!(next(&site, 0).is_empty());
        assert_eq!(next(&site, 1)[0].title, "An inquiry waits for an answer");
    }
}
