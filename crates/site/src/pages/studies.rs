//! Case studies: what was measured somewhere, with how it was measured. None is built in.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use shell::{AppError, Path};

use super::frame::SiteFrame;
use super::shown::{self, Shown};
use super::{answer, show_page};
use crate::content::{Kind, images, store};
use crate::core::Core;
use crate::visit::Visit;

/// The most studies on one page.
const MOST: i64 = 100;

/// A study in the list: its first figure says what it is about.
struct Line {
    href: String,
    title: String,
    summary: String,
    value: String,
    label: String,
}

#[derive(Template)]
#[template(path = "site/case_studies.html")]
struct StudyList {
    frame: SiteFrame,
    page: Shown,
    studies: Vec<Line>,
}

#[derive(Template)]
#[template(path = "site/case_study.html")]
struct Study {
    frame: SiteFrame,
    page: Shown,
    /// HTML; empty for none.
    picture: String,
}

/// `GET /case-studies`
pub(super) async fn list(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    let drawn = core.tally().variant(&visit, "case-studies").await;
    let (wording, fields) = (drawn.index, drawn.fields);
    let make = async {
        let page = shown::own(&core, &visit, "case-studies", fields).await?;
        let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
        let entries = store::list(&mut tx, Kind::CaseStudy, MOST).await?;
        drop(tx);
        let studies = entries.into_iter().map(|entry| {
            let figure = &entry.fields["figures"][0];
            let text = |name: &str| figure[name].as_str().unwrap_or_default().to_owned();
            Line {
                href: Kind::CaseStudy.path(&entry.slug),
                value: text("value"),
                label: text("label"),
                title: entry.title,
                summary: entry.summary,
            }
        });
        let studies = studies.collect();
        let frame = page.frame(&visit, Kind::Page).with_trail(&[("Case studies", "/case-studies")]);
        show_page(&StudyList { frame, page, studies })
    };
    answer(&core, &visit, ("/case-studies", wording), make).await
}

/// `GET /case-studies/{slug}`
pub(super) async fn show(
    visit: Visit,
    State(core): State<Core>,
    Path(slug): Path<String>,
) -> Result<Response, AppError> {
    let path = Kind::CaseStudy.path(&slug);
    let make = async {
        let page = shown::find(&core, &visit, (Kind::CaseStudy, &slug), None).await?;
        let page = page.ok_or_else(|| AppError::not_found("case study"))?;
        let picture = picture(&core, &visit, &page).await?;
        let mut frame = page
            .frame(&visit, Kind::CaseStudy)
            .with_trail(&[("Case studies", "/case-studies"), (page.title.as_str(), path.as_str())])
            .with_json_ld(&article(&visit, &page));
        frame.kind = "article";
        show_page(&Study { frame, page, picture })
    };
    answer(&core, &visit, (&path, 0), make).await
}

fn article(visit: &Visit, page: &Shown) -> serde_json::Value {
    let base = &visit.base;
    json!({
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": page.title,
        "description": page.summary,
        "url": format!("{base}{}", Kind::CaseStudy.path(&page.slug)),
        "image": images::share_address(base, Kind::CaseStudy, &page.slug),
        "datePublished": page.published_at,
        "dateModified": page.updated_at,
        "publisher": { "@id": format!("{base}/#organisation") },
    })
}

async fn picture(core: &Core, visit: &Visit, page: &Shown) -> Result<String, AppError> {
    let Some(id) = page.image else { return Ok(String::new()) };
    let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    let found = images::read(&mut tx, &[id]).await?;
    let picture = found.get(&id).map(|image| images::picture(image, "(min-width: 1120px) 1120px, 100vw", true));
    Ok(picture.unwrap_or_default())
}
