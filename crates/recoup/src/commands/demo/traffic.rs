//! Live customers: every few seconds somebody writes through a stand-in, as the platform's own customers would.

use std::collections::VecDeque;
use std::time::Duration;

use kernel::Clock;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use standins::people::{Persona, Story};
use standins::{Platform, Writing};

use super::world::Outside;

/// People who have not said everything yet, with their next line.
type Talking = VecDeque<(Persona, usize)>;

/// Writes until the task is aborted. Each start has people of its own.
pub async fn run(outside: Outside, clock: Clock, every: Duration) {
    let start = clock.now().timestamp();
    let mut rng = ChaCha8Rng::seed_from_u64(start.unsigned_abs());
    let mut newcomers = newcomers(start, 0);
    let mut round = 0;
    let mut talking = Talking::new();
    loop {
        if talking.is_empty() || (talking.len() < 12 && rng.random_range(0..100) < 45) {
            if newcomers.is_empty() {
                round += 1;
                newcomers = self::newcomers(start, round);
            }
            talking.extend(newcomers.pop_front().map(|persona| (persona, 0)));
            let last = talking.len().saturating_sub(1);
            talking.swap(0, last);
        }
        if let Some((persona, line)) = talking.pop_front() {
            write(&outside, &persona, line);
            if line + 1 < persona.script.len() {
                talking.push_back((persona, line + 1));
            }
        }
        tokio::time::sleep(every.mul_f64(rng.random_range(0.4..1.6))).await;
    }
}

fn newcomers(start: i64, round: i64) -> VecDeque<Persona> {
    let story = Story { people: 400, days: 1, seed: (start + round).unsigned_abs() };
    story
        .tell()
        .into_iter()
        .enumerate()
        .map(|(number, persona)| renamed(persona, start + round * 400 + number as i64))
        .collect()
}

/// Gives a persona an id that nobody of the history has.
fn renamed(mut persona: Persona, number: i64) -> Persona {
    persona.person = match persona.platform {
        Platform::WhatsApp if persona.person.starts_with("US.") => format!("US.5{number:012}"),
        Platform::WhatsApp => format!("1{:03}55501{:02}", 700 + number / 100 % 200, number % 100),
        Platform::Messenger => format!("79{number:014}"),
        Platform::Instagram => format!("91{number:014}"),
        Platform::X => format!("3{number:018}"),
    };
    persona
}

fn write(outside: &Outside, persona: &Persona, line: usize) {
    let (Some(account), Some(turn)) = (outside.account(persona.platform), persona.script.get(line)) else { return };
    let writing = Writing::text(persona.platform, &account.id, &persona.person, &turn.text).named(&persona.name);
    if let Err(refusal) = outside.world.customer_writes(&writing) {
        tracing::warn!(%refusal, "a customer of the demo cannot write");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn live_people_are_nobody_of_the_history_and_each_is_somebody_else() {
        let past: HashSet<String> =
            Story { people: 2_000, days: 90, seed: 11 }.tell().into_iter().map(|persona| persona.person).collect();
        let live: Vec<Persona> = newcomers(1_764_000_000, 0).into_iter().chain(newcomers(1_764_000_000, 1)).collect();
        assert!(live.iter().all(|persona| !past.contains(&persona.person)));
        let ids: HashSet<_> = live.iter().map(|persona| (persona.platform, persona.person.clone())).collect();
        assert_eq!(ids.len(), live.len());
    }
}
