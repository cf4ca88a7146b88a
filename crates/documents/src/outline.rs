//! A document as headings with text under them, which is what every format comes down to.

use crate::MAX_TEXT;

/// One piece of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Text under headings, outermost first.
    Section {
        /// The headings above it.
        headings: Vec<String>,
        /// The text; lines are kept.
        text: String,
    },
    /// A question with its answer.
    Faq {
        /// What is asked.
        question: String,
        /// What is answered.
        answer: String,
    },
}

/// A parsed file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The title it gives itself.
    pub title: Option<String>,
    /// Its pieces in order.
    pub blocks: Vec<Block>,
}

/// Collects headings and text into a [`Document`]. A section whose heading is a question becomes a FAQ.
#[derive(Default)]
pub(crate) struct Outline {
    document: Document,
    headings: Vec<(u8, String)>,
    text: String,
    taken: usize,
}

impl Outline {
    pub(crate) fn title(&mut self, title: &str) {
        let title = squeeze(title);
        if !title.is_empty() {
            self.document.title.get_or_insert(title);
        }
    }

    /// Opens a heading; 1 is the outermost.
    pub(crate) fn heading(&mut self, level: u8, heading: &str) {
        self.flush();
        let heading = squeeze(heading);
        if heading.is_empty() {
            return;
        }
        self.headings.retain(|(l, _)| *l < level);
        self.headings.push((level, heading));
    }

    /// Adds text as it comes; nothing more is taken after [`MAX_TEXT`].
    pub(crate) fn text(&mut self, text: &str) {
        let room = MAX_TEXT.saturating_sub(self.taken);
        let text = head(text, room);
        self.taken += text.len();
        self.text.push_str(text);
    }

    /// Characters since the last line end.
    pub(crate) fn line_length(&self) -> usize {
        self.text.rsplit('\n').next().map_or(0, |line| line.chars().count())
    }

    pub(crate) fn line_break(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    pub(crate) fn faq(&mut self, question: &str, answer: &str) {
        self.flush();
        let (question, answer) = (squeeze(question), tidy(answer));
        self.taken += question.len() + answer.len();
        if self.taken <= MAX_TEXT && !question.is_empty() && !answer.is_empty() {
            self.document.blocks.push(Block::Faq { question, answer });
        }
    }

    pub(crate) fn finish(mut self) -> Document {
        self.flush();
        if self.document.title.is_none()
            && let Some(Block::Section { headings, .. }) = self.document.blocks.first()
        {
            self.document.title = headings.first().cloned();
        }
        self.document
    }

    fn flush(&mut self) {
        let text = tidy(&std::mem::take(&mut self.text));
        if text.is_empty() {
            return;
        }
        let headings: Vec<String> = self.headings.iter().map(|(_, h)| h.clone()).collect();
        let block = match headings.last() {
            Some(question) if question.ends_with(['?', '？', '؟']) => {
                Block::Faq { question: question.clone(), answer: text }
            }
            _ => Block::Section { headings, text },
        };
        self.document.blocks.push(block);
    }
}

/// The beginning of a text, at most `bytes` long, cut at a character.
fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// One line without doubled spaces.
pub(crate) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines without doubled spaces, and at most one empty line between them.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(squeeze) {
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        out.push_str(&line);
    }
    out
}
