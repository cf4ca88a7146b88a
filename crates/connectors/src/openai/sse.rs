//! Reads server-sent events from bytes as they arrive, however the network cut them.
//!
//! Rules a newcomer would break: a line may end in LF, CR or CRLF, and the CR and LF of one ending may come in two
//! pieces; a character may be split between pieces, so text is decoded a whole line at a time; a line that starts with
//! a colon is a comment (servers send them to keep the connection open) and never an event.

/// The most bytes one event may have; a server that sends more is broken or hostile.
pub const MAX_EVENT_BYTES: usize = 4 << 20;

/// One event: its name (`message` when the server gave none) and its data lines joined by line feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    /// The `event:` field, empty when there was none.
    pub name: String,
    /// The `data:` lines, joined by `\n`.
    pub data: String,
}

/// An event grew past [`MAX_EVENT_BYTES`] without ending.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a streamed event is longer than {MAX_EVENT_BYTES} bytes")]
pub struct TooLong;

/// Turns pieces of a body into events.
#[derive(Debug, Default)]
pub struct SseDecoder {
    line: Vec<u8>,
    data: String,
    has_data: bool,
    name: String,
    after_cr: bool,
    started: bool,
}

impl SseDecoder {
    /// Takes the next piece of the body and adds the events it completes to `events`.
    pub fn feed(&mut self, piece: &[u8], events: &mut Vec<SseEvent>) -> Result<(), TooLong> {
        for &byte in piece {
            let pair = self.after_cr && byte == b'\n';
            self.after_cr = byte == b'\r';
            if pair {
                continue;
            }
            if byte == b'\n' || byte == b'\r' {
                self.end_line(events);
            } else {
                self.line.push(byte);
                if self.line.len() + self.data.len() > MAX_EVENT_BYTES {
                    return Err(TooLong);
                }
            }
        }
        Ok(())
    }

    /// The body ended: an event whose blank line never came is still given, since servers do forget it.
    pub fn finish(mut self) -> Option<SseEvent> {
        let mut events = Vec::new();
        if !self.line.is_empty() {
            self.end_line(&mut events);
        }
        self.dispatch(&mut events);
        events.pop()
    }

    fn end_line(&mut self, events: &mut Vec<SseEvent>) {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let line = if self.started { &*line } else { line.strip_prefix('\u{feff}').unwrap_or(&line) };
        self.started = true;
        if line.is_empty() {
            self.dispatch(events);
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "event" => value.clone_into(&mut self.name),
            // A comment (empty field), `id`, `retry` and anything new mean nothing here.
            _ => {}
        }
    }

    fn dispatch(&mut self, events: &mut Vec<SseEvent>) {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        if std::mem::take(&mut self.has_data) {
            events.push(SseEvent { name, data });
        }
    }
}
