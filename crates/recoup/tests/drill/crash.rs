//! The program is killed with SIGKILL again and again while customers write: nothing lost, nothing doubled, order kept.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use drills::books::{Books, count, dead, forgotten, settled};
use drills::field::{register, somebody_writes, trouble, unlimited, world};
use drills::program::Program;
use kernel::testing::TestDb;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The same moments every time; only the machine's own timing differs.
const SEED: u64 = 20;

/// Messages written in all.
const MESSAGES: usize = 10_000;
/// How often the program is killed.
const KILLS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_nothing_is_lost_doubled_or_out_of_order() {
    let db = TestDb::new().await;
    let world = world().await;
    let mut program = Program::over(env!("CARGO_BIN_EXE_recoup"), &db, &world);
    let first_start = program.start().await;
    register(&program, &world).await;
    unlimited(&db).await;
    trouble(&world, SEED);
    let mut dice = StdRng::seed_from_u64(SEED);
    let people = (MESSAGES / 100) as u64;
    let begun = Instant::now();
    let mut written = BTreeSet::new();
    let mut longest_start = Duration::ZERO;
    for kill in 1..=KILLS {
        let life = Duration::from_millis(dice.random_range(50..900));
        let share = (MESSAGES * kill / KILLS).saturating_sub(written.len());
        let pause = life / u32::try_from(share.max(1)).expect("a small number");
        for _ in 0..share {
            written.insert(somebody_writes(&world, people, &mut dice));
            // The moment of the kill is a length of life, so the writing fills it.
            tokio::time::sleep(pause).await;
        }
        program.kill();
        longest_start = longest_start.max(program.start().await);
    }
    let wrote = begun.elapsed();
    let done = Instant::now();
    world.quiet().await;
    let delivered = done.elapsed();
    let worked = settled(&db, Duration::from_secs(480)).await;
    // Statuses and receipts of the last replies are still on their way.
    world.quiet().await;
    settled(&db, Duration::from_secs(60)).await;

    let books = Books::open(&db, &world).await;
    let faults: u64 = [world.meta.counters(), world.x.counters()]
        .iter()
        .flat_map(|counters| counters.iter().filter(|(name, _)| name.starts_with("fault.")).map(|(_, times)| *times))
        .sum();
    let again = world.meta.counters().get("webhooks.retried").copied().unwrap_or(0)
        + world.x.counters().get("webhooks.retried").copied().unwrap_or(0);
    println!(
        "messages: {MESSAGES}, kills: {KILLS}, conversations: {}, replies seen: {}, given up for newer words: {}, \
         faults struck: {faults}, deliveries repeated: {again}, first start: {first_start:.2?}, longest start: {longest_start:.2?}, \
         written in {wrote:.1?}, delivered after {delivered:.1?}, worked off after {worked:.1?}",
        count(&db, "select count(*) from conversations").await,
        books.replies(),
        books.cancelled(),
    );
    assert_eq!(written.len(), MESSAGES);
    assert_eq!(dead(&db).await, Vec::<String>::new(), "nothing died");
    books.nothing_lost(&written);
    println!("in doubt: {}", books.one_visible_effect());
    books.one_answer_a_turn();
    books.order_kept();
    assert!(world.meta.threads.doubled_keys().is_empty() && world.x.threads.doubled_keys().is_empty());
    assert_eq!(
        count(&db, "select count(*) from receipts where handled_at is null").await,
        0,
        "every delivery was handled"
    );
    assert_eq!(forgotten(&db).await, Vec::<String>::new(), "nobody waits for an answer that nobody gives");
}
