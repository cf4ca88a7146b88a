//! What a site has for programs: the map of its pages, the word to robots, its mark.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use shell::AppError;

use super::theme;
use crate::content::{Kind, builtin, images, store};
use crate::core::Core;
use crate::sites::Site;
use crate::visit::Visit;

/// How wide the mark in the head of a page is at most, on a sharp screen: its picture is chosen for that.
const LOGO_WIDTH: u32 = 320;
/// An organisation's mark may change under its address.
const AN_HOUR: &str = "public, max-age=3600";

/// A page of the map, and when it last changed where that is known.
type Place = (String, Option<DateTime<Utc>>);

/// `GET /sitemap.xml`: what is published.
pub(super) async fn sitemap(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    let make = async {
        let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
        let kept = store::map(&mut tx).await?;
        drop(tx);
        Ok(map(&visit.base, &places(&visit.site, &kept)))
    };
    core.cache().answer(&visit, ("/sitemap.xml", 0), "application/xml; charset=utf-8", make).await
}

/// `GET /robots.txt`
pub(super) async fn robots(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    let made = async { Ok(word_to_robots(&visit.base)) };
    core.cache().answer(&visit, ("/robots.txt", 0), "text/plain; charset=utf-8", made).await
}

/// `GET /favicon.ico`: the mark in the site's colour.
pub(super) async fn favicon(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    let made = async { Ok(mark(&visit.site)) };
    let mut response = core.cache().answer(&visit, ("/favicon.ico", 0), "image/svg+xml", made).await?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(AN_HOUR));
    Ok(response)
}

/// `GET /site/logo`: leads to the picture that the organisation chose for its mark.
pub(super) async fn logo(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    let missing = || AppError::not_found("picture");
    let id = visit.site.look.logo.ok_or_else(missing)?;
    let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    let found = images::read(&mut tx, &[id]).await?;
    let file = found.get(&id).and_then(|image| image.plain(LOGO_WIDTH)).ok_or_else(missing)?;
    let mut response = StatusCode::FOUND.into_response();
    let address = HeaderValue::from_str(&images::address(id, file)).map_err(AppError::internal)?;
    response.headers_mut().insert(header::LOCATION, address);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(AN_HOUR));
    Ok(response)
}

/// Every page that is there for everybody, in the order of the site.
fn places(site: &Site, kept: &[(Kind, String, String, DateTime<Utc>)]) -> Vec<Place> {
    let flags = &site.flags;
    let changed = |kind: Kind, slug: &str| {
        kept.iter().find(|(of, named, _, _)| *of == kind && named == slug).map(|(_, _, _, at)| *at)
    };
    let of_kind = |kind: Kind| kept.iter().filter(move |(of, _, _, _)| *of == kind).map(|(_, _, _, at)| *at).max();
    let mut all: Vec<Place> = Vec::new();
    for page in builtin::all() {
        let empty = page.slug == "case-studies" && of_kind(Kind::CaseStudy).is_none();
        if !empty {
            all.push((page.kind.path(page.slug), changed(page.kind, page.slug)));
        }
    }
    let others = [
        (flags.audit, "/audit"),
        (flags.calculator, "/roi"),
        (true, "/contact"),
        (flags.booking, "/book"),
        (flags.blog, "/blog"),
    ];
    let last_post = of_kind(Kind::Post);
    for (_, path) in others.into_iter().filter(|(on, _)| *on) {
        all.push((path.to_owned(), last_post.filter(|_| path == "/blog")));
    }
    for (kind, slug, _, at) in kept {
        let hidden = *kind == Kind::Post && !flags.blog;
        if !hidden && builtin::page(*kind, slug).is_none() {
            all.push((kind.path(slug), Some(*at)));
        }
    }
    all
}

fn map(base: &str, places: &[Place]) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for (path, at) in places {
        let address = images::escaped(&format!("{base}{path}"));
        let changed = at.map(|at| format!("<lastmod>{}</lastmod>", at.format("%Y-%m-%d"))).unwrap_or_default();
        xml.push_str(&format!("<url><loc>{address}</loc>{changed}</url>\n"));
    }
    xml + "</urlset>\n"
}

fn word_to_robots(base: &str) -> String {
    // What belongs to one visitor; a result that somebody shares in public says so itself.
    let closed = ["/book/", "/letters/", "/v2/"].map(|path| format!("Disallow: {path}\n")).concat();
    format!("User-agent: *\n{closed}\nSitemap: {base}/sitemap.xml\n")
}

fn mark(site: &Site) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"8\" fill=\"{}\"/>\
         <path d=\"M16 7.5a8.5 8.5 0 1 1-7.6 4.7\" fill=\"none\" stroke=\"#fff\" stroke-width=\"3\" stroke-linecap=\"round\"/>\
         <circle cx=\"16\" cy=\"16\" r=\"2.6\" fill=\"#fff\"/></svg>",
        theme::mark(&site.look)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::facts::tests::site;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn the_map_has_what_is_on_and_when_it_changed() {
        let mut site = site();
        site.flags.booking = false;
        let kept = [
            (Kind::Page, "about".to_owned(), String::new(), at("2026-02-01T10:00:00Z")),
            (Kind::Post, "first".to_owned(), String::new(), at("2026-03-01T10:00:00Z")),
            (Kind::Page, "imprint".to_owned(), String::new(), at("2026-01-01T10:00:00Z")),
        ];
        let places = places(&site, &kept);
        let day = |path: &str| {
            let found = places.iter().find(|(place, _)| place == path);
            found.map(|(_, at)| at.map(|at| at.format("%m-%d").to_string()).unwrap_or_default())
        };
        assert_eq!(day("/about").as_deref(), Some("02-01"));
        assert_eq!(day("/blog").as_deref(), Some("03-01"));
        assert_eq!((day("/blog/first").is_some(), day("/imprint").is_some(), day("/").is_some()), (true, true, true));
        assert_eq!((day("/book"), day("/case-studies")), (None, None), "off, and nothing to show");
        let paths: std::collections::HashSet<_> = places.iter().map(|(path, _)| path).collect();
        assert_eq!(paths.len(), places.len(), "each page once");
    }

    #[test]
    fn the_map_is_xml() {
        let xml = map("https://a.test", &[("/blog/a&b".to_owned(), None)]);
        assert!(xml.contains("<loc>https://a.test/blog/a&amp;b</loc>") && xml.ends_with("</urlset>\n"), "{xml}");
    }

    #[test]
    fn robots_find_the_map_and_leave_what_is_one_visitors() {
        let text = word_to_robots("https://a.test");
        assert!(text.contains("Disallow: /book/\n") && text.ends_with("Sitemap: https://a.test/sitemap.xml\n"));
        assert!(!text.contains("Disallow: /\n") && !text.contains("Disallow: /book\n"));
    }
}
