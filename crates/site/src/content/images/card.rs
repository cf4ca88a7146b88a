//! Cards for sharing: drawn when somebody first shares a page, kept in the object store under a digest of what is on them.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use images::{Format, share_card};
use kernel::ids::OrgId;
use ring::digest::{Context, SHA256};
use shell::{AppError, Path};

use super::serve::sent;
use crate::content::{Kind, builtin, store};
use crate::core::Core;
use crate::sites::Site;
use crate::visit::Visit;

/// Raised when cards are drawn differently: those kept are drawn anew.
const DRAWN: u8 = 1;
/// A page's title can change, its address stays.
const AN_HOUR: &str = "public, max-age=3600";

/// Pages that are no entries, and what their cards say.
const OTHERS: [(&str, &str); 6] = [
    ("audit", "How much of your demand do you keep?"),
    ("roi", "What would winning it back be worth?"),
    ("contact", "Talk to us"),
    ("book", "Book a conversation"),
    ("blog", "What we have learned"),
    ("letters", "Letters"),
];

/// The address of the card of a page.
pub(crate) fn share_address(base: &str, kind: Kind, slug: &str) -> String {
    format!("{base}/media/share/{}/{slug}.png", kind.word())
}

pub(super) async fn show(
    visit: Visit,
    State(core): State<Core>,
    Path((kind, file)): Path<(String, String)>,
) -> Result<Response, AppError> {
    let missing = || AppError::not_found("picture");
    let kind = Kind::from_word(&kind).ok_or_else(missing)?;
    let slug = file.strip_suffix(".png").ok_or_else(missing)?;
    let title = title(&core, visit.site.org, kind, slug).await?.ok_or_else(missing)?;
    let bytes = card(&core, &visit.site, title).await?;
    Ok(sent(Format::Png, bytes, AN_HOUR))
}

/// What a page that exists is called.
async fn title(core: &Core, org: OrgId, kind: Kind, slug: &str) -> Result<Option<String>, AppError> {
    let mut tx = core.kernel().db.begin_site(org, None).await?;
    if let Some(entry) = store::published(&mut tx, kind, slug).await? {
        return Ok(Some(entry.title));
    }
    if let Some(page) = builtin::page(kind, slug) {
        return Ok(Some(page.title.clone()));
    }
    let other = OTHERS.iter().find(|(name, _)| kind == Kind::Page && *name == slug);
    Ok(other.map(|(_, title)| (*title).to_owned()))
}

/// The card with a title, from the store or drawn now.
async fn card(core: &Core, site: &Site, title: String) -> Result<Bytes, AppError> {
    let objects = &core.kernel().objects;
    let (name, look) = (site.name.clone(), site.look.clone());
    let object = object(&title, site);
    if let Some(kept) = objects.get(site.org, &object).await? {
        return Ok(kept);
    }
    let draw = move || share_card(&title, &name, look.hue, look.chroma);
    let drawn = tokio::task::spawn_blocking(draw).await.map_err(AppError::internal)?;
    let bytes = Bytes::from(drawn.ok_or_else(|| AppError::unavailable("the picture cannot be drawn for the moment"))?);
    objects.put(site.org, &object, bytes.clone()).await?;
    Ok(bytes)
}

fn object(title: &str, site: &Site) -> String {
    let mut digest = Context::new(&SHA256);
    digest.update(&[DRAWN]);
    digest.update(&site.look.hue.to_be_bytes());
    digest.update(&site.look.chroma.to_bits().to_be_bytes());
    digest.update(&(site.name.len() as u64).to_be_bytes());
    digest.update(site.name.as_bytes());
    digest.update(title.as_bytes());
    format!("site/share/{}.png", hex::encode(&digest.finish().as_ref()[..16]))
}
