//! Words in Markdown, as HTML that can do nothing but be read.
//!
//! HTML in the words is shown as text; links lead to pages, letters and telephones, pictures are our own. What is left out is left out
//! as a whole: there is no list of what is dangerous that could miss something.

use std::collections::HashMap;

use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

/// The words as HTML. A first-level heading becomes one of the second: the page has its own.
pub(crate) fn html(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events: Vec<Event> = Parser::new_ext(text, options).map(tamed).collect();
    let mut out = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut out, with_anchors(events).into_iter());
    aligned(&out)
}

/// Columns are aligned by class: the writer of HTML does it by style, which our pages refuse. Text cannot look like it, since its
/// quotation marks are escaped.
fn aligned(html: &str) -> String {
    [("left", "start"), ("center", "middle"), ("right", "end")].iter().fold(html.to_owned(), |html, (side, class)| {
        html.replace(&format!(" style=\"text-align: {side}\""), &format!(" class=\"{class}\""))
    })
}

/// The words without their marks, in one line: for descriptions and searches.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(piece) | Event::Code(piece) => out.push_str(&piece),
            // Emphasis in the middle of a word does not part it.
            Event::SoftBreak | Event::HardBreak | Event::Rule | Event::End(_)
                if !out.ends_with(' ')
                    && !matches!(
                        event,
                        Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link)
                    ) =>
            {
                out.push(' ');
            }
            _ => {}
        }
    }
    out.trim().to_owned()
}

/// An event with nothing in it that acts: HTML is text, and addresses that are not allowed lead nowhere.
fn tamed(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let written = if link_type == LinkType::Email { format!("mailto:{dest_url}").into() } else { dest_url };
            let dest_url = if may_lead_to(&written) { written } else { "#".into() };
            // The address says it is a letter; the writer of HTML would say it again.
            let link_type = if link_type == LinkType::Email { LinkType::Inline } else { link_type };
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            let dest_url = if is_own_picture(&dest_url) { dest_url } else { CowStr::Borrowed("") };
            Event::Start(Tag::Image { link_type, dest_url, title, id })
        }
        other => other,
    }
}

/// Whether a link may lead there: to the open web, to a letter, to a telephone, or within the site.
pub(crate) fn may_lead_to(address: &str) -> bool {
    if address.chars().any(|character| character.is_control() || character == '\\') {
        return false;
    }
    let lower = address.to_ascii_lowercase();
    let outside = ["https://", "http://", "mailto:", "tel:"].iter().any(|start| lower.starts_with(start));
    outside || address.starts_with('#') || (address.starts_with('/') && !address.starts_with("//"))
}

fn is_own_picture(address: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    address.strip_prefix("/media/").is_some_and(|rest| !rest.contains("..") && rest.bytes().all(harmless))
}

/// Headings get a place to link to, pictures without an address of ours fall out with their words kept, and headings begin at the
/// second level.
fn with_anchors(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut out: Vec<Event<'_>> = Vec::with_capacity(events.len());
    let mut used: HashMap<String, u32> = HashMap::new();
    // Where the open heading began, and whether each open picture was let go.
    let (mut heading, mut pictures) = (None, Vec::new());
    for event in events {
        match event {
            Event::Start(Tag::Heading { level, classes, .. }) => {
                heading = Some(out.len());
                let level = lowered(level);
                out.push(Event::Start(Tag::Heading { level, id: None, classes, attrs: Vec::new() }));
            }
            Event::End(TagEnd::Heading(level)) => {
                if let Some(start) = heading.take() {
                    let place = anchor(&words(&out[start..]), &mut used);
                    if let Event::Start(Tag::Heading { id, .. }) = &mut out[start] {
                        *id = Some(place.into());
                    }
                }
                out.push(Event::End(TagEnd::Heading(lowered(level))));
            }
            Event::Start(Tag::Image { ref dest_url, .. }) => {
                let shown = !dest_url.is_empty();
                pictures.push(shown);
                if shown {
                    out.push(event);
                }
            }
            Event::End(TagEnd::Image) => {
                if pictures.pop() == Some(true) {
                    out.push(event);
                }
            }
            other => out.push(other),
        }
    }
    out
}

fn lowered(level: HeadingLevel) -> HeadingLevel {
    if level == HeadingLevel::H1 { HeadingLevel::H2 } else { level }
}

fn words(events: &[Event<'_>]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    texts.collect()
}

/// A name for a heading that no other one of the text has.
fn anchor(heading: &str, used: &mut HashMap<String, u32>) -> String {
    let base = slug(heading);
    let base = if base.is_empty() { "part".to_owned() } else { base };
    let mut name = base.clone();
    while used.contains_key(&name) {
        let times = used.entry(base.clone()).and_modify(|times| *times += 1).or_insert(1);
        name = format!("{base}-{}", *times + 1);
    }
    used.insert(name.clone(), 0);
    name
}

/// A text as it stands in an address: small letters, digits and hyphens.
pub(crate) fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        match character {
            'a'..='z' | '0'..='9' => out.push(character),
            '\'' | '’' => {}
            _ if !out.is_empty() && !out.ends_with('-') => out.push('-'),
            _ => {}
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_become_html() {
        let made = html("# One\n\nA *word* and [a page](/pricing).\n\n| a | b |\n|---|---|\n| 1 | 2 |");
        assert!(made.contains("<h2 id=\"one\">One</h2>"), "{made}");
        assert!(made.contains("<em>word</em>") && made.contains("<a href=\"/pricing\">a page</a>"), "{made}");
        assert!(made.contains("<td>1</td>"), "{made}");
    }

    #[test]
    fn headings_of_one_name_have_places_of_their_own() {
        let made = html("## Cost\n\n## Cost\n\n## Cost 2\n\n## ¿?");
        for place in ["\"cost\"", "\"cost-2\"", "\"part\""] {
            assert_eq!(made.matches(&format!("id={place}")).count(), 1, "{place} in {made}");
        }
        let ids: Vec<&str> = made.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), distinct.len(), "{ids:?}");
    }

    #[test]
    fn nothing_in_the_words_acts() {
        let made = html(
            "<script>alert(1)</script>\n\nA <b onclick=x>b</b> [x](javascript:alert(1)) [y](//evil.test) [z](<data:text/html,1>)",
        );
        assert!(!made.contains("<script") && !made.contains("<b onclick"), "{made}");
        assert!(!made.contains("javascript:") && !made.contains("//evil") && !made.contains("data:"), "{made}");
        assert!(made.contains("&lt;script&gt;"), "it is shown: {made}");
    }

    #[test]
    fn pictures_are_our_own_or_their_words() {
        let made = html("![A chart](/media/img_1/480.webp) ![Tracker](https://evil.test/x.png) ![Up](/media/../admin)");
        assert_eq!(made.matches("<img").count(), 1, "{made}");
        assert!(made.contains("Tracker") && made.contains("Up") && !made.contains("evil"), "{made}");
    }

    #[test]
    fn plain_words_have_no_marks() {
        assert_eq!(
            plain("## Head\n\nA **bold** wor*d* and `code`.\n\n- one\n- two"),
            "Head A bold word and code. one two"
        );
    }

    #[test]
    fn slugs_are_plain() {
        assert_eq!(slug("What's lost, and where?"), "whats-lost-and-where");
        assert_eq!(slug("../../etc"), "etc");
        assert_eq!(slug("日本"), "");
    }

    proptest! {
        #[test]
        fn whatever_is_written_opens_no_element_that_acts(text in "[<>a-z\"'=:/()\\[\\]!#*`\\n &;-]{0,120}") {
            let made = html(&text);
            for element in ["<script", "<iframe", "<style", "<object", "<svg", "<form", "<input"] {
                prop_assert!(!made.contains(element), "{made}");
            }
            let scripted = made.split("href=\"").skip(1).any(|rest| rest.starts_with("javascript") || rest.starts_with("data"));
            prop_assert!(!scripted, "{made}");
        }
    }
}
