use connectors::openai::sse::{MAX_EVENT_BYTES, SseDecoder, SseEvent, TooLong};
use proptest::prelude::*;

fn decode(pieces: &[&[u8]]) -> Vec<SseEvent> {
    let mut decoder = SseDecoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.feed(piece, &mut events).expect("no event is too long");
    }
    events.extend(decoder.finish());
    events
}

fn data(pieces: &[&[u8]]) -> Vec<String> {
    decode(pieces).into_iter().map(|event| event.data).collect()
}

#[test]
fn one_event_a_blank_line() {
    assert_eq!(data(&[b"data: a\n\ndata: b\n\n"]), ["a", "b"]);
}

#[test]
fn all_three_line_endings_are_taken() {
    assert_eq!(data(&[b"data: a\r\n\r\ndata: b\r\rdata: c\n\n"]), ["a", "b", "c"]);
}

#[test]
fn a_crlf_may_come_in_two_pieces() {
    assert_eq!(data(&[b"data: a\r", b"\n\r", b"\ndata: b\r\n\r\n"]), ["a", "b"]);
}

#[test]
fn comments_ids_and_retries_are_no_events() {
    assert_eq!(data(&[b": ping\n\nid: 7\nretry: 10\n\ndata: a\n\n:\n\n"]), ["a"]);
}

#[test]
fn data_lines_of_one_event_are_joined() {
    assert_eq!(data(&[b"data: a\ndata:b\ndata\n\n"]), ["a\nb\n"]);
}

#[test]
fn the_name_belongs_to_its_event_only() {
    let events = decode(&[b"event: error\ndata: x\n\ndata: y\n\n"]);
    assert_eq!(events[0], SseEvent { name: "error".into(), data: "x".into() });
    assert_eq!(events[1], SseEvent { name: String::new(), data: "y".into() });
}

#[test]
fn an_event_whose_blank_line_never_came_is_still_given() {
    assert_eq!(data(&[b"data: a\n\ndata: [DONE]"]), ["a", "[DONE]"]);
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(data(&[b"\xef\xbb\xbfdata: a\n\n"]), ["a"]);
}

#[test]
fn an_endless_event_is_refused() {
    let mut decoder = SseDecoder::default();
    let mut events = Vec::new();
    let piece = vec![b'x'; MAX_EVENT_BYTES];
    assert_eq!(decoder.feed(&piece, &mut events), Ok(()));
    assert_eq!(decoder.feed(b"x", &mut events), Err(TooLong));
}

proptest! {
    /// Wherever the network cuts the body, the events are the same, characters of several bytes included.
    #[test]
    fn cuts_do_not_matter(texts in prop::collection::vec("[a-zé漢🦷 :]{0,12}", 1..6), cuts in prop::collection::vec(0usize..200, 0..20), crlf: bool) {
        use std::fmt::Write as _;
        let end = if crlf { "\r\n" } else { "\n" };
        let mut body = String::new();
        for text in &texts {
            write!(body, ": keep alive{end}data: {text}{end}{end}").expect("a string takes text");
        }
        let bytes = body.as_bytes();
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(data(&pieces), texts);
    }

    /// No bytes at all make the decoder fail or panic below its limit.
    #[test]
    fn any_bytes_are_taken(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..16)) {
        let pieces: Vec<_> = pieces.iter().map(Vec::as_slice).collect();
        decode(&pieces);
    }
}
