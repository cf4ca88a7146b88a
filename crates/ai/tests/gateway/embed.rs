use ai::gateway::limits::OwnLimits;
use ai::gateway::{Moderated, Unanswered};
use standins::{Fault, Rule};

use crate::world::World;

#[tokio::test]
async fn vectors_have_unit_length_and_cost_tokens() {
    let world = World::with(1).await;
    let texts: Vec<String> = (0..300).map(|n| format!("text number {n}")).collect();
    let embedded = world.gateway.embed(world.org, &texts).await.expect("vectors");
    assert_eq!((embedded.model.as_str(), embedded.vectors.len()), ("first/text-embedding-3-small", 300));
    for vector in &embedded.vectors {
        let length: f32 = vector.iter().map(|number| number * number).sum();
        assert!((length - 1.0).abs() < 1e-3);
    }
    let (used, aside) = world.spent_today().await;
    assert!(used.tokens >= 300 && aside.tokens == 0, "{used:?}");
    let many = world.gateway.embed(world.org, &texts).await;
    assert!(many.is_ok(), "indexing belongs to no turn and is not stopped by one");
}

#[tokio::test]
async fn over_the_budget_nothing_is_embedded() {
    let world = World::with(1).await;
    world.limit(OwnLimits { tokens_day: Some(3), ..OwnLimits::default() }).await;
    let refused = world.gateway.embed(world.org, &["opening hours on Sundays".to_owned()]).await;
    assert!(matches!(refused, Err(Unanswered::OverBudget(_))), "{refused:?}");
    assert!(world.models[0].requests().is_empty());
}

#[tokio::test]
async fn moderation_gives_verdicts_or_is_skipped() {
    let world = World::with(1).await;
    let texts = ["I will kill you".to_owned(), "hello".to_owned()];
    let Moderated::Verdicts(verdicts) = world.gateway.moderate(&texts).await else { panic!("it answers") };
    assert!(verdicts[0].flagged && !verdicts[1].flagged);
    world.models[0].fail(Rule::next("POST */moderations", 1, Fault::Hang));
    assert_eq!(world.gateway.moderate(&texts).await, Moderated::Skipped);
    let without = World::with(0).await;
    assert_eq!(without.gateway.moderate(&texts).await, Moderated::Skipped);
}
