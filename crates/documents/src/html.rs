//! Web pages: the text a visitor reads, without menus, scripts and forms.

use html5gum::{Token, Tokenizer};

use crate::outline::{Document, Outline};

/// Elements whose whole content is left out.
const SILENT: &[&[u8]] =
    &[b"script", b"style", b"noscript", b"template", b"nav", b"svg", b"form", b"select", b"iframe", b"footer"];
/// Elements that begin a new line.
const LINES: &[&[u8]] = &[
    b"p",
    b"div",
    b"section",
    b"article",
    b"li",
    b"tr",
    b"br",
    b"ul",
    b"ol",
    b"table",
    b"blockquote",
    b"pre",
    b"dd",
    b"main",
    b"header",
];

pub(crate) fn parse(text: &str) -> Document {
    let mut reader = Reader::default();
    for token in Tokenizer::new(text) {
        let Ok(token) = token;
        reader.token(&token);
    }
    reader.outline.finish()
}

#[derive(Default)]
struct Reader {
    outline: Outline,
    /// The silent element we are inside, and how deep in elements of its own name.
    silent: Option<(Vec<u8>, usize)>,
    /// Heading level and text while inside one; 0 is the title, 4 a question in a definition list or summary.
    heading: Option<(u8, String)>,
}

impl Reader {
    fn token(&mut self, token: &Token) {
        match token {
            Token::StartTag(tag) => self.start(&tag.name, tag.self_closing),
            Token::EndTag(tag) => self.end(&tag.name),
            Token::String(text) if self.silent.is_none() => {
                let text = String::from_utf8_lossy(text);
                match &mut self.heading {
                    Some((_, h)) => h.push_str(&text),
                    None => self.outline.text(&text.replace(['\n', '\r', '\t'], " ")),
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, name: &[u8], self_closing: bool) {
        if let Some((outer, depth)) = &mut self.silent {
            if outer == name && !self_closing {
                *depth += 1;
            }
        } else if SILENT.contains(&name) && !self_closing {
            self.silent = Some((name.to_vec(), 1));
        } else if let Some(level) = level(name) {
            self.heading = Some((level, String::new()));
        } else if LINES.contains(&name) {
            self.outline.line_break();
        } else if matches!(name, b"td" | b"th") {
            self.outline.text(" ");
        }
    }

    fn end(&mut self, name: &[u8]) {
        if let Some((outer, depth)) = &mut self.silent {
            if outer == name {
                *depth -= 1;
                if *depth == 0 {
                    self.silent = None;
                }
            }
        } else if level(name).is_some()
            && let Some((level, text)) = self.heading.take()
        {
            if level == 0 {
                self.outline.title(&text);
            } else {
                self.outline.heading(level, &text);
            }
        } else if matches!(name, b"p" | b"ul" | b"ol" | b"table") {
            self.outline.line_break();
            self.outline.text("\n");
        } else if matches!(name, b"td" | b"th") {
            self.outline.text(" · ");
        }
    }
}

fn level(name: &[u8]) -> Option<u8> {
    match name {
        b"title" => Some(0),
        [b'h', n @ b'1'..=b'6'] => Some(n - b'0'),
        b"dt" | b"summary" => Some(7),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Block;

    #[test]
    fn a_page_is_read_as_a_visitor_would() {
        let doc = parse(
            "<title>Clinic &amp; Spa</title><nav><a>Home</a></nav><script>alert('x')</script><h1>Prices</h1>\
             <p>Whitening costs <b>$299</b>.<p>Unclosed <dl><dt>Do you park?</dt><dd>Yes, free.</dd></dl><footer>© </footer>",
        );
        assert_eq!(doc.title.as_deref(), Some("Clinic & Spa"));
        assert_eq!(
            doc.blocks,
            [
                Block::Section { headings: vec!["Prices".into()], text: "Whitening costs $299.\nUnclosed".into() },
                Block::Faq { question: "Do you park?".into(), answer: "Yes, free.".into() },
            ]
        );
    }

    #[test]
    fn broken_tags_lose_nothing_else() {
        let doc = parse("<p>One<div>Two</b></p><<>x</script><h2>unclosed");
        assert!(matches!(doc.blocks.first(), Some(Block::Section { text, .. }) if text.starts_with("One\nTwo")));
    }
}
