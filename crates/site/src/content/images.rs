//! Pictures of a site: what is known of one, how a page shows it, and how its bytes are sent.
//!
//! Rules a newcomer would break: only files that we wrote are sent, never an upload; an address of a picture names bytes that never
//! change; a card for sharing is drawn for pages that exist, never for a text that a visitor sends.

mod card;
mod keep;
mod serve;
mod words;

use std::collections::HashMap;

use images::Format;
use kernel::db::OrgTx;
use kernel::ids::ImageId;
use uuid::Uuid;

pub(crate) use card::share_address;
pub(crate) use keep::{Upload, described, keep, remove};
pub(crate) use serve::{answer, routes};
pub(crate) use words::{in_letters, in_words};

/// A picture with the files that were made of it.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub id: ImageId,
    /// What the file was called.
    pub name: String,
    /// What it shows, for those who do not see it.
    pub alt: String,
    /// Of the picture as it was uploaded, upright.
    pub width: u32,
    pub height: u32,
    /// From the narrowest to the widest.
    pub files: Vec<File>,
}

/// One size and format of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File {
    pub width: u32,
    pub height: u32,
    pub format: Format,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ImageId,
    name: String,
    alt: String,
    width: i32,
    height: i32,
    file_width: i32,
    file_height: i32,
    format: String,
}

/// The pictures with these ids that the organisation has, whatever their order.
pub(crate) async fn read(tx: &mut OrgTx, ids: &[ImageId]) -> Result<HashMap<ImageId, Image>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "select i.id, i.name, i.alt, i.width, i.height, f.width as file_width, f.height as file_height, f.format \
         from site_images i join site_image_files f on f.org_id = i.org_id and f.image_id = i.id \
         where i.org_id = $1 and i.id = any($2) order by i.id, f.width, f.format",
    )
    .bind(tx.org())
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    let mut found: HashMap<ImageId, Image> = HashMap::new();
    for row in rows {
        let Some(format) = Format::from_word(&row.format) else { continue };
        let image = found.entry(row.id).or_insert_with(|| Image {
            id: row.id,
            name: row.name,
            alt: row.alt,
            width: row.width as u32,
            height: row.height as u32,
            files: Vec::new(),
        });
        image.files.push(File { width: row.file_width as u32, height: row.file_height as u32, format });
    }
    Ok(found)
}

/// The address of a file of a picture.
pub(crate) fn address(id: ImageId, file: &File) -> String {
    format!("/media/{id}/{}.{}", file.width, file.format.word())
}

impl Image {
    /// The file for browsers that read every format, about as wide as it is shown: the narrowest that is at least so wide.
    pub(crate) fn plain(&self, shown: u32) -> Option<&File> {
        let mut plain = self.files.iter().filter(|file| file.format != Format::Webp);
        let widest = self.files.iter().rev().find(|file| file.format != Format::Webp);
        plain.find(|file| file.width >= shown).or(widest)
    }

    fn set(&self, modern: bool) -> String {
        let files = self.files.iter().filter(|file| (file.format == Format::Webp) == modern);
        files.map(|file| format!("{} {}w", address(self.id, file), file.width)).collect::<Vec<_>>().join(", ")
    }
}

/// A picture in HTML: modern files first, the browser chooses by `sizes` (as in the attribute), room kept by its sizes. `eager` is
/// for the one picture that is seen first.
pub(crate) fn picture(image: &Image, sizes: &str, eager: bool) -> String {
    written(image, &escaped(&image.alt), sizes, eager)
}

/// The same with words for those who do not see it that are escaped already.
fn written(image: &Image, alt: &str, sizes: &str, eager: bool) -> String {
    let Some(file) = image.plain(960) else { return String::new() };
    let sizes = escaped(sizes);
    let mut html = String::from("<picture>");
    let modern = image.set(true);
    if !modern.is_empty() {
        html.push_str(&format!("<source type=\"image/webp\" srcset=\"{modern}\" sizes=\"{sizes}\">"));
    }
    let hurry = if eager { "fetchpriority=\"high\"" } else { "loading=\"lazy\" decoding=\"async\"" };
    html.push_str(&format!(
        "<img src=\"{}\" srcset=\"{}\" sizes=\"{sizes}\" alt=\"{alt}\" width=\"{}\" height=\"{}\" {hurry}></picture>",
        address(image.id, file),
        image.set(false),
        file.width,
        file.height,
    ));
    html
}

/// A text between tags or in an attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use kernel::Clock;

    use super::*;

    pub(super) fn sample() -> Image {
        let file = |width, format| File { width, height: width / 2, format };
        Image {
            id: ImageId::new(&Clock::system()),
            name: "desk.png".to_owned(),
            alt: "A \"quiet\" desk <b>".to_owned(),
            width: 1200,
            height: 600,
            files: vec![
                file(480, Format::Jpeg),
                file(480, Format::Webp),
                file(1200, Format::Jpeg),
                file(1200, Format::Webp),
            ],
        }
    }

    #[test]
    fn a_picture_offers_every_size_and_keeps_its_room() {
        let (image, html) = (sample(), picture(&sample(), "(min-width: 720px) 640px, 100vw", false));
        assert!(html.contains("type=\"image/webp\"") && html.contains(" 480w, ") && html.contains(" 1200w"), "{html}");
        assert!(html.contains("width=\"1200\" height=\"600\"") && html.contains("loading=\"lazy\""), "{html}");
        assert!(html.contains("alt=\"A &quot;quiet&quot; desk &lt;b&gt;\""), "{html}");
        assert_eq!(image.plain(481).map(|file| file.width), Some(1200));
        assert_eq!(image.plain(9000).map(|file| file.width), Some(1200), "the widest there is");
        let eager = picture(&image, "100vw", true);
        assert!(eager.contains("fetchpriority=\"high\"") && !eager.contains("lazy"), "{eager}");
    }

    #[test]
    fn a_picture_without_files_is_nothing() {
        let image = Image { files: Vec::new(), ..sample() };
        assert_eq!(picture(&image, "100vw", false), "");
    }
}
