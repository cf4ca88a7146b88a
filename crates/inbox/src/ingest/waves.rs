//! Cuts a batch into parts that can each be handled as a whole.
//!
//! Within one part messages of contacts are heard after what platforms say of ours is settled, so a thread must not have both
//! there: a reply written in the platform's own app answers what came before it and not what comes after.

use std::collections::HashMap;

use kernel::ids::JobId;
use kernel::queue::Job;

use super::incoming::Incoming;
use super::load::Loaded;

/// Deliveries to handle in one transaction, with their jobs.
pub(super) struct Wave<'a> {
    pub jobs: Vec<&'a Job>,
    pub loaded: Vec<Loaded>,
}

/// What a delivery is to its thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Voice {
    /// The contact wrote.
    Contact,
    /// The platform tells of our messages, or a message was marked.
    Platform,
}

/// The waves of a batch. Jobs of one key come in their order and stay in it; a job whose delivery was handled before goes with
/// the first.
pub(super) fn waves<'a>(jobs: &'a [Job], loaded: Vec<Loaded>) -> Vec<Wave<'a>> {
    let mut loaded: HashMap<JobId, Loaded> =
        loaded.into_iter().map(|one| (JobId::from_uuid(one.receipt.uuid()), one)).collect();
    let mut threads: HashMap<&str, (usize, Voice)> = HashMap::new();
    let mut waves: Vec<Wave<'a>> = Vec::new();
    for job in jobs {
        let one = loaded.remove(&job.id);
        let at = match (&one, job.key.as_deref()) {
            (Some(one), Some(key)) => place(&mut threads, key, voice(one)),
            _ => 0,
        };
        while waves.len() <= at {
            waves.push(Wave { jobs: Vec::new(), loaded: Vec::new() });
        }
        waves[at].jobs.push(job);
        waves[at].loaded.extend(one);
    }
    waves
}

/// The wave of a thread's next delivery: the one of its last, or the next when another voice speaks.
fn place<'a>(threads: &mut HashMap<&'a str, (usize, Voice)>, key: &'a str, voice: Voice) -> usize {
    let (at, last) = threads.entry(key).or_insert((0, voice));
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
}
