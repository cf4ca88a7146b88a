//! A post: its words, who wrote it, and what belongs with it. Or a draft, for who has its preview link.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use kernel::db::OrgTx;
use kernel::ids::ImageId;
use serde_json::{Value, json};
use shell::{AppError, Path};

use super::authors;
use super::listing::{Face, Link, Tile, category_href, face, tag_href, tiles};
use super::store;
use super::words::minutes;
use super::{HTML, day, on, or_moved};
use crate::content::store::published;
use crate::content::{Entry, Kind, State as Seen, images, markdown};
use crate::core::Core;
use crate::pages::{SiteFrame, show_page};
use crate::visit::Visit;

/// The picture over a post is as wide as the page.
const WIDE: &str = "(min-width: 1120px) 1040px, 100vw";

#[derive(Template)]
#[template(path = "site/blog/post.html")]
struct PostPage {
    frame: SiteFrame,
    /// It is not published: what a preview says about it.
    preview: bool,
    heading: String,
    summary: String,
    category: Option<Link>,
    day: String,
    machine_day: String,
    /// When it was changed, where that is another day.
    changed: String,
    minutes: usize,
    author: Option<Face>,
    picture: String,
    body: String,
    tags: Vec<Link>,
    related: Vec<Tile>,
}

pub(super) async fn show(
    visit: Visit,
    State(core): State<Core>,
    Path(slug): Path<String>,
) -> Result<Response, AppError> {
    on(&visit)?;
    if let Some(token) = visit.query_value("preview") {
        return preview(&core, &visit, &slug, &token).await;
    }
    let make = async {
        let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
        let entry = published(&mut tx, Kind::Post, &slug).await?.ok_or_else(|| AppError::not_found("post"))?;
        show_page(&made(&mut tx, &visit, entry).await?)
    };
    let answer = core.cache().answer(&visit, (&format!("blog/post/{slug}"), 0), HTML, make).await;
    if answer.is_ok() {
        core.tally().view(&visit);
    }
    or_moved(&core, &visit, answer).await
}

/// A draft, for who has its token; one that was published in the meantime is shown where it is.
async fn preview(core: &Core, visit: &Visit, slug: &str, token: &str) -> Result<Response, AppError> {
    let mut tx = core.kernel().db.begin_site(visit.site.org, Some(token)).await?;
    let entry = published(&mut tx, Kind::Post, slug).await?.ok_or_else(|| AppError::not_found("post"))?;
    if entry.state == Seen::Published {
        return Ok(Redirect::to(&Kind::Post.path(&entry.slug)).into_response());
    }
    Ok(Html(show_page(&made(&mut tx, visit, entry).await?)?).into_response())
}

async fn made(tx: &mut OrgTx, visit: &Visit, entry: Entry) -> Result<PostPage, AppError> {
    let site = &visit.site;
    let preview = entry.state != Seen::Published;
    let author = match entry.author {
        Some(id) => authors::find(tx, id).await?,
        None => None,
    };
    let face = match &author {
        Some(author) => Some(face(tx, author, "64px").await?),
        None => None,
    };
    let body = images::in_words(tx, markdown::html(&entry.body)).await?;
    let picture = picture(tx, entry.image).await?;
    let related = store::related(tx, &entry).await?;
    let related = tiles(tx, site, related).await?;
    let path = Kind::Post.path(&entry.slug);
    let description = if entry.summary.is_empty() { markdown::plain(&entry.body) } else { entry.summary.clone() };
    let mut frame = SiteFrame::new(visit, &entry.title, &description)
        .at(&path)
        .with_image(images::share_address("", Kind::Post, &entry.slug))
        .with_trail(&[("Blog", "/blog"), (entry.title.as_str(), path.as_str())]);
    frame.kind = "article";
    let written_by = author.as_ref().map(|author| (author.name.as_str(), author.slug.as_str()));
    let frame = frame.with_json_ld(&data(visit, &entry, &description, written_by));
    let first = entry.published_at.or(entry.publish_at).unwrap_or(entry.updated_at);
    let (came, last) = (day(site, first), day(site, entry.updated_at));
    Ok(PostPage {
        frame: if preview { frame.private() } else { frame },
        preview,
        heading: entry.title,
        summary: entry.summary,
        category: link(&entry.category, category_href),
        machine_day: shell::page::machine_time(&first),
        changed: if entry.updated_at > first && last != came { last } else { String::new() },
        day: came,
        minutes: minutes(entry.body.chars().count()),
        author: face,
        picture,
        body,
        tags: entry.tags.iter().filter_map(|tag| link(tag, tag_href)).collect(),
        related,
    })
}

fn link(name: &str, href: fn(&str) -> String) -> Option<Link> {
    (!name.is_empty()).then(|| Link { href: href(name), label: name.to_owned(), active: false })
}

async fn picture(tx: &mut OrgTx, id: Option<ImageId>) -> Result<String, sqlx::Error> {
    let Some(id) = id else { return Ok(String::new()) };
    let found = images::read(tx, &[id]).await?;
    Ok(found.get(&id).map(|image| images::picture(image, WIDE, true)).unwrap_or_default())
}

/// What search engines read of a post.
fn data(visit: &Visit, entry: &Entry, description: &str, author: Option<(&str, &str)>) -> Value {
    let (base, site) = (&visit.base, &visit.site);
    let address = format!("{base}{}", Kind::Post.path(&entry.slug));
    let mut data = json!({
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "headline": entry.title,
        "description": description.chars().take(300).collect::<String>(),
        "url": address,
        "mainEntityOfPage": address,
        "image": images::share_address(base, Kind::Post, &entry.slug),
        "datePublished": entry.published_at.map(|at| shell::page::machine_time(&at)),
        "dateModified": shell::page::machine_time(&entry.updated_at),
        "wordCount": entry.body.split_whitespace().count(),
        "articleSection": entry.category,
        "keywords": entry.tags,
        "publisher": { "@type": "Organization", "name": site.name, "url": base },
    });
    // Whoever writes for nobody in particular writes for the site.
    data["author"] = match author {
        Some((name, slug)) => {
            json!({ "@type": "Person", "name": name, "url": format!("{base}/blog/author/{slug}") })
        }
        None => json!({ "@type": "Organization", "name": site.name, "url": base }),
    };
    data
}
