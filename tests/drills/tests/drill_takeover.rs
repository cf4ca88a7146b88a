//! A thousand conversations are taken over at random moments: from the answer on, the bot is silent in each.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use drills::books::settled;
use drills::field::{person, unlimited};
use futures_util::StreamExt;
use kernel::ids::ChannelId;
use product_tests::{ACCOUNTS, Product, account};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use standins::{Author, Platform};
use uuid::Uuid;

const SEED: u64 = 4;
/// Conversations on each of the four platforms.
const EACH: u64 = 250;
/// How often each customer writes.
const TIMES: usize = 4;
const WORDS: [&str; 4] =
    ["Good morning!", "How much is teeth whitening?", "Thank you very much!", "Are you open on Friday?"];

#[tokio::test(flavor = "multi_thread")]
async fn after_the_answer_to_a_takeover_the_bot_is_silent() {
    let product = Product::start().await;
    unlimited(&product.db).await;
    let mut owner = product.db.owner().await;
    let mut people: Vec<(Platform, String)> = ACCOUNTS
        .iter()
        .flat_map(|(platform, ..)| (0..EACH).map(|number| (*platform, person(*platform, number))))
        .collect();
    let mut dice = StdRng::seed_from_u64(SEED);
    // Each customer's first message, then everybody goes on in a random order, with the takeovers in between.
    for (platform, person) in &people {
        product.writes(*platform, person, WORDS[0]);
    }
    let known = conversations(&product, people.len()).await;
    let mut moments: Vec<(u64, Option<usize>, usize)> = Vec::new();
    for at in 0..people.len() {
        for time in 1..TIMES {
            moments.push((dice.random(), Some(time), at));
        }
        moments.push((dice.random(), None, at));
    }
    moments.sort_unstable();
    let begun = Instant::now();
    let silent_from = futures_util::stream::iter(moments)
        .map(|(_, words, at)| {
            let (product, known, (platform, person)) = (&product, &known, &people[at]);
            async move {
                if let Some(time) = words {
                    product.writes(*platform, person, WORDS[time]);
                    return None;
                }
                let id = known[&(*platform, person.clone())];
                let path = format!("/v2/conversations/{}/takeover", kernel::ids::ConversationId::from_uuid(id));
                let (status, pen) = product.call("POST", &path, Value::Null).await;
                assert_eq!((status, &pen["in_flight"]), (200, &Value::Bool(false)), "{pen}");
                Some((at, replies(product, *platform, person)))
            }
        })
        .buffer_unordered(8)
        .filter_map(std::future::ready)
        .collect::<Vec<(usize, usize)>>()
        .await;
    let took = begun.elapsed();
    product.world.quiet().await;
    settled(&product.db, Duration::from_secs(120)).await;
    assert_eq!(silent_from.len(), people.len());
    let mut before = 0;
    for (at, seen) in &silent_from {
        let (platform, person) = &people[*at];
        assert_eq!(replies(&product, *platform, person), *seen, "the bot spoke to {person} after the takeover");
        before += seen;
    }
    let unsent: i64 =
        sqlx::query_scalar("select count(*) from messages where state = 'cancelled' and state_code = 'taken_over'")
            .fetch_one(&mut owner)
            .await
            .expect("a count");
    println!(
        "takeovers: {}, bot messages before: {before}, after: 0, cancelled on the way: {unsent}, in {took:.1?}",
        silent_from.len()
    );
    assert!(before > 0, "the bot spoke before");
    people.clear();
    product.end().await;
}

fn replies(product: &Product, platform: Platform, person: &str) -> usize {
    product
        .world
        .thread(platform, account(platform), person)
        .iter()
        .filter(|message| message.author == Author::App)
        .count()
}

/// A conversation: its channel and kind, the recipient as it is kept and what is sealed of it.
type Row = (Uuid, ChannelId, String, String, Option<Vec<u8>>);

/// The conversation of everybody, once each has one.
async fn conversations(product: &Product, wanted: usize) -> HashMap<(Platform, String), Uuid> {
    let begun = Instant::now();
    let mut owner = product.db.owner().await;
    let vault = product.kernel.vault.of(product.org).await.expect("keys");
    loop {
        let rows: Vec<Row> =
            sqlx::query_as("select id, channel_id, channel_kind, recipient, recipient_sealed from conversations")
                .fetch_all(&mut owner)
                .await
                .expect("conversations can be read");
        if rows.len() == wanted {
            let platform = |kind: &str| ACCOUNTS.iter().find(|(_, known, ..)| *known == kind).expect("a known kind").0;
            return rows
                .into_iter()
                .map(|(id, channel, kind, kept, sealed)| {
                    let recipient = vault.open_id(channel, &kept, sealed.as_deref()).expect("it opens");
                    ((platform(&kind), recipient.trim_start_matches('+').to_owned()), id)
                })
                .collect();
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{} of {wanted} conversations", rows.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
