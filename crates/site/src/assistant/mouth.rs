//! What goes to a visitor's browser while it listens.

use kernel::ids::MessageId;
use tokio::sync::mpsc;

use super::api::LineOut;
use super::store::State;

/// Words handed over at once where an answer is there as a whole.
const PIECE: usize = 4;

/// Something for the visitor's browser.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A part of the words of a message that comes.
    Piece { id: MessageId, text: String },
    /// A message, whole.
    Line(LineOut),
    /// Nothing more comes; who answers now.
    Done(State),
    /// It broke off.
    Failed(String),
}

/// Says one message while it is made.
pub(super) struct Mouth<'a> {
    /// Of the message.
    pub id: MessageId,
    pub out: &'a mpsc::Sender<Step>,
}

impl Mouth<'_> {
    /// Shows more words of the message.
    pub(super) async fn say(&self, text: &str) {
        if !text.is_empty() {
            tell(self.out, Step::Piece { id: self.id, text: text.to_owned() }).await;
        }
    }

    /// Shows words that are there already, a few at a time.
    pub(super) async fn say_all(&self, text: &str) {
        for piece in pieces(text) {
            self.say(&piece).await;
        }
    }

    /// Waits until nobody listens any more.
    pub(super) async fn left(&self) {
        self.out.closed().await;
    }
}

/// Whoever went away is told nothing more; what was said to them is in the chat.
pub(super) async fn tell(out: &mpsc::Sender<Step>, step: Step) {
    drop(out.send(step).await);
}

/// A text in pieces of a few words; together they are the text.
fn pieces(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    words.chunks(PIECE).map(<[&str]>::concat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_the_text_again() {
        for text in ["", "one", "one two three four five six", "  spaces  and\nlines of it "] {
            assert_eq!(pieces(text).concat(), text);
        }
        assert_eq!(pieces("one two three four five").len(), 2);
    }
}
