//! Pages that are words and little else: solutions, prices, about, privacy, terms.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shell::{AppError, Path};

use super::frame::SiteFrame;
use super::shown::{self, Fields, Shown};
use super::{answer, home, show_page};
use crate::content::{Kind, builtin, store};
use crate::core::Core;
use crate::visit::Visit;

/// The most solutions on one page.
const MOST: i64 = 200;

/// A page as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub slug: String,
    /// What menus call it.
    pub name: String,
    pub summary: String,
}

#[derive(Template)]
#[template(path = "site/solutions.html")]
struct SolutionList {
    frame: SiteFrame,
    page: Shown,
    solutions: Vec<Listed>,
}

#[derive(Template)]
#[template(path = "site/solution.html")]
struct Solution {
    frame: SiteFrame,
    page: Shown,
    others: Vec<Listed>,
}

#[derive(Template)]
#[template(path = "site/pricing.html")]
struct Pricing {
    frame: SiteFrame,
    page: Shown,
}

#[derive(Template)]
#[template(path = "site/article.html")]
struct Article {
    frame: SiteFrame,
    page: Shown,
}

/// `GET /solutions`
pub(super) async fn solutions(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    let drawn = core.tally().variant(&visit, "solutions").await;
    let (wording, fields) = (drawn.index, drawn.fields);
    let make = async {
        let page = shown::own(&core, &visit, "solutions", fields).await?;
        let solutions = listed(&core, &visit).await?;
        let frame = page.frame(&visit, Kind::Page).with_trail(&[("Solutions", "/solutions")]);
        show_page(&SolutionList { frame, page, solutions })
    };
    answer(&core, &visit, ("/solutions", wording), make).await
}

/// `GET /solutions/{industry}`
pub(super) async fn solution(
    visit: Visit,
    State(core): State<Core>,
    Path(industry): Path<String>,
) -> Result<Response, AppError> {
    let path = Kind::Solution.path(&industry);
    let drawn = core.tally().variant(&visit, path.trim_start_matches('/')).await;
    let (wording, fields) = (drawn.index, drawn.fields);
    let make = async {
        let page = shown::find(&core, &visit, (Kind::Solution, &industry), fields).await?;
        let page = page.ok_or_else(|| AppError::not_found("page"))?;
        let mut others = listed(&core, &visit).await?;
        others.retain(|other| other.slug != page.slug);
        let frame = page
            .frame(&visit, Kind::Solution)
            .with_trail(&[("Solutions", "/solutions"), (page.title.as_str(), path.as_str())]);
        let frame = with_questions(frame, &page.fields);
        show_page(&Solution { frame, page, others })
    };
    answer(&core, &visit, (&path, wording), make).await
}

/// `GET /pricing`
pub(super) async fn pricing(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    let drawn = core.tally().variant(&visit, "pricing").await;
    let (wording, fields) = (drawn.index, drawn.fields);
    let make = async {
        let page = shown::own(&core, &visit, "pricing", fields).await?;
        let frame = page.frame(&visit, Kind::Page).with_trail(&[("Pricing", "/pricing")]);
        let frame = with_questions(frame, &page.fields);
        show_page(&Pricing { frame, page })
    };
    answer(&core, &visit, ("/pricing", wording), make).await
}

/// `GET /about`
pub(super) async fn about(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    let drawn = core.tally().variant(&visit, "about").await;
    let (wording, fields) = (drawn.index, drawn.fields);
    let make = async {
        let page = shown::own(&core, &visit, "about", fields).await?;
        let frame = page.frame(&visit, Kind::Page).with_json_ld(&home::organisation(&visit));
        show_page(&Article { frame: frame.with_trail(&[("About", "/about")]), page })
    };
    answer(&core, &visit, ("/about", wording), make).await
}

/// `GET /privacy`
pub(super) async fn privacy(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    article(&core, &visit, "privacy").await
}

/// `GET /terms`
pub(super) async fn terms(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    article(&core, &visit, "terms").await
}

/// A page of words at its own address, built-in or of the database.
pub(super) async fn article(core: &Core, visit: &Visit, slug: &str) -> Result<Response, AppError> {
    let path = Kind::Page.path(slug);
    let make = async {
        let page = shown::own(core, visit, slug, None).await?;
        let frame = page.frame(visit, Kind::Page).with_trail(&[(page.title.as_str(), path.as_str())]);
        show_page(&Article { frame, page })
    };
    answer(core, visit, (&path, 0), make).await
}

/// The solutions of a site: the built-in ones in their order, each replaced by the site's own of its slug, then the others.
pub(super) async fn listed(core: &Core, visit: &Visit) -> Result<Vec<Listed>, AppError> {
    let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    let mut own: Vec<Listed> = store::list(&mut tx, Kind::Solution, MOST)
        .await?
        .into_iter()
        .map(|entry| line(entry.slug, &entry.fields, entry.title, entry.summary))
        .collect();
    own.reverse();
    let brought = builtin::all().iter().filter(|page| page.kind == Kind::Solution);
    let mut all: Vec<Listed> = brought
        .map(|page| line(page.slug.to_owned(), &page.fields, page.title.clone(), page.summary.clone()))
        .collect();
    for entry in own {
        match all.iter_mut().find(|known| known.slug == entry.slug) {
            Some(known) => *known = entry,
            None => all.push(entry),
        }
    }
    Ok(all)
}

fn line(slug: String, fields: &Value, title: String, summary: String) -> Listed {
    let name = fields.get("name").and_then(Value::as_str).map_or(title, str::to_owned);
    Listed { slug, name, summary }
}

/// Adds the page's questions for search engines, where it has some.
fn with_questions(frame: SiteFrame, fields: &Fields) -> SiteFrame {
    let questions: Vec<Value> = fields
        .rows("questions")
        .iter()
        .map(|row| {
            json!({
                "@type": "Question",
                "name": row.text("question"),
                "acceptedAnswer": { "@type": "Answer", "text": row.text("answer") },
            })
        })
        .collect();
    if questions.is_empty() {
        return frame;
    }
    frame.with_json_ld(&json!({ "@context": "https://schema.org", "@type": "FAQPage", "mainEntity": questions }))
}
