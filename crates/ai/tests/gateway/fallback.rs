use ai::gateway::{Tier, Unanswered};
use chrono::{DateTime, Duration, Utc};
use kernel::Clock;
use kernel::http::BreakerMode;
use standins::Fault;

use crate::world::{World, error, plain};

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_176_000, 0).expect("an instant")
}

#[tokio::test]
async fn the_first_provider_answers_and_the_call_is_recorded() {
    let world = World::with(2).await;
    let mut decision = world.decision();
    let answered = world.gateway.ask(&mut decision, &plain()).await.expect("an answer");
    assert_eq!(answered.provider, "first");
    let call = decision.model_calls().next().expect("a recorded call");
    assert_eq!((call.provider.as_str(), call.model.as_str()), ("first", "standin-fast"));
    assert!(call.tokens_in > 0 && call.tokens_out > 0 && call.cost_micros > 0, "{call:?}");
    assert_eq!(call.request["messages"][1]["content"], "When do you open?");
    assert_eq!(decision.stages[0].output["text"].as_str(), answered.completion.text());
    assert_eq!(world.asked(1), 0);
}

#[tokio::test]
async fn the_tier_chooses_the_model() {
    let world = World::with(1).await;
    let mut ask = plain();
    ask.tier = Tier::Quality;
    let mut decision = world.decision();
    world.gateway.ask(&mut decision, &ask).await.expect("an answer");
    assert_eq!(decision.model_calls().next().expect("a call").model, "standin-quality");
}

#[tokio::test]
async fn a_passing_failure_is_tried_once_more_at_the_same_provider() {
    let world = World::with(2).await;
    world.fail(0, 1, error("rate_limit_exceeded"));
    let mut decision = world.decision();
    let answered = world.gateway.ask(&mut decision, &plain()).await.expect("an answer");
    assert_eq!((answered.provider.as_str(), world.asked(0), world.asked(1)), ("first", 2, 0));
    assert_eq!(decision.model_calls().next().expect("a call").failed.len(), 1);
}

#[tokio::test]
async fn after_two_failures_the_next_provider_is_asked() {
    let world = World::with(2).await;
    world.fail(0, 2, Fault::Status { status: 503, retry_after: None });
    let answered = world.gateway.ask(&mut world.decision(), &plain()).await.expect("an answer");
    assert_eq!((answered.provider.as_str(), world.asked(0)), ("second", 2));
}

#[tokio::test]
async fn an_empty_account_is_not_asked_twice_and_rests() {
    let world = World::build(2, Clock::manual(noon()), None).await;
    world.fail(0, 1, error("insufficient_quota"));
    for _ in 0..3 {
        let answered = world.gateway.ask(&mut world.decision(), &plain()).await.expect("an answer");
        assert_eq!(answered.provider, "second");
    }
    assert_eq!(world.asked(0), 1, "it rests after the first");
    let status = world.gateway.providers();
    assert!(status[0].resting_until.is_some() && status[0].reason.as_ref().is_some_and(|why| why.contains("Quota")));
    assert!(status[1].resting_until.is_none());
    world.kernel.clock.advance(Duration::seconds(61));
    let answered = world.gateway.ask(&mut world.decision(), &plain()).await.expect("an answer");
    assert_eq!(answered.provider, "first", "it is looked at again");
}

#[tokio::test]
async fn a_provider_that_never_answers_times_out_and_its_cost_counts_in_full() {
    let world = World::with(2).await;
    world.fail(0, 2, Fault::Hang);
    let answered = world.gateway.ask(&mut world.decision(), &plain()).await.expect("an answer");
    assert_eq!(answered.provider, "second");
    let (used, aside) = world.spent_today().await;
    assert!(used.tokens > 200, "two lost calls of at most 100 answered tokens each: {used:?}");
    assert_eq!(aside.tokens, 0);
}

#[tokio::test]
async fn the_breaker_opens_after_five_failures_and_closes_after_three_successes() {
    let world = World::build(1, Clock::manual(noon()), None).await;
    world.fail(0, 5, Fault::Status { status: 500, retry_after: None });
    for _ in 0..3 {
        world.gateway.ask(&mut world.decision(), &plain()).await.expect_err("it fails");
    }
    assert_eq!(world.gateway.providers()[0].breaker, BreakerMode::Open);
    let before = world.asked(0);
    let refused = world.gateway.ask(&mut world.decision(), &plain()).await;
    assert!(matches!(refused, Err(Unanswered::AllResting)), "{refused:?}");
    assert_eq!(world.asked(0), before, "nothing is sent while it is open");
    world.kernel.clock.advance(Duration::seconds(31));
    for done in 1..=3 {
        world.gateway.ask(&mut world.decision(), &plain()).await.expect("it has recovered");
        let closed = world.gateway.providers()[0].breaker == BreakerMode::Closed;
        assert_eq!(closed, done == 3, "after {done} successes");
    }
}

#[tokio::test]
async fn without_providers_and_after_all_failed_the_reason_is_told() {
    let world = World::with(0).await;
    let none = world.gateway.ask(&mut world.decision(), &plain()).await;
    assert!(matches!(none, Err(Unanswered::NoProvider)));
    let world = World::with(2).await;
    for provider in 0..2 {
        world.fail(provider, 1, error("context_length_exceeded"));
    }
    let mut decision = world.decision();
    let Err(Unanswered::Failed(why)) = world.gateway.ask(&mut decision, &plain()).await else { panic!("both failed") };
    assert_eq!(why.len(), 2);
    assert!(decision.stages[0].output["unanswered"].as_str().is_some_and(|why| why.contains("second")));
    assert_eq!(world.spent_today().await.0.tokens, 0, "a refused request costs nothing");
}
