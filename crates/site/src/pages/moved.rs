//! What no route knows: a page of the database at an address of its own, an address that moved, or none, with the pages that may be meant.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::db::OrgTx;
use moka::future::Cache;
use shell::AppError;

use super::words;
use crate::content::{Kind, builtin, store};
use crate::core::Core;
use crate::visit::Visit;

/// How often an address may have moved.
const STEPS: usize = 8;
/// How many pages are named that may be meant, and how like the address they must be.
const NEAR: usize = 3;
const ALIKE: f64 = 0.3;
/// The longest address that is compared with others.
const LONGEST: usize = 200;
/// How many pages it is compared with.
const MOST: usize = 2_000;

/// The addresses and titles of a site's pages.
type Titles = Arc<Vec<(String, String)>>;

/// By organisation and version: programs ask for pages that are not there all day.
static KEPT: LazyLock<Cache<(u128, i64), Titles>> =
    LazyLock::new(|| Cache::builder().max_capacity(64).time_to_idle(Duration::from_secs(900)).build());

/// Pages that may be meant, on an answer that found none: their addresses and titles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Near(pub Vec<(String, String)>);

/// The fallback of a site.
pub(crate) async fn moved_or_missing(
    visit: Visit,
    State(core): State<Core>,
    method: Method,
) -> Result<Response, AppError> {
    if !matches!(method, Method::GET | Method::HEAD) {
        return Err(AppError::not_found("page"));
    }
    if let Some(slug) = own_slug(&visit.path)
        && is_published(&core, &visit, slug).await?
    {
        return words::article(&core, &visit, slug).await;
    }
    let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    if let Some((to, permanent)) = follow(&mut tx, &visit.path).await? {
        tx.commit().await?;
        return lead(&visit, &to, permanent);
    }
    if let Some(plain) = without_slash(&visit.path) {
        return lead(&visit, plain, true);
    }
    let near = Near::all(&mut tx, &visit).await?;
    let mut response = AppError::not_found("page").into_response();
    response.extensions_mut().insert(near);
    Ok(response)
}

/// The name of a page of the site's own that may be at this address.
fn own_slug(path: &str) -> Option<&str> {
    let slug = path.strip_prefix('/')?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let known = builtin::page(Kind::Page, slug).is_some();
    (!slug.is_empty() && slug.len() <= LONGEST && slug.bytes().all(plain) && !known).then_some(slug)
}

async fn is_published(core: &Core, visit: &Visit, slug: &str) -> Result<bool, AppError> {
    let token = visit.query_value("preview");
    let mut tx = core.kernel().db.begin_site(visit.site.org, token.as_deref()).await?;
    Ok(store::published(&mut tx, Kind::Page, slug).await?.is_some())
}

/// Where an address moved, to the end of the way, and whether for good; each step is counted. A way that leads in a circle leads
/// nowhere.
async fn follow(tx: &mut OrgTx, path: &str) -> Result<Option<(String, bool)>, sqlx::Error> {
    let mut way = vec![path.to_owned()];
    let mut for_good = true;
    while let Some(from) = way.last().filter(|_| way.len() <= STEPS) {
        let next: Option<(String, bool)> =
            sqlx::query_as("select to_path, permanent from site_redirects where org_id = $1 and from_path = $2")
                .bind(tx.org())
                .bind(from)
                .fetch_optional(tx.conn())
                .await?;
        let Some((to, permanent)) = next else { break };
        for_good &= permanent;
        // Where it comes to may say more than a path; the table knows paths.
        let bare = to.split(['?', '#']).next().unwrap_or_default().to_owned();
        if way.contains(&bare) {
            tracing::warn!(path, "an address of a site moved in a circle");
            return Ok(None);
        }
        way.push(to);
    }
    if way.len() == 1 {
        return Ok(None);
    }
    let to = way.pop().unwrap_or_default();
    sqlx::query("update site_redirects set hits = hits + 1 where org_id = $1 and from_path = any($2)")
        .bind(tx.org())
        .bind(&way)
        .execute(tx.conn())
        .await?;
    Ok(may_lead_to(&to).then_some((to, for_good)))
}

/// Within the site, or to a whole address of the web.
fn may_lead_to(address: &str) -> bool {
    let web = address.starts_with("https://") || address.starts_with("http://");
    let own = address.starts_with('/') && !address.starts_with("//");
    (web || own) && !address.chars().any(|character| character.is_control() || character == '\\')
}

/// The address without the slashes at its end; none for one that has none, or is nothing else.
fn without_slash(path: &str) -> Option<&str> {
    let plain = path.trim_end_matches('/');
    (plain.len() < path.len() && may_lead_to(plain)).then_some(plain)
}

/// A redirect that keeps the question that was asked.
fn lead(visit: &Visit, to: &str, permanent: bool) -> Result<Response, AppError> {
    let status = if permanent { StatusCode::MOVED_PERMANENTLY } else { StatusCode::FOUND };
    let address = match to.split_once('#') {
        _ if visit.query.is_empty() || to.contains('?') => to.to_owned(),
        Some((path, part)) => format!("{path}?{}#{part}", visit.query),
        None => format!("{to}?{}", visit.query),
    };
    let mut response = status.into_response();
    let address = HeaderValue::from_str(&address).map_err(AppError::internal)?;
    response.headers_mut().insert(header::LOCATION, address);
    Ok(response)
}

impl Near {
    /// Of the pages that every site has.
    pub(super) fn brought(path: &str) -> Self {
        Self(closest(path, brought()))
    }

    /// Of all pages of a site.
    async fn all(tx: &mut OrgTx, visit: &Visit) -> Result<Self, sqlx::Error> {
        let key = (visit.site.org.uuid().as_u128(), visit.site.version);
        let kept = if let Some(kept) = KEPT.get(&key).await {
            kept
        } else {
            let rows = store::map(tx).await?.into_iter().take(MOST);
            let kept: Arc<Vec<_>> = Arc::new(rows.map(|(kind, slug, title, _)| (kind.path(&slug), title)).collect());
            KEPT.insert(key, kept.clone()).await;
            kept
        };
        Ok(Self(closest(&visit.path, kept.iter().cloned().chain(brought()))))
    }
}

fn brought() -> impl Iterator<Item = (String, String)> {
    let pages = builtin::all().iter().map(|page| (page.kind.path(page.slug), page.title.clone()));
    let others = [("/audit", "Maturity audit"), ("/roi", "Calculator"), ("/contact", "Contact"), ("/blog", "Blog")];
    pages.chain(others.into_iter().map(|(path, title)| (path.to_owned(), title.to_owned())))
}

/// The pages whose addresses or titles are most like the one that was asked for.
fn closest(path: &str, pages: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let asked = pairs(path);
    let mut scored: Vec<(f64, String, String)> = pages
        .map(|(href, title)| (likeness(&asked, &pairs(&href)).max(likeness(&asked, &pairs(&title))), href, title))
        .filter(|(score, _, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut seen = HashSet::new();
    scored.retain(|(_, href, _)| seen.insert(href.clone()));
    scored.into_iter().take(NEAR).map(|(_, href, title)| (href, title)).collect()
}

/// The pairs of letters that stand beside each other in the words of a text, in order.
fn pairs(text: &str) -> Vec<(char, char)> {
    let plain: Vec<char> = text
        .chars()
        .take(LONGEST)
        .map(|character| if character.is_alphanumeric() { character.to_ascii_lowercase() } else { ' ' })
        .collect();
    let mut pairs: Vec<(char, char)> = plain
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] if *a != ' ' && *b != ' ' => Some((*a, *b)),
            _ => None,
        })
        .collect();
    pairs.sort_unstable();
    pairs
}

/// The coefficient of Sørensen and Dice: twice what is common over all there is.
fn likeness(one: &[(char, char)], other: &[(char, char)]) -> f64 {
    let (mut left, mut right, mut common) = (one.iter().peekable(), other.iter().peekable(), 0_usize);
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        match a.cmp(b) {
            std::cmp::Ordering::Less => {
                left.next();
            }
            std::cmp::Ordering::Greater => {
                right.next();
            }
            std::cmp::Ordering::Equal => {
                common += 1;
                left.next();
                right.next();
            }
        }
    }
    let all = one.len() + other.len();
    if all == 0 { 0.0 } else { 2.0 * common as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_address_finds_what_is_like_it() {
        let pages = || {
            let pages = [("/pricing", "Pricing"), ("/solutions/dentists", "Dental practices"), ("/about", "About us")];
            pages.into_iter().map(|(href, title)| (href.to_owned(), title.to_owned()))
        };
        assert_eq!(closest("/prices", pages())[0].0, "/pricing");
        assert_eq!(closest("/solution/dentist", pages())[0].0, "/solutions/dentists");
        assert!(closest("/wp-login.php", pages()).is_empty());
        assert!(closest("/", pages()).is_empty());
    }

    #[test]
    fn only_plain_names_are_looked_up_as_pages() {
        assert_eq!(own_slug("/imprint"), Some("imprint"));
        for path in ["/", "/about", "/home", "/a/b", "/A", "/..", "/%2e", "imprint"] {
            assert_eq!(own_slug(path), None, "{path}");
        }
    }

    #[test]
    fn a_way_leads_within_the_site_or_to_the_web() {
        assert!(may_lead_to("/x?y#z") && may_lead_to("https://example.com/"));
        for address in ["//evil.test", "javascript:x", "/a\r\nset-cookie: x", "/\\evil.test", "evil", ""] {
            assert!(!may_lead_to(address), "{address:?}");
        }
        assert_eq!(without_slash("/about/"), Some("/about"));
        assert_eq!(without_slash("//evil.test/"), None);
        assert_eq!((without_slash("/"), without_slash("/about"), without_slash("//")), (None, None, None));
    }
}
