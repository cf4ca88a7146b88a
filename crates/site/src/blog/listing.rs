//! Lists of posts: all of them, those of a category, with a tag, by somebody.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kernel::db::OrgTx;
use kernel::ids::ImageId;
use serde_json::json;
use shell::{AppError, Path};

use super::authors::{self, Author};
use super::store::{self, Brief, MOST_PAGES, Of, PER_PAGE};
use super::words::{address_word, minutes};
use super::{HTML, day, on, or_moved};
use crate::content::Kind;
use crate::content::images::{self, Image};
use crate::core::Core;
use crate::pages::{SiteFrame, show_page};
use crate::sites::Site;
use crate::visit::Visit;

/// A tile is a third of the page, or all of a telephone.
const TILE: &str = "(min-width: 980px) 350px, (min-width: 720px) 46vw, 100vw";

#[derive(Template)]
#[template(path = "site/blog/list.html")]
struct ListPage {
    frame: SiteFrame,
    heading: String,
    lead: String,
    /// Where it is a part of the blog.
    is_part: bool,
    author: Option<Face>,
    categories: Vec<Link>,
    tiles: Vec<Tile>,
    newer: String,
    older: String,
    page: u32,
    pages: u32,
}

/// Somebody who writes, as a page shows them.
pub(super) struct Face {
    pub href: String,
    pub name: String,
    pub role: String,
    pub bio: String,
    pub picture: String,
}

/// A link with its words.
pub(super) struct Link {
    pub href: String,
    pub label: String,
    pub active: bool,
}

/// A post in a list.
pub(super) struct Tile {
    pub href: String,
    pub title: String,
    pub summary: String,
    pub category: String,
    pub day: String,
    pub machine_day: String,
    pub minutes: usize,
    pub picture: String,
}

/// What a list is of, as its page says it.
struct Subject {
    of: Of,
    heading: String,
    lead: String,
    description: String,
    author: Option<Face>,
    is_part: bool,
}

pub(super) async fn home(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    list(&core, &visit, "blog", Which::All).await
}

pub(super) async fn category(
    visit: Visit,
    State(core): State<Core>,
    Path(address): Path<String>,
) -> Result<Response, AppError> {
    list(&core, &visit, &format!("blog/category/{address}"), Which::Category(&address)).await
}

pub(super) async fn tag(
    visit: Visit,
    State(core): State<Core>,
    Path(address): Path<String>,
) -> Result<Response, AppError> {
    list(&core, &visit, &format!("blog/tag/{address}"), Which::Tag(&address)).await
}

pub(super) async fn author(
    visit: Visit,
    State(core): State<Core>,
    Path(slug): Path<String>,
) -> Result<Response, AppError> {
    list(&core, &visit, &format!("blog/author/{slug}"), Which::Author(&slug)).await
}

/// A list as its address names it.
#[derive(Clone, Copy)]
enum Which<'a> {
    All,
    Category(&'a str),
    Tag(&'a str),
    Author(&'a str),
}

impl Which<'_> {
    /// Where the list is, however its address was written: what is kept for all says nothing of how one asked.
    fn path(self) -> String {
        match self {
            Self::All => "/blog".to_owned(),
            Self::Category(address) => category_href(address),
            Self::Tag(address) => tag_href(address),
            Self::Author(slug) => format!("/blog/author/{slug}"),
        }
    }
}

/// Answers a list. What has no posts is not there and is not kept, so that strangers cannot fill the cache.
async fn list(core: &Core, visit: &Visit, name: &str, which: Which<'_>) -> Result<Response, AppError> {
    on(visit)?;
    let page = number(visit)?;
    let path = which.path();
    let make = async {
        let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
        let subject = subject(&mut tx, which).await?.ok_or_else(|| AppError::not_found("page of the blog"))?;
        show_page(&made(&mut tx, visit, subject, (&path, page)).await?)
    };
    let answer = core.cache().answer(visit, (&format!("{name}?{page}"), 0), HTML, make).await;
    if answer.is_ok() {
        core.tally().view(visit);
    }
    or_moved(core, visit, answer).await
}

/// The page that is asked for, from 1.
fn number(visit: &Visit) -> Result<u32, AppError> {
    let Some(text) = visit.query_value("page") else { return Ok(1) };
    let number = text.parse().ok().filter(|page| (1..=MOST_PAGES).contains(page));
    number.ok_or_else(|| AppError::not_found("page of the blog"))
}

async fn subject(tx: &mut OrgTx, which: Which<'_>) -> Result<Option<Subject>, AppError> {
    let of_names = |names: Vec<String>, lead: &str, of: fn(Vec<String>) -> Of| {
        let heading = names.first()?.clone();
        Some(Subject {
            description: format!("{lead} {heading}."),
            lead: String::new(),
            of: of(names),
            heading,
            author: None,
            is_part: true,
        })
    };
    Ok(match which {
        Which::All => Some(Subject {
            of: Of::All,
            heading: "Blog".to_owned(),
            lead: "What is lost between an inquiry and a payment, how to measure it, and what wins it back.".to_owned(),
            description: "What is lost between an inquiry and a payment, how to measure it, and what wins it back."
                .to_owned(),
            author: None,
            is_part: false,
        }),
        Which::Category(address) => of_names(store::categories_at(tx, address).await?, "Posts about", Of::Category),
        Which::Tag(address) => of_names(store::tags_at(tx, address).await?, "Posts with the tag", Of::Tag),
        Which::Author(slug) => match authors::by_slug(tx, slug).await? {
            Some(author) => {
                let of = Of::Author(author.id);
                let face = face(tx, &author, "96px").await?;
                Some(Subject {
                    of,
                    heading: author.name.clone(),
                    lead: author.role.clone(),
                    description: format!("Posts by {}. {}", author.name, author.bio),
                    author: Some(face),
                    is_part: true,
                })
            }
            None => None,
        },
    })
}

async fn made(
    tx: &mut OrgTx,
    visit: &Visit,
    subject: Subject,
    (path, page): (&str, u32),
) -> Result<ListPage, AppError> {
    let (rows, total) = store::page(tx, &subject.of, page).await?;
    if rows.is_empty() && page > 1 {
        return Err(AppError::not_found("page of the blog"));
    }
    let pages = u32::try_from(total).unwrap_or(u32::MAX).div_ceil(PER_PAGE).clamp(1, MOST_PAGES);
    let at = |page: u32| if page == 1 { path.to_owned() } else { format!("{path}?page={page}") };
    let categories = store::categories(tx).await?.into_iter().take(12).map(|name| {
        let href = category_href(&name);
        Link { active: href == path, href, label: name }
    });
    let categories = categories.collect();
    let tiles = tiles(tx, &visit.site, rows).await?;
    let title = if page == 1 { subject.heading.clone() } else { format!("{}, page {page}", subject.heading) };
    let mut frame = SiteFrame::new(visit, title, subject.description)
        .at(path)
        .with_image(images::share_address("", Kind::Page, "blog"))
        .with_json_ld(&json!({
            "@context": "https://schema.org",
            "@type": if subject.is_part { "CollectionPage" } else { "Blog" },
            "name": subject.heading,
            "url": format!("{}{}", visit.base, at(page)),
        }));
    frame.canonical = format!("{}{}", visit.base, at(page));
    let frame = if subject.is_part {
        frame.with_trail(&[("Blog", "/blog"), (subject.heading.as_str(), path)])
    } else {
        frame.with_trail(&[("Blog", "/blog")])
    };
    Ok(ListPage {
        frame,
        heading: subject.heading,
        lead: subject.lead,
        is_part: subject.is_part,
        author: subject.author,
        categories,
        tiles,
        newer: if page > 1 { at(page - 1) } else { String::new() },
        older: if page < pages { at(page + 1) } else { String::new() },
        page,
        pages,
    })
}

/// Posts as tiles, with their pictures.
pub(super) async fn tiles(tx: &mut OrgTx, site: &Site, rows: Vec<Brief>) -> Result<Vec<Tile>, sqlx::Error> {
    let ids: Vec<ImageId> = rows.iter().filter_map(|row| row.image_id).collect();
    let pictures: HashMap<ImageId, Image> = images::read(tx, &ids).await?;
    let tile = |row: Brief| {
        let picture = row.image_id.and_then(|id| pictures.get(&id));
        Tile {
            href: Kind::Post.path(&row.slug),
            title: row.title,
            summary: row.summary,
            category: row.category,
            day: row.published_at.map(|at| day(site, at)).unwrap_or_default(),
            machine_day: row.published_at.map(|at| shell::page::machine_time(&at)).unwrap_or_default(),
            minutes: minutes(row.letters.unsigned_abs() as usize),
            picture: picture.map(|image| images::picture(image, TILE, false)).unwrap_or_default(),
        }
    };
    Ok(rows.into_iter().map(tile).collect())
}

/// Somebody who writes, with their picture as wide as `sizes` says.
pub(super) async fn face(tx: &mut OrgTx, author: &Author, sizes: &str) -> Result<Face, sqlx::Error> {
    let picture = match author.image_id {
        Some(id) => images::read(tx, &[id]).await?.get(&id).map(|image| images::picture(image, sizes, false)),
        None => None,
    };
    Ok(Face {
        href: format!("/blog/author/{}", author.slug),
        name: author.name.clone(),
        role: author.role.clone(),
        bio: author.bio.clone(),
        picture: picture.unwrap_or_default(),
    })
}

/// The address of a category.
pub(super) fn category_href(name: &str) -> String {
    format!("/blog/category/{}", in_address(name))
}

/// The address of a tag.
pub(super) fn tag_href(name: &str) -> String {
    format!("/blog/tag/{}", in_address(name))
}

/// A word of an address, with nothing in it that would end it.
fn in_address(name: &str) -> String {
    shell::page::url_encoded(&address_word(name)).replace('/', "%2F")
}
