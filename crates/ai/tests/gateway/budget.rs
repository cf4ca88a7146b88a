use ai::gateway::budget::{self, Claim, Cost, ReserveError, Spender};
use ai::gateway::limits::OwnLimits;
use ai::gateway::{MOST_CALLS_A_MESSAGE, Unanswered};
use chrono::{DateTime, Duration, Utc};
use kernel::Clock;
use kernel::ids::{ConversationId, MessageId};
use standins::Fault;

use crate::world::{World, plain};

fn last_day_of_the_year() -> DateTime<Utc> {
    "2026-12-31T22:00:00Z".parse().expect("an instant")
}

fn spender(world: &World) -> Spender {
    let clock = &world.kernel.clock;
    let conversation = Some(ConversationId::new(clock));
    Spender { org: world.org, conversation, turn: Some(MessageId::new(clock).uuid()) }
}

fn claim(tokens: i64) -> Claim {
    Claim { cost: Cost { tokens, micros: tokens * 3 }, calls: 1, ..Claim::default() }
}

/// The promise: whatever is called at once, used plus set aside never passes the cap.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_parallel_calls_cannot_pass_the_cap() {
    let world = World::with(0).await;
    world.limit(OwnLimits { tokens_day: Some(10_000), ..OwnLimits::default() }).await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..200_i64 {
        let (db, clock, spender) = (world.kernel.db.clone(), world.kernel.clock.clone(), spender(&world));
        calls.spawn(async move {
            match budget::reserve(&db, &spender, claim(300), clock.now()).await {
                Ok(reservation) => {
                    // Half of them use what they set aside, half less, as real calls do.
                    let tokens = if n % 2 == 0 { 300 } else { 120 };
                    budget::settle(&db, reservation, Cost { tokens, micros: tokens }, clock.now())
                        .await
                        .expect("settled");
                    tokens
                }
                Err(ReserveError::Over(over)) => {
                    assert_eq!((over.scope.as_str(), over.what), ("day", "tokens"));
                    assert!(over.resets_at.is_some());
                    0
                }
                Err(ReserveError::Database(error)) => panic!("{error}"),
            }
        });
    }
    let spent: i64 = calls.join_all().await.into_iter().sum();
    let (used, aside) = world.spent_today().await;
    assert_eq!(used.tokens, spent, "every call is counted once");
    assert!(used.tokens <= 10_000, "{}", used.tokens);
    // Nobody is refused before 33 calls of 300 are set aside, and each of those uses at least 120.
    assert!(used.tokens >= 33 * 120, "and the budget is not wasted: {}", used.tokens);
    assert_eq!(aside, Cost::default(), "nothing is left set aside");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn real_calls_in_parallel_stay_under_a_money_cap() {
    let world = World::with(1).await;
    world.limit(OwnLimits { micros_month: Some(20_000), ..OwnLimits::default() }).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let (gateway, mut decision, ask) = (world.gateway.clone(), world.decision(), plain());
        calls.spawn(async move { gateway.ask(&mut decision, &ask).await.is_ok() });
    }
    let answered = calls.join_all().await.into_iter().filter(|answered| *answered).count();
    let (used, aside) = world.spent_today().await;
    assert!(answered > 5 && answered < 60, "some pass, some do not: {answered}");
    assert!(used.micros <= 20_000 && aside.micros == 0, "{used:?} {aside:?}");
    assert_eq!(world.asked(0), answered, "a refused call is not sent");
}

#[tokio::test]
async fn each_scope_has_its_own_cap_and_reset() {
    let clock = Clock::manual(last_day_of_the_year());
    let world = World::build(0, clock.clone(), None).await;
    let (db, now) = (&world.kernel.db, clock.now());
    let caps = [
        (OwnLimits { tokens_day: Some(500), ..OwnLimits::default() }, "day", "tokens", Some("2027-01-01T00:00:00Z")),
        (
            OwnLimits { tokens_month: Some(500), ..OwnLimits::default() },
            "month",
            "tokens",
            Some("2027-01-01T00:00:00Z"),
        ),
        (OwnLimits { micros_day: Some(1500), ..OwnLimits::default() }, "day", "money", Some("2027-01-01T00:00:00Z")),
        (OwnLimits { tokens_conversation: Some(500), ..OwnLimits::default() }, "conversation", "tokens", None),
        (OwnLimits { tokens_turn: Some(500), ..OwnLimits::default() }, "turn", "tokens", None),
        (OwnLimits { calls_turn: Some(0), ..OwnLimits::default() }, "turn", "calls", None),
    ];
    for (own, scope, what, resets_at) in caps {
        world.limit(own).await;
        let Err(ReserveError::Over(over)) = budget::reserve(db, &spender(&world), claim(501), now).await else {
            panic!("{scope} {what} should be over")
        };
        let resets_at: Option<DateTime<Utc>> = resets_at.map(|at| at.parse().expect("an instant"));
        assert_eq!((over.scope.as_str(), over.what, over.resets_at), (scope, what, resets_at));
    }
    assert_eq!(world.spent_today().await, (Cost::default(), Cost::default()), "a refused claim leaves no trace");
    world.limit(OwnLimits { tokens_day: Some(500), ..OwnLimits::default() }).await;
    budget::reserve(db, &spender(&world), claim(400), now).await.expect("it fits");
    budget::reserve(db, &spender(&world), claim(400), now).await.expect_err("no more today");
    clock.advance(Duration::hours(3));
    budget::reserve(db, &spender(&world), claim(400), clock.now()).await.expect("a new day");
}

#[tokio::test]
async fn a_message_gets_two_calls_and_so_many_tools() {
    let world = World::with(1).await;
    world.limit(OwnLimits { tools_turn: Some(3), ..OwnLimits::default() }).await;
    let mut decision = world.decision();
    for _ in 0..MOST_CALLS_A_MESSAGE {
        world.gateway.ask(&mut decision, &plain()).await.expect("an answer");
    }
    let Err(Unanswered::OverBudget(over)) = world.gateway.ask(&mut decision, &plain()).await else {
        panic!("a third call is refused")
    };
    assert_eq!((over.scope.as_str(), over.what), ("turn", "calls"));
    world.gateway.use_tools(&decision, 3).await.expect("three tools");
    world.gateway.use_tools(&decision, 1).await.expect_err("a fourth is refused");
    world.gateway.ask(&mut world.decision(), &plain()).await.expect("another message is not concerned");
}

#[tokio::test]
async fn settling_twice_counts_once_and_a_dead_call_counts_in_full() {
    let clock = Clock::manual(last_day_of_the_year());
    let world = World::build(0, clock.clone(), None).await;
    let db = &world.kernel.db;
    let first = budget::reserve(db, &spender(&world), claim(300), clock.now()).await.expect("it fits");
    for _ in 0..2 {
        budget::settle(db, first, Cost { tokens: 50, micros: 60 }, clock.now()).await.expect("settled");
    }
    assert_eq!(world.spent_today().await, (Cost { tokens: 50, micros: 60 }, Cost::default()));
    let dead = budget::reserve(db, &spender(&world), claim(300), clock.now()).await.expect("it fits");
    clock.advance(Duration::minutes(11));
    budget::reserve(db, &spender(&world), claim(1), clock.now()).await.expect("it fits");
    assert_eq!(world.spent_today().await.0.tokens, 350, "the dead call is counted in full");
    budget::settle(db, dead, Cost { tokens: 1, micros: 1 }, clock.now()).await.expect("late, and too late");
    assert_eq!(world.spent_today().await.0.tokens, 350);
}

#[tokio::test]
async fn a_dropped_call_is_settled() {
    let world = World::with(1).await;
    world.fail(0, 1, Fault::Hang);
    let (gateway, mut decision, ask) = (world.gateway.clone(), world.decision(), plain());
    let call = tokio::spawn(async move { gateway.ask(&mut decision, &ask).await.is_ok() });
    let set_aside = || async { (world.spent_today().await.1.tokens > 0).then_some(()) };
    kernel::testing::until("the call to set its budget aside", set_aside).await;
    call.abort();
    let settled = || async {
        let (used, aside) = world.spent_today().await;
        (aside.tokens == 0 && used.tokens > 100).then_some(())
    };
    kernel::testing::until("the dropped call to be counted", settled).await;
}

#[tokio::test]
async fn organisations_do_not_spend_for_one_another() {
    let world = World::with(0).await;
    let other = world.db.org(&world.kernel, "Other").await;
    world.limit(OwnLimits { tokens_day: Some(100), ..OwnLimits::default() }).await;
    let (db, now) = (&world.kernel.db, world.kernel.clock.now());
    budget::reserve(db, &spender(&world), claim(101), now).await.expect_err("over");
    budget::reserve(db, &Spender { org: other, ..spender(&world) }, claim(101), now).await.expect("its own budget");
}

#[tokio::test]
async fn old_turns_are_let_go_of_and_days_stay() {
    let clock = Clock::manual(last_day_of_the_year());
    let world = World::build(0, clock.clone(), None).await;
    budget::reserve(&world.kernel.db, &spender(&world), claim(10), clock.now()).await.expect("it fits");
    clock.advance(Duration::days(8));
    let mut tx = world.kernel.db.begin(world.org).await.expect("a transaction");
    assert_eq!(budget::tidy(&mut tx, clock.now()).await.expect("tidied"), 1);
    let (_, aside) = budget::spent(&mut tx, "day", "2026-12-31").await.expect("a row");
    assert_eq!(aside.tokens, 10);
}
