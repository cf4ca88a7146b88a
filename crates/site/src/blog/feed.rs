//! The feed: RSS 2.0 with the whole words of the newest posts.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kernel::ids::AuthorId;
use shell::AppError;

use super::{authors, on};
use crate::content::{Kind, images, markdown, store};
use crate::core::Core;
use crate::pages::show_page;
use crate::visit::Visit;

/// Posts that a feed has.
const MOST: i64 = 20;

/// The template escapes as XML wants it.
#[derive(Template)]
#[template(path = "site/blog/feed.xml")]
struct Feed {
    name: String,
    tagline: String,
    base: String,
    built: String,
    items: Vec<Item>,
}

struct Item {
    title: String,
    summary: String,
    address: String,
    day: String,
    author: String,
    /// Category and tags.
    subjects: Vec<String>,
    /// HTML.
    words: String,
}

pub(super) async fn show(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    on(&visit)?;
    let make = async { show_page(&feed(&core, &visit).await?) };
    core.cache().answer(&visit, ("feed.xml", 0), "application/rss+xml; charset=utf-8", make).await
}

async fn feed(core: &Core, visit: &Visit) -> Result<Feed, AppError> {
    let (base, site) = (&*visit.base, &visit.site);
    let mut tx = core.kernel().db.begin_site(site.org, None).await?;
    let posts = store::list(&mut tx, Kind::Post, MOST).await?;
    let people: HashMap<AuthorId, String> =
        authors::all(&mut tx).await?.into_iter().map(|author| (author.id, author.name)).collect();
    let built = posts.iter().map(|post| post.updated_at).max();
    let mut items = Vec::with_capacity(posts.len());
    for post in posts {
        let words = images::in_letters(&mut tx, &markdown::html(&post.body), base).await?;
        let subjects = std::iter::once(&post.category).chain(&post.tags).filter(|name| !name.is_empty());
        items.push(Item {
            subjects: subjects.map(|name| allowed(name)).collect(),
            title: allowed(&post.title),
            summary: allowed(&post.summary),
            address: format!("{base}{}", Kind::Post.path(&post.slug)),
            day: post.published_at.unwrap_or(post.updated_at).to_rfc2822(),
            author: post.author.and_then(|id| people.get(&id)).map(|name| allowed(name)).unwrap_or_default(),
            words: allowed(&words),
        });
    }
    Ok(Feed {
        name: allowed(&site.name),
        tagline: allowed(if site.tagline.is_empty() { &site.name } else { &site.tagline }),
        base: base.to_owned(),
        built: built.map(|at| at.to_rfc2822()).unwrap_or_default(),
        items,
    })
}

/// A text without the characters that XML cannot hold, not even escaped.
fn allowed(text: &str) -> String {
    let holds =
        |c: &char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(holds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_left_out_and_the_rest_is_escaped() {
        let item = Item {
            title: allowed("A & B <c>\u{0}\u{b} \"d\""),
            summary: String::new(),
            address: "https://audit.test/blog/a?x=1&y=2".to_owned(),
            day: "Fri, 27 Nov 2026 10:00:00 +0000".to_owned(),
            author: allowed("O'Neil \u{ffff}"),
            subjects: vec!["R&D".to_owned()],
            words: "<p>]]&gt; and <em>more</em></p>".to_owned(),
        };
        let feed = Feed {
            name: "Site".to_owned(),
            tagline: "Line".to_owned(),
            base: "https://audit.test".to_owned(),
            built: String::new(),
            items: vec![item],
        };
        let xml = feed.render().expect("renders");
        assert!(!xml.contains(['\u{0}', '\u{b}', '\u{ffff}']), "{xml}");
        assert!(
            !xml.contains("<c>") && !xml.contains("<em>") && !xml.contains("B <") && !xml.contains("x=1&y"),
            "{xml}"
        );
        assert!(xml.starts_with("<?xml version=\"1.0\""), "{xml}");
        assert_eq!(xml.matches("<item>").count(), 1);
    }
}
