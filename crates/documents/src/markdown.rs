//! Markdown (`CommonMark` with tables).

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::outline::{Document, Outline};

/// Lines shorter than this, in characters, are lines of a list or an address.
const SHORT_LINE: usize = 60;

pub(crate) fn parse(text: &str) -> Document {
    let mut outline = Outline::default();
    let mut heading: Option<String> = None;
    let body = without_front_matter(text);
    for event in Parser::new_ext(body, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(level)) => {
                let text = heading.take().unwrap_or_default();
                if level == HeadingLevel::H1 {
                    outline.title(&text);
                }
                outline.heading(level as u8, &text);
            }
            Event::Text(t) | Event::Code(t) => match &mut heading {
                Some(h) => h.push_str(&t),
                None => outline.text(&t),
            },
            Event::SoftBreak => match &mut heading {
                Some(h) => h.push(' '),
                // A short line was ended on purpose, a long one by its editor's margin.
                None => outline.text(if outline.line_length() < SHORT_LINE { "\n" } else { " " }),
            },
            Event::HardBreak
            | Event::Rule
            | Event::Start(Tag::Item | Tag::TableRow | Tag::TableHead)
            | Event::End(TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead) => outline.line_break(),
            Event::End(
                TagEnd::Paragraph | TagEnd::List(_) | TagEnd::CodeBlock | TagEnd::Table | TagEnd::BlockQuote(_),
            ) => {
                outline.line_break();
                outline.text("\n");
            }
            Event::End(TagEnd::TableCell) => outline.text(" · "),
            _ => {}
        }
    }
    outline.finish()
}

fn without_front_matter(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("---\n") else { return text };
    rest.split_once("\n---\n").map_or(text, |(_, body)| body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    #[test]
    fn headings_stand_over_their_text() {
        let doc = parse(
            "---\na: b\n---\n# Clinic\nWelcome *all*.\n\n## Prices\n- Whitening: $299\n- Exam: $80\n\n## Do you park?\nYes, **free**.\n",
        );
        assert_eq!(doc.title.as_deref(), Some("Clinic"));
        assert_eq!(
            doc.blocks,
            [
                Block::Section { headings: vec!["Clinic".into()], text: "Welcome all.".into() },
                Block::Section {
                    headings: vec!["Clinic".into(), "Prices".into()],
                    text: "Whitening: $299\nExam: $80".into()
                },
                Block::Faq { question: "Do you park?".into(), answer: "Yes, free.".into() },
            ]
        );
    }

    #[test]
    fn tables_keep_their_rows() {
        let doc = parse("| day | hours |\n|--|--|\n| Mon | 8–18 |\n| Sat | 9–13 |\n");
        let Some(Block::Section { text, .. }) = doc.blocks.first() else { panic!("a section") };
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains("Mon · 8–18"));
    }
}
