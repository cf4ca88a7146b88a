//! Pictures among words: what Markdown calls by an address becomes a picture in every size.

use std::collections::HashMap;

use kernel::db::OrgTx;
use kernel::ids::ImageId;

use super::{Image, address, escaped, read, written};

/// How the writer of HTML begins a picture of ours; text can hold no such thing, because it is escaped.
const START: &str = "<img src=\"/media/";
/// A picture among words is as wide as they are.
const SIZES: &str = "(min-width: 760px) 720px, 100vw";

/// The HTML of [`super::super::markdown::html`] with its pictures in every size; of one that is gone, its words stay.
pub(crate) async fn in_words(tx: &mut OrgTx, html: String) -> Result<String, sqlx::Error> {
    if !html.contains(START) {
        return Ok(html);
    }
    let known = known(tx, &html).await?;
    Ok(replaced(&html, &known, |image, alt| written(image, alt, SIZES, false)))
}

/// The same for readers elsewhere, such as of the feed: one size, and whole addresses for pictures and links.
pub(crate) async fn in_letters(tx: &mut OrgTx, html: &str, base: &str) -> Result<String, sqlx::Error> {
    let known = known(tx, html).await?;
    let base = escaped(base);
    let html = html.replace("<a href=\"/", &format!("<a href=\"{base}/"));
    Ok(replaced(&html, &known, |image, alt| match image.plain(960) {
        Some(file) => format!(
            "<img src=\"{base}{}\" alt=\"{alt}\" width=\"{}\" height=\"{}\">",
            address(image.id, file),
            file.width,
            file.height
        ),
        None => String::new(),
    }))
}

async fn known(tx: &mut OrgTx, html: &str) -> Result<HashMap<ImageId, Image>, sqlx::Error> {
    let ids: Vec<ImageId> = html.split(START).skip(1).filter_map(id_of).collect();
    read(tx, &ids).await
}

/// The id that an address after `/media/` begins with.
fn id_of(rest: &str) -> Option<ImageId> {
    rest.split(['/', '"']).next()?.parse().ok()
}

fn replaced(html: &str, known: &HashMap<ImageId, Image>, write: impl Fn(&Image, &str) -> String) -> String {
    let mut parts = html.split(START);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Attributes are escaped: the first bracket ends the element.
        let (element, after) = part.split_once('>').unwrap_or((part, ""));
        let words = element.split("alt=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        match id_of(element).and_then(|id| known.get(&id)) {
            Some(image) if words.is_empty() => out.push_str(&write(image, &escaped(&image.alt))),
            Some(image) => out.push_str(&write(image, words)),
            None => out.push_str(words),
        }
        out.push_str(after);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;
    use crate::content::markdown;

    fn shown(markdown: &str, image: &Image) -> String {
        let known = HashMap::from([(image.id, image.clone())]);
        replaced(&markdown::html(markdown), &known, |image, alt| written(image, alt, SIZES, false))
    }

    #[test]
    fn pictures_of_the_words_come_in_every_size_with_the_words_they_were_given() {
        let image = sample();
        let html = shown(&format!("Before ![A <b> \"chart\"](/media/{}) after.", image.id), &image);
        assert!(html.starts_with("<p>Before <picture>") && html.ends_with("</picture> after.</p>\n"), "{html}");
        assert!(html.contains("alt=\"A &lt;b&gt; &quot;chart&quot;\""), "{html}");
        let own = shown(&format!("![](/media/{}/480.jpeg)", image.id), &image);
        assert!(own.contains("alt=\"A &quot;quiet&quot; desk &lt;b&gt;\""), "{own}");
    }

    #[test]
    fn what_is_gone_or_was_never_there_leaves_its_words() {
        let image = sample();
        for place in ["img_01h455vb4pex5vsknk084sn02q", "nothing", "share/post/x.png"] {
            let html = shown(&format!("![Words](/media/{place}) and ![](/media/{place})"), &image);
            assert_eq!(html, "<p>Words and </p>\n", "{place}");
        }
    }

    #[test]
    fn a_text_that_looks_like_a_picture_is_a_text() {
        let image = sample();
        let html = shown(&format!("`<img src=\"/media/{}\" alt=\"x\" />`", image.id), &image);
        assert!(!html.contains("<picture>") && html.contains("&lt;img"), "{html}");
    }
}
