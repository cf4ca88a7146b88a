//! Cuts a batch into parts that can each be handled as a whole.
//!
//! Within one part messages of contacts are heard after what platforms say of ours is settled, so a thread must not have both
//! there: a reply written in the platform's own app answers what came before it and not what comes after.

use std::collections::HashMap;

use super::incoming::Incoming;
use super::load::Loaded;

/// The most deliveries of one transaction: it holds the locks of their conversations.
const MOST: usize = 128;

/// What a delivery is to its thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Voice {
    /// The contact wrote.
    Contact,
    /// The platform tells of our messages, or a message was marked.
    Platform,
}

/// The parts of a batch, each to be handled in one transaction, one after another. Deliveries of one thread come in their order
/// and stay in it.
pub(super) fn parts(loaded: Vec<Loaded>) -> Vec<Vec<Loaded>> {
    let places = places(&loaded);
    let mut waves: Vec<Vec<Loaded>> = Vec::new();
    for (one, at) in loaded.into_iter().zip(places) {
        while waves.len() <= at {
            waves.push(Vec::new());
        }
        waves[at].push(one);
    }
    waves.into_iter().flat_map(|wave| cut(wave, MOST)).collect()
}

/// The wave of each delivery.
fn places(loaded: &[Loaded]) -> Vec<usize> {
    let mut threads = HashMap::new();
    loaded.iter().map(|one| one.thread.as_deref().map_or(0, |thread| place(&mut threads, thread, voice(one)))).collect()
}

/// The wave of a thread's next delivery: the one of its last, or the next when another voice speaks.
fn place<'a>(threads: &mut HashMap<&'a str, (usize, Voice)>, thread: &'a str, voice: Voice) -> usize {
    let (at, last) = threads.entry(thread).or_insert((0, voice));
    if *last != voice {
        (*at, *last) = (*at + 1, voice);
    }
    *at
}

fn voice(one: &Loaded) -> Voice {
    match one.item.as_ref().and_then(Incoming::of) {
        Some(_) => Voice::Contact,
        None => Voice::Platform,
    }
}

/// Pieces of a list in its order, none longer than `most`.
fn cut<T>(mut list: Vec<T>, most: usize) -> Vec<Vec<T>> {
    let mut pieces = Vec::new();
    while list.len() > most {
        let rest = list.split_off(most);
        pieces.push(std::mem::replace(&mut list, rest));
    }
    pieces.push(list);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_goes_on_in_its_wave_until_another_voice_speaks() {
        let mut threads = HashMap::new();
        let told = [
            ("a", Voice::Contact, 0),
            ("a", Voice::Contact, 0),
            ("b", Voice::Platform, 0),
            ("a", Voice::Platform, 1),
            ("b", Voice::Platform, 0),
            ("a", Voice::Contact, 2),
            ("b", Voice::Contact, 1),
        ];
        for (key, voice, wave) in told {
            assert_eq!(place(&mut threads, key, voice), wave, "{key}");
        }
    }

    #[test]
    fn a_long_wave_is_cut_into_pieces_that_follow_one_another() {
        assert_eq!(cut(vec![1, 2, 3, 4, 5], 2), [vec![1, 2], vec![3, 4], vec![5]]);
        assert_eq!(cut(vec![1, 2], 2), [vec![1, 2]]);
    }
}
